package oauth

import (
	"net/http"
	"strings"
	"testing"

	"magpie/internal/auth"
)

func TestPagesHoldTheirOwn(t *testing.T) {
	g := newRig(t)
	cookies := g.signIn()
	for redirect, target := range map[string]string{
		callback: "form-action 'self' https:", "http://[::1]:5/cb": "form-action 'self' http:", "com.example.app:/cb": "form-action 'self' com.example.app:",
	} {
		w := g.get("/2/oauth2/authorize?"+g.query("redirect_uri", redirect).Encode(), cookies...)
		if csp := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.HasSuffix(csp, target) || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %d %q", redirect, w.Code, csp)
		}
	}
	if csp := g.get("/2/oauth2/authorize").Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'none'") {
		t.Errorf("a refusal: %q", csp)
	}
}

func TestPagesEscape(t *testing.T) {
	g := newRig(t)
	made, err := g.Clients.Register(t.Context(), auth.Registration{Name: `"><script>alert(1)</script>`, RedirectURIs: []string{"https://app.example/'\"<b>"}})
	if err != nil {
		t.Fatal(err)
	}
	q := g.query("client_id", made.Client.ID, "redirect_uri", "https://app.example/'\"<b>", "state", `"><img src=x>`)
	cookies := g.signIn()
	at := "/2/oauth2/authorize?" + q.Encode()
	for name, w := range map[string]string{"sign-in": g.get(at).Body.String(), "consent": g.get(at, cookies...).Body.String()} {
		for _, piece := range []string{"<script", "<img", "<b>", `'"`} {
			if strings.Contains(w, piece) {
				t.Errorf("%s has %q:\n%s", name, piece, w)
			}
		}
		if !strings.Contains(w, "&lt;script&gt;") {
			t.Errorf("%s does not name the client:\n%s", name, w)
		}
	}
	first := g.get(at)
	typed := g.press(at, first, first.Result().Cookies(), "action", "sign_in", "username", `"><script>`, "password", "x").Body.String()
	if strings.Contains(typed, "<script") || strings.Contains(typed, `value="x"`) {
		t.Errorf("what was typed:\n%s", typed)
	}
}

func TestPowersAreInWords(t *testing.T) {
	for _, p := range powers(auth.Scopes()) {
		known := p.Scope == auth.MediaWrite || p.Scope == auth.TweetRead || p.Scope == auth.OfflineAccess || p.Scope == auth.Admin || p.Scope == "users.read"
		if len(p.Words) < 15 || strings.HasPrefix(p.Words, "Nothing here") == known {
			t.Errorf("%+v", p)
		}
	}
}
