package delivery

import (
	"net/http"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// handedFor is how long a URL with a ticket that an answer handed out opens.
const handedFor = time.Hour

// Handout makes the URLs of a media that an answer gives to a signed-in user.
type Handout struct {
	Links Links
	Ring  func() policy.Keyring
	Now   func() time.Time
}

// URLs are what one user gets of one media.
type URLs struct {
	// Err is why they get none, in words for them; nil if they get some.
	Err *media.Error

	links  Links
	r      *http.Request
	m      media.Media
	ticket string // "" for none
	files  bool   // MP4s of a video too
}

// For decides which URLs user gets of a media of which all is known in notes:
//
//   - of public media, plain ones, which open for everybody for ever;
//   - of others, its owner and additional owners get ones with a full ticket that
//     lasts an hour;
//   - everybody else gets, where downloads are not allowed, ones with a ticket of
//     an hour that plays, and no MP4 of a video; where the audience is asked for a
//     subscription, none, since only the owner's app knows who subscribes; and
//     where restricted to pages or countries, plain ones, which are checked when
//     they are opened. A ticket would open outside of those pages too, so where
//     both hold there are none.
//   - of what has expired nobody gets any.
func (h Handout) For(r *http.Request, m media.Media, notes media.Metadata, user string) URLs {
	now := h.Now()
	u := URLs{links: h.Links, r: r, m: m, files: true}
	if verdict := policy.Decide(m, media.Metadata{ContentExpiration: notes.ContentExpiration}, policy.Viewer{}, policy.Look, now); verdict.Err != nil {
		u.Err = verdict.Err
		return u
	}
	if !policy.Restricted(notes) {
		return u
	}
	t := policy.Ticket{Media: m.ID, Owner: m.Owner, Viewer: user, Expires: now.Add(handedFor)}
	if user != "" && m.UsableBy(user) {
		t.Full = true
		u.ticket = h.Ring().SignTicket(t)
		return u
	}
	if !policy.NeedsTicket(notes) {
		return u
	}
	if notes.DomainRestrictions != nil && len(notes.DomainRestrictions.Whitelist) > 0 {
		u.Err = media.Errorf(media.CodeForbidden, "This media is shown on the pages of some sites only.")
		return u
	}
	notes.GeoRestrictions = nil // where it will be opened is not known
	if verdict := policy.Decide(m, notes, policy.Viewer{Ticket: &t}, policy.Stream, now); verdict.Err != nil {
		u.Err = verdict.Err
		return u
	}
	u.ticket = h.Ring().SignTicket(t)
	u.files = m.Category.Kind() != media.KindVideo
	return u
}

// Of is the URL of one rendition, "" if the user gets none.
func (u URLs) Of(rendition media.Rendition) string {
	switch {
	case u.Err != nil, !u.files && rendition.Role == media.RoleMP4:
		return ""
	case u.ticket == "":
		return u.links.Rendition(u.r, u.m, rendition.Name)
	}
	return u.links.Signed(u.r, u.m, rendition.Name, u.ticket)
}
