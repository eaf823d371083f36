package auth

import (
	"net/http/httptest"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestGateRequest(t *testing.T) {
	d := newDesk(t)
	secret, err := d.Issue(t.Context(), Grant{User: "12", Scopes: Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	for header, words := range map[string]string{
		"Bearer " + secret:       "",
		"bearer " + secret:       "",
		"BEARER   " + secret:     "",
		"Bearer " + secret + " ": "",
		"":                       "needs the header",
		secret:                   "needs the header",
		"Bearer":                 "needs the header",
		"Bearer  ":               "needs the header",
		"Bearer\t" + secret:      "needs the header",
		"Basic " + secret:        "needs the header",
		"OAuth " + secret:        "needs the header",
		"Bearer " + secret + ",": "not known",
		"Bearer x " + secret:     "not known",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/?access_token="+secret, nil)
		r.Header.Set("Authorization", header)
		who, done, err := NewGate(d.Tokens, nil, nil).Request(r)
		done()
		code := media.CodeUnauthorized
		if words == "needs the header" {
			code = media.CodeNoCredentials
		}
		if words == "" {
			if err != nil || who.User != "12" {
				t.Errorf("%q: %+v, %v", header, who, err)
			}
		} else if media.CodeOf(err) != code || !strings.Contains(err.Error(), words) || who.User != "" {
			t.Errorf("%q: %+v, %v, want %q", header, who, err, words)
		}
	}
}
