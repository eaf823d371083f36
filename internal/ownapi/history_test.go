package ownapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// told gives the events of a history, each in one line.
func (s *server) told(id media.ID, token string) (lines []string, whole bool) {
	s.t.Helper()
	w := s.call("GET", "/magpie/v1/media/"+id.String()+"/history", "Authorization", token)
	var out struct {
		Data []historyEvent
		Meta struct {
			Count int `json:"result_count"`
			Whole bool
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK || out.Meta.Count != len(out.Data) {
		s.t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	for _, e := range out.Data {
		line := e.At.Format("05 ") + e.Event
		for _, more := range []string{e.Outcome, e.Reason} {
			if more != "" {
				line += " " + more
			}
		}
		if e.Error != nil {
			line += " " + e.Error.Name + " " + e.Error.Message
		}
		for _, f := range e.Renditions {
			line += " " + f.Name
		}
		if e.Approximate {
			line += " approximate"
		}
		if e.Text == "" {
			s.t.Errorf("%s has no words", line)
		}
		lines = append(lines, line)
	}
	return lines, out.Meta.Whole
}

func TestHistory(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.TweetRead)
	start := s.clock
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	session := s.begin(0, subtitles)
	s.clock = at(1)
	wants := func(lines ...string) {
		t.Helper()
		got, whole := s.told(session.ID, token)
		if diff := cmp.Diff(lines, got); diff != "" || !whole {
			t.Errorf("whole %v, %s", whole, diff)
		}
	}
	wants("00 initialized")
	m, err := s.sessions.Finalize(t.Context(), owner, session.ID)
	if err != nil {
		t.Fatal(err)
	}
	wants("00 initialized", "01 uploaded", "01 queued")
	_, _, err1 := s.catalog.Claim(t.Context(), m.ID, at(2))
	_, err2 := s.catalog.Release(t.Context(), m.ID, 1, "The server was stopped.", at(3))
	_, _, err3 := s.catalog.Claim(t.Context(), m.ID, at(4))
	files := []media.Rendition{{Name: "a.vtt", Role: media.RoleText, ContentType: "text/vtt"}, {Name: "b.vtt", Role: media.RoleText, ContentType: "text/vtt"}}
	_, err4 := s.catalog.Publish(t.Context(), m.ID, 2, media.Outcome{Renditions: files}, at(7))
	_, err5 := s.catalog.Redo(t.Context(), m.ID, at(8))
	_, _, err6 := s.catalog.Claim(t.Context(), m.ID, at(9))
	_, err7 := s.catalog.Publish(t.Context(), m.ID, 3, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "Line 3 is <b>odd</b>.")}, at(10))
	_, err8 := s.catalog.DeleteMedia(t.Context(), m.ID, at(11))
	_, err9 := s.catalog.RestoreMedia(t.Context(), m.ID, catalog.Actor{}, at(0), at(12))
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if err != nil {
			t.Fatal(err)
		}
	}
	wants("00 initialized", "01 uploaded", "01 queued",
		"02 attempt_began", "03 attempt_ended released The server was stopped.",
		"04 attempt_began", "07 attempt_ended succeeded a.vtt b.vtt",
		"08 reprocess_asked",
		"09 attempt_began", "10 attempt_ended failed InvalidMedia Line 3 is <b>odd</b>.",
		"11 deleted", "12 restored")

	w := s.call("GET", "/magpie/v1/media/"+m.ID.String()+"/history", "Authorization", token)
	for _, text := range []string{
		`"text":"All 58 bytes were there, in 1 segment.","bytes":58,"segments":1`,
		`"text":"It succeeded: 2 files can be had.","attempt":2,"outcome":"succeeded","took_ms":3000`,
		`"text":"It failed, and what was made before stays: Line 3 is \u003cb\u003eodd\u003c/b\u003e."`,
		`"text":"It was given up, to be tried again: The server was stopped."`,
	} {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s is not in %s", text, w.Body)
		}
	}
	if control := w.Header().Get("Cache-Control"); !strings.Contains(control, "no-store") {
		t.Errorf("Cache-Control %q", control)
	}
}

func TestHistoryOfAnUploadThatEnded(t *testing.T) {
	s := newServer(t)
	session := s.begin(0, subtitles)
	if _, err := s.catalog.AbortSession(t.Context(), session.ID, catalog.Actor{User: owner}, s.clock.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	got, _ := s.told(session.ID, s.bearer(owner, false, auth.MediaWrite))
	if diff := cmp.Diff([]string{"00 initialized", "01 upload_expired"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHistoryIsTheOwners(t *testing.T) {
	s := newServer(t)
	m := s.upload(subtitles)
	path := "/magpie/v1/media/" + m.ID.String() + "/history"
	code := func(path, token string) string {
		return s.call("GET", path, "Authorization", token).Header().Get("X-Code")
	}
	for _, c := range []struct{ name, path, token, code string }{
		{"the owner", path, s.bearer(owner, false, auth.TweetRead), ""},
		{"the owner's app", path, s.bearer(owner, true, auth.TweetRead), ""},
		{"an additional owner", path, s.bearer(friend, false, auth.TweetRead), ""},
		{"a stranger, although it is shared", path, s.bearer(stranger, false, auth.Scopes()...), "not_found"},
		{"the owner by another scope", path, s.bearer(owner, false, "users.read"), "forbidden"},
		{"nobody", path, "", "no_credentials"},
		{"of none", "/magpie/v1/media/1/history", s.bearer(owner, false, auth.TweetRead), "not_found"},
		{"of what is no id", "/magpie/v1/media/x/history", s.bearer(owner, false, auth.TweetRead), "invalid"},
		{"with a parameter", path + "?limit=1", s.bearer(owner, false, auth.TweetRead), "invalid"},
	} {
		if got := code(c.path, c.token); got != c.code {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if _, err := s.catalog.DeleteMedia(t.Context(), m.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	if got := code(path, s.bearer(owner, false, auth.TweetRead)); got != "" {
		t.Errorf("once it is gone, the owner: %q", got)
	}
	if got := code(path, s.bearer(friend, false, auth.TweetRead)); got != "not_found" {
		t.Errorf("once it is gone, an additional owner: %q", got)
	}
	if _, err := s.catalog.Prune(t.Context(), s.clock.Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	if got := code(path, s.bearer(owner, false, auth.TweetRead)); got != "not_found" {
		t.Errorf("once its record is gone: %q", got)
	}
}
