package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// mover copies what the rows name from one store to another.
type mover struct {
	rows     *catalog.Catalog
	from, to *blob.Store
	parallel int
	trust    bool // takes what is there, of the right length, for whole: it was read back when it came
	out, err io.Writer

	saying                sync.Mutex
	copied, there, faults atomic.Int64
	bytes                 atomic.Int64
}

// move copies everything, to a place that may have other blobs besides. What is
// missing or damaged at the old place it says, and goes on.
func (m *mover) move(ctx context.Context) error {
	told, stop := context.WithCancel(ctx)
	defer stop()
	go m.tell(told)
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan media.Blob, m.parallel)
	group.Go(func() error {
		defer close(work)
		return m.each(ctx, func(b media.Blob) error {
			select {
			case work <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range m.parallel {
		group.Go(func() error {
			for b := range work {
				if err := m.copy(ctx, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// known refuses a store with blobs of uploads that are not on record: they are
// not of a copy that was begun before.
func (m *mover) known(ctx context.Context) error {
	var last media.ID
	for info, err := range m.to.List(ctx, "") {
		if err != nil {
			return err
		}
		fields := strings.Split(info.Key, "/")
		id, err := media.ParseID(fields[min(1, len(fields)-1)])
		if err == nil && id == last {
			continue
		}
		if err == nil {
			_, err = m.rows.Session(ctx, id)
		}
		if media.CodeOf(err) == media.CodeBusy || ctx.Err() != nil {
			return err
		}
		if err != nil {
			return fmt.Errorf("the store is not empty, and %s is of no upload at the old place", info.Key)
		}
		last = id
	}
	return nil
}

// each hands every blob to do that a row names and that was not given up.
func (m *mover) each(ctx context.Context, do func(media.Blob) error) error {
	err := m.rows.EachMedia(ctx, func(row media.Media, renditions []media.Rendition) error {
		if !row.GoneAt.IsZero() {
			states, err := m.rows.Sweepable(ctx, []media.ID{row.ID})
			if err != nil || !states[row.ID].Kept {
				return err
			}
		}
		seen := map[string]bool{}
		for _, b := range row.Manifest {
			if err := do(b); err != nil {
				return err
			}
		}
		for _, r := range renditions { // of which several may be one blob
			if seen[r.Blob.Key] {
				continue
			}
			seen[r.Blob.Key] = true
			if err := do(r.Blob); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.rows.EachSession(ctx, func(s media.Session) error {
		if s.State != media.SessionOpen && s.State != media.SessionClosing {
			return nil
		}
		segments, err := upload.Counting(ctx, m.rows, m.from, s)
		for _, b := range segments {
			if err == nil {
				err = do(b)
			}
		}
		return err
	})
}

// copy copies one blob, unless it is there.
func (m *mover) copy(ctx context.Context, b media.Blob) error {
	if m.trust {
		if info, err := m.to.Stat(ctx, b.Key); err == nil && info.Size == b.Size {
			m.there.Add(1)
			m.bytes.Add(b.Size)
			return nil
		}
	}
	copied, err := m.to.CopyFrom(ctx, m.from, b)
	var damaged *blob.DamagedError
	switch {
	case err == nil && copied:
		m.copied.Add(1)
	case err == nil:
		m.there.Add(1)
	case errors.Is(err, fs.ErrNotExist), errors.As(err, &damaged) && damaged.From:
		if shown, e := m.shown(ctx, b.Key); e != nil || !shown {
			return e
		}
		m.faults.Add(1)
		m.saying.Lock()
		defer m.saying.Unlock()
		_, err = fmt.Fprintf(m.out, "%v\n", err)
		return err
	default:
		return err
	}
	m.bytes.Add(b.Size)
	return nil
}

// shown tells whether a blob counts: of renditions that others replaced there may
// still be rows, whose blobs the sweeper has taken.
func (m *mover) shown(ctx context.Context, key string) (bool, error) {
	id, err := media.ParseID(strings.Split(key, "/")[1])
	if err != nil {
		return true, nil
	}
	states, err := m.rows.Sweepable(ctx, []media.ID{id})
	return !states[id].HasMedia || states[id].Named[key], err
}

// tell says how far it is, until ctx ends.
func (m *mover) tell(ctx context.Context) {
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			fmt.Fprintf(m.err, "%d blobs copied, %d there already, %s in all\n", m.copied.Load(), m.there.Load(), size(m.bytes.Load()))
		}
	}
}
