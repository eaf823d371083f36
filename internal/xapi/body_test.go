package xapi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob/diskblob"
	"magpie/internal/media"
)

// Names count against what a form may hold, also of fields without a value.
func TestUploadBoundsTheNamesOfFields(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	name := strings.Repeat("n", 15<<10)
	fields := &thousand{part: func(i int) string {
		return fmt.Sprintf("--xyz\r\nContent-Disposition: form-data; name=%s%d\r\n\r\n\r\n", name, i)
	}}
	r := s.request("POST", at(id, "append"), fields, "Content-Type", formKind)
	f, err := s.api.readUpload(r, io.Discard)
	if media.CodeOf(err) != media.CodeInvalid || len(f.values) > 6 || fields.next > 40 {
		t.Errorf("%d fields taken, %d parts read: %v", len(f.values), fields.next, err)
	}
}

// thousand is a body of a thousand parts.
type thousand struct {
	part func(int) string
	next int
	rest string
}

func (e *thousand) Read(p []byte) (int, error) {
	if e.rest == "" && e.next == 1000 {
		return 0, io.EOF
	}
	if e.rest == "" {
		e.rest = e.part(e.next)
		e.next++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// zeros is a body of a form whose media has size bytes.
func zeros(size int64) io.Reader {
	parts := strings.SplitAfter(form("segment_index", "0", "media", "|"), "|")
	return io.MultiReader(strings.NewReader(strings.TrimSuffix(parts[0], "|")), io.LimitReader(zero{}, size), strings.NewReader(parts[1]))
}

// letters is a body of JSON whose media has size bytes, a multiple of 3.
func letters(size int64) io.Reader {
	return io.MultiReader(strings.NewReader(`{"segment_index":0,"media":"`), io.LimitReader(letter{}, size/3*4), strings.NewReader(`"}`))
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type letter struct{}

func (letter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestUploadTakesAFixedAmountOfMemory(t *testing.T) {
	s := &server{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), bearer: map[string]string{}}
	disk, err := diskblob.Open(t.TempDir(), diskblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.build(disk, 64<<20)
	for _, c := range []struct {
		name, kind string
		body       func(int64) io.Reader
		large      int64
	}{
		{"form", formKind, zeros, 32 << 20},
		{"JSON", jsonKind, letters, 12 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			allocated := func(size int64) uint64 {
				id := s.open(map[string]any{})
				r := s.request("POST", at(id, "append"), c.body(size), "Content-Type", c.kind)
				w := httptest.NewRecorder()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				s.api.ServeHTTP(w, r)
				runtime.ReadMemStats(&after)
				answer{w, t}.is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
				return after.TotalAlloc - before.TotalAlloc
			}
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			allocated(1 << 20)
			small := allocated(1 << 20)
			// A pool may be empty at any time, and under the race detector loses at random what
			// is given back: each buffer may be new.
			const buffers = smallBuffer + firstBuffer + largeBuffer + hugeBuffer
			if large := allocated(c.large / 3 * 3); large > small+2*buffers {
				t.Errorf("1 MiB takes %d bytes of memory, %d MiB takes %d", small, c.large>>20, large)
			}
		})
	}
}
