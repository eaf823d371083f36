package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/blob/diskblob"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// stores gives the stores to test over.
func stores(t *testing.T) map[string]*blob.Store {
	t.Helper()
	return map[string]*blob.Store{"memory": blob.New(blobtest.NewMemory(nil)), "disk": onDisk(t)}
}

func onDisk(t testing.TB) *blob.Store {
	t.Helper()
	disk, err := diskblob.Open(t.TempDir(), diskblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return blob.New(disk)
}

// file stores random bytes as blobs of the given sizes.
func file(t *testing.T, s *blob.Store, sizes ...int) (media.Manifest, []byte) {
	t.Helper()
	var m media.Manifest
	var whole []byte
	random := rand.NewChaCha8([32]byte{byte(len(sizes))})
	for i, size := range sizes {
		data := make([]byte, size)
		_, _ = random.Read(data)
		b, err := s.Put(t.Context(), fmt.Sprintf("segments/1/%03d", i), bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		m, whole = append(m, b), append(whole, data...)
	}
	return m, whole
}

// touched is when the tests' media changed last.
func touched() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func openCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// published records a media with renditions whose bytes are their names.
func published(t testing.TB, c *catalog.Catalog, s *blob.Store, m media.Media, renditions ...media.Rendition) media.Media {
	t.Helper()
	return publishedAs(t, c, s, m, func(name string) string { return name }, renditions...)
}

// publishedAs is published with other bytes.
func publishedAs(t testing.TB, c *catalog.Catalog, s *blob.Store, m media.Media, content func(name string) string, renditions ...media.Rendition) media.Media {
	t.Helper()
	ctx := t.Context()
	m.State, m.CreatedAt, m.TouchedAt = media.Pending, touched(), touched()
	session := media.Session{ID: m.ID, Owner: m.Owner, Shared: m.Shared, State: media.SessionOpen, CreatedAt: touched(), ExpiresAt: touched().Add(time.Hour)}
	if err := c.CreateSession(ctx, session); err != nil {
		t.Fatal(err)
	}
	if _, took, err := c.BeginClosing(ctx, m.ID, "x", touched(), touched().Add(-time.Minute)); err != nil || !took {
		t.Fatal(took, err)
	}
	if ok, err := c.CloseSession(ctx, "x", m, touched()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	m, ok, err := c.Claim(ctx, m.ID, touched())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	for i := range renditions {
		r := &renditions[i]
		r.Blob, err = s.Put(ctx, fmt.Sprintf("renditions/%s/%d/%s", m.ID, m.Attempt, r.Name), strings.NewReader(content(r.Name)))
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := c.Publish(ctx, m.ID, m.Attempt, media.Outcome{Renditions: renditions}, touched()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	return m
}

// ring is what the tests sign with.
func ring() policy.Keyring {
	return policy.NewKeyring(policy.Key{ID: "test", Secret: bytes.Repeat([]byte{7}, 32)})
}

// access knows viewers by what their requests say of themselves: X-Country,
// X-Site and X-User.
func access() Access {
	return Access{
		Ring: ring,
		Viewer: func(r *http.Request) policy.Viewer {
			return policy.Viewer{Country: r.Header.Get("X-Country"), Site: r.Header.Get("X-Site"), SignedIn: r.Header.Get("X-User")}
		},
	}
}

// describe sets metadata of a media, given as X's JSON.
func describe(t testing.TB, c *catalog.Catalog, id media.ID, metadata string) {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(metadata), &raw); err != nil {
		t.Fatal(err)
	}
	set, unset, err := media.ParseMetadata(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MergeMetadata(t.Context(), id, set, unset, catalog.Actor{}, touched()); err != nil {
		t.Fatal(err)
	}
}

// plain answers an error with its code, as whatever surface would.
func plain(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("X-Code", string(media.CodeOf(err)))
	http.Error(w, err.Error(), http.StatusTeapot)
}

func crc(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }
