package xapi

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"magpie/internal/media"
)

const (
	commands = "/2/media/upload"
	urlKind  = "application/x-www-form-urlencoded"
)

// The command style with what is said in the query, a form, multipart and JSON,
// and mixed, as clients mix them.
func TestCommandInit(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct{ name, query, kind, body string }{
		{"query, and JSON without a body", "?command=INIT&media_type=video/mp4&media_category=tweet_video&total_bytes=32", jsonKind, ""},
		{"query, and no body at all", "?command=INIT&media_type=video%2Fmp4&total_bytes=32", "", ""},
		{"a form", "", urlKind, "command=INIT&media_type=video%2Fmp4&media_category=tweet_video&total_bytes=32"},
		{"multipart", "", formKind, form("command", "INIT", "total_bytes", "32", "media_type", "video/mp4")},
		{"JSON", "", jsonKind, `{"command":"INIT","total_bytes":32,"media_type":"video/mp4","media_category":"tweet_video"}`},
		{"JSON with a string", "", jsonKind, `{"command":"INIT","total_bytes":"32","media_type":"video/mp4"}`},
		{"mixed", "?command=INIT&total_bytes=99", urlKind, "media_type=video%2Fmp4&total_bytes=32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.call("POST", commands+c.query, c.body, "Content-Type", c.kind)
			a.t = t
			id := a.id()
			a.is(http.StatusAccepted, `{"data":{"id":"%[1]s","media_key":"7_%[1]s","expires_after_secs":86400,"size":32,
				"processing_info":{"state":"pending","check_after_secs":1,"progress_percent":0}}}`, id)
		})
	}
}

func TestCommandAppendAndFinalize(t *testing.T) {
	s := newServer(t)
	file := vtt()
	b64 := base64.StdEncoding.EncodeToString([]byte(file[10:]))
	for _, c := range []struct{ name, query, kind, body string }{
		{"multipart, media last", "", formKind, form("command", "APPEND", "media_id", "ID", "segment_index", "1", "media", file[10:])},
		{"multipart, media first", "", formKind, form("media", file[10:], "segment_index", "1", "media_id", "ID", "command", "APPEND")},
		{"query, and only the media in the body", "?command=APPEND&media_id=ID&segment_index=1", formKind, form("media", file[10:])},
		{"media_data", "?command=APPEND", formKind, form("media_id", "ID", "segment_index", "1", "media_data", b64)},
		{"JSON", "", jsonKind, `{"command":"APPEND","media_id":"ID","segment_index":1,"media":"` + b64 + `"}`},
		{"a form", "?media_id=ID", urlKind, "command=APPEND&segment_index=1&media_data=" + url.QueryEscape(b64)},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Begun in this dialect, gone on with in the other, and back.
			begun := s.call("POST", commands+"?command=INIT&media_category=subtitles&total_bytes="+fmt.Sprint(len(file)), "")
			begun.t = t
			id := begun.id()
			if a := s.send(id, 0, file[:10]); a.Code != http.StatusOK {
				t.Fatal(a.Body)
			}

			a := s.call("POST", commands+withID(c.query, id), withID(c.body, id), "Content-Type", c.kind)
			if a.Code != http.StatusNoContent || a.Body.Len() != 0 || a.Header().Get("Content-Type") != "" {
				t.Fatalf("status %d, %q, %v", a.Code, a.Body, a.Header())
			}
			want := fmt.Sprintf(`{"data":{"id":"%[1]s","media_key":"1020_%[1]s","size":%d}}`, id, len(file))
			for _, kind := range []string{jsonKind, urlKind, ""} { // may be asked again
				s.call("POST", commands+"?command=FINALIZE&media_id="+id.String(), "", "Content-Type", kind).is(http.StatusCreated, "%s", want)
			}
			s.call("POST", commands, form("command", "FINALIZE", "media_id", id.String()), "Content-Type", formKind).is(http.StatusCreated, "%s", want)
			s.finalize(id).is(http.StatusOK, "%s", want)
		})
	}
}

func withID(text string, id media.ID) string {
	return strings.ReplaceAll(text, "ID", id.String())
}

func TestCommandRefuses(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"media_category": "subtitles"}).String()
	for _, c := range []struct {
		query, kind, body string
		status            int
		words             string
	}{
		{"?command=init", "", "", 400, "INIT"},
		{"?command=STATUS&media_id=" + id, "", "", 400, "GET"},
		{"?command=INIT&total_bytes=x", "", "", 400, "$.total_bytes"},
		{"?command=INIT&total_bytes=-1", "", "", 400, "$.total_bytes"},
		{"?command=INIT&total_bytes=17179869185", "", "", 400, "17179869184"},
		{"?command=INIT&media_type=video/avi", "", "", 400, "media_type"},
		{"?command=INIT&media_category=tweet", "", "", 400, "media_category"},
		{"?command=INIT&media_category=tweet_image&media_type=video/mp4", "", "", 400, "tweet_video"},
		{"?command=INIT&additional_owners=me", "", "", 400, "additional_owners"},
		{"?command=APPEND", formKind, form("media", "x", "segment_index", "0"), 400, "$.media_id"},
		{"?command=APPEND&media_id=x", formKind, form("media", "x", "segment_index", "0"), 400, "$.media_id"},
		{"?command=APPEND&media_id=" + id, formKind, form("media", "x"), 400, "$.segment_index"},
		{"?command=APPEND&media_id=" + id, formKind, form("media", "x", "segment_index", "1000"), 400, "999"},
		{"?command=APPEND&segment_index=0&media_id=" + id, "", "", 400, "$.media"},
		{"?command=APPEND&segment_index=0&media_id=" + id, formKind, form("media", ""), 400, "empty"},
		{"?command=APPEND&segment_index=0&media_id=5", formKind, form("media", "x"), 404, "no upload 5"},
		{"?command=APPEND&segment_index=0&media_id=" + id, formKind, form("media", strings.Repeat("x", maxSegment+1)), 413, "65536"},
		{"?command=FINALIZE", "", "", 400, "$.media_id"},
		{"?command=FINALIZE&media_id=5", "", "", 404, "no upload 5"},
		{"?command=FINALIZE&media_id=" + id, "", "", 400, "empty"},
		{"?command=FINALIZE&media_id=" + id, "text/plain", "x", 415, "Content-Type"},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := s.call("POST", commands+c.query, c.body, "Content-Type", c.kind)
			a.t = t
			a.refused(c.status, c.words)
		})
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
}
