package ownapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

func itemPath(m media.Media) string { return "/magpie/v1/media/" + m.ID.String() }

func (s *server) wants(method, path, token, code string, pieces ...string) string {
	s.t.Helper()
	w := s.call(method, path, "Authorization", token)
	if got := w.Header().Get("X-Code"); got != code || code == "" && w.Code >= 300 {
		s.t.Errorf("%s %s: %d %q %s, want %q", method, path, w.Code, got, w.Body, code)
	}
	for _, piece := range pieces {
		if !strings.Contains(w.Body.String(), piece) {
			s.t.Errorf("%s %s: %s, want %q in it", method, path, w.Body, piece)
		}
	}
	return w.Body.String()
}

// Who may do what with a media.
func TestLibraryIsItsOwners(t *testing.T) {
	s := newServer(t)
	m := s.upload(subtitles)
	mine, readOnly, app := s.bearer(owner, false, auth.MediaWrite), s.bearer(owner, false, auth.TweetRead), s.bearer(owner, true, auth.Scopes()...)
	theirs, alien := s.bearer(friend, false, auth.Scopes()...), s.bearer(stranger, false, auth.Scopes()...)
	path := itemPath(m)
	for _, token := range []string{mine, readOnly, app, theirs} {
		s.wants("GET", path, token, "", `"id":"`+m.ID.String()+`"`, `"owner":"`+owner+`"`, `"segments":1`)
	}
	s.wants("GET", path, alien, "not_found")
	s.wants("GET", path, "", "no_credentials")
	s.wants("GET", path+"?x=1", mine, "invalid")
	for _, verb := range [][2]string{{"DELETE", path}, {"POST", path + "/restore"}} {
		s.wants(verb[0], verb[1], alien, "not_found")
		s.wants(verb[0], verb[1], theirs, "forbidden", "Only the owner of "+m.ID.String())
		s.wants(verb[0], verb[1], readOnly, "forbidden")
		s.wants(verb[0], verb[1], app, "app_only")
	}
	s.wants("DELETE", path, mine, "", `"deleted":true`)
	s.wants("GET", path, mine, "", `"deleted_at"`, `"restorable_until":"2026-11-22T10:00:00Z"`)
	s.wants("GET", path, theirs, "not_found")
	s.wants("DELETE", path, theirs, "not_found")
	s.wants("GET", "/magpie/v1/media", mine, "", `"result_count":0`)
	s.wants("GET", "/magpie/v1/media?deleted=true", mine, "", `"result_count":1`)
}

// What was deleted comes back within its time, and not after it.
func TestLibraryRestore(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	m := s.upload(subtitles)
	s.wants("POST", itemPath(m)+"/restore", token, "") // changes nothing
	s.wants("DELETE", itemPath(m), token, "")
	s.clock = s.clock.Add(24*time.Hour - time.Millisecond)
	s.wants("POST", itemPath(m)+"/restore", token, "", `"subtitles":[]`)
	s.wants("GET", pathOf(m), token, "", "WEBVTT")
	s.wants("DELETE", itemPath(m), token, "")
	s.clock = s.clock.Add(24 * time.Hour)
	s.wants("POST", itemPath(m)+"/restore", token, "gone", m.ID.String())
	s.wants("GET", itemPath(m), token, "not_found")
	s.wants("DELETE", itemPath(m), token, "not_found")
}

func TestPaging(t *testing.T) {
	for _, id := range []media.ID{1, 77, 1<<63 - 1} {
		limit, before, err := paging(map[string]string{"cursor": cursor(id), "limit": "100"})
		if err != nil || before != id || limit != 100 {
			t.Errorf("%d: %d %d %v", id, limit, before, err)
		}
	}
	for _, query := range []map[string]string{
		{"limit": "0"},
		{"limit": "101"},
		{"limit": "x"},
		{"limit": ""},
		{"cursor": ""},
		{"cursor": "AAAA"},
		{"cursor": "AAAAAAAAAAA"},
		{"cursor": "__________8"},
		{"cursor": cursor(5) + "="},
		{"cursor": "AAAAAAAAAAF"},
	} {
		if _, _, err := paging(query); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%v: %v", query, err)
		}
	}
}

func FuzzPaging(f *testing.F) {
	f.Add("10", cursor(3))
	f.Add("", "AAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, limit, after string) {
		n, before, err := paging(map[string]string{"limit": limit, "cursor": after})
		if err == nil && (n < 1 || n > pageMost || before <= 0 || cursor(before) != after) {
			t.Errorf("%q %q: %d %d", limit, after, n, before)
		}
	})
}

// Unfinished uploads: what has arrived, and the end of one.
func TestUploads(t *testing.T) {
	s := newServer(t)
	mine, theirs, alien := s.bearer(owner, false, auth.MediaWrite), s.bearer(friend, false, auth.MediaWrite), s.bearer(stranger, false, auth.MediaWrite)
	session := s.begin(3, "x", 1, "yy")
	path := "/magpie/v1/uploads/" + session.ID.String()
	for _, token := range []string{mine, theirs} {
		s.wants("GET", path, token, "", `"received_bytes":3`, `"missing":[{"first":0,"last":0},{"first":2,"last":2}]`, `"crc32c":"`)
	}
	s.wants("GET", path, alien, "not_found")
	s.wants("DELETE", path, alien, "not_found")
	s.wants("DELETE", path, theirs, "forbidden")
	s.wants("GET", "/magpie/v1/uploads?limit=1", mine, "", session.ID.String(), `"result_count":1}`)
	s.wants("GET", "/magpie/v1/uploads", theirs, "", `"data":[]`)
	for range 2 {
		if w := s.call("DELETE", path, "Authorization", mine); w.Code != http.StatusNoContent {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	s.wants("GET", path, mine, "gone", "aborted")
	s.wants("GET", "/magpie/v1/uploads", mine, "", `"data":[]`)
	m := s.upload(subtitles)
	s.wants("DELETE", "/magpie/v1/uploads/"+m.ID.String(), mine, "conflict")
	s.wants("GET", "/magpie/v1/uploads/"+m.ID.String(), mine, "", `"state":"closed"`, fmt.Sprintf(`"received_bytes":%d`, len(subtitles)))
	s.wants("GET", "/magpie/v1/storage", mine, "", fmt.Sprintf(`"used":%d`, len(subtitles)), `"media_count":1`, `"quota":null`)
}
