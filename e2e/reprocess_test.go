package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
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

// attemptShown is the number of the attempt whose renditions a media shows.
func (c client) attemptShown(id string) float64 {
	c.t.Helper()
	return c.call("GET", library+"/"+id, nil).data()["attempts"].(map[string]any)["shown"].(float64)
}

// TestReprocess: a long film that fits the top rung can be watched with its own
// pictures before the other sizes are made, and what is shown stays while a
// media is processed once more; magpie reprocess asks for that, a kill in the
// middle does not lose it.
func TestReprocess(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	piece := filmFile(t, "mp4", slices.Concat([]string{"-f", "lavfi", "-i", "smptebars=size=1280x720:rate=30:duration=4"}, sound(4), []string{
		"-c:v", "libx264", "-preset", "superfast", "-crf", "40", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac",
	})...)
	all := []string{"320x180.mp4", "640x360.mp4", "1280x720.mp4", "master.m3u8"}
	var id, key string
	films := 1
	for ; ; films++ { // how long one must be to be seen half-way depends on the machine
		file := film(t, "mp4", "-stream_loop", strconv.Itoa(4<<films), "-i", piece, "-c", "copy")
		up := c.upload("video/mp4", "tweet_video", file, 1<<20)
		id, key = up["id"].(string), up["media_key"].(string)
		c.succeeded(id)
		got := c.shown(key)
		if slices.Equal(got, []string{"1280x720.mp4", "master.m3u8"}) {
			break
		}
		if !slices.Equal(got, all) || films > 4 {
			t.Fatalf("at first it shows %v", got)
		}
	}
	url := c.lookup(key)["variants"].([]any)[0].(map[string]any)["url"].(string)
	first := c.call("GET", url, nil)

	s.kill() // the rest is still to be made
	s.run()
	c.until(key, url, all)
	if again := c.call("GET", url, nil); sum(again.body) != sum(first.body) {
		t.Error("the copied size has changed")
	}

	before := c.attemptShown(id)
	out, words, code := magpie(t, "reprocess", "--data", s.data, id)
	if code != 0 || !strings.HasPrefix(out, "1 media will be processed once more; 0 ") {
		t.Fatalf("reprocess: %d %s %s", code, out, words)
	}
	state := c.status(id).processing()["state"]
	if state != "succeeded" {
		t.Errorf("while it is processed once more its state is %v", state)
	}
	s.kill() // and now nothing becomes of it meanwhile
	again := []string{"reprocess", "--data", s.data, "--all", "--category", "TweetVideo"}
	if out, words, code = magpie(t, again...); code != 0 {
		t.Fatalf("reprocess --all: %d %s %s", code, out, words)
	}
	if out, _, code = magpie(t, again...); code != 0 || !strings.HasPrefix(out, fmt.Sprintf("0 media will be processed once more; %d ", films)) {
		t.Errorf("asked for again: %d %s", code, out)
	}
	s.run()
	deadline := time.Now().Add(3 * time.Minute)
	for c.attemptShown(id) <= before {
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
