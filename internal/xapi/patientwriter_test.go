package xapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// viewer is a response that the kernel sends files to, with a viewer who takes
// in rate bytes a second.
type viewer struct {
	*timed
	rate  int
	calls int
}

func (v *viewer) ReadFrom(src io.Reader) (int64, error) {
	v.calls++
	limited := src.(*io.LimitedReader)
	most := int64(v.write.Sub(v.clock).Seconds() * float64(v.rate))
	n := min(limited.N, most)
	if _, err := io.CopyN(v.Body, limited, n); err != nil {
		return 0, err
	}
	if n == most {
		v.clock = v.write
		return n, fmt.Errorf("sendfile: %w", os.ErrDeadlineExceeded)
	}
	v.clock = v.clock.Add(time.Duration(n) * time.Second / time.Duration(v.rate))
	return n, nil
}

func TestPatientWriterSendsFilesAsFastAsTheyAreTaken(t *testing.T) {
	whole := bytes.Repeat([]byte("0123456789"), 100_000)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rate, calls int
		sent        int
		limit       time.Duration
	}{
		{rate: 1 << 30, calls: 1, sent: len(whole)},
		{rate: 2000, calls: 9, sent: len(whole)}, // 500 s of it
		{rate: 900, calls: 1, sent: 54_000},
		{rate: 0, calls: 1, sent: 0},
		{rate: 2000, calls: 2, sent: 180_000, limit: 90 * time.Second},
	} {
		v := &viewer{timed: newTimed(), rate: max(c.rate, 0)}
		r := httptest.NewRequest(http.MethodGet, "/media/x", nil)
		w := v.patience().take(v, r)
		if c.limit > 0 {
			_ = http.NewResponseController(w).SetWriteDeadline(v.clock.Add(c.limit))
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.CopyN(w, f, int64(len(whole)))
		f.Close()
		if int(n) != c.sent || (err == nil) != (c.sent == len(whole)) || !bytes.Equal(v.Body.Bytes(), whole[:c.sent]) || v.calls != c.calls {
			t.Errorf("%d bytes a second: %d of %d bytes in %d calls, %v", c.rate, n, c.sent, v.calls, err)
		}
	}
}

// slowly takes in answers by Write, at rate bytes a second.
type slowly struct {
	*timed
	rate int
}

func (v *slowly) Write(p []byte) (int, error) {
	at := v.clock.Add(time.Duration(len(p)) * time.Second / time.Duration(v.rate))
	if at.After(v.write) {
		return 0, os.ErrDeadlineExceeded
	}
	v.clock = at
	return v.ResponseRecorder.Write(p)
}

// A large answer gets the time that it takes, in one Write or in many.
func TestPatientWriterWrites(t *testing.T) {
	whole := strings.Repeat("0123456789", 100_000)
	for rate, taken := range map[int]bool{1000: true, 100_000: true, 400: false} {
		for _, write := range []func(io.Writer) (int64, error){
			func(w io.Writer) (int64, error) { n, err := w.Write([]byte(whole)); return int64(n), err },
			func(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{strings.NewReader(whole)}) },
		} {
			v := &slowly{newTimed(), rate}
			var n int64
			var err error
			v.patience().Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n, err = write(w)
			})).ServeHTTP(v, httptest.NewRequest(http.MethodGet, "/", nil))
			if (err == nil) != taken || taken && v.Body.String() != whole || int(n) != v.Body.Len() {
				t.Errorf("%d bytes a second: %d of %d bytes, %v", rate, n, v.Body.Len(), err)
			}
		}
	}
}
