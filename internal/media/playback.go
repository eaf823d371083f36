package media

import "time"

// PlaybackMetric is one thing that is counted of how media are played.
type PlaybackMetric int

// The metrics. All but WatchTime count at most once for each playback, which is
// one viewer's one token; WatchTime is in milliseconds.
const (
	PlaybackStart PlaybackMetric = iota
	Playback25
	Playback50
	Playback75
	PlaybackComplete
	VideoView
	PlayFromTap
	CTAURLClick
	CTAWatchClick
	WatchTime

	playbackMetrics int = iota
)

// PlaybackCounts holds a count for each metric.
type PlaybackCounts [playbackMetrics]int64

// Empty reports whether nothing was counted.
func (c PlaybackCounts) Empty() bool { return c == PlaybackCounts{} }

// Add adds up.
func (c *PlaybackCounts) Add(more PlaybackCounts) {
	for i, n := range more {
		c[i] += n
	}
}

// PlaybackEvent is something that happened in a playback. At is when, to the
// hour that it counts in. For WatchTime, Watched is how long was watched since
// the playback's beginning, not since the last event: so an event that comes
// twice, late or never does no harm.
type PlaybackEvent struct {
	Metric  PlaybackMetric
	At      time.Time
	Watched time.Duration
}

// Playback is what one message says of one viewer's playback of a media.
// Session tells it from all others; after ExpiresAt none of it is taken any
// more.
type Playback struct {
	Session   string
	Media     ID
	ExpiresAt time.Time
	Events    []PlaybackEvent
}
