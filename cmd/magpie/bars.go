package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"magpie/internal/client"
)

// bars shows each file as a bar of its bytes, and then as one of the server's
// work. What is done scrolls away.
type bars struct{ all *mpb.Progress }

func newBars(ctx context.Context, w io.Writer) *bars {
	return &bars{mpb.NewWithContext(context.WithoutCancel(ctx), mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.PopCompletedMode())}
}

func (b *bars) say(words string) { fmt.Fprintln(b.all, words) }
func (b *bars) stop()            { b.all.Shutdown() }

func (b *bars) watch(name string) watched {
	return &barFile{bars: b, name: filepath.Base(name), rate: rate{now: time.Now}}
}

type barFile struct {
	*bars
	name string
	rate rate

	mu    sync.Mutex
	bar   *mpb.Bar // the one that moves
	total int64
	works bool
}

func (f *barFile) Say(words string) { f.say(shortened(f.name, 30) + ": " + words) }

func (f *barFile) Sending(total, arrived int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total = total
	// It completes by a call only: bytes that were sent may have to be again.
	f.bar = f.all.AddBar(0,
		mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string { return f.before(s) })),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return f.after(s) })))
	f.bar.SetTotal(max(total, 0), false)
	f.bar.SetCurrent(arrived)
	f.bar.SetRefill(arrived)
}

func (f *barFile) Sent(n int64) {
	f.mu.Lock()
	bar := f.bar
	f.mu.Unlock()
	f.rate.add(n)
	if bar != nil {
		bar.IncrInt64(n)
	}
}

func (f *barFile) Processing(percent int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.works {
		f.works = true
		f.complete()
		f.bar = f.all.AddBar(0,
			mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string { return titled(f.name, "processing", s.AvailableWidth) })),
			mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return fmt.Sprintf("%3d%%", s.Current) })))
		f.bar.SetTotal(100, false)
	}
	f.bar.SetCurrent(int64(percent))
}

func (f *barFile) done(well bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.bar == nil:
	case well:
		if f.works {
			f.bar.SetCurrent(100)
		}
		f.complete()
	default:
		f.bar.Abort(false)
	}
}

// complete ends the bar that moves, at what it shows. The lock is held.
func (f *barFile) complete() {
	if f.bar != nil {
		f.bar.SetTotal(-1, true)
	}
}

// titled is what stands before a bar: less of it, the narrower the terminal is.
func titled(name, what string, width int) string {
	switch {
	case width < 40:
		return shortened(name, max(width/3, 1))
	case width < 55:
		return padded(name, 12)
	case width < 70:
		return padded(name, 12) + " " + what
	}
	return padded(name, 20) + " " + what
}

// before is name and bytes.
func (f *barFile) before(s decor.Statistics) string {
	bytes := size(max(s.Current, 0)).String()
	if f.total >= 0 {
		bytes += " of " + size(f.total).String()
	}
	return titled(f.name, fmt.Sprintf("%20s", bytes), s.AvailableWidth)
}

// after is what part that is, how fast it goes, and how long it will take.
func (f *barFile) after(s decor.Statistics) string {
	words := ""
	if f.total > 0 {
		words = fmt.Sprintf("%3d%%", min(max(s.Current, 0)*100/f.total, 100))
	}
	speed := f.rate.perSecond()
	if s.AvailableWidth >= 36 {
		words += fmt.Sprintf(" %11s", size(speed).String()+"/s")
	}
	if left := f.total - s.Current; s.AvailableWidth >= 22 && left > 0 && speed > 0 {
		words += fmt.Sprintf(" %7s", (time.Duration(left/speed) * time.Second).String())
	} else if s.AvailableWidth >= 22 {
		words += fmt.Sprintf(" %7s", "")
	}
	return words
}

// rate measures bytes a second over the last moments.
type rate struct {
	now func() time.Time

	mu      sync.Mutex
	sum     int64
	samples []sample // the oldest first
}

type sample struct {
	at  time.Time
	sum int64
}

// rateOver is how far back a rate looks, rateStep how near samples lie.
const (
	rateOver = 10 * time.Second
	rateStep = 200 * time.Millisecond
)

// add counts bytes; fewer than none are to be sent again.
func (r *rate) add(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if len(r.samples) == 0 {
		r.samples = append(r.samples, sample{now, 0})
	}
	r.sum += n
	if last := r.samples[len(r.samples)-1]; now.Sub(last.at) >= rateStep {
		r.samples = append(r.samples, sample{now, r.sum})
	}
	r.forget(now)
}

// forget drops samples until the oldest is the last one before the time that
// the rate looks back to.
func (r *rate) forget(now time.Time) {
	for len(r.samples) > 1 && now.Sub(r.samples[1].at) > rateOver {
		r.samples = r.samples[1:]
	}
}

// perSecond is the rate; 0 before there is one.
func (r *rate) perSecond() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.samples) == 0 {
		return 0
	}
	now := r.now()
	r.forget(now)
	first := r.samples[0]
	took := now.Sub(first.at)
	if took < rateStep {
		return 0
	}
	return max(int64(float64(r.sum-first.sum)/took.Seconds()), 0)
}

var _ client.Watcher = (*barFile)(nil)
