package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"magpie/bench/gauge"
)

const (
	smallFor     = 5 * time.Second
	smallSegment = 64 << 10
	smallCount   = 1000 // segments in an upload
)

// smalls measures many small uploads by eight clients: pictures in one request,
// small segments, and pictures with much to make of them.
func (r *run) smalls(ctx context.Context) error {
	pngs, err := smallPNGs(r.payload)
	if err != nil {
		return err
	}
	if err := r.smallPair(ctx, fmt.Sprintf("145×149 PNG of %d bytes", len(pngs[0])), 0.25, "a second, one-shot ÷ tusd, the bare bytes",
		func(m magpie) func(*wire, int, int) error { return oneShots(pngs, "image/png") },
		func(t tusd) func(*wire, int, int) error {
			return func(w *wire, client, n int) error {
				file := pngs[(client*17+n)%len(pngs)]
				_, err := t.create(w, file, uploadLength(int64(len(file))), piece{to: int64(len(file))})
				return err
			}
		}); err != nil {
		return err
	}
	pieces := r.payload.video(smallCount*smallSegment, smallSegment)
	if err := r.smallPair(ctx, "segments of 64 KiB", 1, "a second, appends ÷ tusd's PATCHes",
		func(m magpie) func(*wire, int, int) error { return smallAppends(r.payload, pieces) },
		func(t tusd) func(*wire, int, int) error {
			var path [rushClients]string
			return func(w *wire, client, n int) (err error) {
				at := n % smallCount
				if at == 0 {
					if path[client], err = t.create(w, r.payload, uploadLength(smallCount*smallSegment), piece{}); err != nil {
						return err
					}
				}
				return patch(w, r.payload, path[client], int64(at)*smallSegment, pieces[at])
			}
		}); err != nil {
		return err
	}
	return r.renditions(ctx)
}

// oneShots sends whole pictures.
func oneShots(files [][]byte, kind string) func(w *wire, client, n int) error {
	before := []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"media_category\"\r\n\r\ntweet_image" +
		"\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"media\"; filename=\"blob\"\r\nContent-Type: " + kind + "\r\n\r\n")
	return func(w *wire, client, n int) error {
		file := files[(client*17+n)%len(files)]
		u, err := call(w, file, request{
			line: "POST /2/media/upload", fields: asForm, before: before, piece: piece{to: int64(len(file))}, after: []byte(formEnd),
		})
		if err == nil && (u.Data.ID == "" || u.Data.Size != int64(len(file)) || u.Data.Processing != nil) {
			err = fmt.Errorf("a one-shot of %d bytes was answered by %+v", len(file), u)
		}
		return err
	}
}

// smallAppends sends segments, and begins an upload when the last is full, which
// it leaves.
func smallAppends(p payload, pieces []piece) func(w *wire, client, n int) error {
	var id [rushClients]string
	return func(w *wire, client, n int) (err error) {
		at := n % len(pieces)
		if at == 0 {
			if id[client], err = initialize(w, total(pieces)); err != nil {
				return err
			}
		}
		return appended(w, p, id[client], at, pieces[at])
	}
}

// smallPair measures magpie and tusd in turns, and prints both.
func (r *run) smallPair(ctx context.Context, what string, goal float64, ratio string,
	ours func(magpie) func(w *wire, client, n int) error, theirs func(tusd) func(w *wire, client, n int) error,
) error {
	var mine, tus rushes
	for round := range r.rounds {
		r.say("%s, round %d", what, round+1)
		if err := r.settle(); err != nil {
			return err
		}
		t, err := r.startTusd(ctx)
		if err != nil {
			return err
		}
		got, err := rushOn(ctx, t.server, smallFor, 0, theirs(t))
		if err = errors.Join(err, t.stop()); err != nil {
			return fmt.Errorf("tusd: %w", err)
		}
		tus = append(tus, got)
		if got, err = r.rushOnMagpie(ctx, strings.Fields(what)[0], ours); err != nil {
			return err
		}
		mine = append(mine, got)
	}
	var t, g gauge.Table
	t.Add(what, "a second", "÷ tusd", "p50", "p99", "CPU of each")
	tus.row(&t, "tusd", tus)
	mine.row(&t, "magpie", tus)
	r.print(t)
	g.Add("magpie's", "figure", "goal", "")
	atLeast(&g, ratio, gauge.Ratio(mine.rate(), tus.rate()), goal)
	r.print(g)
	return nil
}

