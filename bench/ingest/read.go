package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"magpie/bench/gauge"
)

// stored is a file that can be read back.
type stored struct {
	what   string
	server *server
	path   string
	fields string
	pieces []piece // what was sent
}

const (
	rangeBytes = 1 << 20
	ranges     = 2000 // in a round
	wholes     = 4    // whole files in a round
)

// reads measures reading back: the whole file, and 1 MiB from random places, of
// originals in few and in many segments beside one file that nginx sends. All of
// it is in the page cache, where it lies better for who wrote first after memory was
// given back: so each round writes anew, in another order.
func (r *run) reads(ctx context.Context) error {
	figures := make([]readings, len(r.conns))
	for round := range r.rounds {
		if err := r.readRound(ctx, round, figures); err != nil {
			return err
		}
	}
	for i, conns := range r.conns {
		r.readReport(conns, figures[i])
	}
	return nil
}

// readRound is one round, by each number of connections.
func (r *run) readRound(ctx context.Context, round int, figures []readings) (err error) {
	if err := r.settle(); err != nil {
		return err
	}
	m, err := r.startMagpie(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	n, err := r.startNginx(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.stop()) }()
	writers := []func() (stored, error){
		func() (stored, error) {
			pieces := r.payload.video(r.size, r.segment)
			return stored{"nginx, one file", n.server, "/whole", "", pieces}, r.writeWhole(n.inside("files/whole"), pieces)
		},
		func() (stored, error) { return r.uploadedIn(m, 256) },
		func() (stored, error) { return r.uploadedIn(m, 1000) },
	}
	files := make([]stored, len(writers))
	for i := range writers {
		at := (i + round) % len(writers)
		r.say("read, round %d: write %d", round+1, at+1)
		if files[at], err = writers[at](); err != nil {
			return err
		}
	}
	if err := r.checkSums(files); err != nil {
		return err
	}
	if err := m.sync(1); err != nil {
		return err
	}
	for i, conns := range r.conns {
		if err := r.readBy(files, conns, round, &figures[i]); err != nil {
			return err
		}
	}
	return r.checkSums(files)
}

// uploadedIn is an original in so many segments.
func (r *run) uploadedIn(m magpie, segments int64) (stored, error) {
	segment := (r.size + segments - 1) / segments
	pieces := r.payload.video(r.size, segment)
	id, _, err := m.upload(r.payload, load{size: r.size, segment: segment, conns: 1})
	if err == nil {
		err = m.settled(id)
	}
	return stored{fmt.Sprintf("magpie, %d segments", len(pieces)), m.server, "/magpie/v1/media/" + id + "/original", authorized, pieces}, err
}

// readings are the figures of each file, a round each.
type readings struct {
	whats []string
	all   [][]reading
}

type reading struct{ whole, cpu, random, cpuRandom float64 }

// of gives one figure of a file's rounds.
func (l readings) of(file int, one func(reading) float64) []float64 {
	var out []float64
	for _, r := range l.all[file] {
		out = append(out, one(r))
	}
	return out
}

