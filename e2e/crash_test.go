package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestCrashes kills the server again and again while uploads go on, and then
// holds everything it had acknowledged against what was sent.
func TestCrashes(t *testing.T) {
	t.Parallel()
	kills := 40
	if soak() {
		kills = 300
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	s := prepare(t, "--sweep-every", "1s", "--sweep-grace", "0s", "--log-level", "warn")
	s.run()
	d := &crashDriver{s: s, video: tinyMP4(t, 1), gif: tinyGIF(t), end: make(chan struct{})}
	ctx, giveUp := context.WithCancel(t.Context())
	defer d.wg.Wait()
	defer giveUp()
	d.ctx = ctx
	for i := range 4 {
		d.wg.Go(func() { d.drive(rand.New(rand.NewPCG(seed, uint64(i+1)))) })
	}
	phases := []struct {
		name  string
		going func() bool
	}{
		{"append", func() bool { return d.appending.Load() > 0 }},
		{"finalize", func() bool { return d.finalizing.Load() > 0 }},
		{"transcode", s.transcoding},
		{"any instant", func() bool { return true }},
	}
	hits := map[string]int{}
	// As often as was asked for, and on until each was hit: how soon a phase is over depends on the machine.
	for i := 0; (i < kills || len(hits) < len(phases) && i < 10*kills) && !t.Failed(); i++ {
		phase := phases[i%len(phases)]
		for end := time.Now().Add(3 * time.Second); !phase.going() && time.Now().Before(end); {
			time.Sleep(time.Millisecond) // polls
		}
		time.Sleep(time.Duration(random.IntN(100_000)) * time.Microsecond) // the random instant
		for _, p := range phases {
			if p.going() {
				hits[p.name]++
			}
		}
		s.kill()
		s.run()
		if i%20 == 19 {
			d.catchUp() // no file can be processed that is killed every time
		}
	}
	close(d.end)
	d.wg.Wait()
	t.Logf("killed in the middle of %v; %d uploads", hits, len(d.done))
	for _, p := range phases {
		if hits[p.name] == 0 {
			t.Errorf("no kill in the middle of %s", p.name)
		}
	}
	if t.Failed() {
		return
	}
	d.hold()
}

// crashDriver sends uploads to a server that keeps dying. What was acknowledged
// once is never sent again.
type crashDriver struct {
	s          *server
	video, gif []byte
	ctx        context.Context // of all requests
	end        chan struct{}   // closed when no other upload is to be begun
	wg         sync.WaitGroup

	appending, finalizing, videos atomic.Int32

	mu       sync.Mutex
	done     []sent
	caughtUp int // how many of them are processed
}

// sent is an upload whose finalize was acknowledged.
type sent struct{ id, key, sum, kind string }

func (d *crashDriver) drive(random *rand.Rand) {
	for {
		select {
		case <-d.end:
			return
		case <-d.ctx.Done():
			return
		default:
		}
		kind, file := "image/png", tinyPNG(d.s.t, random.IntN(1<<20))
		switch random.IntN(8) {
		case 0:
			kind, file = "image/gif", d.gif
		case 1, 2:
			kind, file = "video/mp4", d.video
		}
		if kind != "image/png" && d.videos.Add(1) > 16 {
			continue // enough to transcode
		}
		d.upload(random, kind, file)
	}
}

func (d *crashDriver) upload(random *rand.Rand, kind string, file []byte) {
	category := map[string]string{"image/png": "tweet_image", "image/gif": "tweet_gif", "video/mp4": "tweet_video"}[kind]
	opened := d.send("/2/media/upload/initialize", map[string]any{"media_type": kind, "media_category": category, "total_bytes": len(file)})
	if opened == nil {
		return
	}
	id := opened["id"].(string)
	count := 1 + random.IntN(5)
	step := (len(file) + count - 1) / count
	count = (len(file) + step - 1) / step
	for _, i := range random.Perm(count) {
		body, form := form(i, file[i*step:min((i+1)*step, len(file))])
		d.appending.Add(1)
		ok := d.send("/2/media/upload/"+id+"/append", body, "Content-Type", form)
		d.appending.Add(-1)
		if ok == nil {
			return
		}
	}
	d.finalizing.Add(1)
	final := d.send("/2/media/upload/"+id+"/finalize", nil)
	d.finalizing.Add(-1)
	if final == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, sent{id, final["media_key"].(string), sum(file), kind})
}