func (r *run) rushOnMagpie(ctx context.Context, name string, what func(magpie) func(w *wire, client, n int) error) (_ rush, err error) {
	if err := r.settle(); err != nil {
		return rush{}, err
	}
	m, err := r.startMagpie(ctx)
	if err != nil {
		return rush{}, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	stop, err := r.profiled(ctx, m.server, "small-"+name)
	if err != nil {
		return rush{}, err
	}
	got, err := rushOn(ctx, m.server, smallFor, 0, what(m))
	return got, errors.Join(err, stop())
}

// renditions measures photographs from which all sizes are made before the
// answer, and the same sizes by vipsthumbnail: one process for each size of many
// pictures, as many at once as there are processors, each with one thread.
func (r *run) renditions(ctx context.Context) error {
	files, err := largerJPEGs()
	if err != nil {
		return err
	}
	folder := filepath.Join(r.folder, "photographs")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for i := range 4 * len(files) {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.jpg", i)), files[i%len(files)], 0o644); err != nil {
			return err
		}
	}
	var mine rushes
	var vips, vipsCPU []float64
	for round := range r.rounds {
		r.say("1200×900 JPEG with all sizes, round %d", round+1)
		rate, cpu, err := vipsRate(ctx, folder, 4*len(files))
		if err != nil {
			return err
		}
		vips, vipsCPU = append(vips, rate), append(vipsCPU, cpu.Seconds()*1000)
		got, err := r.rushOnMagpie(ctx, "renditions", func(magpie) func(*wire, int, int) error { return oneShots(files, "image/jpeg") })
		if err != nil {
			return err
		}
		mine = append(mine, got)
	}
	theirs := rushes{{rate: gauge.Median(vips)}}
	var t, g gauge.Table
	t.Add("1200×900 JPEG, all sizes", "a second", "÷ vipsthumbnail", "p50", "p99", "CPU of each")
	t.Add("vipsthumbnail, nothing synced", fmt.Sprintf("%.0f (%s)", theirs.rate(), spread(vips)), 1.0, "", "", fmt.Sprintf("%.2f ms", gauge.Median(vipsCPU)))
	mine.row(&t, "magpie", theirs)
	r.print(t)
	g.Add("magpie's", "figure", "goal", "")
	atLeast(&g, "a second ÷ vipsthumbnail", gauge.Ratio(mine.rate(), theirs.rate()), 1)
	r.print(g)
	return nil
}

// vipsRate has vipsthumbnail make the four sizes of all pictures of a folder, as
// bench/thumbnails.sh does of one.
func vipsRate(ctx context.Context, folder string, n int) (rate float64, each time.Duration, err error) {
	const script = `cd "$1" && export VIPS_CONCURRENCY=1 && printf '%s\n' \
		"--size 2048x2048> -o large-%s.out.jpg[Q=85,strip]" \
		"--size 1200x1200> -o medium-%s.out.jpg[Q=85,strip]" \
		"--size 680x680> -o small-%s.out.jpg[Q=85,strip]" \
		"--size 150x150 --smartcrop centre -o thumb-%s.out.jpg[Q=85,strip]" |
		xargs -P "$(nproc)" -L 1 sh -c 'exec vipsthumbnail [0-9][0-9].jpg --rotate "$@"' sh`
	cmd := exec.CommandContext(ctx, "sh", "-c", script, "sh", folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("vipsthumbnail: %w: %s", err, said)
	}
	took := time.Since(began)
	made, err := filepath.Glob(filepath.Join(folder, "*.out.jpg"))
	if err == nil && len(made) != 4*n {
		err = fmt.Errorf("vipsthumbnail made %d pictures of %d", len(made), n)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return float64(n) / took.Seconds(), cpu / time.Duration(n), err
}
