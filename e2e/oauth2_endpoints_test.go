package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

const formType = "application/x-www-form-urlencoded"

// basic is an Authorization header of the scheme Basic.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// post sends a form, as an app does.
func (s *server) post(path, form string, headers ...string) answer {
	s.t.Helper()
	return s.client().as("").call("POST", path, form, append([]string{"Content-Type", formType}, headers...)...)
}

func (a answer) json(into any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		a.t.Fatalf("%v: %s %s", err, a.header.Get("Content-Type"), a.body)
	}
}

func TestOAuth2TokenEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.newUser("ann")
	app, open := s.newClient("--redirect-uri", callback), s.newClient("--redirect-uri", callback, "--public")
	b := newBrowser(t)
	cfg := s.config(app, callback, allScopes)

	// What a form may be: by Basic, by client_secret, as JSON; scopes narrower.
	for name, ask := range map[string]func(refresh string) answer{
		"by Basic": func(r string) answer {
			return s.post("/2/oauth2/token", "grant_type=refresh_token&refresh_token="+r, "Authorization", basic(app.ID, app.Secret))
		},
		"by Basic and client_id": func(r string) answer {
			return s.post("/2/oauth2/token", "grant_type=refresh_token&client_id="+app.ID+"&refresh_token="+r, "Authorization", basic(app.ID, app.Secret))
		},
		"by client_secret": func(r string) answer {
			return s.post("/2/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r}, "client_id": {app.ID}, "client_secret": {app.Secret}}.Encode())
		},
		"as JSON": func(r string) answer {
			return s.client().as("").call("POST", "/2/oauth2/token", map[string]string{"grant_type": "refresh_token", "refresh_token": r}, "Authorization", basic(app.ID, app.Secret))
		},
		"as nothing said": func(r string) answer {
			return s.client().as("").call("POST", "/2/oauth2/token", "grant_type=refresh_token&refresh_token="+r, "Authorization", basic(app.ID, app.Secret))
		},
	} {
		a := ask(b.tokens(cfg, "ann").RefreshToken)
		var got map[string]any
		a.json(&got)
		if a.status != http.StatusOK || got["token_type"] != "bearer" || got["expires_in"] != 7200.0 || got["scope"] != allScopes || len(got) != 5 ||
			a.header.Get("Cache-Control") != "no-store" || !s.client().mayUpload(got["access_token"].(string)) {
			t.Errorf("%s: %d %v %v", name, a.status, a.header, got)
		}
	}
	given := b.tokens(cfg, "ann")
	narrow := s.post("/2/oauth2/token", "grant_type=refresh_token&scope=tweet.read&refresh_token="+given.RefreshToken, "Authorization", basic(app.ID, app.Secret))
	var less oauth2.Token
	if narrow.json(&less); narrow.status != http.StatusOK || less.RefreshToken == "" || s.client().mayUpload(less.AccessToken) {
		t.Errorf("narrower: %d %s", narrow.status, narrow.body)
	}

	mine := basic(app.ID, app.Secret)
	for _, row := range []struct {
		name, form, authorization string
		status                    int
		code, words               string
	}{
		{"nothing", "", "", 400, "invalid_request", "[grant_type]"},
		{"no client", "grant_type=refresh_token&refresh_token=x", "", 400, "invalid_request", "[client_id]"},
		{"another grant", "grant_type=password", mine, 400, "unsupported_grant_type", "grant_type"},
		{"client credentials", "grant_type=client_credentials", mine, 400, "unsupported_grant_type", "/oauth2/token"},
		{"no code", "grant_type=authorization_code&redirect_uri=x&code_verifier=x", mine, 400, "invalid_request", "[code]"},
		{"no redirect URI", "grant_type=authorization_code&code=x&code_verifier=x", mine, 400, "invalid_request", "[redirect_uri]"},
		{"no verifier", "grant_type=authorization_code&code=x&redirect_uri=x", mine, 400, "invalid_request", "[code_verifier]"},
		{"an empty verifier", "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=", mine, 400, "invalid_request", "[code_verifier]"},
		{"no refresh token", "grant_type=refresh_token", mine, 400, "invalid_request", "[refresh_token]"},
		{"an unknown refresh token", "grant_type=refresh_token&refresh_token=x", mine, 400, "invalid_grant", "Value passed for the token was invalid."},
		{"an access token", "grant_type=refresh_token&refresh_token=" + given.AccessToken, mine, 400, "invalid_grant", "token was invalid"},
		{"two grants", "grant_type=refresh_token&grant_type=refresh_token", mine, 400, "invalid_request", "grant_type is there more than once"},
		{"a broken form", "grant_type=%zz", mine, 400, "invalid_request", "form"},
		{"a large form", "grant_type=refresh_token&x=" + strings.Repeat("x", 70_000), mine, 400, "invalid_request", "65536 bytes"},
		{"more scopes", "grant_type=refresh_token&scope=dm.write&refresh_token=" + less.RefreshToken, mine, 400, "invalid_scope", "dm.write"},
		{"no such scope", "grant_type=refresh_token&scope=media.read&refresh_token=" + less.RefreshToken, mine, 400, "invalid_scope", "media.read"},
		{"another client's", "grant_type=refresh_token&client_id=" + open.ID + "&refresh_token=" + less.RefreshToken, "", 400, "invalid_grant", "token was invalid"},
		{"no secret", "grant_type=refresh_token&refresh_token=x&client_id=" + app.ID, "", 401, "unauthorized_client", "Missing valid authorization header"},
		{"a bearer", "grant_type=refresh_token&refresh_token=x", "Bearer x", 401, "unauthorized_client", "Missing valid authorization header"},
		{"no base64", "grant_type=refresh_token&refresh_token=x", "Basic %%%", 401, "unauthorized_client", "Missing valid authorization header"},
		{"a wrong secret", "grant_type=refresh_token&refresh_token=x", basic(app.ID, "wrong"), 401, "invalid_client", "secret is wrong"},
		{"the key secret", "grant_type=refresh_token&refresh_token=x", basic(app.ID, app.KeySecret), 401, "invalid_client", "secret is wrong"},
		{"an unknown client", "grant_type=refresh_token&refresh_token=x", basic("nobody", "x"), 401, "invalid_client", "no such client"},
		{"an unknown public client", "grant_type=refresh_token&refresh_token=x&client_id=nobody", "", 401, "invalid_client", "no such client"},
		{"two clients", "grant_type=refresh_token&refresh_token=x&client_id=" + open.ID, mine, 400, "invalid_request", "client_id"},
		{"two secrets", "grant_type=refresh_token&refresh_token=x&client_secret=x", mine, 400, "invalid_request", "client_secret"},
		{"NUL and worse", "grant_type=refresh_token&refresh_token=%00%ff", mine, 400, "invalid_grant", "token was invalid"},
	} {
		var headers []string
		if row.authorization != "" {
			headers = []string{"Authorization", row.authorization}
		}
		a := s.post("/2/oauth2/token", row.form, headers...)
		var e struct {
			Error string
			Words string `json:"error_description"`
		}
		if a.json(&e); a.status != row.status || e.Error != row.code || !strings.Contains(e.Words, row.words) {
			t.Errorf("%s: %d %s", row.name, a.status, a.body)
		}
		if (a.header.Get("WWW-Authenticate") != "") != (row.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", row.name, a.header.Get("WWW-Authenticate"))
		}
	}
	for _, body := range []string{`[]`, `{"grant_type":5}`, `{"grant_type":"refresh_token"`, `{"grant_type":"a","grant_type":"b"}`, `{}x`} {
		if a := s.client().as("").call("POST", "/2/oauth2/token", body, "Content-Type", "application/json"); a.status != 400 || !strings.Contains(string(a.body), `"invalid_request"`) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := s.client().as("").call("POST", "/2/oauth2/token", "x", "Content-Type", "text/plain"); a.status != 400 || !strings.Contains(string(a.body), "Content-Type") {
		t.Errorf("text: %d %s", a.status, a.body)
	}
	// None of that used the token up.
	if _, err := refresh(cfg, less.RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestOAuth2Revoke(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, b := s.client(), newBrowser(t)
	s.newUser("ann")
	app, open := s.newClient("--redirect-uri", callback), s.newClient("--redirect-uri", callback, "--public")
	cfg := s.config(app, callback, allScopes)
	given := b.tokens(cfg, "ann")
	mine := basic(app.ID, app.Secret)
	revoke := func(token string) answer {
		t.Helper()
		return s.post("/2/oauth2/revoke", "token="+token, "Authorization", mine)
	}
	wantRevoked := func(a answer) {
		t.Helper()
		if a.status != http.StatusOK || strings.TrimSpace(string(a.body)) != `{"revoked":true}` {
			t.Errorf("%d %s", a.status, a.body)
		}
	}

	if a := s.post("/2/oauth2/revoke", "token="+given.AccessToken+"&client_id="+open.ID); a.status != 400 || !strings.Contains(string(a.body), "not given to this client") {
		t.Errorf("another client: %d %s", a.status, a.body)
	}
	if a := s.post("/2/oauth2/revoke", "token="+given.RefreshToken+"&client_id="+open.ID); a.status != 400 {
		t.Errorf("another client: %d %s", a.status, a.body)
	}
	byHand := s.token("5")
	if a := revoke(byHand); a.status != 400 {
		t.Errorf("an operator's token: %d %s", a.status, a.body)
	}
	if !c.mayUpload(given.AccessToken) || !c.mayUpload(byHand) {
		t.Error("refused, and done all the same")
	}
	if a := s.post("/2/oauth2/revoke", "token=x"); a.status != 400 || !strings.Contains(string(a.body), "[client_id]") {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	if a := s.post("/2/oauth2/revoke", "", "Authorization", mine); a.status != 400 || !strings.Contains(string(a.body), "[token]") {
		t.Errorf("nothing: %d %s", a.status, a.body)
	}

	wantRevoked(revoke("unknown"))
	wantRevoked(revoke(given.AccessToken))
	c.as(given.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	wantRevoked(revoke(given.AccessToken))
	next, err := refresh(cfg, given.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	wantRevoked(revoke(next.RefreshToken))
	c.as(next.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	_, err = refresh(cfg, next.RefreshToken)
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "revoked")
}

// appToken asks for a client's app-only token.
func (s *server) appToken(r registered) string {
	s.t.Helper()
	a := s.post("/oauth2/token", "grant_type=client_credentials", "Authorization", basic(r.Key, r.KeySecret))
	var got struct {
		Type  string `json:"token_type"`
		Token string `json:"access_token"`
	}
	if a.json(&got); a.status != http.StatusOK || got.Type != "bearer" || got.Token == "" {
		s.t.Fatalf("%d %s", a.status, a.body)
	}
	return got.Token
}

func TestAppOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	app, other := s.newClient("--owner", "7"), s.newClient()
	token := s.appToken(app)
	if again := s.appToken(app); again != token {
		t.Errorf("another token: %q", again)
	}

	// It reads and no more: what its owner has, and nobody's has nothing.
	png := c.as(s.token("7")).upload("image/png", "tweet_image", tinyPNG(t, 3), 1<<20)["media_key"].(string)
	if got := c.as(token).lookup(png); got["media_key"] != png {
		t.Errorf("%v", got)
	}
	c.as(s.appToken(other)).call("GET", "/2/media/"+png, nil).refused(http.StatusNotFound)
	c.as(token).call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": 5}).refused(http.StatusForbidden, "Application-Only")

	for _, row := range []struct {
		name, path, form, authorization string
		code                            int
	}{
		{"nobody", "/oauth2/token", "grant_type=client_credentials", "", 99},
		{"a wrong secret", "/oauth2/token", "grant_type=client_credentials", basic(app.Key, "wrong"), 99},
		{"the OAuth 2 pair", "/oauth2/token", "grant_type=client_credentials", basic(app.ID, app.Secret), 99},
		{"an unknown key", "/oauth2/token", "grant_type=client_credentials", basic("nobody", "x"), 99},
		{"no grant", "/oauth2/token", "", basic(app.Key, app.KeySecret), 170},
		{"another grant", "/oauth2/token", "grant_type=password", basic(app.Key, app.KeySecret), 170},
		{"nobody ends it", "/oauth2/invalidate_token", "access_token=" + token, "", 99},
		{"another ends it", "/oauth2/invalidate_token", "access_token=" + token, basic(other.Key, other.KeySecret), 348},
		{"none is ended", "/oauth2/invalidate_token", "", basic(app.Key, app.KeySecret), 170},
	} {
		a := s.post(row.path, row.form, "Authorization", row.authorization)
		var e struct {
			Errors []struct {
				Code           int
				Label, Message string
			}
		}
		if a.json(&e); a.status != http.StatusForbidden || len(e.Errors) != 1 || e.Errors[0].Code != row.code || e.Errors[0].Label == "" || e.Errors[0].Message == "" {
			t.Errorf("%s: %d %s", row.name, a.status, a.body)
		}
	}

	// It is the same after a restart, until it is ended; then there is another.
	s.stop()
	s.run()
	if again := s.appToken(app); again != token {
		t.Errorf("after a restart: %q", again)
	}
	a := s.post("/oauth2/invalidate_token", "access_token="+url.QueryEscape(token), "Authorization", basic(app.Key, app.KeySecret))
	if a.status != http.StatusOK || strings.TrimSpace(string(a.body)) != `{"access_token":"`+token+`"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	c.as(token).call("GET", "/2/media/"+png, nil).refused(http.StatusUnauthorized)
	next := s.appToken(app)
	if next == token {
		t.Error("the token that was ended came back")
	}
	// An operator who revokes it gets the client another, too.
	for _, row := range s.tokens()[1:] {
		if row[1] == "7" && strings.Contains(strings.Join(row, " "), "app-only") {
			s.do("token", "revoke", row[0])
		}
	}
	c.as(next).call("GET", "/2/media/"+png, nil).refused(http.StatusUnauthorized, "revoked")
	if third := s.appToken(app); third == next || c.as(third).lookup(png)["media_key"] != png {
		t.Error("no good token after one was revoked")
	}
	s.holdsNone(token, next, app.KeySecret, app.Secret)
	s.do("client", "revoke", app.ID)
	if a := s.post("/oauth2/token", "grant_type=client_credentials", "Authorization", basic(app.Key, app.KeySecret)); a.status != http.StatusForbidden {
		t.Errorf("a revoked client: %d %s", a.status, a.body)
	}
}

func TestOAuth2Routes(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client().as("")
	for path, status := range map[string]int{
		"GET /2/oauth2/token": 405, "DELETE /2/oauth2/revoke": 405, "PUT /2/oauth2/authorize": 405, "GET /oauth2/token": 405,
		"GET /oauth2/invalidate_token": 405, "DELETE /i/oauth2/authorize": 405, "GET /2/oauth2/": 404, "POST /2/oauth2/nothing": 404,
		"GET /i/oauth2/token": 404, "POST /oauth2/nothing": 404, "GET /oauth2/": 404,
	} {
		method, path, _ := strings.Cut(path, " ")
		if a := c.call(method, path, nil); a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || (a.header.Get("Allow") != "") != (status == 405) {
			t.Errorf("%s %s: %d %v %s", method, path, a.status, a.header, a.body)
		}
	}
	// Pages of other origins may call what apps call, and not what people see.
	for path, may := range map[string]bool{"/2/oauth2/token": true, "/2/oauth2/revoke": true, "/oauth2/token": true, "/2/oauth2/authorize": false, "/i/oauth2/authorize": false} {
		a := c.call("OPTIONS", path, nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
		if (a.status == http.StatusNoContent) != may || (a.header.Get("Access-Control-Allow-Origin") == "*") != may {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	if a := c.call("GET", "/2/oauth2/style.css", nil); a.status != 200 || a.header.Get("Content-Type") != "text/css; charset=utf-8" || len(a.body) < 500 {
		t.Errorf("%d %v", a.status, a.header)
	}
}
