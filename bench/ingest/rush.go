package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magpie/bench/gauge"
)

// rushClients is how many clients send small things, each one after the other.
const rushClients = 8

// rush is what came of many requests.
type rush struct {
	rate     float64 // a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, for each
}

// rushes are those of several rounds.
type rushes []rush

func (list rushes) each(of func(rush) float64) []float64 {
	var out []float64
	for _, one := range list {
		out = append(out, of(one))
	}
	return out
}

func (list rushes) rate() float64 {
	return gauge.Median(list.each(func(r rush) float64 { return r.rate }))
}

// row adds what came of it to a table, beside the first of several.
func (list rushes) row(t *gauge.Table, what string, first rushes) {
	spent := func(of func(rush) time.Duration) time.Duration {
		return time.Duration(gauge.Median(list.each(func(r rush) float64 { return float64(of(r)) })))
	}
	rates := list.each(func(r rush) float64 { return r.rate })
	t.Add(what, fmt.Sprintf("%.0f (%s)", list.rate(), spread(rates)), gauge.Ratio(list.rate(), first.rate()),
		milliseconds(spent(func(r rush) time.Duration { return r.p50 })), milliseconds(spent(func(r rush) time.Duration { return r.p99 })),
		fmt.Sprintf("%.2f ms", spent(func(r rush) time.Duration { return r.cpu }).Seconds()*1000))
}

// rushOn has eight clients do something again and again, for so long or so often,
// whichever comes first; nothing of it for one of them stands for no bound.
// client numbers the clients, and n counts what each did.
func rushOn(ctx context.Context, s *server, lasts time.Duration, often int, do func(w *wire, client, n int) error) (rush, error) {
	wires, err := s.dial(rushClients)
	if err != nil {
		return rush{}, err
	}
	defer hangUp(wires)
	var mu sync.Mutex
	var took []time.Duration
	begun := 0
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		begun++
		return often <= 0 || begun <= often
	}
	cpu, began := s.CPU(), time.Now()
	err = each(wires, func(w *wire, client int) error {
		var mine []time.Duration
		defer func() {
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		}()
		for n := 0; (lasts <= 0 || time.Since(began) < lasts) && ctx.Err() == nil && next(); n++ {
			start := time.Now()
			if err := do(w, client, n); err != nil {
				return err
			}
			mine = append(mine, time.Since(start))
		}
		return nil
	})
	all := time.Since(began)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || len(took) == 0 {
		return rush{}, err
	}
	return rush{
		rate: float64(len(took)) / all.Seconds(),
		p50:  gauge.Percentile(took, 50), p99: gauge.Percentile(took, 99),
		cpu: (s.CPU() - cpu) / time.Duration(len(took)),
	}, nil
}
