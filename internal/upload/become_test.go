package upload

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// working gives a Make that stores a rendition of what it reads, once that may be,
// and publishes it.
func (r *rig) working(meanwhile func(ctx context.Context, m media.Media, file *blob.Taken)) func(media.Category) Make {
	return func(media.Category) Make {
		return func(ctx context.Context, m media.Media, file *blob.Taken, publish func(context.Context, media.Outcome) error) error {
			var from io.Reader = r.sessions.blobs.Open(ctx, m.Manifest, 0, m.Size())
			if file != nil {
				from = io.NewSectionReader(file, 0, m.Size())
			}
			content, err := io.ReadAll(from)
			if err != nil {
				return err
			}
			if meanwhile != nil {
				meanwhile(ctx, m, file)
			}
			if file != nil {
				file.Read()
				if err := file.Begun(); err != nil {
					return err
				}
			}
			b, err := r.sessions.blobs.Put(ctx, "renditions/"+m.ID.String()+"/1/text.vtt", bytes.NewReader(content))
			if err != nil {
				return err
			}
			return publish(ctx, media.Outcome{Renditions: []media.Rendition{{Role: media.RoleText, Name: "text.vtt", Blob: b}, {Role: media.RoleText, Name: "same.vtt", Blob: b}}})
		}
	}
}

// contents are what the store has, by the beginning of its key.
func (r *rig) contents() map[string]string {
	r.t.Helper()
	out := map[string]string{}
	for _, key := range r.keys() {
		info, err := r.store.Stat(r.t.Context(), key)
		if err != nil {
			r.t.Fatal(err)
		}
		got, err := io.ReadAll(r.sessions.blobs.Open(r.t.Context(), media.Manifest{{Key: key, Size: info.Size}}, 0, info.Size))
		if err != nil {
			r.t.Fatal(err)
		}
		kind, _, _ := strings.Cut(key, "/")
		out[kind] += string(got)
	}
	return out
}

// The original and what is made of it are kept at once, behind the session's row
// and not before it.
func TestOneShotKeepsAtOnce(t *testing.T) {
	r := newRig(t, Config{})
	var both sync.WaitGroup
	both.Add(2)
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpCommit {
			id, err := ownerOf(c.Key)
			if err != nil || r.state(id) != media.SessionClosing {
				t.Errorf("%s is kept of a session that is %s, %v", c.Key, r.state(id), err)
			}
			both.Done()
			both.Wait() // for the other
		}
		return nil
	}})
	m, err := r.finish(r.working(func(ctx context.Context, m media.Media, file *blob.Taken) {
		if len(r.keys()) != 0 {
			t.Errorf("while it is read the store has %v", r.keys())
		}
	}))
	if err != nil || m.State != media.Succeeded {
		t.Fatalf("%+v, %v", m, err)
	}
	r.store.SetFaults(blobtest.Faults{})
	if got := r.contents(); got["segments"] != subtitles || got["renditions"] != subtitles {
		t.Errorf("the store has %q", got)
	}
	if info, err := r.sessions.blobs.Stat(t.Context(), m.Manifest[0].Key); err != nil || info.Size != m.Size() {
		t.Errorf("the original is %+v, %v", info, err)
	}
}

// sealed is a driver whose uploads can't be read.
type sealed struct{ blob.Driver }

func (d sealed) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	u, err := d.Driver.Create(ctx, hint, head)
	return struct{ blob.Upload }{u}, err
}

// unsynced is a driver whose uploads can be read, and don't get to the disk.
type unsynced struct{ blob.Driver }

type unsyncedUpload struct {
	blob.Upload
	blob.Readable
}

func (unsyncedUpload) Flush() error { return blobtest.Full() }

func (d unsynced) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	u, err := d.Driver.Create(ctx, hint, head)
	if err != nil {
		return nil, err
	}
	return unsyncedUpload{u, u.(blob.Readable)}, nil
}

// A disk that is full at once is told as what it is, and nobody looks at the Writer
// meanwhile: under the race detector this fails where somebody does.
func TestOneShotThatIsNotFlushed(t *testing.T) {
	r := newRig(t, Config{})
	r.sessions.blobs = blob.New(unsynced{r.store})
	m, err := r.finish(r.working(nil))
	if media.CodeOf(err) != media.CodeFull {
		t.Errorf("%+v, %v", m, err)
	}
	if len(r.keys()) != 0 {
		t.Errorf("the store has %v", r.keys())
	}
}

