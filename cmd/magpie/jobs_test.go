package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// makeMedia makes rows of media as they stand after a finalize.
func makeMedia(t *testing.T, rows *catalog.Catalog, id media.ID) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	if err := rows.CreateSession(ctx, media.Session{ID: id, Owner: "1", State: media.SessionOpen, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := rows.BeginClosing(ctx, id, "t", now, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
	m := media.Media{ID: id, Owner: "1", Category: media.TweetVideo, Slug: "slug" + id.String(), State: media.Pending, CreatedAt: now, TouchedAt: now}
	if ok, err := rows.CloseSession(ctx, "t", m, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
}

// TestJobs: what waits and what was given up is listed, what is at fault is not;
// what was given up, and nothing else, can be taken up again.
func TestJobs(t *testing.T) {
	ctx, data := t.Context(), t.TempDir()
	rows, err := catalog.OpenSQLite(ctx, databaseIn(data))
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[media.ID]string{11: "", 12: media.InternalError, 13: media.InvalidMedia, 14: media.InternalError} {
		makeMedia(t, rows, id)
		if name == "" {
			continue
		}
		m, ok, err := rows.Claim(ctx, id, time.Now())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if ok, err := rows.Publish(ctx, id, m.Attempt, media.Outcome{Failure: media.NewFailure(name, "words")}, time.Now()); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	say := func(args ...string) (string, error) {
		var out, errs bytes.Buffer
		err := run(ctx, append(args, "--data", data), surroundings{out: &out, err: &errs, env: func(string) string { return "" }})
		return out.String(), err
	}
	listed, err := say("jobs", "ls")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(listed), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "11 ") || !strings.Contains(lines[1], "pending") ||
		!strings.HasPrefix(lines[2], "12 ") || !strings.Contains(lines[2], "given_up") || !strings.HasPrefix(lines[3], "14 ") {
		t.Errorf("listed:\n%s", listed)
	}
	for _, id := range []string{"11", "13", "99", "x"} {
		if out, err := say("jobs", "requeue", id); err == nil {
			t.Errorf("requeue %s: %s", id, out)
		}
	}
	for _, args := range [][]string{{"jobs", "requeue"}, {"jobs", "requeue", "--all", "12"}} {
		if out, err := say(args...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out, err := say("jobs", "requeue", "12"); err != nil || !strings.HasPrefix(out, "1 media ") {
		t.Errorf("requeue 12: %q, %v", out, err)
	}
	if out, err := say("jobs", "requeue", "--all"); err != nil || !strings.HasPrefix(out, "1 media ") { // 12 was asked for
		t.Errorf("requeue --all: %q, %v", out, err)
	}
	rows, err = catalog.OpenSQLite(ctx, filepath.Join(data, "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	ids, err := rows.Stalled(ctx, time.Now().Add(time.Hour), time.Now(), 10)
	if err != nil || len(ids) != 3 || ids[0] != 11 || ids[1] != 12 || ids[2] != 14 {
		t.Errorf("to be processed: %v, %v, want 11 that waits, and 12 and 14 once more", ids, err)
	}
}
