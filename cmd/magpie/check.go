package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/dustin/go-humanize/english"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// checkCommand reads everything back.
type checkCommand struct {
	catalogFlags
	blobsFlag
}

// Run ends with status 0 only when every row and blob is whole. It changes
// nothing and may run beside a server.
func (c *checkCommand) Run(ctx context.Context, s surroundings) error {
	rows, err := c.openReadOnly(ctx)
	if err != nil {
		return fmt.Errorf("open the catalogue: %w", err)
	}
	defer rows.Close()
	place := blobPlace{blobsFlag: c.blobsFlag, data: c.Data, readOnly: true, env: s.env, log: slog.New(slog.NewTextHandler(s.err, nil))}
	store, err := place.open()
	if err != nil {
		return err
	}
	defer store.Close()
	k := &checker{rows: rows, store: store, out: s.out}
	if err := k.run(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d sessions, %d media, %d blobs, %d bytes read: ", k.sessions, k.media, k.blobs, k.bytes)
	if k.faults > 0 {
		fmt.Fprintf(s.out, "%s\n", english.Plural(k.faults, "fault", ""))
		return exitCode(1)
	}
	_, err = fmt.Fprintln(s.out, "whole")
	return err
}

// checker holds rows against blobs and blobs against their checksums.
type checker struct {
	rows  *catalog.Catalog
	store *blob.Store
	out   io.Writer

	owner media.ID // of the segment looked at last

	sessions, media, blobs, faults int
	bytes                          int64
}

func (k *checker) run(ctx context.Context) error {
	err := k.rows.EachSession(ctx, func(s media.Session) error { return k.checkSession(ctx, s) })
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	err = k.rows.EachMedia(ctx, func(m media.Media, renditions []media.Rendition) error {
		return k.checkMedia(ctx, m, renditions)
	})
	if err != nil {
		return fmt.Errorf("read media: %w", err)
	}
	miscounted, err := k.rows.CheckStorage(ctx)
	if err != nil {
		return err
	}
	for _, words := range miscounted {
		k.fault("%s", words)
	}
	// All of those that are there, also what no row names: segments of uploads
	// still open.
	for info, err := range k.store.List(ctx, "segments/") {
		if err != nil {
			return fmt.Errorf("list segments: %w", err)
		}
		b, err := upload.SegmentBlob(info)
		if err != nil {
			k.fault("%v", err)
			continue
		}
		if err := k.owned(ctx, info.Key); err != nil {
			return err
		}
		if err := k.verify(ctx, b, func() (bool, error) { return true, nil }); err != nil {
			return err
		}
	}
	return nil
}

// checkSession checks the segments that are on record of an upload which is not
// finalized. Of one whose segments have numbers none is: their names are all.
func (k *checker) checkSession(ctx context.Context, s media.Session) error {
	k.sessions++
	if s.Way == media.Numbered || s.State == media.SessionClosed || s.State == media.SessionExpired {
		return nil
	}
	parts, err := k.rows.Parts(ctx, s.ID)
	if err != nil {
		return err
	}
	_, err = k.checkNamed(ctx, "upload "+s.ID.String(), parts, func() (bool, error) {
		now, err := k.rows.Session(ctx, s.ID)
		if media.CodeOf(err) == media.CodeNotFound {
			return true, nil
		}
		return now.State == media.SessionClosed || now.State == media.SessionExpired, err
	})
	return err
}

// checkNamed checks that segments are there that rows of what name, and that their
// names say the same. They are read back later, in the store's own order. It ends
// with true at one that is missing and excused.
func (k *checker) checkNamed(ctx context.Context, what string, segments media.Manifest, excused func() (bool, error)) (bool, error) {
	for _, b := range segments {
		info, err := k.store.Stat(ctx, b.Key)
		if errors.Is(err, fs.ErrNotExist) {
			if fine, err := excused(); fine || err != nil {
				return fine, err
			}
			k.fault("%s: segment %s is missing", what, b.Key)
			continue
		}
		if err != nil {
			if err := k.unreadable(ctx, b.Key, err); err != nil {
				return false, err
			}
			continue
		}
		if named, err := upload.SegmentBlob(info); err != nil || named != b {
			k.fault("%s: segment %s is not what its row says", what, b.Key)
		}
	}
	return false, nil
}

// checkMedia checks what one media names.
func (k *checker) checkMedia(ctx context.Context, m media.Media, renditions []media.Rendition) error {
	if gone, err := k.goneFor(ctx, m); gone || err != nil {
		return err
	}
	k.media++
	gone, err := k.checkNamed(ctx, "media "+m.ID.String(), m.Manifest, func() (bool, error) { return k.goneSince(ctx, m) })
	if gone || err != nil {
		return err
	}
	for _, r := range renditions {
		if err := k.verify(ctx, r.Blob, func() (bool, error) { return k.goneSince(ctx, m) }); err != nil {
			return err
		}
	}
	if m.State == media.Succeeded && len(renditions) == 0 && m.Category.Kind() != media.KindModel {
		k.fault("media %s: succeeded without a rendition", m.ID)
	}
	return nil
}

// owned checks that a segment's upload is on record. The records of an older
// backup, for one, do not know the uploads that came after it.
func (k *checker) owned(ctx context.Context, key string) error {
	id, err := media.ParseID(strings.Split(key, "/")[1])
	if err != nil {
		k.fault("blob %s belongs to no upload: %q is not an id", key, strings.Split(key, "/")[1])
		return nil
	}
	if id == k.owner {
		return nil
	}
	k.owner = id
	_, err = k.rows.Session(ctx, id)
	if media.CodeOf(err) != media.CodeNotFound {
		return err
	}
	if _, err = k.store.Stat(ctx, key); errors.Is(err, fs.ErrNotExist) {
		return nil // a running server removed both
	}
	k.fault("upload %s has segments but is not on record: %s", id, key)
	return err
}

// goneSince tells whether a running server deleted or replaced a media after
// its row was read.
func (k *checker) goneSince(ctx context.Context, m media.Media) (bool, error) {
	now, err := k.rows.Media(ctx, m.ID)
	if media.CodeOf(err) == media.CodeNotFound {
		return true, nil
	}
	if err != nil || now.Published != m.Published {
		return err == nil, err
	}
	return k.goneFor(ctx, now)
}

// goneFor tells whether a media is gone for good: the bytes of one that can be
// restored must all be there.
func (k *checker) goneFor(ctx context.Context, m media.Media) (bool, error) {
	if m.GoneAt.IsZero() {
		return false, nil
	}
	states, err := k.rows.Sweepable(ctx, []media.ID{m.ID})
	return !states[m.ID].Kept, err
}

// verify reads one blob back. A missing one is a fault unless excused says that
// it may be.
func (k *checker) verify(ctx context.Context, b media.Blob, excused func() (bool, error)) error {
	err := k.store.Verify(ctx, b)
	var damaged *blob.DamagedError
	switch {
	case err == nil:
		k.blobs++
		k.bytes += b.Size
		return nil
	case errors.As(err, &damaged):
		k.fault("%v", damaged)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		fine, err := excused()
		if !fine && err == nil {
			k.fault("blob %s is missing", b.Key)
		}
		return err
	}
	return k.unreadable(ctx, b.Key, err)
}

// unreadable counts a blob that the disk does not give back, and goes on: one
// bad sector must not hide the next.
func (k *checker) unreadable(ctx context.Context, key string, why error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k.fault("blob %s can't be read: %v", key, why)
	return nil
}

func (k *checker) fault(format string, args ...any) {
	k.faults++
	fmt.Fprintf(k.out, format+"\n", args...)
}
