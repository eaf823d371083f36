package ownapi

import (
	"context"
	"fmt"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// What failed is listed with the reason, and made once more when it is asked for;
// what did not fail isn't.
func TestAdminJobs(t *testing.T) {
	s := newServer(t)
	s.account(owner, "ann")
	var made [5]media.Media
	for i := range made {
		s.clock = s.clock.Add(time.Second)
		made[i] = s.upload(subtitles)
	}
	waits, fault, broken, runs, done := made[0], made[1], made[2], made[3], made[4]
	var sent []media.ID
	s.api.later = func(_ context.Context, m media.Media) error {
		sent = append(sent, m.ID)
		return nil
	}
	for m, o := range map[*media.Media]media.Outcome{
		&fault: {Failure: media.NewFailure(media.InternalError, "the disk is full")}, &broken: {Failure: media.NewFailure(media.InvalidMedia, "no cues")}, &done: {}, &runs: {},
	} {
		claimed, ok, err := s.catalog.Claim(t.Context(), m.ID, s.clock)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if m == &runs {
			continue
		}
		if ok, err := s.catalog.Publish(t.Context(), m.ID, claimed.Attempt, o, s.clock); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	id := func(j adminJob) string { return j.ID + " " + string(j.State) }
	want := func(query string, want ...string) {
		t.Helper()
		if got := ids(pages[adminJob](s, "jobs?"+query), id); got != fmt.Sprint(want) {
			t.Errorf("jobs?%s: %s, want %v", query, got, want)
		}
	}
	want("state=waiting&", waits.ID.String()+" waiting")
	want("", runs.ID.String()+" running")
	want("state=given_up&", fault.ID.String()+" given_up")
	want("state=failed&", broken.ID.String()+" failed", fault.ID.String()+" given_up")
	s.wants("GET", "/magpie/v1/admin/jobs?state=failed", s.admin(), "", `"username":"ann"`, `"message":"the disk is full"`, `"counts":{"failed":2,"given_up":1,"running":1,"waiting":1}`)
	s.wants("GET", "/magpie/v1/admin/jobs?state=done", s.admin(), "invalid", "waiting running failed given_up")

	requeue := func(id string) string { return "/magpie/v1/admin/jobs/" + id + "/requeue" }
	for range 2 { // again it is asked for already
		s.wants("POST", requeue(fault.ID.String()), s.admin(), "", `"redo":true`)
	}
	if len(sent) != 1 || sent[0] != fault.ID {
		t.Errorf("handed to the workers: %v", sent)
	}
	want("state=waiting&", fault.ID.String()+" waiting", waits.ID.String()+" waiting")
	s.wants("GET", "/magpie/v1/admin/jobs?state=given_up", s.admin(), "", `"redo":true`)
	s.wants("POST", requeue(waits.ID.String()), s.admin(), "conflict", "has not failed")
	s.wants("POST", requeue(runs.ID.String()), s.admin(), "conflict", "has not failed")
	s.wants("POST", requeue(done.ID.String()), s.admin(), "conflict", "magpie reprocess")
	s.wants("POST", requeue("99"), s.admin(), "not_found")
	s.wants("POST", requeue("x"), s.admin(), "invalid")
	s.wants("DELETE", "/magpie/v1/media/"+broken.ID.String(), s.bearer(owner, false, auth.MediaWrite), "")
	s.wants("POST", requeue(broken.ID.String()), s.admin(), "not_found", "deleted")
}
