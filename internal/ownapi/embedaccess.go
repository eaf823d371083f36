package ownapi

import (
	"net/http"
	"net/url"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// mintedFor is how long a ticket of the page's own outlasts the media it plays.
const mintedFor = time.Hour

// page is a media that a viewer may see, and by what.
type page struct {
	media      media.Media
	notes      media.Metadata
	renditions []media.Rendition
	brought    policy.Viewer // with the ticket that they came with
	viewer     policy.Viewer // as the page itself asks for the media, with the ticket that its URLs carry
	token      string        // of brought; "" for none
	ticket     string        // of viewer; "" for none
	ancestors  []string      // pages that may hold it in a frame; nil for all
	restricted bool
}

// admit decides whether a viewer may see a media on the page. Where rules ask for
// a ticket that any page of a listed site may have, the page makes one, which
// lasts an hour longer than the media; an owner's is a full one.
func (a *API) admit(r *http.Request, m media.Media, notes media.Metadata) (page, error) {
	p := page{media: m, notes: notes, restricted: policy.Restricted(notes)}
	now := a.now()
	if !p.restricted {
		return p, a.access.Tell(policy.Decide(m, notes, p.viewer, policy.Stream, now))
	}
	var err error
	if p.brought, p.token, err = a.access.Read(withGrant(r), now); err != nil {
		return p, err
	}
	p.ancestors = policy.Decide(m, notes, p.brought, policy.Look, now).FrameAncestors

	asked := notes
	if p.brought.Site == "" && r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		asked.DomainRestrictions = nil // the browser holds p.ancestors against the page that hides itself
	}
	if p.token == "" {
		asked.AllowDownload = nil // the page's own ticket stands in
	}
	if err := a.access.Tell(policy.Decide(m, asked, p.brought, policy.Stream, now)); err != nil {
		return p, err
	}
	p.viewer, p.ticket = p.brought, p.token
	p.viewer.Site, p.viewer.Own = "", true
	if p.ticket != "" {
		return p, nil
	}
	domains := notes.DomainRestrictions != nil && len(notes.DomainRestrictions.Whitelist) > 0
	if owner := p.brought.SignedIn != "" && m.UsableBy(p.brought.SignedIn); owner || domains || policy.NeedsTicket(notes) {
		t := policy.Ticket{Media: m.ID, Owner: m.Owner, Expires: now.Add(m.Duration + mintedFor), Full: owner}
		p.viewer.Ticket, p.ticket = &t, a.access.Ring().SignTicket(t)
	}
	return p, a.access.Tell(policy.Decide(m, notes, p.viewer, policy.Stream, now))
}

// may reports whether what the page links to will be let through.
func (p page) may(u policy.Use, now time.Time) bool {
	return policy.Decide(p.media, p.notes, p.viewer, u, now).Err == nil
}

// withGrant has a ticket that came as ?grant= read as ?ticket=.
func withGrant(r *http.Request) *http.Request {
	query := r.URL.Query()
	grant := query.Get("grant")
	if grant == "" || query.Get("ticket") != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.URL.RawQuery = url.Values{"ticket": {grant}}.Encode()
	return r
}
