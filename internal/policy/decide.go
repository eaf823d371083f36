package policy

import (
	"net/netip"
	"time"

	"magpie/internal/media"
)

// Use is what a viewer wants of a media.
type Use int

// The uses.
const (
	Look     Use = iota // posters, thumbnails, sizes of an image, subtitles
	Stream              // HLS: playlists, and the files that their ranges lie in
	Download            // an MP4 as a file, the original size of an image, the exact upload
)

// Viewer is what is known of who asks.
type Viewer struct {
	Ticket   *Ticket    // that they brought, read by ReadTicket; nil for none
	Country  string     // two capital letters; "" if it isn't known
	Address  netip.Addr // of the viewer; zero if it isn't known
	Site     string     // host of the page that asks, in lower case; "" if that wasn't told
	Own      bool       // that page is this server's own, such as the embed page
	SignedIn string     // user of a bearer token; "" for none
}

// Reason is which rule refuses a viewer.
type Reason string

// The reasons. Some are given by those who read what viewers bring.
const (
	ReasonDeleted  Reason = "deleted"
	ReasonExpired  Reason = "expired"
	ReasonTicket   Reason = "ticket"   // not one of this server's, too late, or for other media or from another address
	ReasonCountry  Reason = "country"  // geo_restrictions
	ReasonAudience Reason = "audience" // audience_policy
	ReasonSite     Reason = "site"     // domain_restrictions
	ReasonDownload Reason = "download" // allow_download_status
)

// Reasons lists them.
func Reasons() []Reason {
	return []Reason{ReasonDeleted, ReasonExpired, ReasonTicket, ReasonCountry, ReasonAudience, ReasonSite, ReasonDownload}
}

// Verdict is a decision.
type Verdict struct {
	// Err is nil if the viewer may. Otherwise it is media.CodeNotFound for what was
	// deleted, media.CodeGone for what has expired, media.CodeWithheld for a country that may not see it, and
	// media.CodeForbidden for everything else.
	Err *media.Error
	// Reason is the rule that Err is of, "" where that is nil.
	Reason Reason
	// Restricted says that another viewer might get another answer, so that no
	// shared cache may keep this one.
	Restricted bool
	// Until is when a permission ends by itself; zero if it does not.
	Until time.Time
	// FrameAncestors are the sources of a Content-Security-Policy whose pages may
	// hold the media in a frame; nil for all.
	FrameAncestors []string
}

// Decide says whether a viewer may use a media at now, for everything that is
// served of it but GET …/original to its owners. Each rule can only refuse:
//
//   - What is deleted is not there and what is past its content_expiration is gone,
//     for everybody.
//   - A user who owns it, or one of its additional owners, is refused by nothing else.
//   - A ticket must be good for this media and from where it is used, whether or
//     not it is needed. One that is Full is refused by nothing else.
//   - geo_restrictions: a country on the list of denied ones is refused, then one
//     that isn't on the list of allowed ones, and with either list one that isn't known.
//   - audience_policy: a ticket must have each subscription that is asked for.
//   - domain_restrictions: the asking page's host must be on the list, or below
//     one that is. Where the page isn't told or is the server's own, a ticket stands in.
//   - allow_download_status: without permission nothing is for Download, and
//     Stream needs a ticket.
func Decide(m media.Media, notes media.Metadata, v Viewer, u Use, now time.Time) Verdict {
	verdict := Verdict{Restricted: Restricted(notes) || v.Ticket != nil}
	if verdict.Err = gone(m, notes, now); verdict.Err != nil {
		verdict.Reason = ReasonExpired
		if verdict.Err.Code == media.CodeNotFound {
			verdict.Reason = ReasonDeleted
		}
		return verdict
	}
	until := earliest(m.ExpiresAt, expiration(notes))
	if v.SignedIn != "" && m.UsableBy(v.SignedIn) {
		verdict.Until = until
		return verdict
	}
	if v.Ticket != nil {
		if verdict.Err = misfit(m, v, now); verdict.Err != nil {
			verdict.Reason = ReasonTicket
			return verdict
		}
		until = earliest(until, v.Ticket.Expires)
		if v.Ticket.Full {
			verdict.Until = until
			return verdict
		}
	}
	verdict.FrameAncestors = frameAncestors(notes.DomainRestrictions)
	for _, rule := range [...]struct {
		reason Reason
		denied *media.Error
	}{
		{ReasonCountry, geo(notes.GeoRestrictions, v.Country)},
		{ReasonAudience, audience(notes.AudiencePolicy, v.Ticket)},
		{ReasonSite, domain(notes.DomainRestrictions, v)},
		{ReasonDownload, download(notes.AllowDownload, v.Ticket, u)},
	} {
		if rule.denied != nil {
			verdict.Err, verdict.Reason = rule.denied, rule.reason
			return verdict
		}
	}
	verdict.Until = until
	return verdict
}

// Restricted reports whether anything in the metadata keeps the media from some
// viewers, so that what is public of it depends on who asks. A
// content_expiration alone does not: it is the same for all.
func Restricted(notes media.Metadata) bool {
	return NeedsTicket(notes) || hasGeo(notes.GeoRestrictions) || hasDomains(notes.DomainRestrictions)
}

// NeedsTicket reports whether there is a use for which every viewer but an owner
// needs a ticket: the audience is asked for a subscription, or downloads are
// not allowed.
func NeedsTicket(notes media.Metadata) bool {
	return asksAudience(notes.AudiencePolicy) || !mayDownload(notes.AllowDownload)
}

// earliest is the earlier of two times, of which a zero one is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
