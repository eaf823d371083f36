package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// people are those whom an issuer signs in: one, jack, for the client "console"
// with the secret "the client's secret".
type people struct {
	mu      sync.Mutex
	asked   map[string]url.Values // authorization requests, by the code that answers them
	refresh string                // the only refresh token that is good; used twice it ends all
	serial  int
	life    time.Duration // of access tokens; 0 for an hour
	scope   string        // of them; "" for what was asked for
	wrong   []string      // what was not as it must be
	revoked []string
}

const consoleSecret = "the client's secret"

// authorize shows jack a page with a link, which leads back.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>Issuer</title><link rel=icon href=data:,><a href=\"%s\">Log in as jack</a>", html.EscapeString(i.comesBack(r.URL.Query())))
}

// comesBack is where the browser goes once jack has logged in.
func (i *issuer) comesBack(q url.Values) string {
	i.people.mu.Lock()
	defer i.people.mu.Unlock()
	if q.Get("client_id") != "console" || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		i.wrong = append(i.wrong, "asked for "+q.Encode())
	}
	i.serial++
	code := fmt.Sprint("code-", i.serial)
	if i.people.asked == nil {
		i.people.asked = map[string]url.Values{}
	}
	i.people.asked[code] = q
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {i.name()}}.Encode()
}

// give is the token endpoint.
func (i *issuer) give(w http.ResponseWriter, r *http.Request) {
	i.people.mu.Lock()
	defer i.people.mu.Unlock()
	refuse := func(why string) {
		i.wrong = append(i.wrong, why)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": why})
	}
	if id, secret, _ := r.BasicAuth(); id != "console" || secret != url.QueryEscape(consoleSecret) {
		refuse("a client with the wrong secret")
		return
	}
	q := i.people.asked[""] // of the last code
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		code := r.PostFormValue("code")
		q = i.people.asked[code]
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if q == nil || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
			refuse("a code that is not good: " + code)
			return
		}
		delete(i.people.asked, code)
		i.people.asked[""] = q
	case "refresh_token":
		if r.PostFormValue("refresh_token") != i.refresh {
			refuse("a refresh token that was used before")
			i.refresh = "none"
			return
		}
	}
	i.serial++
	i.refresh = fmt.Sprintf("refresh-%d-of-the-issuer", i.serial)
	life, scope := i.life, i.scope
	if life == 0 {
		life = time.Hour
	}
	if scope == "" {
		scope = q.Get("scope")
	}
	ends := time.Now().Add(life).Unix()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token_type": "Bearer", "expires_in": int(life.Seconds()), "refresh_token": i.refresh,
		"access_token": i.token(jose.ES256, i.key, map[string]any{"sub": "jack", "azp": "console", "scope": scope, "exp": ends, "jti": fmt.Sprint(i.serial)}),
		"id_token":     i.token(jose.ES256, i.key, map[string]any{"sub": "jack", "aud": "console", "nonce": q.Get("nonce"), "preferred_username": "jack@example.com", "typ": "ID"}),
	})
}

// takeBack is the revocation endpoint.
func (i *issuer) takeBack(r *http.Request) {
	i.people.mu.Lock()
	defer i.people.mu.Unlock()
	i.revoked = append(i.revoked, r.PostFormValue("token"))
	i.refresh = "none"
}
