package analytics

import (
	"encoding/json"
	"fmt"
	"time"

	"magpie/internal/media"
)

// record is what one message looks like on the log: what may count of it, with
// the times already put right.
type record struct {
	Version  int           `json:"v"`
	Media    media.ID      `json:"media,string"`
	Session  string        `json:"session"`
	Expires  int64         `json:"expires"`  // of the token, in milliseconds of Unix time, as all times
	Received int64         `json:"received"` // when it was taken
	Events   []recordEvent `json:"events"`
}

type recordEvent struct {
	Metric media.PlaybackMetric `json:"m"`
	At     int64                `json:"at"`
	Watch  int64                `json:"w,omitempty"`
}

const recordVersion = 1

func (r record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write down a playback of %s: %w", r.Media, err)
	}
	return b, nil
}

// decodeRecord reads what encode wrote, and nothing that could not be counted.
func decodeRecord(b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	if r.Version != recordVersion || r.Media <= 0 || r.Session == "" || len(r.Session) > 64 || r.Expires <= 0 || r.Received <= 0 {
		return r, fmt.Errorf("version %d, media %d, session %q", r.Version, r.Media, r.Session)
	}
	for _, e := range r.Events {
		if e.Metric < 0 || e.Metric > media.WatchTime || e.At <= 0 || e.Watch < 0 || e.Watch > Lifetime.Milliseconds() {
			return r, fmt.Errorf("event %+v", e)
		}
	}
	return r, nil
}

func (r record) playback() media.Playback {
	p := media.Playback{Session: r.Session, Media: r.Media, ExpiresAt: time.UnixMilli(r.Expires).UTC()}
	for _, e := range r.Events {
		p.Events = append(p.Events, media.PlaybackEvent{
			Metric: e.Metric, At: time.UnixMilli(e.At).UTC(), Watched: time.Duration(e.Watch) * time.Millisecond,
		})
	}
	return p
}
