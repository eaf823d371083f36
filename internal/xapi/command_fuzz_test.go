package xapi

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever a client sends to a command: no 5xx, no panic, and an answer that is
// one JSON value, or a 204 with truly nothing.
func FuzzCommand(f *testing.F) {
	segment := form("command", "APPEND", "media_id", "5", "segment_index", "0", "media", "x")
	for _, seed := range []struct{ query, kind, body string }{
		{"", "", ""},
		{"command=INIT&media_type=video/mp4&media_category=TweetVideo&total_bytes=32", jsonKind, ""},
		{"", urlKind, "command=INIT&media_type=image%2Fpng&total_bytes=1&additional_owners=1,2"},
		{"", jsonKind, `{"command":"INIT","total_bytes":9007199254740993,"shared":null,"additional_owners":["12"]}`},
		{"command=INIT&command=APPEND", formKind, form("command", "FINALIZE")},
		{"", formKind, segment},
		{"media_key=7_5", formKind, strings.Replace(segment, `"media_id"`, `"x"`, 1)},
		{"command=APPEND&media_id=OPEN&segment_index=0", formKind, form("media", vtt())},
		{"command=APPEND&media_id=OPEN&segment_index=0", urlKind, "media_data=V0VCVlRUCg%3D%3D"},
		{"command=APPEND&media_key=1020_OPEN&segment_index=999", jsonKind, `{"media":"eA=="}`},
		{"command=FINALIZE&media_id=OPEN", "", ""},
		{"command=FINALIZE&media_id=DONE", jsonKind, ""},
		{"command=STATUS&media_id=DONE", "", ""},
		{"media_id=OPEN", "", ""},
		{"", formKind, form("media", png(), "media_category", "tweet_image")},
		{"", urlKind, "media_data=" + url.QueryEscape("iVBORw0KGgo=")},
		{"", jsonKind, `{"media":"` + "\xff" + `"}`},
		{"command=%00&media_id=%ff&%zz", "multipart/form-data", "--\r\n"},
		{"command=init", "text/plain", "x"},
	} {
		for _, v1 := range []bool{false, true} {
			for _, get := range []bool{false, true} {
				f.Add(v1, get, seed.query, seed.kind, seed.body)
			}
		}
	}
	s := newServer(f)
	done := s.upload(map[string]any{"media_category": "subtitles"}, vtt())
	f.Fuzz(func(t *testing.T, v1, get bool, query, kind, body string) {
		s.t = t
		open := s.open(map[string]any{"media_category": "subtitles"})
		names := strings.NewReplacer("OPEN", open.String(), "DONE", done.String())
		method, path := "POST", commands
		if v1 {
			path = v1UploadPath
		}
		if get {
			method = "GET"
		}
		r := s.request(method, path, names.Replace(body), "Content-Type", kind)
		r.URL.RawQuery = names.Replace(query)
		w := httptest.NewRecorder()
		s.api.ServeHTTP(w, r)
		switch {
		case w.Code >= 500 || w.Code < 200:
			t.Errorf("status %d: %s", w.Code, w.Body)
		case w.Code == 204:
			if w.Body.Len() != 0 || w.Header().Get("Content-Type") != "" {
				t.Errorf("204 with %q", w.Body)
			}
		case !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json; charset=utf-8":
			t.Errorf("status %d, %q: %q", w.Code, w.Header().Get("Content-Type"), w.Body)
		case w.Code >= 400 && v1 && !strings.Contains(w.Body.String(), `"errors":[{"code":`):
			t.Errorf("not v1.1's shape: %s", w.Body)
		}
	})
}
