package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// limitsResult is what this server takes, for clients that want to know before
// they send anything.
type limitsResult struct {
	SegmentBytes int64           `json:"segment_bytes"` // the most of one segment
	MaxSegments  int             `json:"max_segments"`
	Types        []typeLimits    `json:"types"`
	Categories   []categoryLimit `json:"categories"`
}

// typeLimits is a type that is taken.
type typeLimits struct {
	Type       media.Type       `json:"media_type"`
	Categories []media.Category `json:"media_categories"` // that may be named with it; the most usual first
	Default    media.Category   `json:"default_category"` // what it is without
}

// categoryLimit is a row of the table of limits, with the names that the settings
// have. What is not there is not bounded.
type categoryLimit struct {
	Category       media.Category `json:"media_category"`
	MaxBytes       int64          `json:"max_bytes"`
	MaxPixels      int64          `json:"max_pixels,omitempty"`
	MinSide        int            `json:"min_side,omitempty"`
	MaxWidth       int            `json:"max_width,omitempty"`
	MaxHeight      int            `json:"max_height,omitempty"`
	Turned         bool           `json:"turned,omitempty"`
	MaxRatio       int            `json:"max_ratio,omitempty"`
	MinSeconds     float64        `json:"min_seconds,omitempty"`
	MaxSeconds     float64        `json:"max_seconds,omitempty"`
	MaxFrames      int            `json:"max_frames,omitempty"`
	MaxFramePixels int64          `json:"max_frame_pixels,omitempty"`
	MaxRate        int            `json:"max_rate,omitempty"`
	MaxGOP         int            `json:"max_gop,omitempty"`
	MaxChannels    int            `json:"max_channels,omitempty"`
	Plain          bool           `json:"plain,omitempty"`
}

// limits answers GET /magpie/v1/limits: which files this server takes, by its
// profile and settings.
func (a *API) limits(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	out := limitsResult{SegmentBytes: a.sessions.MaxSegment(), MaxSegments: media.MaxSegmentIndex + 1}
	for _, t := range media.Types() {
		out.Types = append(out.Types, typeLimits{Type: t, Categories: fitting(t), Default: t.DefaultCategory()})
	}
	table := a.sessions.Limits()
	for _, c := range append(media.Categories(), media.Model) {
		out.Categories = append(out.Categories, newCategoryLimit(c, *table.Row(c), table.Bytes(c, "")))
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// fitting lists the categories that a client may name with a type, the one it
// stands for first. There is no such category of models.
func fitting(t media.Type) []media.Category {
	list := []media.Category{}
	for _, c := range media.Categories() {
		switch {
		case c == t.DefaultCategory():
			list = append([]media.Category{c}, list...)
		case t.Fits(c):
			list = append(list, c)
		}
	}
	return list
}

func newCategoryLimit(c media.Category, l media.Limit, most int64) categoryLimit {
	return categoryLimit{
		Category: c, MaxBytes: most, MaxPixels: l.MaxPixels, MinSide: l.MinSide, MaxWidth: l.MaxWidth, MaxHeight: l.MaxHeight,
		Turned: l.Turned, MaxRatio: l.MaxRatio, MinSeconds: l.MinDuration.Seconds(), MaxSeconds: l.MaxDuration.Seconds(),
		MaxFrames: l.MaxFrames, MaxFramePixels: l.MaxFramePixels, MaxRate: l.MaxRate, MaxGOP: l.MaxGOP, MaxChannels: l.MaxChannels,
		Plain: l.Plain,
	}
}