// send repeats a request until the server acknowledges it.
func (d *crashDriver) send(path string, body any, headers ...string) map[string]any {
	ctx, cancel := context.WithTimeout(d.ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		a, err := d.s.client().try(ctx, http.MethodPost, path, body, headers...)
		switch {
		case err != nil: // it was killed
		case a.status == http.StatusOK:
			return a.data()
		case a.status != http.StatusServiceUnavailable:
			d.s.t.Errorf("%s: %d: %s", path, a.status, a.body)
			return nil
		}
		time.Sleep(5 * time.Millisecond) // between tries
	}
	if d.ctx.Err() == nil {
		d.s.t.Errorf("%s was never answered", path)
	}
	return nil
}

// catchUp waits until what was finalized so far is processed, and lets the
// uploads have more videos among them.
func (d *crashDriver) catchUp() {
	d.mu.Lock()
	done := slices.Clone(d.done[d.caughtUp:])
	d.caughtUp = len(d.done)
	d.mu.Unlock()
	for _, m := range done {
		d.s.client().succeeded(m.id)
	}
	d.videos.Store(0)
}

// hold checks that everything acknowledged is there, whole and once.
func (d *crashDriver) hold() {
	s, t := d.s, d.s.t
	for _, m := range d.done {
		s.client().succeeded(m.id)
		if got := sum(s.client().original(m.id).body); got != m.sum {
			t.Errorf("%s %s: the original is %s, and %s was sent", m.kind, m.id, got, m.sum)
		}
	}
	// What killed attempts left is swept; one attempt's renditions stay.
	var attempts map[string]map[string][]string // by media and their folder
	eventually(t, func() string {
		attempts = map[string]map[string][]string{}
		for _, path := range s.blobs("renditions", "*") {
			folder, name := filepath.Split(path)
			id := filepath.Base(filepath.Dir(filepath.Clean(folder)))
			if attempts[id] == nil {
				attempts[id] = map[string][]string{}
			}
			attempts[id][folder] = append(attempts[id][folder], name)
		}
		for _, m := range d.done {
			if n := len(attempts[m.id]); n != 1 {
				return fmt.Sprintf("%s %s has renditions of %d attempts", m.kind, m.id, n)
			}
		}
		return ""
	})
	renditions := map[string][]string{} // of the media of one file, which must not differ
	for _, m := range d.done {
		for _, names := range attempts[m.id] {
			slices.Sort(names)
			if before, ok := renditions[m.kind]; ok && !slices.Equal(before, names) {
				t.Errorf("%s %s has the renditions %v, another has %v", m.kind, m.id, names, before)
			}
			renditions[m.kind] = names
		}
		if m.kind == "video/mp4" {
			d.playable(m)
		}
	}
	s.quiet()
	if left := s.uploading(); len(left) > 0 {
		t.Errorf("unfinished files are left: %v", left)
	}
	s.checkWhole()
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	s.checkWhole()
}

// playable checks that every URL of a video leads somewhere.
func (d *crashDriver) playable(m sent) {
	d.s.t.Helper()
	variants, _ := d.s.client().lookup(m.key)["variants"].([]any)
	if len(variants) == 0 {
		d.s.t.Errorf("%s has no variants", m.id)
	}
	for _, v := range variants {
		url := v.(map[string]any)["url"].(string)
		if a := d.s.client().as("").call(http.MethodGet, url, nil); a.status != http.StatusOK || len(a.body) == 0 {
			d.s.t.Errorf("%s: %s: %d", m.id, url, a.status)
		}
	}
}

// TestCrashMidTranscode kills the server in the middle of a transcode. The job
// goes on at once after the restart, though nobody gave its lease of 30 s back.
func TestCrashMidTranscode(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id, _ := s.transcodes(20)
	s.kill()
	if left := s.transcoders(); len(left) > 0 {
		eventually(t, func() string { // the kernel ends them, which takes it a moment
			if left := s.transcoders(); len(left) > 0 {
				return fmt.Sprintf("outlived the server: %v", left)
			}
			return ""
		})
	}
	s.run()
	// Its lease would keep it from being looked at: that it is taken up again
	// shows in a transcoder at work, or in the end of it.
	for end := time.Now().Add(20 * time.Second); ; {
		info, _ := c.status(id).data()["processing_info"].(map[string]any)
		if len(s.transcoders()) > 0 || info["state"] == "succeeded" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the job waits for its lease: %v", info)
		}
		time.Sleep(20 * time.Millisecond) // polls
	}
	c.succeeded(id)
	s.quiet()
	s.checkWhole()
}
