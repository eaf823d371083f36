package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"magpie/internal/client"
)

// collect gives the files that arguments name: those in folders, whatever their
// depth, whose names say a media type; others there are counted. What is hidden
// and what is not a file is passed over.
func collect(args []string) (files []string, skipped int, err error) {
	seen := map[string]bool{}
	add := func(path string) {
		if !seen[filepath.Clean(path)] {
			seen[filepath.Clean(path)] = true
			files = append(files, path)
		}
	}
	for _, arg := range args {
		if arg == "-" {
			add(arg)
			continue
		}
		st, err := os.Stat(arg)
		if err != nil {
			return nil, 0, err
		}
		if !st.IsDir() {
			add(arg)
			continue
		}
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			hidden := strings.HasPrefix(d.Name(), ".") && path != arg
			switch {
			case err != nil:
				return err
			case hidden && d.IsDir():
				return filepath.SkipDir
			case hidden, !d.Type().IsRegular():
			case client.TypeOf(path) == "":
				skipped++
			default:
				add(path)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	if len(files) == 0 {
		return nil, 0, fmt.Errorf("there is nothing to upload in %s", strings.Join(args, ", "))
	}
	return files, skipped, nil
}

// batch uploads files with what they have in common.
type batch struct {
	uploader *client.Uploader
	common   client.Upload
	shown    progress
	in       io.Reader
}

// one uploads one file.
func (b *batch) one(ctx context.Context, path string) (map[string]json.RawMessage, error) {
	up := b.common
	if path == "-" {
		up.Source = client.Stream(ctx, b.in)
	} else {
		source, err := client.OpenFile(path)
		if err != nil {
			return nil, err
		}
		up.Source = source
	}
	defer up.Source.Close()
	show := b.shown.watch(path)
	up.Watcher = show
	data, err := b.uploader.Upload(ctx, up)
	show.done(err == nil)
	return data, err
}

// uploaded is a line of the output for scripts.
type uploaded struct {
	File  string                     `json:"file"`
	Data  map[string]json.RawMessage `json:"data,omitempty"`
	Error *uploadError               `json:"error,omitempty"`
}

type uploadError struct {
	Message string `json:"message"`
	Status  int    `json:"status,omitempty"` // of the server's answer
	Later   bool   `json:"resumable"`        // whether the same command goes on with it
}

// all uploads files, some at once, and prints a line for each in their order.
// It gives the errors of those that failed.
func (b *batch) all(ctx context.Context, files []string, atOnce int, out io.Writer) (failed []error, err error) {
	type result struct {
		data map[string]json.RawMessage
		err  error
	}
	results := make([]chan result, len(files))
	slots := make(chan struct{}, atOnce)
	for i := range results {
		results[i] = make(chan result, 1)
	}
	go func() {
		for i, path := range files {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				if ctx.Err() != nil {
					results[i] <- result{nil, &client.Interrupted{Err: ctx.Err()}}
					return
				}
				data, err := b.one(ctx, path)
				results[i] <- result{data, err}
			}()
		}
	}()
	lines := json.NewEncoder(out)
	for i, path := range files {
		r := <-results[i]
		line := uploaded{File: path, Data: r.data}
		if r.err != nil {
			failed = append(failed, r.err)
			line.Error = newUploadError(r.err)
			if ctx.Err() == nil {
				b.shown.say("magpie: " + client.Plain(path) + ": " + r.err.Error())
			}
		}
		err = errors.Join(err, lines.Encode(line))
	}
	return failed, err
}

func newUploadError(err error) *uploadError {
	e := &uploadError{Message: err.Error()}
	var refused *client.Refusal
	var stopped *client.Interrupted
	if errors.As(err, &refused) {
		e.Status = refused.Status
	}
	e.Later = errors.As(err, &stopped)
	return e
}

// outcome says how many of n files failed, and gives the exit code.
func (b *batch) outcome(ctx context.Context, s surroundings, n int, failed []error) error {
	if len(failed) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		fmt.Fprintf(s.err, "magpie: stopped; %d of %d files are done. The same command without them goes on from there\n", n-len(failed), n)
		return exitInterrupted
	}
	fmt.Fprintf(s.err, "magpie: %d of %d files failed\n", len(failed), n)
	var later *client.Interrupted
	for _, err := range failed {
		if !errors.As(err, &later) {
			return exitCode(1)
		}
	}
	return exitLater
}