// What can't be read before it is stored is made from the store, and so is what is
// long.
func TestOneShotMadeFromTheStore(t *testing.T) {
	long := subtitles + strings.Repeat("x", unstoredMost)
	for name, c := range map[string]struct {
		content string
		sealed  bool
		stored  bool
	}{
		"can't be read": {subtitles, true, true},
		"too long":      {long, false, true},
		"just so long":  {long[:unstoredMost], false, false},
	} {
		r := newRig(t, Config{})
		if c.sealed {
			r.sessions.blobs = blob.New(sealed{r.store})
		}
		o, err := r.sessions.OneShot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Abort()
		if _, err := io.WriteString(o, c.content); err != nil {
			t.Fatal(err)
		}
		m, err := o.Finish(t.Context(), Request{Owner: owner}, r.working(func(_ context.Context, m media.Media, file *blob.Taken) {
			if stored := file == nil; stored != c.stored || stored != (len(r.keys()) == 1) {
				t.Errorf("%s: it is read from %v, and the store has %v", name, file, r.keys())
			}
		}))
		if err != nil || m.State != media.Succeeded {
			t.Fatalf("%s: %+v, %v", name, m, err)
		}
		if got := r.contents(); got["segments"] != c.content || got["renditions"] != c.content {
			t.Errorf("%s: the store has %d and %d bytes", name, len(got["segments"]), len(got["renditions"]))
		}
	}
}

// What there is no room for in the quota leaves nothing, though it was made
// something of meanwhile.
func TestOneShotMadeAboveTheQuota(t *testing.T) {
	r := newRig(t, Config{Quota: int64(len(subtitles)) - 1})
	_, err := r.finish(r.working(nil))
	if media.CodeOf(err) != media.CodeQuota {
		t.Errorf("%v", err)
	}
	if n, err := count(r); n != 0 || err != nil || len(r.keys()) != 0 {
		t.Errorf("%d sessions and %v are left, %v", n, r.keys(), err)
	}
}

// Where the original can't be kept, nothing is recorded, and what was made of it
// goes at once.
func TestOneShotMadeAndNotKept(t *testing.T) {
	r := newRig(t, Config{})
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpCommit && strings.HasPrefix(c.Key, "segments/") {
			return blobtest.Full()
		}
		return nil
	}})
	if _, err := r.finish(r.working(nil)); media.CodeOf(err) != media.CodeFull {
		t.Errorf("%v", err)
	}
	if len(r.keys()) != 0 {
		t.Errorf("the store has %v", r.keys())
	}
	all, err := r.rows.Storage(t.Context(), owner)
	if err != nil || all.Media != 0 {
		t.Errorf("the storage is %+v, %v", all, err)
	}
	r.pass(oneShotLifetime)
	r.sweep()
	if all, err := r.rows.Storage(t.Context(), owner); err != nil || all.Used() != 0 {
		t.Errorf("later the storage is %+v, %v", all, err)
	}
}

// Where what is made can't be kept, the original is, and a media that is to be
// made.
func TestOneShotKeptAndNotMade(t *testing.T) {
	r := newRig(t, Config{})
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpCommit && strings.HasPrefix(c.Key, "renditions/") {
			return blobtest.Full()
		}
		return nil
	}})
	m, err := r.finish(r.working(nil))
	if err != nil || m.State != media.Pending {
		t.Errorf("%+v, %v", m, err)
	}
	if got := r.contents(); got["segments"] != subtitles || got["renditions"] != "" {
		t.Errorf("the store has %q", got)
	}
}

// An id that another upload has is given up before anything is kept under it.
func TestOneShotUnderATakenID(t *testing.T) {
	r := newRig(t, Config{})
	r.random.Reader = repeating("aaaa")
	other := r.initialize(100)
	name := strings.Repeat("n", 12)
	r.random.Reader = io.MultiReader(
		strings.NewReader(name+"aaaa"+"tt"+name), // a token, an id, a tail and a slug
		strings.NewReader(name+"bbbb"), rand.Reader,
	)
	var ids []media.ID
	m, err := r.finish(r.working(func(_ context.Context, m media.Media, _ *blob.Taken) { ids = append(ids, m.ID) }))
	if err != nil || m.State != media.Succeeded || m.ID == other.ID {
		t.Fatalf("%+v, %v", m, err)
	}
	if !slices.Equal(ids, []media.ID{other.ID, m.ID}) {
		t.Errorf("it was made as %v, want %v and %v", ids, other.ID, m.ID)
	}
	for _, key := range r.keys() {
		if id, err := ownerOf(key); err != nil || id != m.ID {
			t.Errorf("the store has %s, %v", key, err)
		}
	}
	if r.state(other.ID) != media.SessionOpen {
		t.Errorf("the other session is %s", r.state(other.ID))
	}
}

type repeating string

func (s repeating) Read(p []byte) (int, error) { return copy(p, s), nil }

// Of a client that is gone while its file is read nothing is kept.
func TestOneShotClientGoneWhileMade(t *testing.T) {
	r := newRig(t, Config{})
	ctx, leave := context.WithCancel(t.Context())
	o, err := r.sessions.OneShot(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Abort()
	if _, err := io.WriteString(o, subtitles); err != nil {
		t.Fatal(err)
	}
	_, err = o.Finish(ctx, Request{Owner: owner}, r.working(func(_ context.Context, _ media.Media, file *blob.Taken) {
		if err := file.Begun(); err != nil {
			t.Error(err)
		}
		leave()
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Finish = %v", err)
	}
	o.Abort()
	for _, key := range r.keys() {
		if !strings.HasPrefix(key, "renditions/") { // which goes with its session
			t.Errorf("the store has %s", key)
		}
	}
}
