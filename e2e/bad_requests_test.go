package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// bad is a request that cannot be right, and what it must be told.
type bad struct {
	name    string
	method  string // POST unless it says else
	path    string // of the endpoint unless it says else
	query   string
	kind    string // the Content-Type; application/json unless it says else
	body    string
	headers []string
	status  int    // 400 unless it says else
	field   string // the parameter that is named; "" for none
	words   string
}

// none stands for no Content-Type at all.
const none = "none"

// allRefused sends every row to an endpoint and holds each answer against the
// shape of X's errors. The client's own check holds it against the contract.
func (c client) allRefused(method, path string, rows []bad) {
	c.t.Helper()
	if len(rows) < 20 {
		c.t.Errorf("only %d bad requests for %s %s", len(rows), method, path)
	}
	for _, row := range rows {
		c.t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: c.token}
			headers := row.headers
			switch {
			case row.kind == none:
			case row.kind != "":
				headers = append([]string{"Content-Type", row.kind}, headers...)
			case method != http.MethodGet:
				headers = append([]string{"Content-Type", jsonKind}, headers...)
			}
			var body any
			if row.body != "" {
				body = row.body
			}
			at := path
			if row.path != "" {
				at = row.path
			}
			if row.query != "" {
				at += "?" + row.query
			}
			row.check(c.call(or(row.method, method), at, body, headers...))
		})
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (b bad) check(a answer) {
	a.t.Helper()
	status := b.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	a.isProblem(status, b.field, b.words)
}

// isProblem checks every member of an error in X's shape, whose status is one of
// those that a client may be at fault for.
func (a answer) isProblem(status int, field string, words string) {
	a.t.Helper()
	if a.status != status || a.status >= 500 {
		a.t.Fatalf("status %d, want %d: %.500s", a.status, status, a.body)
	}
	if kind := a.header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		a.t.Errorf("Content-Type %q", kind)
	}
	var p struct {
		Code    int
		Message string
		Title   string
		Detail  string
		Type    string
		Status  int
		Errors  []struct {
			Parameters map[string][]string
			Message    string
		}
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	if p.Code != status || p.Status != status || p.Title == "" || len(p.Message) < 9 || p.Detail == "" {
		a.t.Errorf("a problem of %d lacks something: %s", status, a.body)
	}
	if p.Type != "about:blank" && !strings.HasPrefix(p.Type, "https://api.x.com/2/problems/") {
		a.t.Errorf("type %q", p.Type)
	}
	if !strings.Contains(p.Message, words) {
		a.t.Errorf("the message is %q, want one with %q", p.Message, words)
	}
	if strings.Contains(p.Message, "magpie/internal") || strings.Contains(p.Message, "goroutine") {
		a.t.Errorf("the message tells of the inside: %s", p.Message)
	}
	if status != http.StatusBadRequest {
		return
	}
	if p.Title != "Invalid Request" || p.Detail != "One or more parameters to your request was invalid." || len(p.Errors) != 1 {
		a.t.Fatalf("not X's Invalid Request: %s", a.body)
	}
	if e := p.Errors[0]; e.Message != p.Message || e.Parameters == nil {
		a.t.Errorf("errors[0]: %s", a.body)
	} else if names := slices.Collect(maps.Keys(e.Parameters)); field == "" && len(names) > 0 || field != "" && !slices.Equal(names, []string{field}) {
		a.t.Errorf("it names %q, want %q: %s", names, field, a.body)
	}
}

// endpoints are all of version 2 that take a request in a body, and all that do
// not, with what makes each one right but for what a test spoils.
func (c client) endpoints(id string) (withBody, without []string) {
	withBody = []string{
		"POST /2/media/upload/initialize",
		"POST /2/media/upload/" + id + "/append",
		"POST /2/media/upload",
		"POST /2/media/upload?command=APPEND&segment_index=0&media_id=" + id,
		"POST /2/media/metadata",
		"POST /2/media/subtitles",
		"DELETE /2/media/subtitles",
	}
	without = []string{
		"GET /2/media/upload?media_id=" + id,
		"GET /2/media?media_keys=3_" + id,
		"GET /2/media/3_" + id,
		"GET /2/media/analytics?media_keys=3_" + id + "&start_time=2026-11-20T00:00:00Z&end_time=2026-11-21T00:00:00Z",
	}
	return withBody, without
}

