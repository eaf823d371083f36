package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"magpie/internal/media"
)

// Watcher is told how one upload goes. Its methods are called from several
// goroutines.
type Watcher interface {
	// Sending tells that bytes will be sent: how many there are, -1 where that is
	// not known, and how many of them arrived before.
	Sending(total, arrived int64)
	// Sent tells of bytes that were sent; a negative number that as many have to be
	// sent again.
	Sent(n int64)
	// Processing tells how far the server is, in percent.
	Processing(percent int)
	// Say gives words worth reading.
	Say(words string)
}

// Upload is one upload to be.
type Upload struct {
	Source    *Source
	Category  media.Category             // "" for what the file is taken for
	Type      media.Type                 // "" for what the name, else the bytes, say
	Segment   int64                      // bytes in a segment; more where the file would need over 1000
	Metadata  map[string]json.RawMessage // the groups of the metadata call; none to set none
	Subtitles []Subtitle
	Watcher   Watcher
}

// X takes segment_index from 0 to 999.
const maxSegments = 1000

// Uploader uploads to one server, several files at once if it is asked to.
type Uploader struct {
	server  *Server
	dialect Dialect
	memory  *Memory
	slots   chan struct{} // one for each segment that may be on its way
}

// NewUploader makes an Uploader that sends so many segments at once, of all its
// uploads together. dialect is Magpie or X. Without a memory nothing can be gone
// on with.
func NewUploader(s *Server, dialect Dialect, memory *Memory, parallel int) *Uploader {
	return &Uploader{s, dialect, memory, make(chan struct{}, max(1, parallel))}
}

// Interrupted is an upload that was stopped before its end.
type Interrupted struct {
	Until time.Time // until when it can be gone on with; zero: it can't
	Err   error
}

func (e *Interrupted) Error() string { return e.Err.Error() }
func (e *Interrupted) Unwrap() error { return e.Err }

// Upload brings a source to the server, waits until it is processed, and gives
// the media's members as STATUS and a lookup have them. An upload of the same
// file to the same server that was begun before is gone on with. Where the
// context ends, the error is *Interrupted; so it is where the server could not
// be reached, and the same call may go on later.
func (u *Uploader) Upload(ctx context.Context, up Upload) (map[string]json.RawMessage, error) {
	if u.dialect == X {
		if err := up.forX(); err != nil {
			return nil, err
		}
	}
	if err := up.captionable(); err != nil {
		return nil, err
	}
	r := &running{Uploader: u, Upload: up, entry: &entry{acked: map[int]bool{}}}
	if u.memory != nil && up.Source.file != nil && up.Source.Name != "-" {
		e, err := u.memory.entry(u.server.base, up.Source.Name)
		if err != nil {
			return nil, err
		}
		r.entry = e
		defer e.close()
	}
	data, err := r.run(ctx)
	if err == nil {
		r.entry.forget()
		return data, nil
	}
	if ctx.Err() != nil || passing(err) {
		stopped := &Interrupted{Err: err}
		if k := r.entry.known; k != nil && r.entry.f != nil {
			stopped.Until = k.ExpiresAt
		}
		return nil, stopped
	}
	return nil, err
}

// forX fills in what X wants to be told and magpie finds out by itself.
func (up *Upload) forX() error {
	if err := up.Source.Spool(); err != nil {
		return err
	}
	if up.Type = up.looksLike(); up.Type == "" {
		return fmt.Errorf("%s: what is in it can't be told from its name or first bytes; say it with --type", up.Source.Name)
	}
	if up.Category == "" {
		up.Category = up.Type.DefaultCategory()
	}
	return nil
}

// looksLike is the type as far as it can be told before anything is sent: from
// what was said, else from the name, else from a file's first bytes; "" where
// those say none.
func (up *Upload) looksLike() media.Type {
	if up.Type != "" {
		return up.Type
	}
	if t := TypeOf(up.Source.Name); t != "" || up.Source.file == nil {
		return t
	}
	return up.Source.sniff()
}

// captionable refuses subtitles for what is plainly no video, before anything is
// sent. What can't be told is left to the server.
func (up *Upload) captionable() error {
	category := up.Category
	if category == "" {
		category = up.looksLike().DefaultCategory()
	}
	if len(up.Subtitles) == 0 || category == "" || category == media.TweetVideo || category == media.AmplifyVideo {
		return nil
	}
	return fmt.Errorf("subtitles %s: %s is of the category %s; only tweet_video and amplify_video have subtitles", up.Subtitles[0].Path, up.Source.Name, category)
}

// running is one upload under way.
type running struct {
	*Uploader
	Upload
	entry *entry
	data  map[string]json.RawMessage // of the last answer that described the media
}

