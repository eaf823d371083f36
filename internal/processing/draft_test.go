package processing

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// begin starts a rendition and writes its body.
func begin(t *testing.T, ctx context.Context, out Output, name string, head int64, body string) Draft {
	t.Helper()
	d, err := out.Begin(ctx, name, 0, head)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, body); err != nil {
		t.Fatal(err)
	}
	return d
}

// A draft is a rendition like any other once it is saved, and nothing before
// and without that.
func TestDraft(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		saved := begin(t, ctx, out, "720.mp4", 5, " and its body")
		aborted := begin(t, ctx, out, "aborted.mp4", 5, "dropped")
		begin(t, ctx, out, "forgotten.mp4", 5, "forgotten")
		short := begin(t, ctx, out, "short.mp4", 5, "without its head")
		other := begin(t, ctx, out, "one.mp4", 5, "body")
		aborted.Abort()
		if err := aborted.Save(ctx, media.Rendition{Name: "aborted.mp4"}, []byte("A...d")); err == nil {
			t.Error("an aborted draft was saved")
		}
		if err := short.Save(ctx, media.Rendition{Name: "short.mp4"}, []byte("abc")); err == nil || !strings.Contains(err.Error(), "short.mp4") {
			t.Errorf("a head that is too short: %v", err)
		}
		if err := other.Save(ctx, media.Rendition{Name: "another.mp4"}, []byte("12345")); err == nil || !strings.Contains(err.Error(), "one.mp4") {
			t.Errorf("saved under another name than it was begun with: %v", err)
		}
		if _, err := out.Begin(ctx, "UP", 0, 5); err == nil {
			t.Error("a name that is no key was begun")
		}
		if _, err := out.Begin(ctx, "large.mp4", 0, MaxHead+1); err == nil {
			t.Error("a head that is too large was left open")
		}
		return made(), saved.Save(ctx, media.Rendition{Role: media.RoleMP4, Name: "720.mp4", ContentType: "video/mp4"}, []byte("Head,"))
	}
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := r.published(m.ID); len(got) != 1 || got["720.mp4"] != "Head, and its body" {
		t.Errorf("published %v", got)
	}
}

// What an engine leaves when it fails takes no more, and is not stored.
func TestDraftIsDropped(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	broken := errors.New("broken")
	var left Draft
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		left = begin(t, ctx, out, "left.mp4", 5, "body")
		panic(broken)
	}
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err == nil {
		t.Error("the panic went unseen")
	}
	if _, err := left.Write([]byte("more")); err == nil {
		t.Error("the draft still takes something")
	}
	for info, err := range r.store.List(t.Context(), "renditions/") {
		t.Errorf("%v is stored, %v", info, err)
	}
}

// A store without room says so at once.
func TestDraftWithoutRoom(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	r.store.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpCreate, 1, blobtest.Full())})
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		_, err := out.Begin(ctx, "720.mp4", 100, 5)
		if media.CodeOf(err) != media.CodeFull {
			t.Errorf("Begin in a full store: %v", err)
		}
		return made(), save(ctx, out, "360.mp4", "small")
	}
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
}

// keyed is a store that sends on what it knows the key of, and remembers which.
type keyed struct {
	*blobtest.Memory
	keys []string
}

func (k *keyed) CreateKeyed(ctx context.Context, key string, hint, head int64) (blob.Upload, error) {
	k.keys = append(k.keys, key)
	return k.Create(ctx, hint, head)
}

// A store is told beforehand what is long, or may be, so that it need not keep it
// back until it is whole.
func TestLongRenditionsAreKeyed(t *testing.T) {
	r := newRig(t, openSource(t))
	store := &keyed{Memory: r.store}
	m := r.pending(media.TweetVideo, "whole")
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		draft := begin(t, ctx, out, "draft.mp4", 5, " and its body")
		return made(), errors.Join(
			save(ctx, out, "small.mp4", "small"),
			save(ctx, out, "long.mp4", strings.Repeat("long", small/4+1)),
			out.Save(ctx, media.Rendition{Role: media.RoleMP4, Name: "unknown.mp4", ContentType: "video/mp4"}, io.LimitReader(strings.NewReader("who knows"), 100)),
			draft.Save(ctx, media.Rendition{Role: media.RoleMP4, Name: "draft.mp4", ContentType: "video/mp4"}, []byte("Head,")),
		)
	}
	w := r.worker(Config{})
	w.blobs = blob.New(store)
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	at := "renditions/" + m.ID.String() + "/1/"
	if want := []string{at + "draft.mp4", at + "long.mp4", at + "unknown.mp4"}; !slices.Equal(store.keys, want) {
		t.Errorf("keyed were %q, want %q", store.keys, want)
	}
	if got := r.published(m.ID); len(got) != 4 || got["draft.mp4"] != "Head, and its body" || got["unknown.mp4"] != "who knows" {
		t.Errorf("published %d", len(got))
	}
}
