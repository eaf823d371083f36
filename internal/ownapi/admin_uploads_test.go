package ownapi

import (
	"testing"
	"time"

	"magpie/internal/upload"
)

// An upload under way is seen with what has arrived, and by the node that takes
// it while it does.
func TestAdminUploads(t *testing.T) {
	s := newServer(t)
	s.account(owner, "ann")
	s.api.operator.Node = "media-1"
	first := s.begin(0, "xxx", 0, "xxx", 3, "yy") // a segment that came twice counts once
	s.clock = s.clock.Add(time.Second)
	second, err := s.sessions.Initialize(t.Context(), upload.Request{Owner: stranger, TotalBytes: 77})
	if err != nil {
		t.Fatal(err)
	}
	s.clock = s.clock.Add(time.Second)
	third := s.begin()
	s.upload(subtitles) // is done
	rows := pages[adminUpload](s, "uploads?")
	id := func(u adminUpload) string { return u.uploadItem.ID }
	if got := ids(rows, id); got != "["+third.ID.String()+" "+second.ID.String()+" "+first.ID.String()+"]" {
		t.Fatalf("%s", got)
	}
	a, b := rows[2], rows[1]
	if a.adminUser != (adminUser{owner, "ann"}) || a.Received == nil || *a.Received != 5 || a.TotalBytes != nil || a.Node != "media-1" || a.Way != "segments" || a.State != "open" {
		t.Errorf("%+v", a)
	}
	if b.adminUser != (adminUser{ID: stranger}) || b.Received == nil || *b.Received != 0 || b.TotalBytes == nil || *b.TotalBytes != 77 {
		t.Errorf("%+v", b)
	}
	s.clock = s.clock.Add(time.Minute)
	if rows = pages[adminUpload](s, "uploads?"); rows[2].Node != "" {
		t.Errorf("after a minute: %+v", rows[2])
	}
}
