package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"magpie/bench/gauge"
)

// base64s measures appends as JSON with the bytes in base64, and the same bytes as
// forms beside them.
func (r *run) base64s(ctx context.Context) error {
	pieces := r.payload.video(r.size, r.segment)
	// What differs between segments is short; all others send the same text.
	text := base64.StdEncoding.EncodeToString(r.payload[:r.segment])
	first := base64.StdEncoding.EncodeToString(append(append([]byte(nil), pieces[0].own...), r.payload[pieces[0].from:pieces[0].to]...))
	if pieces[len(pieces)-1].size() != r.segment {
		return fmt.Errorf("%s is no multiple of the segment", size(r.size))
	}
	asBase64 := func(w *wire, id string, i int) error {
		body := text
		if i == 0 {
			body = first
		}
		u, err := call(w, payload(body), request{
			line: "POST /2/media/upload/" + id + "/append", fields: asJSON,
			before: fmt.Appendf(nil, `{"segment_index":%d,"media":"`, i), piece: piece{to: int64(len(body))}, after: []byte(`"}`),
		})
		if err == nil && u.Data.ExpiresAt == 0 {
			err = errors.New("append does not say when the upload expires")
		}
		return err
	}
	asForms := func(w *wire, id string, i int) error { return appended(w, r.payload, id, i, pieces[i]) }
	ways := []func(*wire, string, int) error{asForms, asBase64}
	var t, g gauge.Table
	t.Add(fmt.Sprintf("%s in segments of %s", size(r.size), size(r.segment)), "MB/s", "CPU s/GiB", "MB a CPU second")
	g.Add("magpie's", "figure", "goal", "")
	for _, conns := range r.conns {
		var rate, cpu [2][]float64
		for round := range r.rounds {
			for k := range ways {
				i := (k + round) % len(ways) // who comes first finds other memory
				r.say("base64, %s, round %d", connections(conns), round+1)
				took, used, err := r.appends(ctx, conns, len(pieces), ways[i], fmt.Sprintf("base64-%d-%d", i, conns))
				if err != nil {
					return err
				}
				rate[i] = append(rate[i], float64(r.size)/1e6/took.Seconds())
				cpu[i] = append(cpu[i], used.Seconds()*(1<<30)/float64(r.size))
			}
		}
		for i, what := range []string{"forms", "JSON with base64"} {
			c := gauge.Median(cpu[i])
			t.Add(fmt.Sprintf("%s, %s", what, connections(conns)), fmt.Sprintf("%.0f (%s)", gauge.Median(rate[i]), spread(rate[i])), c, fmt.Sprintf("%.0f", 1073.741824/c))
		}
		// What receiving and storing take, they take of forms as well.
		atLeast(&g, fmt.Sprintf("GB decoded for each CPU second that JSON takes more, %s", connections(conns)), 1.073741824/(gauge.Median(cpu[1])-gauge.Median(cpu[0])), 1)
	}
	r.print(t)
	r.print(g)
	return nil
}

// appends opens an upload on a fresh server and appends its segments in one way.
func (r *run) appends(ctx context.Context, conns, n int, one func(w *wire, id string, i int) error, name string) (took, cpu time.Duration, err error) {
	if err := r.settle(); err != nil {
		return 0, 0, err
	}
	m, err := r.startMagpie(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	wires, err := m.dial(conns)
	if err != nil {
		return 0, 0, err
	}
	defer hangUp(wires)
	id, err := initialize(wires[0], r.size)
	if err != nil {
		return 0, 0, err
	}
	stop, err := r.profiled(ctx, m.server, name)
	if err != nil {
		return 0, 0, err
	}
	before, began := m.CPU(), time.Now()
	err = share(wires, n, func(w *wire, i int) error { return one(w, id, i) })
	took, cpu = time.Since(began), m.CPU()-before
	if err = errors.Join(err, stop()); err != nil {
		return 0, 0, err
	}
	return took, cpu, finalized(wires[0], id, r.size)
}
