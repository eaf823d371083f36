package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tusdVersion is the tusd that is built to compare with.
const tusdVersion = "v2.9.2"

// tusd drives tusd over its disk storage, with what it does by default. It syncs
// nothing: its files are synced here when it has answered.
type tusd struct{ *server }

func (r *run) startTusd(ctx context.Context) (tusd, error) {
	binary, err := r.buildTusd(ctx)
	if err != nil {
		return tusd{}, err
	}
	port, err := freePort()
	if err != nil {
		return tusd{}, err
	}
	s, err := r.start(ctx, "tusd", `You can now upload files to: http://(\S+)/files/`, func(folder string) []string {
		return []string{binary, "-host", "127.0.0.1", "-port", port, "-upload-dir", folder}
	})
	return tusd{s}, err
}

// buildTusd gives the program, which is built in an empty module unless an
// earlier run did.
func (r *run) buildTusd(ctx context.Context) (string, error) {
	folder := filepath.Join(r.keep, "tusd-"+tusdVersion)
	binary := filepath.Join(folder, "tusd")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	r.say("building tusd %s, once", tusdVersion)
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"mod", "init", "tusd"},
		{"get", "github.com/tus/tusd/v2@" + tusdVersion},
		{"get", "github.com/tus/tusd/v2/cmd/tusd/cli@" + tusdVersion}, // at the same version, or it takes an older one
		{"build", "-o", "tusd.part", "github.com/tus/tusd/v2/cmd/tusd"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = folder
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build tusd: go %s: %w: %s", strings.Join(args, " "), err, said)
		}
	}
	return binary, os.Rename(filepath.Join(folder, "tusd.part"), binary)
}

// tusFields are what every request of tus has, and what those with bytes have.
const (
	tusFields = "Tus-Resumable: 1.0.0\r\n"
	tusBytes  = tusFields + "Content-Type: application/offset+octet-stream\r\n"
)

// create opens an upload, and gives its path. What is sent with it is kept at
// once.
func (t tusd) create(w *wire, p payload, fields string, s piece) (path string, err error) {
	kind := tusFields
	if s.size() > 0 {
		kind = tusBytes
	}
	a, err := w.ask(p, request{line: "POST /files/", fields: kind + fields, piece: s}, 201)
	if err != nil {
		return "", err
	}
	path, ok := strings.CutPrefix(a.location, "http://"+t.address)
	if !ok {
		return "", fmt.Errorf("tusd gives the location %q", a.location)
	}
	return path, nil
}

// patch sends bytes to where an upload stands.
func patch(w *wire, p payload, path string, offset int64, s piece) error {
	_, err := w.ask(p, request{line: "PATCH " + path, fields: tusBytes + "Upload-Offset: " + strconv.FormatInt(offset, 10) + "\r\n", piece: s}, 204)
	return err
}

func uploadLength(n int64) string { return "Upload-Length: " + strconv.FormatInt(n, 10) + "\r\n" }

// ingest sends one upload by one connection, or one part by each of several and
// has tusd put them together, which ends with a copy of all bytes: only that is
// the file, so its end counts.
func (t tusd) ingest(_ context.Context, p payload, load load) (timing, error) {
	pieces := p.video(load.size, load.segment)
	wires, err := t.dial(load.conns)
	if err != nil {
		return timing{}, err
	}
	defer hangUp(wires)
	if load.conns == 1 {
		path, err := t.create(wires[0], p, uploadLength(load.size), piece{})
		if err != nil {
			return timing{}, err
		}
		began := time.Now()
		if err := t.patches(wires[0], p, path, pieces); err != nil {
			return timing{}, err
		}
		err = t.sync(1)
		took := time.Since(began)
		return timing{durable: took, finished: took}, err
	}
	parts := deal(pieces, load.conns)
	paths := make([]string, len(parts))
	for i, part := range parts {
		if paths[i], err = t.create(wires[i], p, uploadLength(total(part))+"Upload-Concat: partial\r\n", piece{}); err != nil {
			return timing{}, err
		}
	}
	began := time.Now()
	err = each(wires[:len(parts)], func(w *wire, i int) error { return t.patches(w, p, paths[i], parts[i]) })
	if err != nil {
		return timing{}, err
	}
	ends := time.Now()
	if _, err := t.create(wires[0], p, "Upload-Concat: final;"+strings.Join(paths, " ")+"\r\n", piece{}); err != nil {
		return timing{}, err
	}
	finish := time.Since(ends)
	err = t.sync(load.conns)
	took := time.Since(began)
	return timing{durable: took, finish: finish, finished: took}, err
}

func (t tusd) patches(w *wire, p payload, path string, pieces []piece) error {
	var offset int64
	for _, s := range pieces {
		if err := patch(w, p, path, offset, s); err != nil {
			return err
		}
		offset += s.size()
	}
	return nil
}

// deal divides pieces into so many runs of neighbours, as even as they go, and
// none of them empty.
func deal(pieces []piece, n int) [][]piece {
	n = min(n, len(pieces))
	out := make([][]piece, n)
	for i := range n {
		out[i] = pieces[len(pieces)*i/n : len(pieces)*(i+1)/n]
	}
	return out
}

func total(pieces []piece) int64 {
	var n int64
	for _, s := range pieces {
		n += s.size()
	}
	return n
}
