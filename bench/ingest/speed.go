package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/bench/gauge"
)

// load is what an upload is made of.
type load struct {
	size, segment int64
	conns         int
	name          string // of what is stored, where a client chooses names
}

// timing is how long one upload took, from the first byte of its first segment.
type timing struct {
	durable  time.Duration // until all bytes were acknowledged and on disk
	finish   time.Duration // what ended the upload took, if anything has to
	finished time.Duration // until that had been answered, and all was on disk
}

// ingester is a server under test that takes uploads.
type ingester interface {
	ingest(ctx context.Context, p payload, load load) (timing, error)
	measured() *server
}

func (s *server) measured() *server { return s }

// speeds are the figures of one server with so many connections, one of each round.
type speeds struct {
	rate, whole, cpu, calls, disk []float64 // MB/s twice, s/GiB, and twice written per byte sent
	finish                        []time.Duration
}

// speed measures one upload of the given size, by so many connections, on every
// server in turns.
func (r *run) speed(ctx context.Context) error {
	for _, conns := range r.conns {
		all := map[string]*speeds{}
		for _, s := range r.servers {
			all[s] = &speeds{}
		}
		for round := range r.rounds {
			for i := range r.servers {
				name := r.servers[(i+round)%len(r.servers)] // none is always the first
				r.say("speed, %s, round %d: %s", connections(conns), round+1, name)
				if err := r.speedOf(ctx, name, load{size: r.size, segment: r.segment, conns: conns}, all[name]); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		r.speedTable(conns, all)
	}
	return nil
}

func (r *run) speedOf(ctx context.Context, name string, load load, into *speeds) (err error) {
	s, err := r.serve(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.measured().stop()) }()
	stop, err := r.profiled(ctx, s.measured(), fmt.Sprintf("speed-%d", load.conns))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	p := s.measured().Process
	cpu := p.CPU()
	calls, disk := p.Written()
	t, err := s.ingest(ctx, r.payload, load)
	if err != nil {
		return err
	}
	cpu = p.CPU() - cpu
	callsNow, diskNow := p.Written()
	bytes := float64(load.size)
	into.rate = append(into.rate, bytes/1e6/t.durable.Seconds())
	into.whole = append(into.whole, bytes/1e6/t.finished.Seconds())
	into.cpu = append(into.cpu, cpu.Seconds()*(1<<30)/bytes)
	into.calls = append(into.calls, float64(callsNow-calls)/bytes)
	into.disk = append(into.disk, float64(diskNow-disk)/bytes)
	into.finish = append(into.finish, t.finish)
	return nil
}

func (r *run) speedTable(conns int, all map[string]*speeds) {
	var t gauge.Table
	t.Add(fmt.Sprintf("%s in segments of %s, %s", size(r.size), size(r.segment), connections(conns)),
		"MB/s", "÷ the limit", "finished, MB/s", "CPU s/GiB", "written per byte", "to disk per byte", "finish")
	for _, name := range r.servers {
		s := all[name]
		t.Add(name, fmt.Sprintf("%.0f (%s)", gauge.Median(s.rate), spread(s.rate)), r.against(all, "limit", func(s *speeds) []float64 { return s.rate }, s.rate),
			fmt.Sprintf("%.0f", gauge.Median(s.whole)), fmt.Sprintf("%.3f", gauge.Median(s.cpu)),
			fmt.Sprintf("%.3f", gauge.Median(s.calls)), fmt.Sprintf("%.3f", gauge.Median(s.disk)), orNone(gauge.Median(s.finish)))
	}
	r.print(t)
	m := all["magpie"]
	if m == nil {
		return
	}
	var g gauge.Table
	g.Add("magpie's", "figure", "goal", "")
	rate, one := gauge.Median(m.rate), conns == 1
	if l := all["limit"]; l != nil {
		least := 0.90
		if one {
			least = 0.80
		}
		atLeast(&g, "MB/s ÷ the limit", gauge.Ratio(rate, gauge.Median(l.rate)), least)
	}
	if l := all["tusd"]; l != nil {
		least := 2.3
		if one {
			least = 1.5
		}
		atLeast(&g, "finished ÷ tusd", gauge.Ratio(gauge.Median(m.whole), gauge.Median(l.whole)), least)
		if !one {
			atMost(&g, "CPU ÷ tusd's", gauge.Ratio(gauge.Median(m.cpu), gauge.Median(l.cpu)), 0.5)
		}
	}
	if l := all["nginx"]; l != nil && !one {
		atLeast(&g, "MB/s ÷ nginx, files synced", gauge.Ratio(rate, gauge.Median(l.rate)), 1)
	}
	if !one {
		atMost(&g, "CPU s/GiB", gauge.Median(m.cpu), 0.30)
	}
	atMost(&g, "written per byte", max(gauge.Median(m.calls), gauge.Median(m.disk)), 1.01)
	atMost(&g, "finalize, ms", gauge.Median(m.finish).Seconds()*1000, 5)
	r.print(g)
}

// against is the ratio of a figure to a server's, if that was measured.
func (r *run) against(all map[string]*speeds, name string, of func(*speeds) []float64, list []float64) string {
	other := all[name]
	if other == nil {
		return ""
	}
	return fmt.Sprintf("%.3f", gauge.Ratio(gauge.Median(list), gauge.Median(of(other))))
}
