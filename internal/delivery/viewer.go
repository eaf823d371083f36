package delivery

import (
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/policy"
)

// Viewers tells what is known of who sent a request. Its zero value knows the
// address and the page.
type Viewers struct {
	Proxies Proxies
	// CountryHeader is a header in which trusted proxies say the viewer's country
	// by two letters, such as CF-IPCountry; "" for none.
	CountryHeader string
	Countries     *Countries // asked where that header says nothing; nil for none
	Links         Links
	// SignedIn gives the user of a request's bearer token, or "". It may be nil.
	SignedIn func(*http.Request) string
}

// Of gives everything but the ticket.
func (v Viewers) Of(r *http.Request) policy.Viewer {
	viewer := policy.Viewer{Address: v.Proxies.Client(r)}
	viewer.Country = v.country(r, viewer)
	viewer.Site, viewer.Own = v.site(r)
	if v.SignedIn != nil {
		viewer.SignedIn = v.SignedIn(r)
	}
	return viewer
}

func (v Viewers) country(r *http.Request, viewer policy.Viewer) string {
	if v.CountryHeader != "" {
		if said := r.Header.Values(v.CountryHeader); len(said) > 0 {
			if _, trusted := v.Proxies.Peer(r); trusted {
				if len(said) > 1 { // one is the viewer's own
					return ""
				}
				return countryCode(strings.TrimSpace(said[0]))
			}
		}
	}
	if v.Countries == nil {
		return ""
	}
	return v.Countries.Of(viewer.Address)
}

// site is the host of the page that a request comes from, by Origin or else
// Referer, and whether that page is this server's own. A page may hide itself,
// but no browser lets it name another.
func (v Viewers) site(r *http.Request) (host string, own bool) {
	for _, header := range []string{"Origin", "Referer"} {
		u, err := url.Parse(r.Header.Get(header))
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			continue // none, null, or an app's own
		}
		return strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), v.own(r, u)
	}
	return "", false
}

func (v Viewers) own(r *http.Request, page *url.URL) bool {
	for _, origin := range []string{v.Links.Public, v.Links.Media, page.Scheme + "://" + r.Host} {
		if u, err := url.Parse(origin); err == nil && u.Scheme == page.Scheme && strings.EqualFold(withoutPort(u), withoutPort(page)) {
			return true
		}
	}
	return false
}

// withoutPort is a URL's host and port, without the port that goes without
// saying.
func withoutPort(u *url.URL) string {
	return strings.TrimSuffix(u.Host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
}
