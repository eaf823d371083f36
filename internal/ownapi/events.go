package ownapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/media"
)

const (
	maxEventsBody = 64 << 10
	maxEventID    = 64
)

// eventsBody is what a player sends.
type eventsBody struct {
	Token  string        `json:"token"`
	Events []playerEvent `json:"events"`
}

// playerEvent is one event. The id is for the player's own use: what comes twice
// counts once without it.
type playerEvent struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	MS   int64  `json:"ms"` // of a watch event: milliseconds watched since the beginning
	At   int64  `json:"at"` // Unix time in milliseconds, by the player's clock; 0 for now
}

// eventTypes is what players call the metrics.
func eventTypes() map[string]media.PlaybackMetric {
	return map[string]media.PlaybackMetric{
		"start": media.PlaybackStart, "p25": media.Playback25, "p50": media.Playback50, "p75": media.Playback75,
		"complete": media.PlaybackComplete, "view": media.VideoView, "watch": media.WatchTime, "tap": media.PlayFromTap,
		"cta_url": media.CTAURLClick, "cta_watch": media.CTAWatchClick,
	}
}

// routePlayback adds what players call. Any page may: what they send goes by a
// token in the body, and not by who is signed in.
func (a *API) routePlayback() {
	a.mux.HandleFunc("POST /magpie/v1/events", a.anyPage(a.events))
	a.mux.HandleFunc("GET /magpie/v1/events.js", a.anyPage(a.eventsScript))
	a.mux.HandleFunc("POST /magpie/v1/media/{id}/playback-token", a.anyPage(a.playbackToken))
	for _, path := range []string{"/magpie/v1/events", "/magpie/v1/events.js", "/magpie/v1/media/{id}/playback-token"} {
		a.mux.HandleFunc("OPTIONS "+path, a.anyPage(preflight))
	}
}

// anyPage lets pages of all origins call a handler, whatever the API allows
// otherwise.
func (a *API) anyPage(h handlerOfAnyone) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// handlerOfAnyone answers a request that needs no credentials, or returns why not.
type handlerOfAnyone func(w http.ResponseWriter, r *http.Request) error

func preflight(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// events answers POST /magpie/v1/events with 204 once the events are on stable
// storage.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	body, err := readEvents(w, r)
	if err != nil {
		return err
	}
	events, err := body.parse()
	if err != nil {
		return err
	}
	if err := a.intake.Take(r.Context(), body.Token, events); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusNoContent, nil)
}

// readEvents reads the body, which is JSON also where it comes as text:
// navigator.sendBeacon sends it so, which needs no preflight.
func readEvents(w http.ResponseWriter, r *http.Request) (body eventsBody, err error) {
	if t := r.Header.Get("Content-Type"); t != "" {
		kind, _, err := mime.ParseMediaType(t)
		if err != nil || kind != "application/json" && kind != "text/plain" {
			return body, media.Errorf(media.CodeUnsupported, "Playback events are JSON, sent as application/json or text/plain.")
		}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return body, media.Errorf(media.CodeUnsupported, "The body is compressed; send it as it is.")
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every connection has one
	b, err := io.ReadAll(io.LimitReader(r.Body, maxEventsBody+1))
	if err != nil {
		return body, &media.Error{
			Code: media.CodeInvalid, Field: "body", Cause: err,
			Detail: "The request body broke off before its end, or came too slowly; send the request again.",
		}
	}
	if len(b) > maxEventsBody {
		return body, media.Errorf(media.CodeTooLarge, "The body has more than %d bytes; send fewer events at once.", maxEventsBody)
	}
	_ = control.SetReadDeadline(time.Time{})
	return body, decode(b, &body)
}

// parse checks what was sent and puts it into the words of analytics.
func (b eventsBody) parse() ([]analytics.Event, error) {
	if b.Token == "" {
		return nil, media.Invalid("$.token", "is required: the playback token that the player was given")
	}
	if len(b.Events) == 0 || len(b.Events) > analytics.MaxEvents {
		return nil, media.Invalid("$.events", "must have from 1 to %d events, not %d", analytics.MaxEvents, len(b.Events))
	}
	known := eventTypes()
	out := make([]analytics.Event, 0, len(b.Events))
	for i, e := range b.Events {
		at := fmt.Sprintf("$.events[%d]", i)
		metric, ok := known[e.Type]
		switch {
		case !ok:
			return nil, media.Invalid(at+".type", "is none of start, p25, p50, p75, complete, view, watch, tap, cta_url, cta_watch")
		case len(e.ID) > maxEventID:
			return nil, media.Invalid(at+".id", "has more than %d bytes", maxEventID)
		case e.MS < 0 || e.MS > analytics.Lifetime.Milliseconds():
			return nil, media.Invalid(at+".ms", "must be from 0 to %d milliseconds", analytics.Lifetime.Milliseconds())
		case e.At < 0 || e.At > 1<<50:
			return nil, media.Invalid(at+".at", "must be a Unix time in milliseconds")
		}
		event := analytics.Event{Metric: metric, Watched: time.Duration(e.MS) * time.Millisecond}
		if e.At > 0 {
			event.At = time.UnixMilli(e.At)
		}
		out = append(out, event)
	}
	return out, nil
}

//go:embed events/events.js
var eventsJS []byte

// eventsScript answers GET /magpie/v1/events.js with the script for players.
func (a *API) eventsScript(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", fmt.Sprintf("\"%x\"", sha256.Sum256(eventsJS)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(eventsJS))
	return nil
}
