package tus

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
	"magpie/internal/upload"
)

func TestCreate(t *testing.T) {
	s := newServer(t, upload.Config{Lifetime: time.Hour})
	a := s.want(s.do("POST", Path, nil, "Upload-Length", "100", "Upload-Metadata", "filename YS5naWY=,media_category dHdlZXRfZ2lm,alt QSBiaXJk,filetype aW1hZ2UvZ2lm,nothing"), 201,
		"Upload-Offset", "0", "Upload-Expires", "Sun, 22 Nov 2026 11:00:00 GMT", "Magpie-State", "uploading")
	id := idOf(t, a.Get("Location"))
	if a.Get("Magpie-Media-Id") != id.String() || a.Get("Magpie-Media-Key") != "16_"+id.String() {
		t.Errorf("the media is %v", a.Header)
	}
	session, err := s.catalog.Session(t.Context(), id)
	if err != nil || session.Category != media.TweetGIF || session.Type != media.GIF || session.TotalBytes != 100 || session.Way != media.Serial {
		t.Errorf("the session is %+v, %v", session, err)
	}
	notes, err := s.catalog.Metadata(t.Context(), []media.ID{id})
	if err != nil || notes[id]["alt_text"] != `{"text":"A bird"}` {
		t.Errorf("the metadata are %v, %v", notes, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	s := newServer(t, upload.Config{Quota: 1000, Limits: media.XLimits()})
	for _, c := range []struct {
		name   string
		pairs  []string
		status int
		words  string
	}{
		{"no length", nil, 400, "Upload-Length and Upload-Defer-Length"},
		{"both lengths", []string{"Upload-Length", "1", "Upload-Defer-Length", "1"}, 400, "not both"},
		{"another deferring", []string{"Upload-Defer-Length", "2"}, 400, "must be 1"},
		{"no number", []string{"Upload-Length", "1x"}, 400, "whole number"},
		{"a sign", []string{"Upload-Length", "-1"}, 400, "whole number"},
		{"too large a number", []string{"Upload-Length", "99999999999999999999"}, 400, "whole number"},
		{"nothing", []string{"Upload-Length", "0"}, 400, "at least one byte"},
		{"more than any file", []string{"Upload-Length", "17179869185"}, 413, "17179869184"},
		{"more than such a file", []string{"Upload-Length", "5242881", "Upload-Metadata", "category dHdlZXRfaW1hZ2U="}, 413, "5242880"},
		{"more than the quota", []string{"Upload-Length", "1001"}, 403, "quota of 1000"},
		{"another category", []string{"Upload-Length", "1", "Upload-Metadata", "category eA=="}, 400, "category in Upload-Metadata"},
		{"a category of other types", []string{"Upload-Length", "1", "Upload-Metadata", "category dHdlZXRfaW1hZ2U=,media_type dmlkZW8vbXA0"}, 400, "video/mp4"},
		{"an owner who is none", []string{"Upload-Length", "1", "Upload-Metadata", "additional_owners eA=="}, 400, "additional_owners"},
		{"shared with whom", []string{"Upload-Length", "1", "Upload-Metadata", "shared eA=="}, 400, "true or false"},
		{"metadata that are none", []string{"Upload-Length", "1", "Upload-Metadata", "a ="}, 400, "base64"},
		{"a part of what", []string{"Upload-Length", "1", "Upload-Concat", "some"}, 400, "must be partial"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.do("POST", Path, nil, c.pairs...)
			if a.status != c.status || !strings.Contains(a.body, c.words) || a.Get("Location") != "" {
				t.Errorf("%d, %s", a.status, a.body)
			}
		})
	}
	storage, err := s.catalog.Storage(t.Context(), owner)
	if err != nil || storage.Uploads != 0 {
		t.Errorf("what was refused takes %v, %v", storage, err)
	}
}

func TestCreateWithUpload(t *testing.T) {
	s := newServer(t, upload.Config{})
	file := gif(100)
	post := func(body string, pairs ...string) answer {
		return s.do("POST", Path, strings.NewReader(body), append([]string{"Content-Type", bytesType}, pairs...)...)
	}
	some := s.want(post(file[:60], "Upload-Length", "100"), 201, "Upload-Offset", "60", "Magpie-State", "uploading")
	url := some.Get("Location")
	s.want(s.patch(url, 60, file[60:]), 204, "Upload-Offset", "100", "Magpie-State", "pending")
	s.wantMedia(url, file)

	all := s.want(post(file, "Upload-Length", "100", "Upload-Checksum", sum("sha1", file)), 201, "Upload-Offset", "100", "Magpie-State", "pending")
	s.wantMedia(all.Get("Location"), file)

	refused := post(strings.Repeat("<html>", 20), "Upload-Length", "120")
	s.want(refused, 400)
	s.want(s.do("HEAD", refused.Get("Location"), nil), 410)
	s.want(post(file, "Upload-Length", "100", "Upload-Checksum", sum("sha1", "x")), 460)
	s.want(post(file, "Upload-Length", "99"), 413)
	s.want(post(file, "Upload-Length", "100", "Content-Type", "image/gif"), 415)
	storage, err := s.catalog.Storage(t.Context(), owner)
	if err != nil || storage.Uploads != 0 || storage.Media != 2 {
		t.Errorf("there is %+v, %v", storage, err)
	}
}

// TestCreateCounts: who may not begin one more is told when they may, and nothing is
// begun; an upload that was goes on.
func TestCreateCounts(t *testing.T) {
	s := newServer(t, upload.Config{})
	file := gif(100)
	url := s.begin(len(file))
	s.want(s.do("POST", Path, nil, "Upload-Length", "7", "Authorization", s.tokens["reader"]), 403)
	s.mu.Lock()
	s.crowded = true
	s.mu.Unlock()
	for _, body := range []string{"", file} {
		s.want(s.do("POST", Path, strings.NewReader(body), "Upload-Length", "100", "Content-Type", bytesType), 429, "Retry-After", "60", "X-Rate-Limit-Remaining", "0")
	}
	s.want(s.patch(url, 0, file), 204, "Upload-Offset", "100")
	s.wantMedia(url, file)
	if diff := cmp.Diff([]string{owner, owner, owner}, s.begun); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	for info, err := range s.memory.List(t.Context(), "segments/") {
		if err != nil || !strings.Contains(info.Key, idOf(t, url).String()) {
			t.Errorf("there is %s, %v", info.Key, err)
		}
	}
}
