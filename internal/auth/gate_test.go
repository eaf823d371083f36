package auth

import (
	"net/http"
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

// TestGateWatched: whoever watches hears of every request, and by what it came.
func TestGateWatched(t *testing.T) {
	d := newDesk(t)
	secret, err := d.Issue(t.Context(), Grant{User: "12", Scopes: Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	type sight struct {
		kind, user string
		code       media.Code
	}
	var got sight
	gate := NewGate(d.Tokens, nil, nil).Watched(func(_ *http.Request, kind string, who Identity, err error) {
		got = sight{kind: kind, user: who.User}
		if err != nil {
			got.code = media.CodeOf(err)
		}
	})
	for header, want := range map[string]sight{
		"Bearer " + secret: {"bearer", "12", ""}, "Bearer x": {"bearer", "", media.CodeUnauthorized}, "": {"none", "", media.CodeNoCredentials},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Authorization", header)
		_, done, _ := gate.Request(r)
		done()
		if got != want {
			t.Errorf("%q: %+v, want %+v", header, got, want)
		}
	}
}
