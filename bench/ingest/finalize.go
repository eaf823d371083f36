package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/bench/gauge"
)

// finalizes measures how long finalize takes: of an upload of 1 GiB as the speed
// case sends it, and of small and large ones in as many segments as one may have.
func (r *run) finalizes(ctx context.Context) error {
	const most = 1000
	loads := []struct {
		what string
		load load
		took []time.Duration
	}{
		{what: fmt.Sprintf("%s in segments of %s", size(r.size), size(r.segment)), load: load{size: r.size, segment: r.segment, conns: 8}},
		{what: "16 MiB in 1000 segments", load: load{size: 16 << 20, segment: (16<<20)/most + 1, conns: 8}},
		{what: "16 GiB in 1000 segments", load: load{size: 16 << 30, segment: (16<<30)/most + 1, conns: 8}},
	}
	for round := range r.rounds {
		for i := range loads {
			l := &loads[i]
			r.say("finalize, round %d: %s", round+1, l.what)
			if err := r.settle(); err != nil {
				return err
			}
			m, err := r.startMagpie(ctx)
			if err != nil {
				return err
			}
			_, t, err := m.upload(r.payload, l.load)
			if err = errors.Join(err, m.stop()); err != nil {
				return err
			}
			l.took = append(l.took, t.finish)
		}
	}
	var t gauge.Table
	t.Add("finalize of", "took", "least", "most")
	for _, l := range loads {
		t.Add(l.what, milliseconds(gauge.Median(l.took)), milliseconds(gauge.Percentile(l.took, 0)), milliseconds(gauge.Percentile(l.took, 100)))
	}
	r.print(t)
	var g gauge.Table
	g.Add("magpie's", "figure", "goal", "")
	atMost(&g, "finalize, ms", gauge.Median(loads[0].took).Seconds()*1000, 5)
	atMost(&g, "16 GiB ÷ 16 MiB, 1000 segments each", gauge.Ratio(gauge.Median(loads[2].took), gauge.Median(loads[1].took)), 1.5)
	r.print(g)
	return nil
}
