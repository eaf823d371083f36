package ownapi

import (
	"testing"

	"magpie/internal/auth"
)

func TestWhatNoRouteTakes(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.Scopes()...)
	m := s.upload(subtitles)
	for _, c := range [][2]string{
		{"POST", pathOf(m)},
		{"DELETE", pathOf(m)},
		{"GET", pathOf(m) + "/"},
		{"PATCH", "/magpie/v1/media/" + m.ID.String()},
		{"GET", "/magpie/v1/"},
		{"GET", "/magpie/v2/media/" + m.ID.String() + "/original"},
	} {
		w := s.call(c[0], c[1], "Authorization", token)
		if got := w.Body.String(); w.Header().Get("X-Code") != "not_found" || got != "\"There is nothing at "+c[0]+" "+c[1]+".\"\n" {
			t.Errorf("%s %s: %v %s", c[0], c[1], w.Header(), got)
		}
	}
}
