package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/bus"
	"magpie/internal/catalog"
)

// copyFiles copies files that are in one folder to another, each whole or not at
// all, and gives the names of those that are there now. One that is there with
// other bytes is refused.
func copyFiles(from, to string, names ...string) (there []string, err error) {
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = placeFile(filepath.Join(to, name), content)
		}
		if err != nil {
			return there, fmt.Errorf("copy the file %s: %w", name, err)
		}
		there = append(there, name)
	}
	return there, nil
}

// placeFile makes a file for its owner only, durably, unless it is there with the
// same content.
func placeFile(path string, content []byte) error {
	have, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(have, content):
		return nil
	case err == nil:
		return fmt.Errorf("%s is there and is another", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".copy-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// countPlayback counts the playback events that a server with a queue of its own
// took and had not counted when it ended. The caller holds the folder's lock.
func countPlayback(ctx context.Context, data string, rows *catalog.Catalog, log *slog.Logger) error {
	queue := (&settings{Data: data}).queue()
	if _, err := os.Stat(queue); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b, err := bus.Open(ctx, bus.Config{Dir: queue, Logger: log})
	if err != nil {
		return fmt.Errorf("open the queue at the old place: %w", err)
	}
	defer b.Close()
	counter := analytics.NewCounter(b, rows, 0, time.Now, log)
	if err := counter.Prepare(ctx); err != nil {
		return fmt.Errorf("see how far playback is counted: %w", err)
	}
	l, err := b.Log(ctx)
	if err != nil {
		return fmt.Errorf("look at the log of playback: %w", err)
	}
	counting, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- counter.Run(counting) }()
	for {
		at, err := rows.PlaybackPosition(ctx, l.ID)
		if err != nil || at >= l.Last {
			stop()
			return errors.Join(err, <-done)
		}
		select {
		case err := <-done:
			return fmt.Errorf("count playback: %w", errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
