package upload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestInitialize(t *testing.T) {
	r := newRig(t, Config{Lifetime: 5 * time.Hour})
	got, err := r.sessions.Initialize(t.Context(), Request{
		Owner: owner, Category: media.AmplifyVideo, Type: media.MP4, TotalBytes: media.MaxTotalBytes,
		Shared: true, AdditionalOwners: []string{"1", "9999999999999999999"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := media.Session{
		ID: got.ID, Owner: owner, Category: media.AmplifyVideo, Type: media.MP4, TotalBytes: media.MaxTotalBytes, Shared: true,
		AdditionalOwners: []string{"1", "9999999999999999999"}, State: media.SessionOpen,
		CreatedAt: r.now(), ExpiresAt: r.now().Add(5 * time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
	row, err := r.rows.Session(t.Context(), got.ID)
	if diff := cmp.Diff(want, row); diff != "" || err != nil {
		t.Errorf("the row, %v (-want +got):\n%s", err, diff)
	}
	if made := got.ID.Time(); !made.Equal(r.now()) {
		t.Errorf("the id says %s", made)
	}
}

// Without a category the type tells it, as X does; without either it is open.
func TestInitializeCategory(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range []struct {
		typ            media.Type
		category, want media.Category
	}{
		{"", "", ""},
		{"", media.DMGIF, media.DMGIF},
		{media.GIF, "", media.TweetGIF},
		{media.MP4, "", media.TweetVideo},
		{media.MP4, media.TweetGIF, media.TweetGIF},
		{media.SRT, "", media.Subtitles},
		{media.GLB, "", media.Model},
	} {
		s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Type: c.typ, Category: c.category, TotalBytes: 1})
		if err != nil || s.Category != c.want {
			t.Errorf("%q, %q: %q, %v", c.typ, c.category, s.Category, err)
		}
	}
}

func TestInitializeRefuses(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range []struct {
		request Request
		words   string
		value   string
	}{
		{Request{TotalBytes: -2}, "total_bytes must be from 0 to 17179869184", "-2"},
		{Request{TotalBytes: media.MaxTotalBytes + 1}, "total_bytes must be from 0 to 17179869184", "17179869185"},
		{Request{AdditionalOwners: strings.Split(strings.Repeat("1,", 100)+"1", ",")}, "additional_owners names 101 users; at most 100 are allowed", ""},
		{Request{AdditionalOwners: []string{"1", ""}}, "additional_owners must hold user ids of 1 to 19 digits, such as 2244994945", ""},
		{Request{AdditionalOwners: []string{"@jack"}}, "additional_owners must hold user ids of 1 to 19 digits, such as 2244994945", "@jack"},
		{Request{Type: media.PNG, Category: media.TweetVideo}, "media_type image/png can't be uploaded with media_category tweet_video; it goes with tweet_image, dm_image", "image/png"},
		{Request{Type: media.MP4, Category: media.TweetImage}, "media_type video/mp4 can't be uploaded with media_category tweet_image; it goes with amplify_video, tweet_gif, tweet_video, dm_gif, dm_video", "video/mp4"},
		{Request{Type: media.USDZ, Category: media.Subtitles}, "media_type model/vnd.usdz+zip can't be uploaded with media_category subtitles; leave media_category out for this type", "model/vnd.usdz+zip"},
	} {
		c.request.Owner = owner
		_, err := r.sessions.Initialize(t.Context(), c.request)
		code, got := told(t, err)
		var e *media.Error
		errors.As(err, &e)
		if code != media.CodeInvalid || got != c.words || e.Value != c.value {
			t.Errorf("%+v:\n%s %q, value %q\nwant %q", c.request, code, got, e.Value, c.words)
		}
	}
	if n, err := count(r); n != 0 || err != nil {
		t.Errorf("%d sessions were opened by what was refused, %v", n, err)
	}
	for _, total := range []int64{media.Undeclared, 0, media.MaxTotalBytes} {
		if _, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, TotalBytes: total}); err != nil {
			t.Errorf("%d bytes: %v", total, err)
		}
	}
	full := strings.Split(strings.Repeat("1,", 99)+"1", ",")
	if _, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, AdditionalOwners: full}); err != nil {
		t.Errorf("100 additional owners: %v", err)
	}
}

// count is how many sessions there are.
func count(r *rig) (n int, err error) {
	err = r.rows.EachSession(r.t.Context(), func(media.Session) error { n++; return nil })
	return n, err
}

// Two sessions of one millisecond that drew the same bits: the second draws
// again.
func TestInitializeSameID(t *testing.T) {
	r := newRig(t, Config{})
	r.random.Reader = io.MultiReader(strings.NewReader("aaaa"+"aaaa"+"aaaa"), bytes.NewReader([]byte("bbbb")))
	first, second := r.initialize(1), r.initialize(2)
	if first.ID == second.ID {
		t.Errorf("both are %s", first.ID)
	}
	for _, want := range []media.Session{first, second} {
		got, err := r.rows.Session(t.Context(), want.ID)
		if err != nil || got.TotalBytes != want.TotalBytes {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestInitializeFaults(t *testing.T) {
	r := newRig(t, Config{})
	r.random.Reader = iotest.ErrReader(errAway)
	if _, err := r.sessions.Initialize(t.Context(), Request{Owner: owner}); !errors.Is(err, errAway) {
		t.Errorf("without randomness: %v", err)
	}
	r = newRig(t, Config{})
	if err := r.rows.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := r.sessions.Initialize(t.Context(), Request{Owner: owner})
	if media.CodeOf(err) != media.CodeInternal || !strings.Contains(fmt.Sprint(err), "open session") {
		t.Errorf("without a catalogue: %v", err)
	}
}
