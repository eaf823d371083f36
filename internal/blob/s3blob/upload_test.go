package s3blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// TestOlderStores: a store that knows neither If-None-Match nor CRC-32C is sent
// neither again, and MD5 sums instead.
func TestOlderStores(t *testing.T) {
	type put struct {
		Body, MD5, CRC, Condition string
	}
	var mu sync.Mutex
	var puts []put
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		puts = append(puts, put{string(body), r.Header.Get("Content-Md5"), r.Header.Get(crcHeader), r.Header.Get("If-None-Match")})
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotImplemented)
		}
	}))
	defer server.Close()
	d := open(t, Address{Bucket: "films", Endpoint: server.Listener.Addr().String(), Plain: true, Region: "us-east-1", PathStyle: true}, Options{})
	sum := func(s string) (md5sum, crc string) {
		m := md5.Sum([]byte(s))
		return base64.StdEncoding.EncodeToString(m[:]), encode(crc32.Checksum([]byte(s), castagnoli))
	}
	for _, s := range []string{"one", "two"} {
		if err := putText(d, s); err != nil {
			t.Fatal(err)
		}
	}
	m1, c1 := sum("one")
	m2, c2 := sum("two")
	want := []put{{"one", m1, c1, "*"}, {"one", m1, c1, ""}, {"two", m2, c2, ""}}
	if diff := cmp.Diff(want, puts); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func putText(d *Driver, s string) error { return put(d, "segments/1/"+s, []byte(s), false) }

// TestKnownChecksums: a store that says the CRC-32C back is spared the MD5, whose
// making costs more than the sending.
func TestKnownChecksums(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{})
	if err := putText(d, "one"); err != nil {
		t.Fatal(err)
	}
	if d.checking.wantsMD5() {
		t.Error("the second PUT would carry an MD5 too")
	}
}

// TestTakenKeys: a PUT never writes over what is there, and is a success where
// that is the same, as after an answer that was lost.
func TestTakenKeys(t *testing.T) {
	for name, keyed := range map[string]bool{"one PUT": false, "in parts": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t, shared.bucket(t, ""), Options{PartSize: minPart})
			first, other := noise(1, minPart+100), noise(2, minPart+100)
			if err := put(d, "segments/1/a", first, keyed); err != nil {
				t.Fatal(err)
			}
			if err := put(d, "segments/1/a", first, keyed); err != nil {
				t.Errorf("the same again: %v", err)
			}
			if err := put(d, "segments/1/a", other, keyed); !errors.Is(err, errTaken) {
				t.Errorf("another: got %v, want that the key is taken", err)
			}
			wantBytes(t, d, "segments/1/a", first)
		})
	}
}

// TestLongPiece: what is too long for one PUT goes in parts at its end.
func TestLongPiece(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{PartSize: minPart})
	d.maxPut = 1 << 20
	data := noise(1, 2*minPart+77)
	if err := put(d, "segments/1/a", data, false); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, d, "segments/1/a", data)
}

// TestReadOnly: such a driver changes nothing and needs no spool.
func TestReadOnly(t *testing.T) {
	a := shared.bucket(t, "")
	if err := put(open(t, a, Options{}), "segments/1/a", []byte("a"), false); err != nil {
		t.Fatal(err)
	}
	d := open(t, a, Options{ReadOnly: true})
	_, create := d.Create(t.Context(), 0, 0)
	_, keyed := d.CreateKeyed(t.Context(), "segments/1/b", 0, 0)
	for name, err := range map[string]error{"create": create, "create keyed": keyed, "delete": d.Delete(t.Context(), "segments/1/a")} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: got %v, want ErrReadOnly", name, err)
		}
	}
	wantBytes(t, d, "segments/1/a", []byte("a"))
}

// TestNoBucket: a bucket that is not there is no blob that is not there.
func TestNoBucket(t *testing.T) {
	a := shared.bucket(t, "")
	a.Bucket = "no-such-bucket"
	d := open(t, a, Options{})
	if err := d.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "no-such-bucket") {
		t.Errorf("ready: got %v, want an error that names the bucket", err)
	}
	if err := put(d, "segments/1/a", []byte("a"), false); err == nil || media.CodeOf(err) == media.CodeBusy {
		t.Errorf("put: got %v, want an error that does not pass", err)
	}
	if _, err := d.Open(t.Context(), "segments/1/a", 0, 1); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("open: got %v, want another error than that the blob is missing", err)
	}
}

// TestSweepParts: multipart uploads that nobody ends are removed once they are
// old, and no others.
func TestSweepParts(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{PartSize: minPart})
	u, err := d.CreateKeyed(t.Context(), "renditions/1/1/a", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	if _, err := u.Write(noise(1, minPart+1)); err != nil {
		t.Fatal(err)
	}
	began := d.opts.Now()
	if n, err := d.sweepParts(context.Background(), began.Add(-abandoned)); n != 0 || err != nil {
		t.Errorf("%d young uploads were removed, %v", n, err)
	}
	if n, err := d.sweepParts(context.Background(), began.Add(abandoned)); n != 1 || err != nil {
		t.Errorf("%d old uploads were removed, %v; want 1", n, err)
	}
	if err := u.Commit(t.Context(), "renditions/1/1/a"); err == nil {
		t.Error("an upload whose parts were removed is committed")
	}
	if left := keys(t, d); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

// TestPresign: the URL opens the blob to anybody, by ranges too, under the type
// that was asked for.
func TestPresign(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{})
	data := noise(1, 1000)
	if err := put(d, "renditions/1/1/a", data, false); err != nil {
		t.Fatal(err)
	}
	url, err := d.Presign(t.Context(), "renditions/1/1/a", time.Minute, "video/mp4", `attachment; filename="a b.mp4"`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Range", "bytes=100-199")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusPartialContent || !bytes.Equal(got, data[100:200]) {
		t.Fatalf("%s with %d bytes, %v", answer.Status, len(got), err)
	}
	if got := answer.Header.Get("Content-Type"); got != "video/mp4" {
		t.Errorf("the type is %q", got)
	}
	if got := answer.Header.Get("Content-Disposition"); got != `attachment; filename="a b.mp4"` {
		t.Errorf("the disposition is %q", got)
	}
	if strings.Contains(url, secretKey) {
		t.Error("the URL has the secret")
	}
}
