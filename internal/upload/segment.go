package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// segment is what the name of a segment's blob says. The name is the only
// record that the segment arrived.
type segment struct {
	index int
	blob  media.Blob
	info  blob.Info
}

// segmentPrefix is where the blobs of a session are.
func segmentPrefix(id media.ID) string { return "segments/" + id.String() + "/" }

// segmentKey names a segment. tail makes the name unique; of two names made in
// one process the later has the greater tail.
func segmentKey(id media.ID, index int, size int64, crc uint32, tail uint64) string {
	return segmentPrefix(id) + segmentName(index, size, crc, tail)
}

func segmentName(index int, size int64, crc uint32, tail uint64) string {
	return string(appendSegmentName(nil, index, size, crc, tail))
}

func appendSegmentName(b []byte, index int, size int64, crc uint32, tail uint64) []byte {
	b = appendPadded(b, uint64(index), 10, 3)
	b = appendPadded(append(b, '-'), uint64(size), 10, 1)
	b = appendPadded(append(b, '-'), uint64(crc), 16, 8)
	return appendPadded(append(b, '-'), tail, 16, 16)
}

// appendPadded appends a number in at least so many digits.
func appendPadded(b []byte, n uint64, base, width int) []byte {
	var room [20]byte
	digits := strconv.AppendUint(room[:0], n, base)
	for range width - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// parseSegment reads a segment's blob back from its name. It fails on a name
// that segmentKey can't have made.
func parseSegment(info blob.Info) (segment, error) {
	name := info.Key[strings.LastIndexByte(info.Key, '/')+1:]
	var fields [4]string
	rest := name
	for i := range fields {
		fields[i], rest, _ = strings.Cut(rest, "-")
	}
	index, err := strconv.Atoi(fields[0])
	if err != nil || index < 0 || index >= maxParts { // of which a numbered upload has fewer
		return segment{}, fmt.Errorf("segment blob %s: no index", info.Key)
	}
	size, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || size < 0 {
		return segment{}, fmt.Errorf("segment blob %s: no length", info.Key)
	}
	crc, err := strconv.ParseUint(fields[2], 16, 32)
	if err != nil {
		return segment{}, fmt.Errorf("segment blob %s: no checksum", info.Key)
	}
	tail, err := strconv.ParseUint(fields[3], 16, 64)
	var again [64]byte
	if err != nil || string(appendSegmentName(again[:0], index, size, uint32(crc), tail)) != name {
		return segment{}, fmt.Errorf("segment blob %s: not as names are written", info.Key)
	}
	return segment{index: index, blob: media.Blob{Key: info.Key, Size: size, CRC: uint32(crc)}, info: info}, nil
}

// newerThan orders the blobs of one index: by the store's clock, and within
// its resolution, which is a second for some stores, by when their names were made.
func (s segment) newerThan(o segment) bool {
	if !s.info.Modified.Equal(o.info.Modified) {
		return s.info.Modified.After(o.info.Modified)
	}
	return s.tail() > o.tail()
}

// newer gives the newer of two blobs of one index, and asks the store for their
// times where the listing that they come from did not say them. One that was
// deleted since is the older.
func newer(ctx context.Context, store *blob.Store, a, b segment) (segment, error) {
	for _, g := range []*segment{&a, &b} {
		if !g.info.Modified.IsZero() {
			continue
		}
		info, err := store.Stat(ctx, g.blob.Key)
		if err == nil {
			g.info = info
		} else if !errors.Is(err, fs.ErrNotExist) {
			return segment{}, err
		}
	}
	if b.newerThan(a) {
		return b, nil
	}
	return a, nil
}

func (s segment) tail() string { return s.blob.Key[strings.LastIndexByte(s.blob.Key, '-')+1:] }

// sameBytes reports whether two blobs hold the same segment.
func (s segment) sameBytes(o media.Blob) bool { return s.blob.Size == o.Size && s.blob.CRC == o.CRC }

// Counting gives the segments of an upload that is not finalized yet which count
// now, each index once, in no particular order. What else the store has of it is
// passed over: a store that they are copied to tells by other times what is newer.
func Counting(ctx context.Context, rows *catalog.Catalog, store *blob.Store, session media.Session) ([]media.Blob, error) {
	if session.Way != media.Numbered {
		return rows.Parts(ctx, session.ID)
	}
	chosen, err := newest(ctx, store, session.ID)
	out := make([]media.Blob, 0, len(chosen))
	for _, g := range chosen {
		out = append(out, g.blob)
	}
	return out, err
}

// SegmentBlob is what the name of a listed segment says that it holds. It fails
// on a name that no segment has.
func SegmentBlob(info blob.Info) (media.Blob, error) {
	g, err := parseSegment(info)
	return g.blob, err
}
