package xapi

import "time"

// limit names the windows that requests to an endpoint are counted in.
// Endpoints of one limit share them.
type limit string

// The limits. The older dialects are counted with the endpoint that does the
// same in X's v2, so that nobody gets twice as much by speaking two of them.
const (
	limitInitialize   limit = "initialize"
	limitAppend       limit = "append"
	limitFinalize     limit = "finalize"
	limitUpload       limit = "upload" // one-shot, and every command
	limitStatus       limit = "status"
	limitMetadata     limit = "metadata"
	limitSubtitles    limit = "subtitles"
	limitNoSubtitles  limit = "subtitles off"
	limitLookup       limit = "lookup"
	limitLookupList   limit = "lookup list"
	limitAnalytics    limit = "analytics"
	limitOfNoEndpoint limit = "" // shown where nothing is counted
)

// How long the two kinds of windows last: a user's and an app's.
const (
	userWindow = 15 * time.Minute
	appWindow  = 24 * time.Hour
)

// allowance is how many requests each user may make in a userWindow, and each
// app in an appWindow: X's numbers (fundamentals/rate-limits in X's
// documentation). X lists none for lookups and analytics, so those are ours.
func (l limit) allowance() (user, app int) {
	switch l {
	case limitInitialize, limitAppend, limitFinalize:
		return 1_875, 180_000
	case limitUpload, limitMetadata:
		return 500, 50_000
	case limitStatus:
		return 1_000, 100_000
	case limitSubtitles, limitNoSubtitles:
		return 100, 10_000
	case limitAnalytics:
		return 300, 50_000
	}
	return 900, 100_000
}
