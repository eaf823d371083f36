package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"sync"
	"time"
)

// uploader sends files, each as one of the clients that there are would, until they
// are acknowledged.
type uploader struct {
	*client
	pictures         []sample
	animation, short sample
	long             sample // takes seconds to process

	wg    sync.WaitGroup
	slots chan struct{} // bounds how many uploads go on at once
	sent  int           // how many were begun by send

	mu   sync.Mutex
	done []acknowledged
}

// acknowledged is an upload whose finalize was.
type acknowledged struct {
	sample
	id, key string
}

func (u *uploader) acknowledge(s sample, id, key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done = append(u.done, acknowledged{s, id, key})
}

// count is how many uploads have been acknowledged.
func (u *uploader) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.done)
}

// send begins n uploads, of all kinds and by all clients in turn.
func (u *uploader) send(n int) {
	for range n {
		i := u.sent
		u.sent++
		u.begin(func() {
			picture := u.pictures[i%len(u.pictures)]
			switch i % 20 {
			case 4:
				u.command(i, u.short)
			case 13:
				u.command(i, picture)
			case 9:
				u.sdk(i, picture)
			case 7, 17:
				u.oneShot(i, picture)
			case 1, 8, 15:
				u.segments(i, u.short)
			case 2, 6, 12, 18:
				u.segments(i, u.animation)
			default:
				u.segments(i, picture)
			}
		})
	}
}

// films begins n uploads that take long to process.
func (u *uploader) films(n int) {
	for i := range n {
		u.begin(func() { u.segments(i, u.long) })
	}
}

func (u *uploader) begin(f func()) {
	u.wg.Go(func() {
		u.slots <- struct{}{}
		defer func() { <-u.slots }()
		f()
	})
}

// segments sends a file's segments to all nodes at once, with initialize and
// finalize at one node each.
func (u *uploader) segments(first int, s sample) {
	begin, _ := json.Marshal(map[string]any{"media_type": s.kind, "media_category": s.category, "total_bytes": len(s.bytes)})
	opened := u.persist(first, "POST", "/2/media/upload/initialize", begin, "Content-Type", "application/json")
	id, _ := opened["id"].(string)
	if id == "" {
		return // which persist has reported
	}
	count := 2 + rand.IntN(4)
	step := (len(s.bytes) + count - 1) / count
	var all sync.WaitGroup
	whole := make([]bool, 0, count)
	var mu sync.Mutex
	for i := 0; i*step < len(s.bytes); i++ {
		body, kind := form(i, s.bytes[i*step:min((i+1)*step, len(s.bytes))])
		all.Go(func() {
			got := u.persist(first+i, "POST", "/2/media/upload/"+id+"/append", body, "Content-Type", kind)
			mu.Lock()
			defer mu.Unlock()
			whole = append(whole, got != nil)
		})
	}
	all.Wait()
	for _, ok := range whole {
		if !ok {
			return
		}
	}
	if final := u.persist(first+1, "POST", "/2/media/upload/"+id+"/finalize", nil); final != nil {
		u.acknowledge(s, id, final["media_key"].(string))
	}
}

// oneShot sends a whole file in one request. One that is not answered may have
// been taken all the same; it is sent again.
func (u *uploader) oneShot(first int, s sample) {
	body, kind := form(0, s.bytes)
	if final := u.persist(first, "POST", "/2/media/upload?media_category="+s.category, body, "Content-Type", kind); final != nil {
		u.acknowledge(s, final["id"].(string), final["media_key"].(string))
	}
}

// command uploads with magpie upload, as often as it takes.
func (u *uploader) command(first int, s sample) {
	out := u.program(first, func(ctx context.Context, n *node) *exec.Cmd {
		return exec.CommandContext(ctx, binary(), "upload", "--to", n.url(), "--token", secret, "--segment", "3KiB", "--category", s.category, s.file)
	})
	var said struct {
		Data struct {
			ID  string
			Key string `json:"media_key"`
		}
	}
	if out == nil {
		return // which program has reported
	}
	if err := json.Unmarshal(out, &said); err != nil || said.Data.ID == "" {
		u.t.Errorf("magpie upload says %q: %v", out, err)
		return
	}
	u.acknowledge(s, said.Data.ID, said.Data.Key)
}

// sdk uploads with twitter-api-v2, as often as it takes.
func (u *uploader) sdk(first int, s sample) {
	var said []struct{ ID, Error string }
	out := u.program(first, func(ctx context.Context, n *node) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "node", "upload.mjs", n.url(), secret, s.kind+":"+s.category+"="+s.file)
		cmd.Dir = "../clients"
		return cmd
	}, func(out []byte) bool {
		said = nil
		return json.Unmarshal(out, &said) == nil && len(said) == 1 && said[0].ID != "" && said[0].Error == ""
	})
	if out == nil {
		return // which program has reported
	}
	final := u.persist(first, "GET", "/2/media/upload?command=STATUS&media_id="+url.QueryEscape(said[0].ID), nil)
	if key, ok := final["media_key"].(string); ok {
		u.acknowledge(s, said[0].ID, key)
	}
}

// program runs a client for one node after the other until it ends well, and
// prints something that is fine, and gives what that is.
func (u *uploader) program(first int, command func(context.Context, *node) *exec.Cmd, fine ...func([]byte) bool) []byte {
	var out, errs bytes.Buffer
	var err error
	end := time.Now().Add(2 * patience)
	for try := first; time.Now().Before(end) && u.ctx.Err() == nil; try++ {
		n := u.nodes[try%len(u.nodes)]
		if u.avoids(n) && try < first+len(u.nodes) {
			continue
		}
		ctx, cancel := context.WithTimeout(u.ctx, patience) // it may wait for the processing
		cmd := command(ctx, n)
		out.Reset()
		errs.Reset()
		cmd.Stdout, cmd.Stderr = &out, &errs
		err = cmd.Run()
		cancel()
		if err == nil && (len(fine) == 0 || fine[0](out.Bytes())) {
			return out.Bytes()
		}
	}
	if u.ctx.Err() == nil {
		u.t.Errorf("a client never got through: %v: %s%s", err, errs.Bytes(), out.Bytes())
	}
	return nil
}
