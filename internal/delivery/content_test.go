package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

const tag = `"tag"`

// answered is what an answer says, with the boundary of multipart ones, which is
// random, taken out.
type answered struct {
	Status int
	Header http.Header
	Body   string
	Parts  []string // of multipart/byteranges: header and bytes
}

func read(t interface {
	Helper()
	Fatal(args ...any)
}, w *httptest.ResponseRecorder,
) answered {
	t.Helper()
	a := answered{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	kind, params, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if kind != "multipart/byteranges" {
		return a
	}
	r := multipart.NewReader(w.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		a.Parts = append(a.Parts, fmt.Sprint(p.Header)+string(data))
	}
	a.Body = fmt.Sprint(len(a.Body))
	a.Header.Set("Content-Type", kind)
	return a
}

// The answers are those of http.ServeContent over the same bytes in one piece.
func TestServeAsServeContent(t *testing.T) {
	for name, store := range stores(t) {
		manifest, whole := file(t, store, 1, 7, 1, 300, 5, 86)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				number := rapid.OneOf(rapid.SampledFrom([]string{"0", "1", "8", "9", "309", "314", "399", "400", "401", ""}), rapid.StringMatching(`[0-9]{1,3}`))
				stretch := rapid.Custom(func(t *rapid.T) string { return number.Draw(t, "from") + "-" + number.Draw(t, "to") })
				r := httptest.NewRequest(rapid.SampledFrom([]string{"GET", "HEAD"}).Draw(t, "method"), "/", nil)
				for header, values := range map[string][]string{
					"If-Range":            {"", tag, `"other"`, touched().Format(http.TimeFormat), "Sat, 01 Jan 2000 00:00:00 GMT"},
					"If-None-Match":       {"", "", tag, `"other"`, "W/" + tag, "*"},
					"If-Match":            {"", "", "", tag, `"other"`},
					"If-Modified-Since":   {"", "", touched().Format(http.TimeFormat), "Sat, 01 Jan 2000 00:00:00 GMT"},
					"If-Unmodified-Since": {"", "", "", touched().Format(http.TimeFormat), "Sat, 01 Jan 2000 00:00:00 GMT"},
				} {
					if v := rapid.SampledFrom(values).Draw(t, header); v != "" {
						r.Header.Set(header, v)
					}
				}
				if ranges := rapid.SliceOfN(stretch, 0, 4).Draw(t, "ranges"); len(ranges) > 0 {
					r.Header.Set("Range", "bytes="+strings.Join(ranges, ","))
				}
				want, got := httptest.NewRecorder(), httptest.NewRecorder()
				for _, w := range []*httptest.ResponseRecorder{want, got} {
					w.Header().Set("Content-Type", "video/mp4")
				}
				want.Header().Set("ETag", tag)
				http.ServeContent(want, r, "", touched(), bytes.NewReader(whole))
				var log bytes.Buffer
				serve(got, r, store, manifest, media.Media{TouchedAt: touched()}, tag, logTo(&log))
				if diff := cmp.Diff(read(t, want), read(t, got)); diff != "" || log.Len() > 0 {
					t.Fatalf("%s %v (-want +got):\n%s%s", r.Method, r.Header, diff, &log)
				}
			})
		})
	}
}

