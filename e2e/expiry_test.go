package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// expired tells whether an answer says that its session is past its time. If not,
// it must be a success.
func (a answer) expired() bool {
	a.t.Helper()
	if a.status == http.StatusGone {
		a.refused(http.StatusGone, "expired")
		return true
	}
	a.data()
	return false
}

// inTime tries what must be done before a session or a media is past its time,
// with another each time, until it was: how soon anything is done depends on the
// machine.
func inTime(t *testing.T, do func() bool) {
	t.Helper()
	for range 100 {
		if do() {
			return
		}
	}
	t.Fatal("a hundred sessions or media were past their time too soon")
}

// begun opens an upload of one segment, which arrives before the session expires.
func (c client) begun(kind string, segment []byte) (id string) {
	c.t.Helper()
	inTime(c.t, func() bool {
		id = c.initialize(kind, "", len(segment))
		return !c.append(id, 0, segment).expired()
	})
	return id
}

// uploadInTime is upload where sessions expire soon.
func (c client) uploadInTime(kind, category string, file []byte, step int) (final map[string]any) {
	c.t.Helper()
	inTime(c.t, func() bool {
		id := c.initialize(kind, category, len(file))
		for i, off := 0, 0; off < len(file); i, off = i+1, off+step {
			if c.append(id, i, file[off:min(off+step, len(file))]).expired() {
				return false
			}
		}
		a := c.finalize(id)
		if a.expired() {
			return false
		}
		final = a.data()
		return true
	})
	return final
}

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
	kept := c.uploadInTime("image/png", "tweet_image", picture, 1<<20)["id"].(string)

	id := ""
	inTime(t, func() bool {
		opened := c.call(http.MethodPost, "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": len(picture)}).data()
		if opened["expires_after_secs"] != 2.0 {
			t.Errorf("expires_after_secs is %v, want 2", opened["expires_after_secs"])
		}
		id = opened["id"].(string)
		if c.append(id, 0, picture).expired() {
			return false
		}
		there := s.blobs("segments", id)
		if c.status(id).status != http.StatusOK { // so it may have been swept
			return false
		}
		if len(there) != 1 {
			t.Errorf("the segment is not on disk: %v", files(t, s.data))
		}
		return true
	})
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
	id := c.begun("image/png", []byte("123456789"))
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
	id := c.begun("image/png", []byte("123456789"))
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
	var id, key, url string
	inTime(t, func() bool {
		final := c.upload("image/png", "tweet_image", picture, 1<<20)
		id, key = final["id"].(string), final["media_key"].(string)
		if secs, _ := final["expires_after_secs"].(float64); secs < 1 || secs > 6 {
			t.Errorf("expires_after_secs is %v, want up to 6", final["expires_after_secs"])
		}
		known, status := c.call("GET", "/2/media/"+key+allFields, nil), 0
		if known.status == http.StatusOK {
			url, _ = known.data()["url"].(string)
			status, _ = s.get(url)
		}
		if c.original(id).status != http.StatusOK {
			return false
		}
		if known.status != http.StatusOK || status != http.StatusOK {
			t.Errorf("before its time: %d, and %d at %q", known.status, status, url)
		}
		return true
	})
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
	final := c.uploadInTime("image/gif", "tweet_gif", file, len(file)/3+1)
	if v, there := final["expires_after_secs"]; there {
		t.Errorf("expires_after_secs is %v without a retention", v)
	}
	id := final["id"].(string)
	c.succeeded(id)
	before := append(s.blobs("segments", id), s.blobs("renditions", id)...)
	// Two sessions that begin after one another end: sweeps lie in between.
	for range 2 {
		gone := c.begun("image/png", []byte("123456789"))
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
