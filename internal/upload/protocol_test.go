package upload

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/blob/diskblob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// The session protocol, with random interleavings of append, re-send, finalize,
// one-shot, deletion, expiry and sweep, and a crash between any two steps of
// them, over every store: what was acknowledged is in the media, every finalize
// tells the same, a session holds no more than its allowance and is refused
// none of it, nobody leaves it closing, and in the end nothing is left that no
// live media names.
func TestSessionProtocol(t *testing.T) {
	rows, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	t.Run("disk", func(t *testing.T) {
		root, n := t.TempDir(), 0
		rapid.Check(t, func(t *rapid.T) {
			n++
			disk, err := diskblob.Open(filepath.Join(root, fmt.Sprint(n)), diskblob.Options{Small: n % 2 * diskblob.SmallMost})
			if err != nil {
				t.Fatal(err)
			}
			defer disk.Close()
			newProtocol(t, rows, disk, func() {}).run()
		})
	})
	t.Run("a store that drops what was not synced", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var p *protocol
			memory := blobtest.NewMemory(func() time.Time { return p.now })
			p = newProtocol(t, rows, memory, memory.Crash)
			p.run()
		})
	})
}

// protocol is one random run over one session and some one-shot uploads.
type protocol struct {
	t         *rapid.T
	rows      *catalog.Catalog
	driver    blob.Driver
	crash     func()
	s         *scheduler
	now       time.Time
	steps     int
	retention time.Duration
	session   media.Session

	sessions *Sessions
	appends  []*appended
	closed   []media.Media // what finalizes answered
	shots    []media.Media // what one-shots answered
	dead     []*task
}

// appended is one append that was begun.
type appended struct {
	task    *task
	index   int
	content string
	taken   bool // its bytes count for the session, though no blob may show them
	acked   bool
	crashed bool
}

const (
	owner = "2244994945"

	// A whole upload of the test's segments: nine bytes, one and one.
	wholeSize = 11
	shot      = "WEBVTT\n\nin one"
)

func newProtocol(t *rapid.T, rows *catalog.Catalog, driver blob.Driver, crash func()) *protocol {
	p := &protocol{t: t, rows: rows, driver: driver, crash: crash, now: time.Now().Truncate(time.Millisecond)}
	p.retention = rapid.SampledFrom([]time.Duration{0, 0, time.Hour}).Draw(t, "retention")
	p.boot()
	var err error
	total := rapid.SampledFrom([]int64{media.Undeclared, wholeSize}).Draw(t, "total")
	p.session, err = p.sessions.Initialize(p.ctx(), Request{Owner: owner, TotalBytes: total})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *protocol) ctx() context.Context { return context.Background() }

// boot starts the rooms as a new process would.
func (p *protocol) boot() {
	p.s = &scheduler{}
	p.sessions = New(Config{Lifetime: time.Hour, ClosingLimit: time.Minute, Grace: time.Minute, DeleteGrace: 2 * time.Minute, Retention: p.retention, AloneSince: p.now},
		p.rows, blob.New(stepping{p.driver, p.s}), p.s.clock(&p.now), rand.Reader, slog.New(slog.DiscardHandler))
	p.sessions.pause = p.s.pause
}

func (p *protocol) run() {
	t := p.t
	for range rapid.IntRange(5, 60).Draw(t, "moves") {
		p.steps++
		p.now = p.now.Add(time.Millisecond)
		switch move := rapid.IntRange(0, 21).Draw(t, "move"); {
		case move <= 4:
			p.beginAppend()
		case move <= 6:
			p.beginFinalize()
		case move == 7:
			p.s.spawn("sweep", p.steps, func() { _, _ = p.sessions.Sweep(p.ctx()) })
		case move == 8:
			p.now = p.now.Add(rapid.SampledFrom([]time.Duration{2 * time.Minute, 2 * time.Hour}).Draw(t, "jump"))
		case move == 9:
			p.die()
		case move == 10:
			p.beginOneShot()
		case move == 11 && len(p.closed) > 0:
			if _, err := p.rows.DeleteMedia(p.ctx(), p.session.ID, p.now); err != nil {
				t.Fatal(err)
			}
		case len(p.s.tasks) > 0:
			task := rapid.SampledFrom(p.s.tasks).Draw(t, "task")
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				if p.steps++; !task.ended {
					p.s.step(task, p.steps)
				}
			}
		}
	}
	p.finishTasks()
	p.nobodyCloses()
	p.settle()
	p.bury()
}

func (p *protocol) beginAppend() {
	a := &appended{index: rapid.IntRange(0, 2).Draw(p.t, "index")}
	a.content = fmt.Sprintf("%d", rapid.IntRange(0, 2).Draw(p.t, "content"))
	if a.index == 0 {
		a.content = "WEBVTT\n\n" + a.content
	}
	leaves := rapid.IntRange(0, 4).Draw(p.t, "leaves") == 0
	p.appends = append(p.appends, a)
	sessions := p.sessions
	a.task = p.s.spawn("append", p.steps, func() {
		g, err := sessions.Append(p.ctx(), owner, p.session.ID, 0)
		if err != nil {
			return
		}
		defer g.Abort()
		if _, err := io.WriteString(g, a.content); err != nil {
			p.deserved(a, err)
			return
		}
		a.taken = true
		if leaves { // the client, before the end
			p.s.yield()
			return
		}
		if _, err = g.Commit(p.ctx(), a.index); err == nil {
			a.acked = true
		}
	})
}

// beginOneShot uploads a file at once, or something that is none.
func (p *protocol) beginOneShot() {
	content := rapid.SampledFrom([]string{shot, "\x00\x01\x02"}).Draw(p.t, "file")
	sessions := p.sessions
	p.s.spawn("one-shot", p.steps, func() {
		o, err := sessions.OneShot(p.ctx(), 0)
		if err != nil {
			return
		}
		defer o.Abort()
		if _, err := io.WriteString(o, content); err != nil {
			return
		}
		m, err := o.Finish(p.ctx(), Request{Owner: owner}, nil)
		switch {
		case err == nil:
			p.shots = append(p.shots, m)
		case content == shot && media.CodeOf(err) != media.CodeGone: // it may be slower than its time
			p.t.Errorf("a one-shot upload: %v", err)
		}
		if err == nil && content != shot {
			p.t.Errorf("a one-shot upload of %q became %s", content, m.Type)
		}
	})
}

func (p *protocol) beginFinalize() {
	sessions := p.sessions
	p.s.spawn("finalize", p.steps, func() {
		if m, err := sessions.Finalize(p.ctx(), owner, p.session.ID); err == nil {
			p.closed = append(p.closed, m)
		}
	})
}

// die ends the process between two steps of everything that is under way, and
// starts the next.
func (p *protocol) die() {
	dead := p.s.crash()
	for _, a := range p.appends {
		for _, d := range dead {
			a.crashed = a.crashed || a.task == d
		}
	}
	p.dead = append(p.dead, dead...)
	p.crash()
	p.boot()
}

func (p *protocol) finishTasks() {
	for len(p.s.tasks) > 0 {
		p.steps++
		p.now = p.now.Add(time.Millisecond)
		p.s.step(p.s.tasks[p.steps%len(p.s.tasks)], p.steps)
	}
}

// bury ends the goroutines of dead processes.
func (p *protocol) bury() {
	for _, d := range p.dead {
		go func() {
			d.resume <- false
			for { // its deferred calls may step on
				select {
				case <-d.parked:
					if d.ended {
						return
					}
				case d.resume <- false:
				}
			}
		}()
	}
}
