package upload

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// nobodyCloses fails the run where a finalize has ended and its session is
// closing still, so that appends are refused until it is taken for dead.
func (p *protocol) nobodyCloses() {
	for _, d := range p.dead {
		if d.name == "finalize" {
			return // it may well have been that one
		}
	}
	session, err := p.rows.Session(p.ctx(), p.session.ID)
	if err != nil || session.State == media.SessionClosing {
		p.t.Fatalf("every finalize has ended, and the session is %s: %v", session.State, err)
	}
}

// deserved fails the run where a segment was refused that the session's
// allowance had room for.
func (p *protocol) deserved(a *appended, err error) {
	session, e := p.rows.Session(p.ctx(), p.session.ID)
	if e != nil || session.State != media.SessionOpen {
		return // what a session holds that ended is not counted on
	}
	used := p.listed()
	for _, b := range p.appends {
		if b.taken && !b.crashed && !b.task.ended {
			used += int64(len(b.content))
		}
	}
	if code := media.CodeOf(err); code != media.CodeTooLarge && code != media.CodeBusy || used+int64(len(a.content)) <= allowance(session, media.MaxTotalBytes) {
		p.t.Errorf("segment %d, %q, was refused with %d bytes held: %v", a.index, a.content, used, err)
	}
}

// listed adds up what the store holds of the session.
func (p *protocol) listed() int64 {
	var sum int64
	for info, err := range p.driver.List(p.ctx(), segmentPrefix(p.session.ID)) {
		if err != nil {
			p.t.Error(err)
			break
		}
		sum += info.Size
	}
	return sum
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
	full := false
	if open && p.now.Before(session.ExpiresAt) {
		for i, content := range []string{"WEBVTT\n\n3", "1", "2"} {
			a := &appended{index: i, content: content, acked: true, task: &task{began: p.steps + 1, end: p.steps + 1}}
			g, err := p.sessions.Append(ctx, owner, p.session.ID, 0)
			if err != nil {
				t.Fatalf("append to an open session: %v", err)
			}
			if _, err := io.WriteString(g, content); err != nil {
				p.deserved(a, err)
				full = true
				g.Abort()
				continue
			}
			_, err = g.Commit(ctx, i)
			if session.State == media.SessionOpen && err != nil {
				t.Fatalf("commit to an open session: %v", err)
			}
			p.now = p.now.Add(time.Millisecond)
			p.appends = append(p.appends, a)
		}
		m, err := p.sessions.Finalize(ctx, owner, p.session.ID)
		switch {
		case err == nil:
			p.closed = append(p.closed, m)
		case !full || media.CodeOf(err) != media.CodeInvalid:
			t.Fatalf("finalize of a whole session that was %s: %v", session.State, err)
		}
	}
	m, err := p.rows.Media(ctx, p.session.ID)
	finished := err == nil
	// What a process leaves that dies while it compares goes with the sweep.
	if held := p.listed(); held > allowance(p.session, media.MaxTotalBytes) && !finished {
		t.Fatalf("the session holds %d bytes, its allowance is %d", held, allowance(p.session, media.MaxTotalBytes))
	}
	if len(p.closed) > 0 && !finished {
		t.Fatalf("a finalize succeeded and there is no media: %v", err)
	}
	if finished {
		p.judge(m)
	}
	p.sweepUp()
}

// judge holds the media against what the appends were told.
func (p *protocol) judge(m media.Media) {
	for _, answer := range p.closed {
		if answer.Slug != m.Slug || len(answer.Manifest) != len(m.Manifest) || answer.Manifest[0] != m.Manifest[0] {
			p.t.Fatalf("a finalize answered %+v, the media is %+v", answer, m)
		}
	}
	if total := p.session.TotalBytes; total != media.Undeclared && m.Size() != total {
		p.t.Fatalf("%d bytes were declared, the media has %d", total, m.Size())
	}
	for i, b := range m.Manifest {
		if !strings.HasPrefix(b.Key, fmt.Sprintf("%s%03d-", segmentPrefix(m.ID), i)) {
			p.t.Fatalf("at %d of the media is %q", i, b.Key)
		}
	}
	if !m.GoneAt.IsZero() {
		return // its bytes may be gone too
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

// sweepUp lets everything pass its time and sweeps: what live media name stays,
// and nothing else does.
func (p *protocol) sweepUp() {
	t, ctx := p.t, p.ctx()
	p.now = p.now.Add(3 * time.Hour)
	for range 2 { // what the first expires, the second sweeps
		if _, err := p.sessions.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(2 * time.Minute)
	}
	for info, err := range p.driver.List(ctx, "segments/") {
		if err != nil {
			t.Fatal(err)
		}
		id, err := ownerOf(info.Key)
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.rows.Media(ctx, id)
		if err != nil || !m.GoneAt.IsZero() || !slices.ContainsFunc(m.Manifest, func(b media.Blob) bool { return b.Key == info.Key }) {
			t.Fatalf("%s is left behind (%v)", info.Key, err)
		}
	}
	for _, answer := range append(p.shots, p.closed...) {
		p.kept(answer)
	}
}

// kept reads a media that was answered back, unless it is gone for a reason.
func (p *protocol) kept(answer media.Media) {
	oneShot := answer.ID != p.session.ID
	m, err := p.rows.Media(p.ctx(), answer.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	live := m.GoneAt.IsZero()
	if live && p.retention > 0 || !live && p.retention == 0 && oneShot {
		p.t.Fatalf("with a retention of %s, %s is there: %t", p.retention, m.ID, live)
	}
	if !live {
		return
	}
	for i := range m.Manifest {
		if held := p.read(m, i); oneShot && held != shot {
			p.t.Fatalf("what was uploaded in one reads %q", held)
		}
	}
}