// run goes through the steps, from wherever the upload stands.
func (r *running) run(ctx context.Context) (map[string]json.RawMessage, error) {
	there, err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	// Magpie takes metadata from initialize on, so that nobody ever sees the media
	// without them; X wants the media first.
	if r.dialect == Magpie {
		if err := r.describeTo(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.send(ctx, there); err != nil {
		return nil, r.end(ctx, err)
	}
	if err := r.finalize(ctx); err != nil {
		return nil, r.end(ctx, err)
	}
	if r.dialect == X {
		if err := r.describeTo(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range r.Subtitles {
		if err := r.attach(ctx, s); err != nil {
			return nil, fmt.Errorf("subtitles %s: %w", s.Path, err)
		}
	}
	if err := r.await(ctx); err != nil {
		var failed *processingFailed
		if errors.As(err, &failed) {
			r.entry.forget()
		}
		return nil, err
	}
	return r.lookup(ctx)
}

// initialize opens a session and writes down that it did.
func (r *running) initialize(ctx context.Context) error {
	size := r.Source.Size()
	begin := map[string]any{}
	if size >= 0 {
		begin["total_bytes"] = size
	}
	t := r.Type
	if t == "" {
		t = TypeOf(r.Source.Name)
	}
	if t != "" {
		begin["media_type"] = t
	}
	if r.Category != "" {
		begin["media_category"] = r.Category
	}
	var opened struct {
		Data struct {
			ID      string
			Seconds int64 `json:"expires_after_secs"`
		}
	}
	if err := r.server.json(ctx, http.MethodPost, "/2/media/upload/initialize", begin, &opened); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	if _, err := media.ParseID(opened.Data.ID); err != nil {
		return errors.New("initialize: the answer has no media id")
	}
	return r.entry.keep(record{
		Server: r.server.base, Path: r.Source.Name, File: r.Source.is, ID: opened.Data.ID,
		Step:      max(r.Segment, (size+maxSegments-1)/maxSegments),
		ExpiresAt: r.server.c.Now().Add(time.Duration(opened.Data.Seconds) * time.Second),
	})
}

// finalize makes a media of what was sent. It may be called again.
func (r *running) finalize(ctx context.Context) error {
	k := *r.entry.known
	if k.Key != "" && r.dialect == X { // which finalizes once
		r.data = map[string]json.RawMessage{"id": quoted(k.ID), "media_key": quoted(k.Key)}
		return nil
	}
	if changed, err := r.Source.changed(); err != nil || changed {
		return errors.Join(err, errChanged)
	}
	var done struct{ Data map[string]json.RawMessage }
	if err := r.server.json(ctx, http.MethodPost, "/2/media/upload/"+k.ID+"/finalize", nil, &done); err != nil {
		return fmt.Errorf("finalize: %w", err)
	}
	if err := json.Unmarshal(done.Data["media_key"], &k.Key); err != nil {
		return errors.New("finalize: the answer has no media key")
	}
	r.data = done.Data
	k.Processed = done.Data["processing_info"] != nil
	return r.entry.keep(k)
}

func quoted(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }

// errChanged is a file that is no longer what was begun with.
var errChanged = errors.New("the file has changed while it was sent")

// end forgets an upload that can't be gone on with, and tells magpie, so that
// what it took does not count against the quota. It gives err back.
func (r *running) end(ctx context.Context, err error) error {
	var refused *Refusal
	final := errors.Is(err, errChanged) || errors.Is(err, errShort)
	if errors.As(err, &refused) && !passing(err) {
		final = final || refused.Status != http.StatusUnauthorized && refused.Status != http.StatusForbidden
	}
	if final && ctx.Err() == nil {
		r.abort(ctx)
	}
	return err
}

// abort ends the session, as far as the server lets it.
func (r *running) abort(ctx context.Context) {
	if k := r.entry.known; k != nil && r.dialect == Magpie && k.Key == "" {
		_ = r.server.once(ctx, request{method: http.MethodDelete, path: "/magpie/v1/uploads/" + k.ID}, nil)
	}
	r.entry.forget()
}

// lookup adds what a lookup says of the media to what STATUS said. A token that
// may not look up gets the latter alone.
func (r *running) lookup(ctx context.Context) (map[string]json.RawMessage, error) {
	k := r.entry.known
	path := "/2/media/" + k.Key + "?media.fields=" + strings.Join([]string{
		"type", "url", "preview_image_url", "variants", "duration_ms", "width", "height", "alt_text",
	}, ",")
	var found struct{ Data map[string]json.RawMessage }
	err := r.server.json(ctx, http.MethodGet, path, nil, &found)
	var refused *Refusal
	if errors.As(err, &refused) && (refused.Status == http.StatusForbidden || r.dialect == X && refused.Status == http.StatusNotFound) {
		return r.data, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lookup: %w", err)
	}
	for name, v := range found.Data {
		r.data[name] = v
	}
	return r.data, nil
}
