package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

func (s *server) status(id media.ID, headers ...string) answer {
	s.t.Helper()
	return s.call("GET", fmt.Sprintf("/2/media/upload?command=STATUS&media_id=%s", id), nil, headers...)
}

func TestStatusOfASession(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"media_category": "tweet_video", "additional_owners": []string{friend}})
	s.clock = s.clock.Add(time.Hour)
	const open = `{"data":{"id":"ID","media_key":"7_ID","expires_after_secs":82800,"processing_info":{"state":"pending","check_after_secs":1}}}`
	want := strings.ReplaceAll(open, "ID", id.String())
	s.status(id).is(http.StatusOK, "%s", want)
	s.call("GET", "/2/media/upload?media_id="+id.String(), nil).is(http.StatusOK, "%s", want)
	who, token := s.as(friend)
	s.status(id, who, token).is(http.StatusOK, "%s", want)
	who, token = s.as(stranger)
	s.status(id, who, token).refused(http.StatusBadRequest, "BadRequest: Not found.")

	unsaid := s.open(map[string]any{})
	s.status(unsaid).is(http.StatusOK, `{"data":{"id":"%s","expires_after_secs":86400,"processing_info":{"state":"pending","check_after_secs":1}}}`, unsaid)

	if _, took, err := s.catalog.BeginClosing(t.Context(), id, "x", s.clock, s.clock.Add(-time.Minute)); err != nil || !took {
		t.Fatal(took, err)
	}
	s.status(id).is(http.StatusOK, "%s", want)
	if _, err := s.catalog.Reopen(t.Context(), id, "x"); err != nil {
		t.Fatal(err)
	}
	s.clock = s.clock.Add(23*time.Hour - time.Nanosecond)
	s.status(id).is(http.StatusOK, "%s", strings.Replace(want, "82800", "1", 1))
	s.clock = s.clock.Add(time.Nanosecond)
	s.status(id).refused(http.StatusGone, "expired before it was finalized")
	if _, err := s.sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.status(id).refused(http.StatusGone, "expired before it was finalized")
}

func TestStatusOfAVideo(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	is := func(more string) {
		t.Helper()
		s.status(id).is(http.StatusOK, `{"data":{"id":"%s","media_key":"7_%[1]s","size":32,%s}}`, id, more)
	}
	is(`"processing_info":{"state":"pending","check_after_secs":1}`)
	m, _, err := s.catalog.Claim(t.Context(), id, s.clock)
	if err != nil {
		t.Fatal(err)
	}
	is(`"processing_info":{"state":"in_progress","check_after_secs":1,"progress_percent":0}`)
	if _, err := s.catalog.SetProgress(t.Context(), id, m.Attempt, 42, s.clock); err != nil {
		t.Fatal(err)
	}
	for after, pause := range map[time.Duration]int{0: 1, 19 * time.Second: 1, 20 * time.Second: 2, 59 * time.Second: 5, time.Hour: 10} {
		s.clock = m.CreatedAt.Add(after)
		is(fmt.Sprintf(`"processing_info":{"state":"in_progress","check_after_secs":%d,"progress_percent":42}`, pause))
	}
	s.publish(id, movie())
	is(`"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":100}`)
	if _, err := s.catalog.DeleteMedia(t.Context(), id, s.clock); err != nil {
		t.Fatal(err)
	}
	s.status(id).is(http.StatusBadRequest, `{"code":400,"message":"BadRequest: Not found. No upload or media %s is known to this user.","title":"Invalid Request",
		"detail":"One or more parameters to your request was invalid.","type":"https://api.x.com/2/problems/invalid-request","status":400,
		"errors":[{"parameters":{"media_id":["%[1]s"]},"message":"BadRequest: Not found. No upload or media %[1]s is known to this user."}]}`, id)
}

