package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestUnknownRoutesAndMethods(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	rows := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/2", 404, ""},
		{"GET", "/2/", 404, ""},
		{"GET", "/2/media/", 404, ""},
		{"GET", "/2/tweets", 404, ""},
		{"POST", "/2/media/upload/initialize/", 404, ""},
		{"POST", "/2/media/upload/1/append/2", 404, ""},
		{"POST", "/2/media/upload//append", 404, ""},
		{"POST", "/2//media/metadata", 404, ""},
		{"POST", "//2/media/metadata", 404, ""},
		{"GET", "/2/media//", 404, ""},
		{"POST", "/2/./media/metadata", 404, ""},
		{"GET", "/2/media/x/../upload", 404, ""},
		{"GET", "/magpie/v1/", 404, ""},
		{"GET", "/magpie/v1/media/1/other", 404, ""},
		{"GET", "/favicon.ico", 404, ""},
		{"POST", "/healthz", 404, ""},
		{"POST", "/magpie/v1/media/1/original", 404, ""},
		{"GET", "/2/media/upload/initialize", 405, "POST"},
		{"GET", "/2/media/upload/1/append", 405, "POST"},
		{"PUT", "/2/media/upload/1/append", 405, "POST"},
		{"DELETE", "/2/media/upload/1/finalize", 405, "POST"},
		{"PATCH", "/2/media/metadata", 405, "GET, POST"},
		{"PUT", "/2/media/upload", 405, "GET, POST"},
		{"POST", "/2/media", 405, "GET"},
		{"DELETE", "/2/media/7_1", 405, "GET"},
		{"OPTIONS", "/2/media/upload", 405, "GET, POST"},
		{"BREW", "/2/media", 405, "GET"},
	}
	for _, row := range rows {
		a := c.as("").call(row.method, row.path, nil)
		if a.status != row.status {
			t.Logf("%s %s", row.method, row.path)
		}
		a.refused(row.status)
		if got := a.header.Get("Allow"); got != row.allow {
			t.Errorf("%s %s: Allow %q, want %q", row.method, row.path, got, row.allow)
		}
		if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
			t.Errorf("%s %s: %s", row.method, row.path, kind)
		}
	}
	for path, status := range map[string]int{
		"/2/media?media_keys=7_1": 200, "/2/media/7_1": 404, "/2/media/upload?media_id=1": 400, "/2/media/upload/initialize": 405, "/nowhere": 404, "/healthz": 200,
	} {
		a := c.call("HEAD", path, nil)
		if a.status != status || len(a.body) != 0 {
			t.Errorf("HEAD %s: %d with %d bytes, want %d", path, a.status, len(a.body), status)
		}
	}
}

func TestStatusRefuses(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for query, words := range map[string]string{
		"":                                  "media_id",
		"?media_id=":                        "empty",
		"?media_id=x":                       "[x]",
		"?media_id=0":                       "[0]",
		"?media_id=1&media_id=2":            "Duplicate",
		"?media_id=1146654567674912769":     "Not found",
		"?media_id=99999999999999999999":    "19 digits",
		"?media_id=1&command=INIT":          "STATUS",
		"?media_id=1&command=status":        "STATUS",
		"?command=STATUS":                   "media_id",
		"?media_id=1%00":                    "media_id",
		"?media_id=%zz":                     "media_id",
		"?media_id=9223372036854775807&x=1": "Not found",
	} {
		c.call("GET", "/2/media/upload"+query, nil).refused(http.StatusBadRequest, words)
	}
}

// Every endpoint of the API says the same of credentials.
func TestCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	read, write := s.token("1", "--scopes", "tweet.read"), s.token("1", "--scopes", "media.write")
	app := s.token("1", "--app-only", "--scopes", "media.write,tweet.read")
	writing := []string{
		"POST /2/media/upload/initialize", "POST /2/media/upload/1/append", "POST /2/media/upload/1/finalize",
		"GET /2/media/upload?media_id=1", "POST /2/media/upload", "POST /2/media/metadata",
	}
	reading := []string{"GET /2/media?media_keys=7_1", "GET /2/media/7_1"}
	for _, route := range append(writing, reading...) {
		method, path, _ := strings.Cut(route, " ")
		for name, headers := range map[string][]string{
			"none":         nil,
			"another kind": {"Authorization", "Basic dXNlcjpwYXNz"},
			"no secret":    {"Authorization", "Bearer "},
			"unknown":      {"Authorization", "Bearer " + strings.Repeat("x", 43)},
			"huge":         {"Authorization", "Bearer " + strings.Repeat("x", 100_000)},
			"OAuth 1":      {"Authorization", `OAuth oauth_consumer_key="x"`},
		} {
			a := c.as("").call(method, path, nil, headers...)
			a.refused(http.StatusUnauthorized)
			if a.member("title") != "Unauthorized" || a.member("type") != "about:blank" || a.member("status") != 401.0 || a.member("detail") != "Unauthorized" ||
				!strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s with %s: %v %s", route, name, a.header, a.body)
			}
		}
	}
	for _, route := range writing {
		method, path, _ := strings.Cut(route, " ")
		a := c.as(read).call(method, path, nil)
		a.refused(http.StatusForbidden, "media.write")
		if a.member("title") != "Forbidden" || a.member("type") != "about:blank" {
			t.Errorf("%s: %s", route, a.body)
		}
		a = c.as(app).call(method, path, nil)
		a.refused(http.StatusForbidden, "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].")
		if a.member("title") != "Unsupported Authentication" || !strings.HasSuffix(fmt.Sprint(a.member("type")), "/unsupported-authentication") {
			t.Errorf("%s: %s", route, a.body)
		}
	}
	for _, route := range reading {
		method, path, _ := strings.Cut(route, " ")
		c.as(write).call(method, path, nil).refused(http.StatusForbidden, "tweet.read")
	}
	if a := c.as("").call("GET", "/2/media/7_1", nil, "authorization", "bearer   "+read); a.status != http.StatusNotFound {
		t.Errorf("another spelling of Bearer: %d %s", a.status, a.body)
	}
}

// member is a top-level member of a JSON answer.
func (a answer) member(name string) any {
	a.t.Helper()
	var v map[string]any
	a.decode(&v)
	return v[name]
}
