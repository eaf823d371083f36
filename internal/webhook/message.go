package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// MessageID is the header webhook-id of an event: evt_<number>_<milliseconds>.
// The time is in it so that a number that comes again, after a backup was
// brought back, makes another id.
func MessageID(e catalog.Event) string {
	return fmt.Sprintf("evt_%d_%d", e.ID, e.At.UnixMilli())
}

// ParseMessageID gives the event's number of an id that MessageID made.
func ParseMessageID(id string) (int64, error) {
	number, at, cut := strings.Cut(strings.TrimPrefix(id, "evt_"), "_")
	n, err1 := strconv.ParseInt(number, 10, 64)
	ms, err2 := strconv.ParseInt(at, 10, 64)
	if !cut || err1 != nil || err2 != nil || n <= 0 || id != fmt.Sprintf("evt_%d_%d", n, ms) {
		return 0, media.Invalid("id", "The id of a delivery is that of its message, such as evt_17_1795342800000.")
	}
	return n, nil
}

// message is the body that is sent.
type message struct {
	Type      catalog.EventKind `json:"type"`
	Timestamp string            `json:"timestamp"` // of the event, RFC 3339 with milliseconds
	Data      any               `json:"data"`
}

// MediaData is what a message says of a media: what it was at the event, and of
// the rest as much as is known when it is sent.
type MediaData struct {
	ID         string          `json:"id"`
	MediaKey   media.Key       `json:"media_key"`
	Category   media.Category  `json:"media_category"`
	State      string          `json:"state"` // succeeded, failed, expired, deleted or restored
	MediaType  media.Type      `json:"media_type,omitempty"`
	Size       int64           `json:"size,omitempty"`
	Width      int             `json:"width,omitempty"`
	Height     int             `json:"height,omitempty"`
	DurationMS int64           `json:"duration_ms,omitempty"`
	CreatedAt  string          `json:"created_at,omitempty"`
	ExpiresAt  string          `json:"expires_at,omitempty"`
	Error      *mediaError     `json:"error,omitempty"`
	Restricted bool            `json:"restricted,omitempty"` // a rule of its metadata restricts who may see it: no URLs
	URLs       []mediaRendered `json:"urls,omitempty"`
}

type mediaError struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// mediaRendered is a file that anybody may fetch.
type mediaRendered struct {
	URL         string     `json:"url"`
	Role        media.Role `json:"role"`
	ContentType string     `json:"content_type"`
	BitRate     int64      `json:"bit_rate,omitempty"`
	Width       int        `json:"width,omitempty"`
	Height      int        `json:"height,omitempty"`
}

// testData is what the message of a test says.
type testData struct {
	WebhookID string `json:"webhook_id"`
}

// body makes what is sent of a delivery.
func (d *Dispatcher) body(ctx context.Context, delivery catalog.Delivery) ([]byte, error) {
	e := delivery.Event
	m := message{Type: e.Kind, Timestamp: stamp(e.At)}
	if e.Kind == catalog.WebhookTest {
		m.Data = testData{WebhookID: strconv.FormatInt(delivery.Webhook, 10)}
		return json.Marshal(m)
	}
	data := DataOf(e)
	list, err := d.cfg.Catalog.MediaList(ctx, []media.ID{e.Media})
	if err != nil {
		return nil, err
	}
	if now, ok := list[e.Media]; ok { // else it is long gone
		data.MediaType, data.Size, data.CreatedAt, data.ExpiresAt = now.Type, now.Size(), stamp(now.CreatedAt), stamp(now.ExpiresAt)
		data.Width, data.Height, data.DurationMS = now.Width, now.Height, now.Duration.Milliseconds()
		shown := (e.Kind == catalog.MediaSucceeded || e.Kind == catalog.MediaRestored) && now.GoneAt.IsZero()
		if shown {
			if data.Restricted, data.URLs, err = d.urls(ctx, now); err != nil {
				return nil, err
			}
		}
	}
	m.Data = data
	return json.Marshal(m)
}

// DataOf is what an event alone says of its media.
func DataOf(e catalog.Event) MediaData {
	data := MediaData{
		ID: e.Media.String(), MediaKey: media.KeyOf(e.Category, e.Media), Category: e.Category,
		State: strings.TrimPrefix(string(e.Kind), "media."),
	}
	if f := e.Failure; f != nil {
		data.Error = &mediaError{Code: f.Code, Name: f.Name, Message: f.Message}
	}
	return data
}

// urls gives what of a media anybody may fetch, unless its metadata restrict it.
func (d *Dispatcher) urls(ctx context.Context, m media.Media) (restricted bool, urls []mediaRendered, err error) {
	groups, err := d.cfg.Catalog.Metadata(ctx, []media.ID{m.ID})
	if err != nil {
		return false, nil, err
	}
	notes, err := media.DecodeMetadata(groups[m.ID])
	if err != nil {
		return false, nil, fmt.Errorf("metadata of %s: %w", m.ID, err)
	}
	if policy.Restricted(notes) || d.cfg.Link == nil {
		return policy.Restricted(notes), nil, nil
	}
	all, err := d.cfg.Catalog.Renditions(ctx, []media.ID{m.ID})
	if err != nil {
		return false, nil, err
	}
	for _, r := range all[m.ID] {
		if r.Role == media.RolePlaylist || r.Role == media.RoleSprite {
			continue // which others lead to
		}
		urls = append(urls, mediaRendered{
			URL: d.cfg.Link(m, r.Name), Role: r.Role, ContentType: r.ContentType,
			BitRate: r.BitRate, Width: r.Width, Height: r.Height,
		})
	}
	return false, urls, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