func TestStatusOfAFailure(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_type": "image/gif"}, gif())
	m, _, err := s.catalog.Claim(t.Context(), id, s.clock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.catalog.SetProgress(t.Context(), id, m.Attempt, 12, s.clock); err != nil {
		t.Fatal(err)
	}
	o := media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "The GIF has <no> \"frames\".")}
	if _, err := s.catalog.Publish(t.Context(), id, m.Attempt, o, s.clock); err != nil {
		t.Fatal(err)
	}
	s.status(id).is(http.StatusOK, `{"data":{"id":"%s","media_key":"16_%[1]s","size":%d,"processing_info":
		{"state":"failed","progress_percent":12,"error":{"code":1,"name":"InvalidMedia","message":"The GIF has <no> \"frames\"."}}}}`, id, len(gif()))
}

// X refuses here, and clients take that for a failed upload.
func TestStatusOfAnImage(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"additional_owners": []string{friend}, "shared": true}, png())
	for _, user := range []string{owner, friend} {
		who, token := s.as(user)
		s.status(id, who, token).is(http.StatusOK, `{"data":{"id":"%s","media_key":"3_%[1]s","size":%d,"image":{"image_type":"image/png","w":64,"h":48},
			"processing_info":{"state":"succeeded","progress_percent":100}}}`, id, len(png()))
	}
	who, token := s.as(stranger) // shared is for lookups
	s.status(id, who, token).refused(http.StatusBadRequest, "BadRequest: Not found.")
}

func TestStatusRefuses(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{}).String()
	long := strings.Repeat("9", 300)
	for _, c := range []struct{ query, field, value, words string }{
		{"", "media_id", "", "The `media_id` query parameter is missing"},
		{"command=STATUS", "media_id", "", "The `media_id` query parameter is missing"},
		{"media_id=", "media_id", "", "The `media_id` query parameter can not be empty"},
		{"media_id=1&media_id=2", "media_id", "", "Duplicate parameters are not allowed"},
		{"media_id=x", "media_id", "x", "The `media_id` query parameter value [x] is not valid"},
		{"media_id=0", "media_id", "0", "is not valid"},
		{"media_id=-1", "media_id", "-1", "is not valid"},
		{"media_id=7_" + id, "media_id", "7_" + id, "1 to 19 digits"},
		{"media_id=9223372036854775808", "media_id", "9223372036854775808", "is not valid"},
		{"media_id=" + long, "media_id", long[:200] + "…", "is not valid"},
		{"media_id=1", "media_id", "1", "BadRequest: Not found. No upload or media 1 is known to this user."},
		{"command=status&media_id=" + id, "command", "status", "The `command` query parameter value [status] is not one of [STATUS]"},
		{"command=FINALIZE&media_id=" + id, "command", "FINALIZE", "is not one of [STATUS]"},
	} {
		t.Run(fmt.Sprintf("%.40s", c.query), func(t *testing.T) {
			a := s.call("GET", "/2/media/upload?"+c.query, nil)
			a.t = t
			a.refused(http.StatusBadRequest, c.words)
			a.blames(c.field, c.value)
		})
	}
}

// A media that is kept for a time says how long it still is.
func TestStatusOfWhatExpires(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	session, took, err := s.catalog.BeginClosing(t.Context(), id, "x", s.clock, s.clock.Add(-time.Minute))
	if err != nil || !took {
		t.Fatal(took, err)
	}
	m := media.Media{
		ID: id, Owner: session.Owner, Category: media.Model, Type: media.GLB, Slug: "abcdefghijklmnop", State: media.Pending,
		Manifest: media.Manifest{{Key: "segments/1/000", Size: 5}}, CreatedAt: s.clock, TouchedAt: s.clock, ExpiresAt: s.clock.Add(90 * time.Second),
	}
	if _, err := s.catalog.CloseSession(t.Context(), "x", m, s.clock); err != nil {
		t.Fatal(err)
	}
	s.publish(id, media.Outcome{})
	s.clock = s.clock.Add(30 * time.Second)
	s.status(id).is(http.StatusOK, `{"data":{"id":"%s","media_key":"1021_%[1]s","size":5,"expires_after_secs":60,"processing_info":{"state":"succeeded","progress_percent":100}}}`, id)
}
