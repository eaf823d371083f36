package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
)

// TestBlobsInBucket: with --blobs the bytes of media are in a bucket and nowhere
// else, also through kill -9; while it is away clients are told to come back.
func TestBlobsInBucket(t *testing.T) {
	store, err := s3test.Start("..")
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			store.Close()
		}
	}()
	if err := store.MakeBucket("films"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	place := "s3://films/here?endpoint=http://" + store.Address
	s := start(t, "--blobs", place)
	c := s.client()
	video := tinyMP4(t, 1)
	id := c.upload("video/mp4", "tweet_video", video, 50_000)["id"].(string)
	open := c.initialize("video/mp4", "tweet_video", len(video))
	c.append(open, 0, video[:1000]).data()
	c.succeeded(id)

	s.kill()
	s.run()
	if got := c.original(id); got.status != http.StatusOK || !bytes.Equal(got.body, video) {
		t.Errorf("the original comes back with %d and %d bytes of %d", got.status, len(got.body), len(video))
	}
	c.append(open, 1, video[1000:]).data()
	c.finalize(open).data()
	c.succeeded(open)
	if got := c.original(open, "Range", "bytes=900-1099"); got.status != http.StatusPartialContent || !bytes.Equal(got.body, video[900:1100]) {
		t.Errorf("a range over two segments: %d with %d bytes", got.status, len(got.body))
	}
	if _, err := os.Stat(filepath.Join(s.data, "blobs")); err == nil {
		t.Error("there is a folder of blobs beside the bucket")
	}
	if left, err := os.ReadDir(filepath.Join(s.data, "spool")); err != nil || len(left) > 0 {
		t.Errorf("the spool holds %v, %v", left, err)
	}
	if out, errs, code := magpie(t, "doctor", "--data", s.data, "--blobs", place); code != 0 || !strings.Contains(out, "can be written, also on condition") {
		t.Errorf("magpie doctor: exit %d\n%s%s", code, out, errs)
	}
	out, errs, code := magpie(t, "check", "--data", s.data, "--blobs", place)
	if code != 0 || !strings.Contains(out, "whole") {
		t.Errorf("magpie check: exit %d\n%s%s", code, out, errs)
	}
	if strings.Contains(s.log.tail(1<<20), s3test.SecretKey) {
		t.Error("the log has the secret")
	}

	late := c.initialize("video/mp4", "tweet_video", len(video))
	closed = true
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	away := c.append(late, 0, video[:1000])
	away.refused(http.StatusServiceUnavailable, "try again")
	if away.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	for _, asked := range []string{"", "bytes=900-1099"} {
		gone := c.original(id, "Range", asked)
		if gone.status != http.StatusServiceUnavailable || gone.header.Get("Retry-After") == "" || gone.header.Get("Content-Range") != "" {
			t.Errorf("the original, %q: %d, %v", asked, gone.status, gone.header)
		}
	}
	if got := c.call("GET", "/readyz", nil); got.status != http.StatusServiceUnavailable || !strings.Contains(string(got.body), `"blobs":"not ready"`) {
		t.Errorf("readyz: %d %s", got.status, got.body)
	}
}

// TestBlobsAddress: an address that can't be meant is refused by the name of its
// part.
func TestBlobsAddress(t *testing.T) {
	_, errs, code := magpie(t, "serve", "--data", t.TempDir(), "--blobs", "s3://films?endpoint=somewhere")
	if code == 0 || !strings.Contains(errs, "--blobs: endpoint:") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
