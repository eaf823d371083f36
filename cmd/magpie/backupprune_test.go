package main

import (
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func TestInBackup(t *testing.T) {
	const segment, rendition = "segments/17/a", "renditions/17/1/small.jpg"
	named := map[string]bool{segment: true, rendition: true}
	gone := media.Media{GoneAt: time.Unix(1, 0)}
	for name, c := range map[string]struct {
		state catalog.SweepState
		key   string
		want  bool
	}{
		"an upload that nobody knows":     {catalog.SweepState{}, segment, false},
		"under way":                       {catalog.SweepState{HasSession: true, Session: media.Session{State: media.SessionOpen}}, segment, true},
		"being closed":                    {catalog.SweepState{HasSession: true, Session: media.Session{State: media.SessionClosing}}, segment, true},
		"made before there is a media":    {catalog.SweepState{HasSession: true, Session: media.Session{State: media.SessionOpen}}, rendition, false},
		"expired":                         {catalog.SweepState{HasSession: true, Session: media.Session{State: media.SessionExpired}}, segment, false},
		"named":                           {catalog.SweepState{HasMedia: true, Named: named}, rendition, true},
		"replaced":                        {catalog.SweepState{HasMedia: true, Named: named}, "renditions/17/2/small.jpg", false},
		"a segment that did not count":    {catalog.SweepState{HasMedia: true, Named: named}, "segments/17/b", false},
		"deleted, and can be restored":    {catalog.SweepState{HasMedia: true, Named: named, Media: gone, Kept: true}, rendition, true},
		"deleted for good":                {catalog.SweepState{HasMedia: true, Named: named, Media: gone}, rendition, false},
		"deleted for good, still listed":  {catalog.SweepState{HasMedia: true, Named: named, Media: gone}, segment, false},
		"of a session that is pruned now": {catalog.SweepState{}, rendition, false},
	} {
		if got := inBackup(c.state, c.key); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
