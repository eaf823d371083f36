package upload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// atOnce uploads a file in one request.
func (r *rig) atOnce(content string, q Request) (media.Media, error) {
	o, err := r.sessions.OneShot(context.Background(), int64(len(content)))
	if err != nil {
		return media.Media{}, err
	}
	defer o.Abort()
	for len(content) > 0 { // in pieces, as a body comes
		n := min(len(content), 1000)
		if _, err := io.WriteString(o, content[:n]); err != nil {
			return media.Media{}, err
		}
		content = content[n:]
	}
	q.Owner = owner
	return o.Finish(context.Background(), q, nil)
}

func TestOneShot(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 100_000})
	content := subtitles + strings.Repeat("x", 100_000-len(subtitles)) // longer than a head, as long as may be
	m, err := r.atOnce(content, Request{Type: media.SRT, TotalBytes: 5, Shared: true, AdditionalOwners: []string{"22"}})
	if err != nil {
		t.Fatal(err)
	}
	if m.Owner != owner || m.Type != media.VTT || m.Category != media.Subtitles || !m.Shared || len(m.AdditionalOwners) != 1 ||
		m.State != media.Pending || m.Size() != 100_000 || len(m.Manifest) != 1 {
		t.Errorf("%+v", m)
	}
	got, err := io.ReadAll(r.sessions.blobs.Open(t.Context(), m.Manifest, 0, 1<<20))
	if err != nil || string(got) != content {
		t.Errorf("%d bytes are kept, %v", len(got), err)
	}
	if r.state(m.ID) != media.SessionClosed {
		t.Errorf("its session is %s", r.state(m.ID))
	}
	r.pass(24 * time.Hour)
	r.sweep()
	if len(r.keys()) != 1 {
		t.Errorf("a day later the store has %v", r.keys())
	}
}

// A file that is refused leaves neither bytes nor a session.
func TestOneShotRefuses(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 10_000})
	for _, c := range []struct {
		what, content string
		request       Request
		code          media.Code
		words         string
	}{
		{"nothing", "", Request{}, media.CodeInvalid, "The file is empty."},
		{"too much", strings.Repeat("x", 10_001), Request{}, media.CodeTooLarge, "File size exceeds 10000 bytes. That is the most that one request may carry; use initialize, append and finalize."},
		{"no known file", "MZ\x90\x00", Request{}, media.CodeInvalid, ""},
		{"another type", subtitles, Request{Type: media.PNG}, media.CodeInvalid, "The upload was declared as image/png, but the file is text/vtt."},
		{"another category", subtitles, Request{Category: media.TweetGIF}, media.CodeInvalid, "The upload was declared as tweet_gif, but the file is text/vtt; it goes with subtitles."},
		{"a type and a category that never go together", subtitles, Request{Type: media.PNG, Category: media.TweetGIF}, media.CodeInvalid, "media_type image/png can't be uploaded with media_category tweet_gif; it goes with tweet_image, dm_image"},
		{"owners that are none", subtitles, Request{AdditionalOwners: []string{"me"}}, media.CodeInvalid, "additional_owners must hold user ids of 1 to 19 digits, such as 2244994945"},
	} {
		_, err := r.atOnce(c.content, c.request)
		if code, got := told(t, err); code != c.code || (c.words != "" && got != c.words) {
			t.Errorf("%s: %s %q, want %s %q", c.what, code, got, c.code, c.words)
		}
		n, err := count(r)
		if n != 0 || err != nil || len(r.keys()) != 0 {
			t.Fatalf("%s: %d sessions (%v) and %v are left", c.what, n, err, r.keys())
		}
	}
}

