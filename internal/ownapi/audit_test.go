package ownapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

func (s *server) change(id media.ID, set map[string]string, clear []string, by catalog.Actor) {
	s.t.Helper()
	if _, err := s.catalog.MergeMetadata(s.t.Context(), id, set, clear, by, s.clock); err != nil {
		s.t.Fatal(err)
	}
}

func TestAudit(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.TweetRead)
	m := s.upload(subtitles)
	path := "/magpie/v1/media/" + m.ID.String() + "/audit"
	if w := s.call("GET", path, "Authorization", token); w.Code != http.StatusOK || w.Body.String() != "{\"data\":[],\"meta\":{\"result_count\":0}}\n" {
		t.Errorf("before any change: %d %s", w.Code, w.Body)
	}
	s.change(m.ID, map[string]string{"alt_text": `{"text":"<b>"}`, "upload_source": `{"upload_source":"a"}`}, nil, catalog.Actor{User: owner, Client: "app", Token: "t1"})
	s.clock = s.clock.Add(1500 * time.Millisecond)
	s.change(m.ID, map[string]string{"alt_text": `{"text":"c"}`}, []string{"upload_source", "shared_info"}, catalog.Actor{User: owner, Token: "t2"})
	w := s.call("GET", path, "Authorization", token)
	const first, second = `"at":"2026-11-21T10:00:00Z","user":"2244994945","client":"app","token":"t1"`, `"at":"2026-11-21T10:00:01.5Z","user":"2244994945","client":"","token":"t2"`
	want := `{"data":[` +
		`{` + second + `,"group":"upload_source","before":{"upload_source":"a"},"after":null},` +
		`{` + second + `,"group":"shared_info","before":{"shared":true},"after":null},` +
		`{` + second + `,"group":"alt_text","before":{"text":"<b>"},"after":{"text":"c"}},` +
		`{` + first + `,"group":"upload_source","before":null,"after":{"upload_source":"a"}},` +
		`{` + first + `,"group":"alt_text","before":null,"after":{"text":"<b>"}}],"meta":{"result_count":5}}`
	var got, expected any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Error(diff)
	}
	if control := w.Header().Get("Cache-Control"); !strings.Contains(control, "no-store") {
		t.Errorf("Cache-Control %q", control)
	}
}

// Pages hold together while changes come.
func TestAuditPages(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	m := s.upload(subtitles)
	n := 0
	next := func() {
		n++
		s.change(m.ID, map[string]string{"alt_text": fmt.Sprintf(`{"text":"%d"}`, n)}, nil, catalog.Actor{User: owner})
	}
	for range 45 {
		next()
	}
	want, path := 45, "/magpie/v1/media/"+m.ID.String()+"/audit"
	for _, size := range []int{20, 20, 5} {
		w := s.call("GET", path, "Authorization", token)
		var page auditAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.Meta.Count != size || len(page.Data) != size {
			t.Fatalf("%v, %s", err, w.Body)
		}
		for _, e := range page.Data {
			if string(e.After) != fmt.Sprintf(`{"text":"%d"}`, want) {
				t.Fatalf("%s where %d was to come", e.After, want)
			}
			want--
		}
		if (page.Meta.Next == "") != (want == 0) {
			t.Errorf("after %d: next_cursor %q", want, page.Meta.Next)
		}
		path = strings.Split(path, "?")[0] + "?cursor=" + page.Meta.Next
		next()
	}
	for query, words := range map[string]string{
		"limit=0": "1 to 100", "limit=101": "1 to 100", "limit=": "1 to 100", "limit=x": "1 to 100", "limit=1&limit=2": "once",
		"cursor=": "next_cursor", "cursor=0": "next_cursor", "cursor=-1": "next_cursor", "cursor=9223372036854775808": "next_cursor",
		"cursor=" + strings.Repeat("9", 5000): "next_cursor", "page=2": "limit, cursor",
	} {
		w := s.call("GET", strings.Split(path, "?")[0]+"?"+query, "Authorization", token)
		if w.Header().Get("X-Code") != "invalid" || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%s: %v %s", query, w.Header(), w.Body)
		}
	}
	for query, count := range map[string]int{"limit=100": 48, "limit=48": 48, "limit=1": 1, "cursor=1": 0, "cursor=9223372036854775807": 20} {
		var page auditAnswer
		w := s.call("GET", strings.Split(path, "?")[0]+"?"+query, "Authorization", token)
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.Meta.Count != count {
			t.Errorf("%s: %v, %s", query, err, w.Body)
		}
	}
}

func TestAuditIsTheOwners(t *testing.T) {
	s := newServer(t)
	m := s.upload(subtitles)
	s.change(m.ID, map[string]string{"alt_text": `{"text":"a"}`}, nil, catalog.Actor{User: owner})
	path := "/magpie/v1/media/" + m.ID.String() + "/audit"
	for _, c := range []struct{ name, path, token, code string }{
		{"the owner", path, s.bearer(owner, false, auth.TweetRead), ""},
		{"the owner's app", path, s.bearer(owner, true, auth.TweetRead), ""},
		{"an additional owner", path, s.bearer(friend, false, auth.Scopes()...), "forbidden"},
		{"a stranger, although it is shared", path, s.bearer(stranger, false, auth.Scopes()...), "not_found"},
		{"the owner by another scope", path, s.bearer(owner, false, "users.read"), "forbidden"},
		{"nobody", path, "", "no_credentials"},
		{"of none", "/magpie/v1/media/1/audit", s.bearer(owner, false, auth.TweetRead), "not_found"},
		{"of what is no id", "/magpie/v1/media/x/audit", s.bearer(owner, false, auth.TweetRead), "invalid"},
	} {
		w := s.call("GET", c.path, "Authorization", c.token)
		if got := w.Header().Get("X-Code"); got != c.code || (c.code == "") != strings.Contains(w.Body.String(), "alt_text") {
			t.Errorf("%s: %q %s", c.name, got, w.Body)
		}
	}
	// The trail outlives the media until its record goes.
	if _, err := s.catalog.DeleteMedia(t.Context(), m.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	if w := s.call("GET", path, "Authorization", s.bearer(owner, false, auth.TweetRead)); !strings.Contains(w.Body.String(), "alt_text") {
		t.Errorf("once it is gone: %s", w.Body)
	}
	if _, err := s.catalog.Prune(t.Context(), s.clock.Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	if w := s.call("GET", path, "Authorization", s.bearer(owner, false, auth.TweetRead)); w.Header().Get("X-Code") != "not_found" {
		t.Errorf("once its record is gone: %s", w.Body)
	}
}
