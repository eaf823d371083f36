package e2e

import (
	"slices"
	"strconv"
	"testing"
)

// minutesOfFilm are minutes of 1280×720 at the bit rate of a telephone: two
// seconds, over and over.
func minutesOfFilm(t *testing.T, minutes int) []byte {
	rate := []string{"-b:v", "7M", "-minrate", "7M", "-maxrate", "7M", "-bufsize", "7M", "-x264-params", "nal-hrd=cbr"}
	piece := filmFile(t, "mp4", slices.Concat(picture("1280x720", 2), sound(2), h264(), rate, []string{"-c:a", "aac"})...)
	return film(t, "mp4", "-stream_loop", strconv.Itoa(30*minutes-1), "-i", piece, "-c", "copy")
}

// TestGIFOvertakesFilm uploads a GIF while one film is being processed and
// another waits. It is ready before both. How long a film must be to be overtaken
// depends on the machine: a minute, or more.
func TestGIFOvertakesFilm(t *testing.T) {
	t.Parallel()
	for minutes := 1; !overtakes(t, minutes); minutes *= 2 {
		if minutes >= 4 {
			t.Fatalf("a film of %d minutes was ready before the GIF", minutes)
		}
	}
}

// overtakes tells whether a GIF is ready before the first of two films is.
func overtakes(t *testing.T, minutes int) bool {
	t.Helper()
	s := start(t, "--workers", "1")
	defer s.kill()
	c := s.client()
	file := minutesOfFilm(t, minutes)
	var films []string
	for range 2 {
		films = append(films, c.upload("video/mp4", "tweet_video", file, 16<<20)["id"].(string))
	}
	state := func(id string) any { return c.status(id).processing()["state"] }
	eventually(t, func() string {
		if state(films[0]) == "pending" {
			return "the first film waits"
		}
		return ""
	})
	c.succeeded(c.upload("image/gif", "tweet_gif", animation(120, 80, 12, 20, false), 1<<20)["id"].(string))
	second := state(films[1]) // which is looked at before the first may be over
	first := state(films[0])
	if first == "succeeded" {
		return false
	}
	if first != "in_progress" {
		t.Errorf("when the GIF is ready the first film is %v", first)
	}
	if second != "pending" {
		t.Errorf("with one worker the second film is %v beside the first", second)
	}
	return true
}

// TestGIFOvertakesLongFilm does so with a film of few bytes, which nobody can
// tell from a short one before it is looked at.
func TestGIFOvertakesLongFilm(t *testing.T) {
	t.Parallel()
	c := start(t, "--workers", "1").client()
	grey := []string{"-f", "lavfi", "-i", "color=gray:size=640x360:rate=25:duration=10"}
	piece := filmFile(t, "mp4", slices.Concat(grey, h264())...)
	hours := film(t, "mp4", "-stream_loop", "719", "-i", piece, "-c", "copy")
	if len(hours) > 32<<20 {
		t.Fatalf("the film has %d bytes", len(hours))
	}
	long := c.upload("video/mp4", "tweet_video", hours, 16<<20)["id"].(string)
	for range 2 {
		c.succeeded(c.upload("image/gif", "tweet_gif", animation(120, 80, 12, 20, false), 1<<20)["id"].(string))
	}
	if got := c.status(long).processing()["state"]; got != "pending" && got != "in_progress" {
		t.Errorf("when the GIFs are ready the film of two hours is %v", got)
	}
}
