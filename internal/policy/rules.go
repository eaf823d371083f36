package policy

import (
	"slices"
	"strings"
	"time"

	"magpie/internal/media"
)

// Each rule gives nil, or why the viewer may not.

func gone(m media.Media, notes media.Metadata, now time.Time) *media.Error {
	if m.Deleted() {
		return media.Errorf(media.CodeNotFound, "There is nothing at this address any more.")
	}
	at := expiration(notes)
	if m.GoneAt.IsZero() && (at.IsZero() || now.Before(at)) {
		return nil
	}
	return media.Errorf(media.CodeGone, "This media is not available any more.")
}

// expiration is when the media stops being shown; zero for never.
func expiration(notes media.Metadata) time.Time {
	if notes.ContentExpiration == nil {
		return time.Time{}
	}
	return notes.ContentExpiration.At()
}

// misfit says whether a ticket is for another media, or used by another than
// the one it was given to.
func misfit(m media.Media, v Viewer, now time.Time) *media.Error {
	t := v.Ticket
	switch {
	case !now.Before(t.Expires):
		return media.Errorf(media.CodeForbidden, "The ticket expired at %s. Ask for a new one.", t.Expires.UTC().Format(time.RFC3339))
	case t.Owner != m.Owner || t.Media != 0 && t.Media != m.ID:
		return media.Errorf(media.CodeForbidden, "The ticket is for another media.")
	case t.Country != "" && !strings.EqualFold(t.Country, v.Country):
		return media.Errorf(media.CodeForbidden, "The ticket is not good from this country.")
	case t.Prefix.IsValid() && !t.Prefix.Contains(v.Address.Unmap().WithZone("")):
		return media.Errorf(media.CodeForbidden, "The ticket is not good from this address.")
	}
	return nil
}

func hasGeo(g *media.GeoRestrictions) bool {
	return g != nil && len(g.Blacklisted)+len(g.Whitelisted) > 0
}

func geo(g *media.GeoRestrictions, country string) *media.Error {
	if !hasGeo(g) {
		return nil
	}
	among := func(list []string) bool {
		return slices.ContainsFunc(list, func(c string) bool { return strings.EqualFold(c, country) })
	}
	switch {
	case country == "":
		return media.Errorf(media.CodeWithheld, "This media is shown in some countries only, and it is not known which one you are in.")
	case among(g.Blacklisted), len(g.Whitelisted) > 0 && !among(g.Whitelisted):
		return media.Errorf(media.CodeWithheld, "This media is not shown in your country.")
	}
	return nil
}

func asksAudience(a *media.AudiencePolicy) bool {
	return a != nil && len(a.CreatorSubscriptions)+len(a.XSubscriptions) > 0
}

// audience takes both lists at their word: where both ask, both must be there.
func audience(a *media.AudiencePolicy, t *Ticket) *media.Error {
	if !asksAudience(a) {
		return nil
	}
	if t == nil {
		return media.Errorf(media.CodeForbidden, "This media is for subscribers only: open it by the link that the service which offers it gives you.")
	}
	if len(a.CreatorSubscriptions) > 0 && !t.Creator {
		return media.Errorf(media.CodeForbidden, "This media is for subscribers of its creator only.")
	}
	if len(a.XSubscriptions) > 0 && !t.X {
		return media.Errorf(media.CodeForbidden, "This media is for subscribers of X only.")
	}
	return nil
}

func hasDomains(d *media.DomainRestrictions) bool { return d != nil && len(d.Whitelist) > 0 }

func domain(d *media.DomainRestrictions, v Viewer) *media.Error {
	if !hasDomains(d) {
		return nil
	}
	if slices.ContainsFunc(d.Whitelist, func(host string) bool { return within(v.Site, host) }) {
		return nil
	}
	if v.Site == "" || v.Own {
		if v.Ticket != nil {
			return nil
		}
		if v.Site == "" {
			return media.Errorf(media.CodeForbidden, "This media is shown on the pages of some sites only, and the request does not say which page it comes from.")
		}
	}
	return media.Errorf(media.CodeForbidden, "This media is not shown on the pages of %s.", v.Site)
}

// within reports whether a site is a host or one below it.
func within(site, host string) bool {
	site, host = strings.ToLower(strings.TrimSuffix(site, ".")), strings.ToLower(strings.TrimSuffix(host, "."))
	return host != "" && (site == host || strings.HasSuffix(site, "."+host))
}

// frameAncestors are the sources for a list of hosts, on every port. One without
// a scheme means http and https where the media comes by http, else https only
// (CSP 3 §6.7.2.8).
func frameAncestors(d *media.DomainRestrictions) []string {
	if !hasDomains(d) {
		return nil
	}
	var sources []string
	for _, host := range d.Whitelist {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		sources = append(sources, host+":*", "*."+host+":*")
	}
	return sources
}

// mayDownload is the server's default where the group says nothing: yes.
func mayDownload(a *media.AllowDownload) bool { return a == nil || a.Allow == nil || *a.Allow }

func download(a *media.AllowDownload, t *Ticket, u Use) *media.Error {
	if mayDownload(a) || u == Look {
		return nil
	}
	if u == Download {
		return media.Errorf(media.CodeForbidden, "This media is not for download.")
	}
	if t == nil { // any but Look: a use that is new here is not let through
		return media.Errorf(media.CodeForbidden, "This media can be played only by the short-lived link that a lookup of it gives.")
	}
	return nil
}
