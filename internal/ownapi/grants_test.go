package ownapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/policy"
)

// postJSON posts a body in somebody's name.
func (s *server) postJSON(path, token, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", token)
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// wantRefused checks an error's code and words.
func wantRefused(t *testing.T, what string, w *httptest.ResponseRecorder, code, words string) {
	t.Helper()
	if w.Code != http.StatusTeapot || w.Header().Get("X-Code") != code || !strings.Contains(w.Body.String(), words) {
		t.Errorf("%s: %d %s %s, want %s and %q", what, w.Code, w.Header().Get("X-Code"), w.Body, code, words)
	}
}

func TestGrant(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	for _, c := range []struct {
		body, prefix string
		want         policy.Ticket // but for Owner and Viewer
		lifetime     time.Duration
	}{
		{`{"viewer":"vera"}`, "", policy.Ticket{}, time.Hour},
		{`{"viewer":"vera","subscriptions":[],"expires_in":1}`, "", policy.Ticket{}, time.Second},
		{`{"viewer":"vera","subscriptions":["x","creator","x"],"expires_in":86400,"country":"jp","ip_prefix":"192.0.2.77/24"}`, "192.0.2.0/24", policy.Ticket{Creator: true, X: true, Country: "JP"}, 24 * time.Hour},
		{`{"viewer":"vera","subscriptions":["creator"],"ip_prefix":"2001:db8::1"}`, "2001:db8::1/128", policy.Ticket{Creator: true}, time.Hour},
		{`{"viewer":"vera","subscriptions":["x"],"ip_prefix":"::ffff:192.0.2.0/120"}`, "192.0.2.0/24", policy.Ticket{X: true}, time.Hour},
	} {
		w := s.postJSON("/magpie/v1/grants", token, c.body)
		var answer struct {
			Data struct {
				Grant     string    `json:"grant"`
				ExpiresAt time.Time `json:"expires_at"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", c.body, w.Code, w.Body)
		}
		got, err := testRing.ReadTicket(answer.Data.Grant, s.clock)
		if err != nil {
			t.Fatal(err)
		}
		c.want.Owner, c.want.Viewer, c.want.Expires = owner, "vera", s.clock.Add(c.lifetime)
		prefix := ""
		if got.Prefix.IsValid() {
			prefix = got.Prefix.String()
		}
		got.Prefix = c.want.Prefix
		if got != c.want || prefix != c.prefix || !answer.Data.ExpiresAt.Equal(c.want.Expires) {
			t.Errorf("%s: %+v, prefix %s, until %s", c.body, got, prefix, answer.Data.ExpiresAt)
		}
	}
}

func TestGrantRefuses(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	for body, words := range map[string]string{
		``:                                  "body",
		`[]`:                                "object",
		`{}`:                                "$.viewer: is required",
		`{"viewer":""}`:                     "$.viewer: is required",
		`{"viewer":7}`:                      "$.viewer: must be a string",
		`{"viewer":"a\u0000b"}`:             "$.viewer: must have at most",
		`{"viewer":"a","viewers":"b"}`:      "viewers",
		`{"viewer":"a","expires_in":0}`:     "$.expires_in: must be a whole number of seconds from 1 to 86400",
		`{"viewer":"a","expires_in":86401}`: "$.expires_in: must be a whole number of seconds from 1 to 86400",
		`{"viewer":"a","expires_in":-9223372036854775808}`: "$.expires_in",
		`{"viewer":"a","expires_in":1.5}`:                  "$.expires_in: must be a whole number",
		`{"viewer":"a","expires_in":"60"}`:                 "$.expires_in: must be a whole number",
		`{"viewer":"a","subscriptions":"x"}`:               "$.subscriptions: must be a list",
		`{"viewer":"a","subscriptions":["Any"]}`:           "which is none of creator, x",
		`{"viewer":"a","country":"JPN"}`:                   "$.country: must be the two letters",
		`{"viewer":"a","country":"é"}`:                     "$.country: must be the two letters",
		`{"viewer":"a","ip_prefix":"192.0.2.0/33"}`:        "$.ip_prefix: must be a network",
		`{"viewer":"a","ip_prefix":"fe80::1%eth0"}`:        "$.ip_prefix: must be a network",
		`{"viewer":"a","ip_prefix":"::ffff:0.0.0.0/90"}`:   "$.ip_prefix: must be a network",
		`{"viewer":"a"} {}`:                                "after the JSON object",
		`{"viewer":"` + strings.Repeat("a", 129) + `"}`:    "$.viewer: must have at most 128",
	} {
		wantRefused(t, body, s.postJSON("/magpie/v1/grants", token, body), "invalid", words)
	}
	wantRefused(t, "a parameter", s.postJSON("/magpie/v1/grants?user=1", token, `{"viewer":"a"}`), "invalid", "user")
	wantRefused(t, "one who may only read", s.postJSON("/magpie/v1/grants", s.bearer(owner, false, auth.TweetRead), `{"viewer":"a"}`), "forbidden", "media.write")
	wantRefused(t, "an app", s.postJSON("/magpie/v1/grants", s.bearer(owner, true, auth.MediaWrite), `{"viewer":"a"}`), "app_only", "")
	wantRefused(t, "nobody", s.postJSON("/magpie/v1/grants", "", `{"viewer":"a"}`), "no_credentials", "")
}
