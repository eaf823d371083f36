package main

import (
	"bytes"
	"strings"
	"testing"
)

// A token that is typed in the place of its id is neither revoked nor on record.
func TestRevokeNamesNoToken(t *testing.T) {
	var out bytes.Buffer
	c := tokenRevoke{ID: "mgp_secret"}
	c.Data = t.TempDir()
	rows, err := c.openOrMake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	s := surroundings{out: &out, env: func(string) string { return "" }}
	if err := c.Run(t.Context(), s); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "token list") {
		t.Errorf("%v", err)
	}
	audit := auditCommand{catalogFlags: c.catalogFlags}
	if err := audit.Run(t.Context(), s); err != nil || strings.Contains(out.String(), "token revoke") {
		t.Errorf("%v: %s", err, &out)
	}
}
