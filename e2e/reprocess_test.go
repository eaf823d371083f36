package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// shown lists the last parts of the URLs of a video's variants.
func (c client) shown(key string) []string {
	c.t.Helper()
	var names []string
	for _, e := range c.lookup(key)["variants"].([]any) {
		url := e.(map[string]any)["url"].(string)
		names = append(names, url[strings.LastIndex(url, "/")+1:])
	}
	return names
}

// until looks a video up until it shows what is wanted, and asks for url each
// time, which must always be there.
func (c client) until(key, url string, want []string) {
	c.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		if a := c.call("HEAD", url, nil); a.status != http.StatusOK {
			c.t.Fatalf("%s: %d while it is processed once more", url, a.status)
		}
		got := c.shown(key)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("shows %v, want %v", got, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestReprocess: a long film that fits the top rung can be watched with its own
// pictures before the other sizes are made, and what is shown stays while a
// media is processed once more; magpie reprocess asks for that, a kill in the
// middle does not lose it.
func TestReprocess(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	file := film(t, "mp4", slices.Concat([]string{"-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=36"}, sound(36), []string{
		"-c:v", "libx264", "-preset", "superfast", "-crf", "40", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac",
	})...)
	up := c.upload("video/mp4", "tweet_video", file, 1<<20)
	id, key := up["id"].(string), up["media_key"].(string)
	c.succeeded(id)
	if got := c.shown(key); !slices.Equal(got, []string{"1280x720.mp4", "master.m3u8"}) {
		t.Fatalf("at first it shows %v", got)
	}
	url := c.lookup(key)["variants"].([]any)[0].(map[string]any)["url"].(string)
	first := c.call("GET", url, nil)
	all := []string{"320x180.mp4", "640x360.mp4", "1280x720.mp4", "master.m3u8"}

	s.kill() // the rest is still to be made
	s.run()
	c.until(key, url, all)
	if again := c.call("GET", url, nil); sum(again.body) != sum(first.body) {
		t.Error("the copied size has changed")
	}

	out, words, code := magpie(t, "reprocess", "--data", s.data, id)
	if code != 0 || !strings.HasPrefix(out, "1 media will be processed once more; 0 ") {
		t.Fatalf("reprocess: %d %s %s", code, out, words)
	}
	if out, _, code = magpie(t, "reprocess", "--data", s.data, "--all", "--category", "TweetVideo"); code != 0 || !strings.HasPrefix(out, "0 media will be processed once more; 1 ") {
		t.Errorf("asked for again: %d %s", code, out)
	}
	state := c.status(id).data()["processing_info"].(map[string]any)["state"]
	if state != "succeeded" {
		t.Errorf("while it is processed once more its state is %v", state)
	}
	deadline := time.Now().Add(3 * time.Minute)
	for strings.Count(s.log.tail(1<<20), "media succeeded") < 2 { // this run's: the rest of the ladder, and once more
		if time.Now().After(deadline) {
			t.Fatal("it is not processed once more")
		}
		c.until(key, url, all)
	}
	s.checkWhole()

	for _, bad := range [][]string{{}, {"--all", id}, {"x"}, {"1"}, {"--all", "--category", "films"}, {"--all", "--state", "pending"}, {"--all", "--before", "yesterday"}} {
		if out, words, code := magpie(t, append([]string{"reprocess", "--data", s.data}, bad...)...); code == 0 || words == "" {
			t.Errorf("reprocess %q: %d %s", bad, code, out)
		}
	}
}
