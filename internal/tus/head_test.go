package tus

import (
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/upload"
)

func TestHead(t *testing.T) {
	s := newServer(t, upload.Config{})
	const said = "filename YS5naWY=,mine AAH/,empty"
	url := s.begin(100, "Upload-Metadata", said)
	s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "0", "Upload-Length", "100", "Upload-Metadata", said, "Cache-Control", "no-store", "Upload-Concat", "")
	s.want(s.patch(url, 0, gif(100)), 204)
	a := s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "100", "Upload-Length", "100", "Upload-Metadata", said, "Magpie-State", "pending", "Upload-Expires", "")
	if a.body != "" {
		t.Errorf("HEAD has the body %q", a.body)
	}
}

// TestHeadFinishes has a crash between the last byte and the finalize.
func TestHeadFinishes(t *testing.T) {
	s := newServer(t, upload.Config{})
	file := gif(100)
	url := s.begin(100)
	u, err := s.sessions.Serial(t.Context(), owner, idOf(t, url))
	if err != nil {
		t.Fatal(err)
	}
	stream := s.sessions.Stream(u, 100, false)
	if err := stream.Write(t.Context(), []byte(file)); err != nil {
		t.Fatal(err)
	}
	if err := stream.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "100", "Magpie-State", "pending")
	s.wantMedia(url, file)
}

// TestHeadOfWhatIsNoMedia has a file whose bytes are all here, and are none.
func TestHeadOfWhatIsNoMedia(t *testing.T) {
	s := newServer(t, upload.Config{})
	url := s.begin(10)
	s.want(s.patch(url, 0, "nothing th"), 400)
	s.want(s.do("HEAD", url, nil), 400)
	s.want(s.do("GET", url, nil), 400)
	url = s.begin(20, "Upload-Metadata", "media_type dmlkZW8vbXA0")
	a := s.patch(url, 0, gif(20))
	s.want(a, 400)
	if !strings.Contains(a.body, "declared as tweet_video") {
		t.Errorf("it says %s", a.body)
	}
	if _, err := s.catalog.Media(t.Context(), idOf(t, url)); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("it became a media: %v", err)
	}
}
