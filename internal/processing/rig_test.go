package processing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// TestMain also looks for goroutines that outlived every test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is an Engine that does what a test says.
type scripted struct {
	calls atomic.Int64
	do    func(context.Context, Input, Output) (media.Outcome, error)
}

func (e *scripted) Process(ctx context.Context, in Input, out Output) (media.Outcome, error) {
	e.calls.Add(1)
	return e.do(ctx, in, out)
}

// made is what the usual script finds in any file.
func made() media.Outcome {
	return media.Outcome{Width: 640, Height: 360, Duration: 3 * time.Second}
}

// save stores a rendition of the given bytes.
func save(ctx context.Context, out Output, name, content string) error {
	return out.Save(ctx, media.Rendition{Role: media.RoleMP4, Name: name, ContentType: "video/mp4", BitRate: 9, Width: 6, Height: 4}, strings.NewReader(content))
}

// render is the usual script: it copies the original and makes one more file.
func render(ctx context.Context, in Input, out Output) (media.Outcome, error) {
	original, err := io.ReadAll(io.NewSectionReader(in.Original, 0, in.Size))
	if err != nil {
		return media.Outcome{}, err
	}
	out.Progress(50)
	return made(), errors.Join(save(ctx, out, "720.mp4", string(original)), save(ctx, out, "360.mp4", "small"))
}

// untilEnd is a script that works until its context ends, and says why it did.
func untilEnd(ctx context.Context, _ Input, _ Output) (media.Outcome, error) {
	<-ctx.Done()
	return media.Outcome{}, ctx.Err()
}

// watch is a clock that a test sets.
type watch struct {
	mu sync.Mutex
	t  time.Time
}

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.t
}

func (w *watch) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t = w.t.Add(d)
}

// rig is the rooms that a Worker stands on, and an engine that does as told.
type rig struct {
	t      *testing.T
	rows   *catalog.Catalog
	store  *blobtest.Memory
	source *Source
	now    func() time.Time
	log    *slog.Logger
	engine *scripted
	ids    media.ID
}

// newRig opens the rooms. A test in a synctest bubble brings its source from
// outside: a goroutine that listens would keep the bubble's time from passing.
func newRig(t *testing.T, source *Source) *rig {
	t.Helper()
	rows, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	at := &watch{t: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
	return &rig{
		t: t, rows: rows, store: blobtest.NewMemory(at.now), source: source, now: at.now,
		log: slog.New(slog.DiscardHandler), engine: &scripted{do: render}, ids: 7_000_000,
	}
}

func openSource(t *testing.T) *Source {
	t.Helper()
	s, err := NewSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// worker starts a Worker as another process would: with a scratch folder of its
// own.
func (r *rig) worker(cfg Config) *Worker {
	r.t.Helper()
	if cfg.Scratch == "" {
		cfg.Scratch = filepath.Join(r.t.TempDir(), "scratch")
	}
	return r.workerOver(cfg, r.store, r.engine, r.now)
}

func (r *rig) workerOver(cfg Config, store blob.Driver, engine Engine, now func() time.Time) *Worker {
	r.t.Helper()
	w, err := NewWorker(cfg, r.rows, blob.New(store), map[media.Kind]Engine{media.KindVideo: engine, media.KindGIF: engine, media.KindImage: engine}, r.source, now, r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

// pending uploads a file in two segments and finalizes it.
func (r *rig) pending(c media.Category, content string) media.Media {
	r.t.Helper()
	ctx := r.t.Context()
	r.ids++
	id := r.ids
	var manifest media.Manifest
	blobs := blob.New(r.store)
	for i, part := range []string{content[:len(content)/2], content[len(content)/2:]} {
		b, err := blobs.Put(ctx, "segments/"+id.String()+"/"+string(rune('0'+i)), strings.NewReader(part))
		if err != nil {
			r.t.Fatal(err)
		}
		manifest = append(manifest, b)
	}
	return r.finalize(media.Media{ID: id, Owner: "1", Category: c, Type: media.MP4, Slug: "slug-" + id.String(), Manifest: manifest})
}

// finalize records a media as pending.
func (r *rig) finalize(m media.Media) media.Media {
	r.t.Helper()
	ctx, now := r.t.Context(), r.now()
	m.State, m.CreatedAt, m.TouchedAt = media.Pending, now, now
	err := r.rows.CreateSession(ctx, media.Session{ID: m.ID, Owner: m.Owner, State: media.SessionOpen, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		r.t.Fatal(err)
	}
	token := "token-" + m.ID.String()
	if _, took, err := r.rows.BeginClosing(ctx, m.ID, token, now, now); err != nil || !took {
		r.t.Fatalf("begin closing: %t, %v", took, err)
	}
	if closed, err := r.rows.CloseSession(ctx, token, m, now); err != nil || !closed {
		r.t.Fatalf("close: %t, %v", closed, err)
	}
	return m
}

// media reads the row.
func (r *rig) media(id media.ID) media.Media {
	r.t.Helper()
	m, err := r.rows.Media(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// published gives the renditions that the media shows: their names, and their
// bytes as the store has them.
func (r *rig) published(id media.ID) map[string]string {
	r.t.Helper()
	ctx := context.Background()
	list, err := r.rows.Renditions(ctx, []media.ID{id})
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]string{}
	for _, x := range list[id] {
		content, err := io.ReadAll(blob.New(r.store).Open(ctx, media.Manifest{x.Blob}, 0, x.Blob.Size))
		if err != nil {
			r.t.Fatalf("read %s: %v", x.Blob.Key, err)
		}
		out[x.Name] = string(content)
	}
	return out
}

// emptyFolder fails the test when something was left in a folder.
func emptyFolder(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("%s holds %v (%v), want nothing", folder, left, err)
	}
}
