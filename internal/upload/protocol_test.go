package upload

import (
	"bytes"
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
// expiry and sweep, and a crash between any two steps of them, over every
// store: what was acknowledged is in the media, every finalize tells the same,
// and in the end nothing is left that no row names.
func TestSessionProtocol(t *testing.T) {
	rows, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	t.Run("disk", func(t *testing.T) {
		disk, err := diskblob.Open(t.TempDir(), diskblob.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = disk.Close() })
		rapid.Check(t, func(t *rapid.T) { newProtocol(t, rows, disk, func() {}).run() })
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

// protocol is one random run over one session.
type protocol struct {
	t       *rapid.T
	rows    *catalog.Catalog
	driver  blob.Driver
	crash   func()
	s       *scheduler
	now     time.Time
	steps   int
	session media.Session

	sessions *Sessions
	appends  []*appended
	closed   []media.Media // what finalizes answered
	dead     []*task
}

// appended is one append that was begun.
type appended struct {
	task    *task
	index   int
	content string
	acked   bool
	crashed bool
}

const owner = "2244994945"

func newProtocol(t *rapid.T, rows *catalog.Catalog, driver blob.Driver, crash func()) *protocol {
	p := &protocol{t: t, rows: rows, driver: driver, crash: crash, now: time.Now().Truncate(time.Millisecond)}
	p.boot()
	var err error
	p.session, err = p.sessions.Initialize(p.ctx(), Request{Owner: owner, TotalBytes: media.Undeclared})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *protocol) ctx() context.Context { return context.Background() }

// boot starts the rooms as a new process would.
func (p *protocol) boot() {
	p.s = &scheduler{}
	p.sessions = New(Config{Lifetime: time.Hour, ClosingLimit: time.Minute, Grace: time.Minute, AloneSince: p.now},
		p.rows, blob.New(stepping{p.driver, p.s}), p.s.clock(&p.now), rand.Reader, slog.New(slog.DiscardHandler))
	p.sessions.pause = p.s.pause
}

func (p *protocol) run() {
	t := p.t
	for range rapid.IntRange(5, 60).Draw(t, "moves") {
		p.steps++
		p.now = p.now.Add(time.Millisecond)
		switch move := rapid.IntRange(0, 19).Draw(t, "move"); {
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
	p.settle()
	p.bury()
}

func (p *protocol) beginAppend() {
	a := &appended{index: rapid.IntRange(0, 2).Draw(p.t, "index")}
	a.content = fmt.Sprintf("%d", rapid.IntRange(0, 2).Draw(p.t, "content"))
	if a.index == 0 {
		a.content = "WEBVTT\n\n" + a.content
	}
	p.appends = append(p.appends, a)
	sessions := p.sessions
	a.task = p.s.spawn("append", p.steps, func() {
		g, err := sessions.Append(p.ctx(), owner, p.session.ID, 0)
		if err != nil {
			return
		}
		defer g.Abort()
		if _, err := io.WriteString(g, a.content); err != nil {
			return
		}
		if _, err = g.Commit(p.ctx(), a.index); err == nil {
			a.acked = true
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

// settle brings the upload to an end, as a patient client and a running
// sweeper would, and looks at what is left.
func (p *protocol) settle() {
	t, ctx := p.t, p.ctx()
	p.now = p.now.Add(2 * time.Minute) // whoever died while closing is given up
	session, err := p.rows.Session(ctx, p.session.ID)
	if err != nil {
		t.Fatal(err)
	}
	open := session.State == media.SessionOpen || session.State == media.SessionClosing
	if open && p.now.Before(session.ExpiresAt) {
		for i, content := range []string{"WEBVTT\n\nlast", "1", "2"} {
			a := &appended{index: i, content: content, acked: true, task: &task{began: p.steps + 1, end: p.steps + 1}}
			g, err := p.sessions.Append(ctx, owner, p.session.ID, 0)
			if err != nil {
				t.Fatalf("append to an open session: %v", err)
			}
			_, _ = io.WriteString(g, content)
			_, err = g.Commit(ctx, i)
			if session.State == media.SessionOpen && err != nil {
				t.Fatalf("commit to an open session: %v", err)
			}
			p.now = p.now.Add(time.Millisecond)
			p.appends = append(p.appends, a)
		}
		m, err := p.sessions.Finalize(ctx, owner, p.session.ID)
		if err != nil {
			t.Fatalf("finalize of a whole session that was %s: %v", session.State, err)
		}
		p.closed = append(p.closed, m)
	}
	m, err := p.rows.Media(ctx, p.session.ID)
	finished := err == nil
	if len(p.closed) > 0 && !finished {
		t.Fatalf("a finalize succeeded and there is no media: %v", err)
	}
	if finished {
		p.judge(m)
	}
	p.sweepUp(m)
}

// judge holds the media against what the appends were told.
func (p *protocol) judge(m media.Media) {
	for _, answer := range p.closed {
		if answer.Slug != m.Slug || len(answer.Manifest) != len(m.Manifest) || answer.Manifest[0] != m.Manifest[0] {
			p.t.Fatalf("a finalize answered %+v, the media is %+v", answer, m)
		}
	}
	for _, a := range p.appends {
		if !a.acked {
			continue
		}
		if a.index >= len(m.Manifest) {
			p.t.Fatalf("segment %d was acknowledged and is not in the media", a.index)
		}
		held := p.read(m, a.index)
		if held == a.content {
			continue
		}
		if !p.replaced(a, held) {
			p.t.Fatalf("segment %d: %q was acknowledged, and the media holds %q, which is older or was never sent", a.index, a.content, held)
		}
	}
}

// replaced reports whether an append that did not end before a began could have
// left held.
func (p *protocol) replaced(a *appended, held string) bool {
	for _, b := range p.appends {
		before := !b.crashed && b.task.ended && b.task.end < a.task.began
		if b.index == a.index && b.content == held && !before {
			return true
		}
	}
	return false
}

func (p *protocol) read(m media.Media, index int) string {
	var b bytes.Buffer
	if _, err := blob.New(p.driver).CopyTo(p.ctx(), &b, m.Manifest[index:index+1], 0, 1<<20); err != nil {
		p.t.Fatalf("read segment %d back: %v", index, err)
	}
	return b.String()
}

// sweepUp lets everything pass its time and sweeps: what a media names stays,
// and nothing else does.
func (p *protocol) sweepUp(m media.Media) {
	t, ctx := p.t, p.ctx()
	p.now = p.now.Add(3 * time.Hour)
	for range 2 { // what the first expires, the second sweeps
		if _, err := p.sessions.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(2 * time.Minute)
	}
	named := map[string]bool{}
	for i, b := range m.Manifest {
		named[b.Key] = true
		p.read(m, i)
	}
	for info, err := range p.driver.List(ctx, segmentPrefix(p.session.ID)) {
		if err != nil {
			t.Fatal(err)
		}
		if !named[info.Key] {
			t.Fatalf("%s is left behind", info.Key)
		}
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
