package main

import (
	"context"
	"errors"
	"fmt"

	"magpie/bench/gauge"
)

const (
	dayUploads = 100_000
	dayFirst   = 1000
)

// day measures whether a server is the same after 100,000 uploads as after its
// first 1,000: small pictures in one request, by eight clients, on one server.
// The rate after a day is that of 1,000 more.
func (r *run) day(ctx context.Context) (err error) {
	pngs, err := smallPNGs(r.payload)
	if err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	m, err := r.startMagpie(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	idle, err := m.rest(ctx)
	if err != nil {
		return err
	}
	var t, g gauge.Table
	t.Add("145×149 PNGs", "a second", "p50", "p99", "CPU of each", "memory", "peak")
	t.Add("none", "", "", "", "", mebibytes(idle), "")
	done := 0
	some := func(n int) (rush, int64, error) {
		r.say("day, uploads %d to %d", done+1, done+n)
		got, err := rushOn(ctx, m.server, 0, n, oneShots(pngs, "image/png"))
		if err != nil {
			return got, 0, err
		}
		done += n
		memory := m.Memory()
		t.Add(fmt.Sprintf("%d, the last %d", done, n), fmt.Sprintf("%.0f", got.rate), milliseconds(got.p50), milliseconds(got.p99),
			fmt.Sprintf("%.2f ms", got.cpu.Seconds()*1000), mebibytes(memory), mebibytes(m.Peak()))
		return got, memory, nil
	}
	first, before, err := some(dayFirst)
	if err != nil {
		return err
	}
	for done < dayUploads {
		if _, _, err := some(min(10_000, dayUploads-done)); err != nil {
			return err
		}
	}
	last, after, err := some(dayFirst)
	if err != nil {
		return err
	}
	r.print(t)
	g.Add("magpie's", "figure", "goal", "")
	atLeast(&g, "rate after 100,000 uploads ÷ that of the first 1,000", gauge.Ratio(last.rate, first.rate), 0.9)
	atMost(&g, "memory ÷ that after the first 1,000", gauge.Ratio(after, before), 1.1)
	r.print(g)
	return nil
}
