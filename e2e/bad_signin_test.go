package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Bad requests of the sign-in endpoints: never a fault of the server's, always
// in the shape that OAuth clients read. The client's own check holds each answer
// against the contract.
func TestBadSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client().as("")
	out, errs, code := magpie(t, "client", "create", "--data", s.data, "app", "--redirect-uri", "https://app.example/back", "--json")
	if code != 0 {
		t.Fatalf("client create: %d %s", code, errs)
	}
	var made map[string]any
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := func(name string) string { v, _ := made[name].(string); return v }
	id, secret := text("client_id"), text("client_secret")
	basic := func(name, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
	}
	const form = "application/x-www-form-urlencoded"
	big := strings.Repeat("x", 3<<20)
	for _, row := range []struct {
		name, path, kind, body, auth string
		status                       int
		code                         string
	}{
		{"nothing", "token", "", "", "", 400, "invalid_request"},
		{"no grant", "token", form, "code=x", basic(id, secret), 400, "invalid_request"},
		{"another grant", "token", form, "grant_type=password&username=a&password=b", basic(id, secret), 400, "unsupported_grant_type"},
		{"an app's grant", "token", form, "grant_type=client_credentials", basic(id, secret), 400, "unsupported_grant_type"},
		{"grant twice", "token", form, "grant_type=refresh_token&grant_type=refresh_token&refresh_token=x", basic(id, secret), 400, "invalid_request"},
		{"no code", "token", form, "grant_type=authorization_code&redirect_uri=https://app.example/back&code_verifier=x", basic(id, secret), 400, "invalid_request"},
		{"no verifier", "token", form, "grant_type=authorization_code&redirect_uri=https://app.example/back&code=x", basic(id, secret), 400, "invalid_request"},
		{"no redirect", "token", form, "grant_type=authorization_code&code=x&code_verifier=x", basic(id, secret), 400, "invalid_request"},
		{"an unknown code", "token", form, "grant_type=authorization_code&redirect_uri=https://app.example/back&code=x&code_verifier=" + strings.Repeat("x", 43), basic(id, secret), 400, "invalid_grant"},
		{"an unknown refresh token", "token", form, "grant_type=refresh_token&refresh_token=x", basic(id, secret), 400, "invalid_grant"},
		{"a refresh token with NUL", "token", form, "grant_type=refresh_token&refresh_token=%00", basic(id, secret), 400, "invalid_grant"},
		{"no refresh token", "token", form, "grant_type=refresh_token", basic(id, secret), 400, "invalid_request"},
		{"no client", "token", form, "grant_type=refresh_token&refresh_token=x", "", 400, "invalid_request"},
		{"an unknown client", "token", form, "grant_type=refresh_token&refresh_token=x", basic("x", "y"), 401, "invalid_client"},
		{"a wrong secret", "token", form, "grant_type=refresh_token&refresh_token=x", basic(id, "y"), 401, "invalid_client"},
		{"Basic that is none", "token", form, "grant_type=refresh_token&refresh_token=x", "Basic !!!", 401, ""},
		{"a bearer token", "token", form, "grant_type=refresh_token&refresh_token=x", "Bearer x", 401, ""},
		{"not an escape", "token", form, "grant_type=%zz", basic(id, secret), 400, "invalid_request"},
		{"JSON that is none", "token", jsonKind, "{", basic(id, secret), 400, "invalid_request"},
		{"JSON in a list", "token", jsonKind, "[]", basic(id, secret), 400, "invalid_request"},
		{"numbers in JSON", "token", jsonKind, `{"grant_type":5}`, basic(id, secret), 400, "invalid_request"},
		{"multipart", "token", formKind, formRow("grant_type", "refresh_token"), basic(id, secret), 400, "invalid_request"},
		{"text", "token", "text/plain", "grant_type=refresh_token", basic(id, secret), 400, "invalid_request"},
		{"megabytes", "token", form, "grant_type=refresh_token&refresh_token=" + big, basic(id, secret), 400, "invalid_request"},
		{"megabytes of JSON", "token", jsonKind, `{"grant_type":"` + big + `"}`, basic(id, secret), 400, "invalid_request"},
		{"50,000 fields", "token", form, strings.Repeat("a=b&", 50_000), basic(id, secret), 400, "invalid_request"},
		{"revoke: no token", "revoke", form, "", basic(id, secret), 400, "invalid_request"},
		{"revoke: no client", "revoke", form, "token=x", "", 400, "invalid_request"},
		{"revoke: a wrong secret", "revoke", form, "token=x", basic(id, "y"), 401, "invalid_client"},
		{"revoke: JSON that is none", "revoke", jsonKind, "nul", basic(id, secret), 400, "invalid_request"},
		{"revoke: megabytes", "revoke", form, "token=" + big, basic(id, secret), 400, "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url}
			a := c.call("POST", "/2/oauth2/"+row.path, row.body, "Content-Type", row.kind, "Authorization", row.auth)
			var v struct {
				Error       string
				Description string `json:"error_description"`
			}
			a.decode(&v)
			if a.status != row.status || row.code != "" && v.Error != row.code || len(v.Description) < 9 {
				t.Errorf("%d %s, want %d %s", a.status, a.body, row.status, row.code)
			}
		})
	}
	if d := c.call("POST", "/2/oauth2/revoke", "token=nobody-knows-it", "Content-Type", form, "Authorization", basic(id, secret)); d.status != http.StatusOK || d.member("revoked") != true {
		t.Errorf("revoking an unknown token: %d %s", d.status, d.body)
	}
	key, keySecret := text("api_key"), text("api_key_secret")
	for name, row := range map[string][3]string{
		"no key":           {"token", "grant_type=client_credentials", ""},
		"a wrong secret":   {"token", "grant_type=client_credentials", basic(key, "x")},
		"id for key":       {"token", "grant_type=client_credentials", basic(id, secret)},
		"no grant":         {"token", "", basic(key, keySecret)},
		"another grant":    {"token", "grant_type=authorization_code", basic(key, keySecret)},
		"no token":         {"invalidate_token", "", basic(key, keySecret)},
		"an unknown token": {"invalidate_token", "access_token=x", basic(key, keySecret)},
		"nobody's to end":  {"invalidate_token", "access_token=x", ""},
		"token with a NUL": {"invalidate_token", "access_token=%00", basic(key, keySecret)},
		"a bearer to end":  {"invalidate_token", "access_token=x", "Bearer x"},
	} {
		a := c.call("POST", "/oauth2/"+row[0], row[1], "Content-Type", form, "Authorization", row[2])
		var v struct{ Errors []v1Entry }
		a.decode(&v)
		if a.status != http.StatusForbidden || len(v.Errors) != 1 || v.Errors[0].Code == 0 || v.Errors[0].Message == "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, body := range []string{"grant_type=%", "access_token=%", "grant_type=" + big} {
		for _, path := range []string{"/oauth2/token", "/oauth2/invalidate_token"} {
			c.call("POST", path, body, "Content-Type", form, "Authorization", basic(key, keySecret)).isProblem(http.StatusBadRequest, "body", "")
		}
	}
	for name, query := range map[string]url.Values{
		"nothing":           {},
		"an unknown client": {"client_id": {"x"}, "redirect_uri": {"https://app.example/back"}, "response_type": {"code"}},
		"a foreign address": {"client_id": {id}, "redirect_uri": {"https://evil.example/back"}, "response_type": {"code"}},
		"markup":            {"client_id": {"<script>alert(1)</script>"}, "redirect_uri": {"javascript:alert(1)"}},
		"long":              {"client_id": {strings.Repeat("x", 50_000)}},
	} {
		a := c.call("GET", "/2/oauth2/authorize?"+query.Encode(), nil)
		if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || strings.Contains(string(a.body), "<script") ||
			!strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d %v %.300s", name, a.status, a.header, a.body)
		}
	}
}
