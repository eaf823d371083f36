package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestAuditOfCommands: what operators change beside a server, and whether they
// could, is on record with who they are, and the next server to start tells it. A
// token's secret is told nowhere.
func TestAuditOfCommands(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	do := func(code int, args ...string) string {
		t.Helper()
		out, errs, got := magpie(t, append(args, "--data", s.data)...)
		if got != code {
			t.Fatalf("magpie %q: exit %d, want %d: %s", args, got, code, errs)
		}
		return strings.TrimSpace(out)
	}
	token := do(0, "token", "create", "--user", "12", "--scopes", "media.write")
	do(0, "token", "ls")
	do(0, "user", "quota", "12", "1GiB")
	do(0, "user", "quota", "12") // changes nothing
	do(0, "user", "erase", "12")
	do(1, "token", "revoke", "000000000000")
	do(0, "key", "rotate")
	var id struct {
		ID string `json:"client_id"`
	}
	if err := json.Unmarshal([]byte(do(0, "client", "create", "Ann's app", "--json")), &id); err != nil {
		t.Fatal(err)
	}
	do(0, "client", "revoke", id.ID)

	want := []struct{ Command, Subject, Outcome string }{
		{"token create", "user 12: media.write", "done"},
		{"user quota", "user 12: 1GiB", "done"},
		{"user erase", "12", "done"},
		{"token revoke", "000000000000", "failed"},
		{"key rotate", "", "done"},
		{"client create", id.ID, "done"},
		{"client revoke", id.ID, "done"},
	}
	lines := strings.Split(do(0, "audit", "--json"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i, line := range lines {
		var got struct{ Command, Subject, Outcome, Operator, At string }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.Command == "key rotate" && len(got.Subject) > 3 {
			got.Subject = ""
		}
		if got.Command != want[i].Command || got.Subject != want[i].Subject || got.Outcome != want[i].Outcome || !strings.Contains(got.Operator, "@") || got.At == "" {
			t.Errorf("%s, want %+v", line, want[i])
		}
	}

	s.run()
	told := func(part string) func() string {
		return func() string {
			if log := s.log.tail(1 << 20); !strings.Contains(log, part) {
				return part + " is not in the log"
			}
			return ""
		}
	}
	eventually(t, told(`msg=audit command="client revoke" subject=`+id.ID))
	eventually(t, told(`msg=audit command="token revoke" subject=000000000000`))
	c := s.client().as(s.token("7"))
	begun := c.call("POST", "/magpie/v1/tus/", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "10").header.Get("Magpie-Media-Id")
	c.call("POST", "/magpie/v1/tus/"+begun, nil, "Tus-Resumable", "1.0.0", "X-HTTP-Method-Override", "DELETE").is(http.StatusNoContent)
	eventually(t, told("msg=audit route=\"DELETE /magpie/v1/tus/{id}\" path=/magpie/v1/tus/"+begun+" status=204 user=7 "))

	// It was told once, and the next server says nothing of it.
	s.stop()
	if n := strings.Count(s.log.tail(1<<20), `msg=audit command="client revoke"`); n != 1 {
		t.Errorf("told %d times", n)
	}
	before := len(s.log.tail(1 << 20))
	do(0, "user", "admin", do(0, "user", "create", "ann", "--password-file", keep(t, "password", []byte(password)))) // who has an id of her own
	s.run()
	eventually(t, told(`msg=audit command="user admin"`))
	log := s.log.tail(1 << 20)
	if strings.Contains(log[before:], `command="client revoke"`) {
		t.Error("it was told again")
	}
	if strings.Contains(log, token) || strings.Contains(log, password) || strings.Contains(log, "ann:") {
		t.Error("what is secret is in the log")
	}
}
