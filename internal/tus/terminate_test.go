package tus

import (
	"testing"
	"time"

	"magpie/internal/upload"
)

func TestTerminate(t *testing.T) {
	s := newServer(t, upload.Config{})
	open := s.begin(100)
	s.want(s.patch(open, 0, gif(50)), 204)
	s.want(s.do("DELETE", open, nil), 204)
	for info, err := range s.store.List(t.Context(), "") {
		t.Errorf("%v is left, %v", info, err)
	}
	for _, method := range []string{"HEAD", "DELETE", "PATCH", "GET"} {
		s.want(s.do(method, open, nil, "Upload-Offset", "50"), 410)
	}

	done := s.begin(100, "Upload-Metadata", "additional_owners Nw==")
	s.want(s.patch(done, 0, gif(100)), 204)
	s.want(s.do("DELETE", done, nil, "Authorization", s.tokens["stranger"]), 403)
	s.want(s.do("HEAD", done, nil, "Authorization", s.tokens["stranger"]), 200)
	s.want(s.do("DELETE", done, nil), 204)
	s.want(s.do("DELETE", done, nil), 410)
	s.want(s.do("HEAD", done, nil), 410)
	m, err := s.catalog.Media(t.Context(), idOf(t, done))
	if err != nil || m.GoneAt.IsZero() || m.RestorableUntil(time.Hour).IsZero() {
		t.Errorf("the media is %v, %v", m, err)
	}
}