// readBy measures with so many connections.
func (r *run) readBy(files []stored, conns, round int, into *readings) error {
	if into.all == nil {
		into.all = make([][]reading, len(files))
		for _, f := range files {
			into.whats = append(into.whats, f.what)
		}
	}
	for i := range files {
		at := (i + round) % len(files)
		f := files[at]
		r.say("read, %s, round %d: %s", connections(conns), round+1, f.what)
		took, used, err := f.timed(conns, wholes*conns, func(w *wire, _ int) error {
			return w.fetch(f.path, f.fields, 0, -1, r.size)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
		bytes := float64(r.size) * float64(wholes*conns)
		got := reading{whole: bytes / 1e6 / took.Seconds(), cpu: used.Seconds() * (1 << 30) / bytes}
		places := rand.New(rand.NewPCG(uint64(round), uint64(conns)))
		offsets := make([]int64, ranges)
		for k := range offsets {
			offsets[k] = places.Int64N(r.size - rangeBytes)
		}
		took, used, err = f.timed(conns, ranges, func(w *wire, k int) error {
			return w.fetch(f.path, f.fields, offsets[k], rangeBytes, rangeBytes)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
		got.random, got.cpuRandom = rangeBytes*ranges/1e6/took.Seconds(), used.Seconds()*(1<<30)/(rangeBytes*ranges)
		into.all[at] = append(into.all[at], got)
	}
	return nil
}

// readReport prints what came of it with so many connections.
func (r *run) readReport(conns int, figures readings) {
	var t, g gauge.Table
	t.Add(fmt.Sprintf("%s, %s", size(r.size), connections(conns)), "whole, MB/s", "÷ nginx", "CPU s/GiB", "1 MiB ranges, MB/s", "÷ nginx", "CPU s/GiB")
	g.Add("magpie's", "figure", "goal", "")
	whole, random := func(r reading) float64 { return r.whole }, func(r reading) float64 { return r.random }
	median := func(file int, one func(reading) float64) float64 { return gauge.Median(figures.of(file, one)) }
	for i, what := range figures.whats {
		a, b := gauge.Ratio(median(i, whole), median(0, whole)), gauge.Ratio(median(i, random), median(0, random))
		t.Add(what, fmt.Sprintf("%.0f (%s)", median(i, whole), spread(figures.of(i, whole))), a, median(i, func(r reading) float64 { return r.cpu }),
			fmt.Sprintf("%.0f (%s)", median(i, random), spread(figures.of(i, random))), b, median(i, func(r reading) float64 { return r.cpuRandom }))
		if i > 0 {
			atLeast(&g, what+": whole ÷ nginx", a, 0.9)
			atLeast(&g, what+": ranges ÷ nginx", b, 0.8)
		}
	}
	r.print(t)
	r.print(g)
}

// timed has n things done by so many connections, and says how long that took and
// what it cost the server.
func (f stored) timed(conns, n int, do func(w *wire, i int) error) (took, cpu time.Duration, err error) {
	wires, err := f.server.dial(conns)
	if err != nil {
		return 0, 0, err
	}
	defer hangUp(wires)
	before, began := f.server.CPU(), time.Now()
	err = share(wires, n, do)
	return time.Since(began), f.server.CPU() - before, err
}

// writeWhole writes what an upload is made of into one file.
func (r *run) writeWhole(name string, pieces []piece) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, s := range pieces {
		for _, part := range r.payload.parts(nil, s) {
			if _, err := file.Write(part); err != nil {
				return err
			}
		}
	}
	return errors.Join(file.Sync(), file.Close())
}

// checkSums checks that each file comes back as it was sent.
func (r *run) checkSums(files []stored) error {
	for _, f := range files {
		h := sha256.New()
		for _, s := range f.pieces {
			for _, part := range r.payload.parts(nil, s) {
				h.Write(part)
			}
		}
		w, err := dial(f.server.address)
		if err != nil {
			return err
		}
		got, err := w.sum(f.path, f.fields, r.size)
		w.close()
		if err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
		if want := sumOf(h); got != want {
			return fmt.Errorf("%s: SHA-256 %s came back, want %s", f.what, got, want)
		}
	}
	return nil
}

// settled waits until a media has been processed, which is none of what is
// measured here; that it is no video ends it soon.
func (m magpie) settled(id string) error {
	w, err := dial(m.address)
	if err != nil {
		return err
	}
	defer w.close()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		a, err := w.ask(nil, request{line: "GET /2/media/upload?command=STATUS&media_id=" + id, fields: authorized}, 200)
		if err != nil {
			return err
		}
		var u uploaded
		if err := json.Unmarshal(a.body, &u); err != nil {
			return err
		}
		if u.Data.Processing == nil || u.Data.Processing.State == "failed" || u.Data.Processing.State == "succeeded" {
			return nil
		}
	}
	return fmt.Errorf("media %s is still being processed", id)
}