// Abort drops the bytes, and may follow anything.
func TestOneShotAbort(t *testing.T) {
	r := newRig(t, Config{})
	o, err := r.sessions.OneShot(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(o, subtitles); err != nil || o.Size() != 8 {
		t.Fatal(o.Size(), err)
	}
	o.Abort()
	o.Abort()
	if _, err := io.WriteString(o, "x"); err == nil {
		t.Error("written after Abort")
	}
	if len(r.keys()) != 0 {
		t.Errorf("the store has %v", r.keys())
	}
}

// What a fault cuts short is of no use to anybody, and goes long before an
// upload that its client could go on with would.
func TestOneShotFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults blobtest.Faults
		code   media.Code
	}{
		"create":                  {blobtest.Faults{Before: blobtest.FailAll(blobtest.OpCreate, blobtest.Full())}, media.CodeFull},
		"write":                   {blobtest.Faults{Before: blobtest.FailAll(blobtest.OpWrite, blobtest.Full())}, media.CodeFull},
		"commit":                  {blobtest.Faults{Before: blobtest.FailAll(blobtest.OpCommit, blobtest.Full())}, media.CodeFull},
		"a commit's answer, lost": {blobtest.Faults{After: blobtest.FailAll(blobtest.OpCommit, errAway)}, media.CodeInternal},
	} {
		r := newRig(t, Config{Grace: time.Minute})
		r.store.SetFaults(c.faults)
		if _, err := r.atOnce(subtitles, Request{}); media.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		r.store.SetFaults(blobtest.Faults{})
		r.pass(oneShotLifetime)
		r.sweep()
		r.pass(time.Minute + time.Second)
		r.sweep()
		if len(r.keys()) != 0 {
			t.Errorf("%s: %v is left", name, r.keys())
		}
		if _, err := r.atOnce(subtitles, Request{}); err != nil {
			t.Errorf("%s, when it is well again: %v", name, err)
		}
	}
}

