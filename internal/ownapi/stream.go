package ownapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/webhook"
)

const (
	// heartbeat keeps proxies from taking a quiet stream for a dead one.
	heartbeat = 15 * time.Second
	// recheck is how often the token is looked at.
	recheck = 5 * time.Second
	// streamWrite is how long a client may take to take in what is sent.
	streamWrite = 10 * time.Second
	// signedFor bounds a stream that an OAuth 1.0a signature opened: a signature
	// is good once and can't be looked at again.
	signedFor = 15 * time.Minute
	// replayed is up to how many events a client that comes back is told of.
	replayed = 1000
)

// streamed is the data of a message.
type streamed struct {
	webhook.MediaData
	Progress  *int   `json:"progress_percent,omitempty"`
	Timestamp string `json:"timestamp,omitempty"`
}

// stream answers GET /magpie/v1/stream with server-sent events (WHATWG HTML,
// §9.2) of the caller's own media, until the client leaves, the token ends, the
// server stops, or the client is far behind. It begins with ready, or, where
// Last-Event-ID says how far the client got, with what it missed; where that
// can't be told any more, with reset: the client should read its media anew.
func (a *API) stream(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.ending, cancel)()
	watching, err := a.changes.watch(ctx, who.User)
	if err != nil {
		return err
	}
	defer a.changes.leave(watching)
	first, last, err := a.beginStream(ctx, r.Header.Get("Last-Event-ID"), who.User)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store, max-age=0")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // or nginx keeps it back
	w.WriteHeader(http.StatusOK)
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	if out.send(first) != nil {
		return nil
	}
	a.pump(ctx, r, who, out, watching.news, last)
	return nil
}

// beginStream gives what a stream begins with, and the number of the last event
// in that.
func (a *API) beginStream(ctx context.Context, from, user string) (text []byte, last int64, err error) {
	if last, err = a.catalog.LastEvent(ctx); err != nil {
		return nil, 0, err
	}
	if from == "" {
		return frame(last, "ready", struct{}{}), last, nil
	}
	after, err := strconv.ParseInt(from, 10, 64)
	known := err == nil && after >= 0
	var missed []catalog.Event
	if known {
		if missed, known, err = a.catalog.EventsOf(ctx, user, after, replayed+1); err != nil {
			return nil, 0, err
		}
	}
	if !known || len(missed) > replayed {
		return frame(last, "reset", struct{}{}), last, nil
	}
	for _, e := range missed {
		last = max(last, e.ID)
		text = append(text, eventFrame(e)...)
	}
	return append(text, frame(last, "ready", struct{}{})...), last, nil
}

// pump passes news on until there is nobody or no right to.
func (a *API) pump(ctx context.Context, r *http.Request, who auth.Identity, out *eventWriter, all <-chan news, last int64) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	check := time.NewTicker(recheck)
	defer check.Stop()
	over := make(<-chan time.Time)
	if who.OAuth1 {
		over = time.After(signedFor)
	}
	for {
		var text []byte
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case n, ok := <-all:
			if !ok {
				return
			}
			if n.event != nil && n.event.ID <= last {
				continue // it was among the first
			}
			text = newsFrame(n)
		case <-beat.C:
			text = []byte(": \n\n")
		case <-check.C:
			if !who.OAuth1 && !a.still(r.WithContext(ctx), who) {
				return
			}
			continue
		}
		if out.send(text) != nil {
			return
		}
	}
}

// still reports whether a request's token is good for the same user as before.
func (a *API) still(r *http.Request, who auth.Identity) bool {
	now, done, err := a.gate.Request(r)
	defer done()
	code := media.CodeOf(err)
	if code == media.CodeUnauthorized || code == media.CodeNoCredentials {
		return false
	}
	return err != nil || now.User == who.User && streamNeed().check(now) == nil // a catalogue that is busy proves nothing
}

// streamNeed is what a stream asks of a caller.
func streamNeed() need { return need{scopes: []string{auth.TweetRead, auth.MediaWrite}} }

func newsFrame(n news) []byte {
	if n.event != nil {
		return eventFrame(*n.event)
	}
	m := n.moving
	data := streamed{MediaData: webhook.MediaData{
		ID: m.ID.String(), MediaKey: media.KeyOf(m.Category, m.ID), Category: m.Category, State: string(m.State),
	}}
	if m.State == media.InProgress {
		data.Progress = &m.Progress
	}
	return frame(0, "media.progress", data)
}

func eventFrame(e catalog.Event) []byte {
	if e.Media == 0 {
		return nil // of a webhook, not of media
	}
	return frame(e.ID, string(e.Kind), streamed{MediaData: webhook.DataOf(e), Timestamp: e.At.UTC().Format("2006-01-02T15:04:05.000Z")})
}

// frame is one message of a stream. Without an id, a client's Last-Event-ID
// stays as it is.
func frame(id int64, kind string, data any) []byte {
	b, err := json.Marshal(data)
	if err != nil {
		return nil // there is nothing in it that can't be encoded
	}
	head := ""
	if id > 0 || kind == "ready" || kind == "reset" {
		head = fmt.Sprintf("id: %d\n", id)
	}
	return fmt.Appendf(nil, "%sevent: %s\ndata: %s\n\n", head, kind, b)
}

// eventWriter sends at once what it is given, and fails where the client does
// not take it in.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (o *eventWriter) send(text []byte) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(streamWrite)) // not every connection has one
	if _, err := o.w.Write(text); err != nil {
		return err
	}
	return o.control.Flush()
}
