package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// hasExpired waits until a session is past its time.
func (c client) hasExpired(id string) {
	c.t.Helper()
	eventually(c.t, func() string {
		a := c.status(id)
		if a.status == http.StatusOK {
			return "the session is still open"
		}
		a.refused(http.StatusGone, id, "expired")
		return ""
	})
}

// removed waits until no blob of a kind is left of a media.
func (s *server) removed(kind, id string) {
	s.t.Helper()
	eventually(s.t, func() string {
		if left := s.blobs(kind, id); len(left) > 0 {
			return fmt.Sprintf("not removed: %v", left)
		}
		return ""
	})
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "2s", "--sweep-every", "1s", "--sweep-grace", "0s")
	c := s.client()
	picture := tinyPNG(t, 3)
	kept := c.upload("image/png", "tweet_image", picture, 1<<20)["id"].(string)

	opened := c.call(http.MethodPost, "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": len(picture)}).data()
	if opened["expires_after_secs"] != 2.0 {
		t.Errorf("expires_after_secs is %v, want 2", opened["expires_after_secs"])
	}
	id := opened["id"].(string)
	c.append(id, 0, picture).data()
	if len(s.blobs("segments", id)) != 1 {
		t.Errorf("the segment is not on disk: %v", files(t, s.data))
	}
	c.hasExpired(id)
	c.append(id, 0, picture).refused(http.StatusGone, id, "expired")
	c.finalize(id).refused(http.StatusGone, id, "expired")
	s.removed("segments", id)

	// It stays so over a restart, and what was finalized in time stays too.
	s.kill()
	s.run()
	c.status(id).refused(http.StatusGone, "expired")
	c.append(id, 0, picture).refused(http.StatusGone, "expired")
	c.finalize(id).refused(http.StatusGone, "expired")
	s.removed("segments", id)
	if got := c.original(kept); sum(got.body) != sum(picture) {
		t.Errorf("a finalized media went with its session: %d", got.status)
	}
	s.checkWhole()
}

// TestSessionExpiresWhileDown ends a session whose server was not running at
// the time.
func TestSessionExpiresWhileDown(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "1s", "--sweep-every", "1s", "--sweep-grace", "0s")
	c := s.client()
	id := c.initialize("image/png", "", 9)
	c.append(id, 0, []byte("123456789")).data()
	s.kill()
	s.run()
	c.hasExpired(id)
	s.removed("segments", id)
	s.checkWhole()
}

// TestSweepGrace keeps the bytes of what has ended for a while.
func TestSweepGrace(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "1s", "--sweep-every", "1s", "--sweep-grace", "1h")
	c := s.client()
	id := c.initialize("image/png", "", 9)
	c.append(id, 0, []byte("123456789")).data()
	c.hasExpired(id)
	swept := c.initialize("", "", -1)
	c.hasExpired(swept) // a sweep or two later
	if len(s.blobs("segments", id)) != 1 {
		t.Error("the segment is gone before its grace")
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s := start(t, "--retention", "6s", "--sweep-every", "1s", "--sweep-grace", "0s")
	c := s.client()
	picture := tinyPNG(t, 4)
	final := c.upload("image/png", "tweet_image", picture, 1<<20)
	id, key := final["id"].(string), final["media_key"].(string)
	if secs, _ := final["expires_after_secs"].(float64); secs < 1 || secs > 6 {
		t.Errorf("expires_after_secs is %v, want up to 6", final["expires_after_secs"])
	}
	url, _ := c.lookup(key)["url"].(string)
	if status, _ := s.get(url); status != http.StatusOK {
		t.Errorf("%s: %d before its time", url, status)
	}
	// The video's retention ends while it is processed, or soon after.
	video := c.upload("video/mp4", "tweet_video", tinyMP4(t, 20), 1<<20)["id"].(string)

	for _, id := range []string{id, video} {
		eventually(t, func() string {
			if a := c.original(id); a.status == http.StatusOK {
				return "still there: " + id
			}
			return ""
		})
	}
	for _, a := range []answer{c.original(id), c.call(http.MethodGet, "/2/media/"+key, nil), c.as("").call(http.MethodGet, url, nil), c.status(id)} {
		if a.status/100 != 4 || !strings.Contains(string(a.body), "message") {
			t.Errorf("expired media: %d %s", a.status, a.body)
		}
	}
	for _, id := range []string{id, video} {
		s.removed("segments", id)
		s.removed("renditions", id)
	}
	s.quiet()
	s.kill()
	s.run()
	c.original(id).refused(http.StatusNotFound)
	s.checkWhole()
}

// TestMediaStay is the default: finalize names no expiry, and a sweep takes
// nothing that is finished.
func TestMediaStay(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "1s", "--sweep-every", "1s", "--sweep-grace", "0s")
	c := s.client()
	file := tinyGIF(t)
	final := c.upload("image/gif", "tweet_gif", file, len(file)/3+1)
	if v, there := final["expires_after_secs"]; there {
		t.Errorf("expires_after_secs is %v without a retention", v)
	}
	id := final["id"].(string)
	c.succeeded(id)
	before := append(s.blobs("segments", id), s.blobs("renditions", id)...)
	// Two sessions that begin after one another end: sweeps lie in between.
	for range 2 {
		gone := c.initialize("image/png", "", 9)
		c.append(gone, 0, []byte("123456789")).data()
		c.hasExpired(gone)
		s.removed("segments", gone)
	}
	if after := append(s.blobs("segments", id), s.blobs("renditions", id)...); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("swept from a finished media: %v, now %v", before, after)
	}
	if got := c.original(id); sum(got.body) != sum(file) {
		t.Errorf("the original is not what was sent: %d", got.status)
	}
	s.checkWhole()
}

// TestCrashMidAppend leaves a half-received segment behind, which the next
// start removes.
func TestCrashMidAppend(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.initialize("video/mp4", "tweet_video", 32<<20)
	half := s.sendHalf(id, 1<<20)
	defer half.Close()
	eventually(t, func() string {
		if len(s.uploading()) == 0 {
			return "nothing has been written of the segment"
		}
		return ""
	})
	s.kill()
	if len(s.uploading()) == 0 {
		t.Error("a killed server cleaned up after itself; the test proves nothing")
	}
	s.run()
	if left := s.uploading(); len(left) > 0 {
		t.Errorf("half-received segments are left: %v", left)
	}
	if segments := s.blobs("segments", id); len(segments) > 0 {
		t.Errorf("a half-received segment counts as received: %v", segments)
	}
	if left := files(t, filepath.Join(s.data, "scratch")); len(left) > 0 {
		t.Errorf("scratch holds %v", left)
	}
	c.finalize(id).refused(http.StatusBadRequest, "empty")
	s.checkWhole()
}