// Some of the above in words, so that they can be seen.
func TestServe(t *testing.T) {
	for name, store := range stores(t) {
		manifest, whole := file(t, store, 3, 100_000, 1, 70_000)
		size := len(whole)
		for _, c := range []struct {
			method, name, value string
			status              int
			from, to            int // the bytes that come; to is exclusive
		}{
			{"GET", "", "", 200, 0, size},
			{"GET", "Range", "bytes=0-0", 206, 0, 1},
			{"GET", "Range", "bytes=2-3", 206, 2, 4},
			{"GET", "Range", "bytes=100002-100004", 206, 100_002, 100_005},
			{"GET", "Range", "bytes=5-", 206, 5, size},
			{"GET", "Range", "bytes=-70001", 206, 100_003, size},
			{"GET", "Range", "bytes=1-999999999", 206, 1, size},
			{"GET", "If-None-Match", tag, 304, 0, 0},
			{"HEAD", "", "", 200, 0, 0},
			{"HEAD", "Range", "bytes=1-2", 206, 0, 0},
		} {
			r := httptest.NewRequest(c.method, "/", nil)
			r.Header.Set(c.name, c.value)
			w := httptest.NewRecorder()
			serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, nil)
			if w.Code != c.status || !bytes.Equal(w.Body.Bytes(), whole[c.from:c.to]) || w.Header().Get("ETag") != tag {
				t.Errorf("%s: %s %s %s: %d, %d bytes, %v", name, c.method, c.name, c.value, w.Code, w.Body.Len(), w.Header())
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", size))
		w := httptest.NewRecorder()
		serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, nil)
		if w.Code != http.StatusRequestedRangeNotSatisfiable || w.Header().Get("Content-Range") != fmt.Sprintf("bytes */%d", size) {
			t.Errorf("%s: behind the end: %d, %v", name, w.Code, w.Header())
		}
		r.Header.Set("Range", "bytes=1-4,100001-100005,-2")
		w = httptest.NewRecorder()
		serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, nil)
		a := read(t, w)
		if a.Status != http.StatusPartialContent || len(a.Parts) != 3 {
			t.Fatalf("%s: three ranges: %+v", name, a)
		}
		for i, part := range []string{
			fmt.Sprintf("bytes 1-4/%d", size) + "|" + string(whole[1:5]),
			fmt.Sprintf("bytes 100001-100005/%d", size) + "|" + string(whole[100_001:100_006]),
			fmt.Sprintf("bytes %d-%d/%d", size-2, size-1, size) + "|" + string(whole[size-2:]),
		} {
			where, data, _ := strings.Cut(part, "|")
			if !strings.Contains(a.Parts[i], where) || !strings.HasSuffix(a.Parts[i], data) {
				t.Errorf("%s: part %d is %.100q, want %s", name, i, a.Parts[i], where)
			}
		}
	}
}

// kernel is a connection that notes what it is asked to send.
type kernel struct {
	*httptest.ResponseRecorder
	sent []string
}

func (k *kernel) ReadFrom(r io.Reader) (int64, error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		k.sent = append(k.sent, fmt.Sprintf("%T", r))
		return io.Copy(k.ResponseRecorder, r)
	}
	k.sent = append(k.sent, fmt.Sprintf("%d of %T", limited.N, limited.R))
	return io.Copy(k.ResponseRecorder, limited)
}

// sendfile is used only where the connection finds the file itself behind one
// io.LimitedReader. What is little goes out with the header.
func TestServeLetsTheKernelSend(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, 10_000, 20_000, 30_000)
	connection, _ := dialed(t)
	for asked, want := range map[string][]string{
		"":                  {"10000 of *diskblob.section", "20000 of *diskblob.section", "30000 of *diskblob.section"},
		"bytes=5000-14999":  {"5000 of *diskblob.section", "5000 of *diskblob.section"},
		"bytes=9999-12047":  {"1 of *diskblob.section", "2048 of *diskblob.section"},
		"bytes=12000-14048": {"2049 of *diskblob.section"},
		"bytes=12000-14047": nil,
		"bytes=-1":          nil,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Range", asked)
		w := &kernel{ResponseRecorder: httptest.NewRecorder()}
		serve(w, r.WithContext(ConnContext(t.Context(), connection)), store, manifest, media.Media{TouchedAt: touched()}, tag, nil)
		if diff := cmp.Diff(want, w.sent); diff != "" || !bytes.Contains(whole, w.Body.Bytes()) {
			t.Errorf("%s (-want +got):\n%s", asked, diff)
		}
	}
}

func TestServeOpensNothingForHeadersAlone(t *testing.T) {
	memory := blobtest.NewMemory(nil)
	store := blob.New(memory)
	manifest, _ := file(t, store, 10, 20)
	memory.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error { t.Errorf("%s %s", c.Op, c.Key); return nil }})
	for _, c := range [][3]string{{"HEAD", "X", ""}, {"GET", "If-None-Match", tag}, {"GET", "Range", "bytes=30-"}} {
		r := httptest.NewRequest(c[0], "/", nil)
		r.Header.Set(c[1], c[2])
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "video/mp4") // else the first bytes are asked
		serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, nil)
	}
}

// content is a reader and a seeker like any other.
func TestContent(t *testing.T) {
	for name, store := range stores(t) {
		manifest, whole := file(t, store, 5, 1, 300)
		c := newContent(t.Context(), store, manifest)
		if err := iotest.TestReader(c, whole); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Seek(-1, io.SeekStart); err == nil {
			t.Errorf("%s: a seek before the beginning", name)
		}
		c.Close()
		c.Close()
		if _, err := c.Seek(0, io.SeekStart); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: read after close: %d, %v", name, n, err)
		}
	}
}
