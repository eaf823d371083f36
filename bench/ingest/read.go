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
// it is in the page cache.
func (r *run) reads(ctx context.Context) (err error) {
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
	files := []stored{{"nginx, one file", n.server, "/whole", "", r.payload.video(r.size, r.segment)}}
	if err := r.writeWhole(n.inside("files/whole"), files[0].pieces); err != nil {
		return err
	}
	for _, segments := range []int64{256, 1000} {
		segment := (r.size + segments - 1) / segments
		pieces := r.payload.video(r.size, segment)
		id, _, err := m.upload(r.payload, load{size: r.size, segment: segment, conns: 1})
		if err == nil {
			err = m.settled(id)
		}
		if err != nil {
			return err
		}
		files = append(files, stored{fmt.Sprintf("magpie, %d segments", len(pieces)), m.server, "/magpie/v1/media/" + id + "/original", authorized, pieces})
	}
	if err := r.checkSums(files); err != nil {
		return err
	}
	if err := m.sync(1); err != nil {
		return err
	}
	for _, conns := range r.conns {
		if err := r.readBy(files, conns); err != nil {
			return err
		}
	}
	return r.checkSums(files)
}

// readBy measures with so many connections.
func (r *run) readBy(files []stored, conns int) error {
	whole, random := make([][]float64, len(files)), make([][]float64, len(files))
	cpu, cpuRandom := make([][]float64, len(files)), make([][]float64, len(files))
	for round := range r.rounds {
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
			whole[at] = append(whole[at], bytes/1e6/took.Seconds())
			cpu[at] = append(cpu[at], used.Seconds()*(1<<30)/bytes)
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
			random[at] = append(random[at], rangeBytes*ranges/1e6/took.Seconds())
			cpuRandom[at] = append(cpuRandom[at], used.Seconds()*(1<<30)/(rangeBytes*ranges))
		}
	}
	var t, g gauge.Table
	t.Add(fmt.Sprintf("%s, %s", size(r.size), connections(conns)), "whole, MB/s", "÷ nginx", "CPU s/GiB", "1 MiB ranges, MB/s", "÷ nginx", "CPU s/GiB")
	g.Add("magpie's", "figure", "goal", "")
	for i, f := range files {
		a, b := gauge.Ratio(gauge.Median(whole[i]), gauge.Median(whole[0])), gauge.Ratio(gauge.Median(random[i]), gauge.Median(random[0]))
		t.Add(f.what, fmt.Sprintf("%.0f (%s)", gauge.Median(whole[i]), spread(whole[i])), a, gauge.Median(cpu[i]),
			fmt.Sprintf("%.0f (%s)", gauge.Median(random[i]), spread(random[i])), b, gauge.Median(cpuRandom[i]))
		if i > 0 {
			atLeast(&g, f.what+": whole ÷ nginx", a, 0.9)
			atLeast(&g, f.what+": ranges ÷ nginx", b, 0.8)
		}
	}
	r.print(t)
	r.print(g)
	return nil
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