// What is wrong with every endpoint that reads a body.
func TestBadBodiesEverywhere(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id := c.initialize("image/png", "tweet_image", 100)
	withBody, _ := c.endpoints(id)
	deep := strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000)
	for _, endpoint := range withBody {
		method, path, _ := strings.Cut(endpoint, " ")
		send := func(body any, headers ...string) answer {
			t.Helper()
			a := c.call(method, path, body, headers...)
			if a.status < 400 || a.status >= 500 {
				t.Errorf("%s with %.60v %q: %d %s", endpoint, body, headers, a.status, a.body)
			}
			return a
		}
		for _, body := range []string{
			"{", "}", "{\"", `{"media"`, `{"media":`, `{"media":"eA=="`, `{"media":"eA==",}`, `{'media':'eA=='}`, `{"media":"eA=="}]`,
			`[]`, `[{}]`, `"x"`, `0`, `NaN`, `-`, `nul`, `true`, `{}{}`, "\x00", "{}\x00", "\xff\xfe{\x00}\x00", "\xEF\xBB\xBF{}",
			"{\"a\":\"\xff\"}", "{\"\xff\":1}", `{"a":"\x"}`, `{"a":"\u12"}`, "{\"a\":\"\n\"}", `{"a":01}`, `{"a":+1}`, `{"a":1e}`, `{"a":Infinity}`,
			deep, `{"a":` + deep + `}`, strings.Repeat(`{"a":`, 20_000), `{"media":"eA==","media":"eA=="}`,
			`{"id":"1","id":"2"}`, `{"a":{"b":1,"b":2}}`, "media=x", "--xyz\r\n",
		} {
			send(body, "Content-Type", jsonKind)
		}
		// With compression, which nobody said would be understood.
		for _, coding := range []string{"gzip", "br", "deflate", "gzip, identity", "x-unknown"} {
			a := send("{}", "Content-Type", jsonKind, "Content-Encoding", coding)
			a.isProblem(http.StatusUnsupportedMediaType, "", "Content-Encoding")
			if a.header.Get("Accept-Encoding") != "identity" {
				t.Errorf("%s with %s: the answer does not say what would be taken: %v", endpoint, coding, a.header)
			}
		}
		for _, kind := range []string{"", "text/plain", "text/html", "application/xml", "application/octet-stream", "image/png", "application/jsonp", "json", "application/json; =", "/", ";", strings.Repeat("x", 5000)} {
			a := send("{}", "Content-Type", kind)
			if !strings.Contains(string(a.body), "ontent-") {
				t.Errorf("%s as %q: the words do not name the content type: %s", endpoint, kind, a.body)
			}
		}
		send(strings.Repeat(" ", 2<<20), "Content-Type", jsonKind)
		send(`{"a":"`+strings.Repeat("a", 2<<20)+`"}`, "Content-Type", jsonKind)
		send(nil)
	}
	// None of it opened, changed or filled anything.
	if info, _ := c.status(id).data()["processing_info"].(map[string]any); info["state"] != "pending" {
		t.Errorf("the upload is %v now", info)
	}
	c.finalize(id).isProblem(http.StatusBadRequest, "id", "no segment")
}

// What is wrong with the head of a request, for every endpoint.
func TestBadHeadsEverywhere(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	withBody, without := c.endpoints(id)
	for _, endpoint := range slices.Concat(withBody, without, []string{"POST /2/media/upload/" + id + "/finalize"}) {
		method, path, _ := strings.Cut(endpoint, " ")
		bare, query, _ := strings.Cut(path, "?")
		for _, wrong := range []string{
			strings.ToUpper(bare), strings.Replace(bare, "/2/", "/3/", 1), strings.Replace(bare, "media", "Media", 1), bare + "/", "/" + bare,
			strings.Replace(bare, "/media", "//media", 1), strings.Replace(bare, "/media", "/./media", 1), strings.Replace(bare, "/media", "/x/../media", 1),
			bare + "%2F", bare + "/%00", bare + ";x=y", bare + "%3Fx", bare + "/" + strings.Repeat("a/", 500),
		} {
			a := c.call(method, wrong+"?"+query, nil)
			if a.status != 404 && a.status != 405 && a.status != 400 {
				t.Errorf("%s %.100s: %d %s", method, wrong, a.status, a.body)
			}
			a.isProblemOf(404, 405, 400)
		}
		for _, other := range []string{"PUT", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "get", "X"} {
			a := c.call(other, path, nil)
			a.isProblem(http.StatusMethodNotAllowed, "", other)
			if allow := a.header.Get("Allow"); !strings.Contains(allow, method) {
				t.Errorf("%s %s: Allow %q", other, path, allow)
			}
		}
		if a := c.call("HEAD", path, nil); len(a.body) > 0 || a.status >= 500 {
			t.Errorf("HEAD %s: %d with %d bytes", path, a.status, len(a.body))
		}
		for name, value := range map[string]string{"none": "", "another": "Basic eDp5", "unknown": "Bearer nonsense", "cut": "Bearer", "two": "Bearer a b", "long": "Bearer " + strings.Repeat("x", 200_000)} {
			a := c.as("").call(method, path, nil, "Authorization", value)
			a.isProblem(http.StatusUnauthorized, "", "")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s by %s credentials: no WWW-Authenticate", endpoint, name)
			}
		}
		// Past a megabyte of head the HTTP server itself answers, in a line of text.
		if a := c.call(method, bare+"?"+strings.Repeat("x=y&", 300_000), nil); a.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s with 1.2 MB of query: %d", endpoint, a.status)
		}
		a := c.call(method, bare+"?"+strings.Repeat("x=y&", 20_000), nil)
		if a.status >= 500 || !json.Valid(a.body) {
			t.Errorf("%s with 80 kB of query: %d %.100s", endpoint, a.status, a.body)
		}
	}
}

// isProblemOf checks the shape of an error whose status is one of several.
func (a answer) isProblemOf(statuses ...int) {
	a.t.Helper()
	if !slices.Contains(statuses, a.status) {
		a.t.Errorf("status %d, want one of %v: %s", a.status, statuses, a.body)
		return
	}
	if a.status != http.StatusBadRequest { // which names a field
		a.isProblem(a.status, "", "")
	}
}
