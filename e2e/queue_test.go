package e2e

import (
	"slices"
	"testing"
	"time"
)

// minuteOfFilm is a minute of 1280×720 at the bit rate of a telephone: two
// seconds, over and over.
func minuteOfFilm(t *testing.T) []byte {
	rate := []string{"-b:v", "7M", "-minrate", "7M", "-maxrate", "7M", "-bufsize", "7M", "-x264-params", "nal-hrd=cbr"}
	piece := filmFile(t, "mp4", slices.Concat(picture("1280x720", 2), sound(2), h264(), rate, []string{"-c:a", "aac"})...)
	return film(t, "mp4", "-stream_loop", "29", "-i", piece, "-c", "copy")
}

// TestGIFOvertakesFilm uploads a GIF while one film is being processed and
// another waits. It is ready before both.
func TestGIFOvertakesFilm(t *testing.T) {
	t.Parallel()
	c := start(t, "--workers", "1").client()
	minute := minuteOfFilm(t)
	var films []string
	for range 2 {
		films = append(films, c.upload("video/mp4", "tweet_video", minute, 16<<20)["id"].(string))
	}
	state := func(id string) any { return c.status(id).data()["processing_info"].(map[string]any)["state"] }
	for end := time.Now().Add(time.Minute); state(films[0]) != "in_progress"; {
		if time.Now().After(end) {
			t.Fatalf("the first film is %v", state(films[0]))
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.succeeded(c.upload("image/gif", "tweet_gif", animation(120, 80, 12, 20, false), 1<<20)["id"].(string))
	if got := state(films[0]); got != "in_progress" {
		t.Errorf("when the GIF is ready the first film is %v", got)
	}
	if got := state(films[1]); got != "pending" {
		t.Errorf("with one worker the second film is %v beside the first", got)
	}
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
	if got := c.status(long).data()["processing_info"].(map[string]any)["state"]; got != "pending" && got != "in_progress" {
		t.Errorf("when the GIFs are ready the film of two hours is %v", got)
	}
}
