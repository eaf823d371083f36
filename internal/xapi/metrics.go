package xapi

import (
	"context"
	"fmt"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// privateFor is how long after a media was made its owner is shown what only
// owners are, as on X.
const privateFor = 30 * 24 * time.Hour

// viewMetrics is X's public_metrics.
type viewMetrics struct {
	Views int64 `json:"view_count"`
}

// playMetrics is X's non_public_metrics: how many playbacks came how far.
type playMetrics struct {
	P0   int64 `json:"playback_0_count"`
	P25  int64 `json:"playback_25_count"`
	P50  int64 `json:"playback_50_count"`
	P75  int64 `json:"playback_75_count"`
	P100 int64 `json:"playback_100_count"`
}

// organicMetrics is X's organic_metrics. Here is no advertising, so that they
// are all there is.
type organicMetrics struct {
	playMetrics
	viewMetrics
}

// metrics are those of a media. What was not asked for, or is not for the
// caller, is nil.
type metrics struct {
	Public    *viewMetrics    `json:"public_metrics,omitempty"`
	NonPublic *playMetrics    `json:"non_public_metrics,omitempty"`
	Organic   *organicMetrics `json:"organic_metrics,omitempty"`
}

// counted reads how media were played, where a lookup asks for any of it.
func (a *API) counted(ctx context.Context, ids []media.ID, fields map[string]bool) (map[media.ID]media.PlaybackCounts, error) {
	if !fields["public_metrics"] && !fields["non_public_metrics"] && !fields["organic_metrics"] {
		return nil, nil
	}
	all, err := a.catalog.PlaybackTotals(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look metrics up: %w", err)
	}
	return all, nil
}

// newMetrics picks what is shown to a caller of what was counted of a video or
// GIF: views to all, the rest to its owner and for a time.
func newMetrics(m media.Media, n media.PlaybackCounts, who auth.Identity, fields map[string]bool, now time.Time) (out metrics) {
	if !processed(m.Category) {
		return out
	}
	views := viewMetrics{n[media.VideoView]}
	if fields["public_metrics"] {
		out.Public = &views
	}
	if m.Owner != who.User || who.AppOnly || now.Sub(m.CreatedAt) >= privateFor {
		return out
	}
	plays := playMetrics{
		n[media.PlaybackStart], n[media.Playback25], n[media.Playback50], n[media.Playback75], n[media.PlaybackComplete],
	}
	if fields["non_public_metrics"] {
		out.NonPublic = &plays
	}
	if fields["organic_metrics"] {
		out.Organic = &organicMetrics{plays, views}
	}
	return out
}