// Where sessions live for a shorter time, these do too.
func TestOneShotLifetime(t *testing.T) {
	for lifetime, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, 24 * time.Hour: oneShotLifetime} {
		r := newRig(t, Config{Lifetime: lifetime})
		m, err := r.atOnce(subtitles, Request{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.rows.Session(t.Context(), m.ID)
		if err != nil || s.ExpiresAt.Sub(s.CreatedAt) != want {
			t.Errorf("%s: it lived for %s, %v", lifetime, s.ExpiresAt.Sub(s.CreatedAt), err)
		}
	}
}

// A client that is gone before the end gets no media.
func TestOneShotClientGone(t *testing.T) {
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
	leave()
	if _, err := o.Finish(ctx, Request{Owner: owner}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Finish = %v", err)
	}
	o.Abort()
	if len(r.keys()) != 0 {
		t.Errorf("the store has %v", r.keys())
	}
}

// Bytes that are told at the end to be a segment are held to a segment's rules,
// and are counted once.
func TestOneShotAppend(t *testing.T) {
	const content = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"
	total := int64(len(content))
	r := newRig(t, Config{MaxSegment: 100})
	id := r.initialize(total).ID
	send := func(user string, id media.ID, index int, text string) error {
		r.pass(time.Millisecond) // so that the newest is
		o, err := r.sessions.OneShot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Abort()
		if _, err := io.WriteString(o, text); err != nil {
			return err
		}
		_, err = o.Append(t.Context(), user, id, index)
		return err
	}
	for _, c := range []struct {
		user  string
		id    media.ID
		index int
		text  string
		code  media.Code
	}{
		{owner, 5, 0, content, media.CodeNotFound},
		{"7", id, 0, content, media.CodeNotFound},
		{owner, id, 1000, content, media.CodeInvalid},
		{owner, id, 0, "", media.CodeInvalid},
		{owner, id, 0, content + "x", media.CodeInvalid}, // alone more than the total
	} {
		for range 3 { // a refusal leaves the count as it was
			if err := send(c.user, c.id, c.index, c.text); media.CodeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
	hullo, hallo := strings.Replace(content, "hello", "hullo", 1), strings.Replace(content, "hello", "hallo", 1)
	for _, text := range []string{content, content, content, hullo} { // up to the allowance
		if err := send(owner, id, 0, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := send(owner, id, 0, hallo); media.CodeOf(err) != media.CodeTooLarge {
		t.Errorf("above the allowance: %v", err)
	}
	m, err := r.sessions.Finalize(t.Context(), owner, id)
	if err != nil || m.Size() != total {
		t.Fatalf("%d bytes, %v", m.Size(), err)
	}
	if err := send(owner, id, 0, hullo); err != nil {
		t.Errorf("sent again after finalize: %v", err)
	}
}

// What is kept of a file's beginning tells as much as all that may be kept, in
// whatever pieces it comes.
func FuzzOneShotHead(f *testing.F) {
	for _, content := range starting(f) {
		f.Add([]byte(content), uint16(1000), uint16(0))
		f.Add([]byte(content), uint16(5000), uint16(9000))
	}
	f.Add([]byte(box("free", strings.Repeat("\x00", 5000))+box("ftyp", "isom\x00\x00\x02\x00")), uint16(700), uint16(0))
	f.Add([]byte("\xFF\xD8\xFF\xE1\x1F\xFF"+strings.Repeat("x", 0x1FFD)+"\xFF\xC0\x00\x11\x08\x01\x00\x02\x00\x03"+strings.Repeat("y", 20)), uint16(4096), uint16(0))
	f.Add([]byte(strings.Repeat("a b\n", 1100)+"00:00:01,000 --> 00:00:02,500\nHello\n"), uint16(4097), uint16(100))
	f.Fuzz(func(t *testing.T, file []byte, piece, more uint16) {
		file = append(file, make([]byte, more)...)
		store := blob.New(blobtest.NewMemory(time.Now))
		o, err := New(Config{}, nil, store, time.Now, nil, nil).OneShot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Abort()
		for rest := file; len(rest) > 0; {
			n, err := o.Write(rest[:min(len(rest), 1+int(piece))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		head, whole := o.head(), file[:min(len(file), headSize)]
		if !bytes.HasPrefix(whole, head) || len(head) < min(len(file), earlyLen) {
			t.Fatalf("%d bytes are kept of %d, or others", len(head), len(file))
		}
		typ := sniff(whole, int64(len(file)))
		if got := sniff(head, int64(len(file))); got != typ {
			t.Fatalf("by %d bytes it is %q, by %d %q", len(head), got, len(whole), typ)
		}
		w, h, ok := pictureSize(head, typ)
		if w2, h2, ok2 := pictureSize(whole, typ); w != w2 || h != h2 || ok != ok2 {
			t.Fatalf("%d×%d %t by %d bytes, %d×%d %t by %d", w, h, ok, len(head), w2, h2, ok2, len(whole))
		}
	})
}

// A thousand uploads that come slowly are to cost little: of films, and of what
// goes on in the middle of one, only the first bytes are kept.
func TestOneShotKeepsLittle(t *testing.T) {
	r := newRig(t, Config{})
	photo := "\xFF\xD8\xFF\xE1\xFF\xFF" + strings.Repeat("x", 100_000) // its size lies behind its camera's notes
	for name, c := range map[string]struct {
		file string
		want int
	}{
		"a film":                {starting(t)[media.MP4] + strings.Repeat("\x00", 100_000), earlyLen},
		"the middle of one":     {strings.Repeat("\x01\x80\xfe", 30_000), earlyLen},
		"a picture":             {pngOf(10, 10) + strings.Repeat("\x00", 100_000), earlyLen},
		"one with a long start": {photo, headSize},
		"few bytes":             {subtitles, len(subtitles)},
	} {
		o, err := r.sessions.OneShot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for rest := c.file; rest != ""; rest = rest[min(len(rest), 999):] {
			if _, err := io.WriteString(o, rest[:min(len(rest), 999)]); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(o.head()); got != c.want || cap(o.more) > headSize {
			t.Errorf("%s: %d bytes are kept, want %d", name, got, c.want)
		}
		o.Abort()
	}
}
