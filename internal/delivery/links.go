package delivery

import (
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/media"
)

// Links makes the absolute URLs that answers hand out. Its zero value makes
// them from the request's own host.
type Links struct {
	Public string // origin of the API, such as https://media.example; "" for the request's
	Media  string // origin of all media; "" for the API's
}

// Rendition is the public URL of one rendition. What the uploader restricted it
// opens only where no ticket is needed.
func (l Links) Rendition(r *http.Request, m media.Media, name string) string {
	return l.origin(r) + "/media/" + m.Slug + "/" + name
}

// Signed is the URL of one rendition with a ticket, the text that
// policy.Keyring.SignTicket gave. The playlists and tracks that it opens name
// their files with the same ticket.
func (l Links) Signed(r *http.Request, m media.Media, name, ticket string) string {
	return l.Rendition(r, m, name) + ticketQuery(ticket)
}

func (l Links) origin(r *http.Request) string {
	if l.Media != "" {
		return l.Media
	}
	return l.API(r)
}

// API is the origin of everything but media.
func (l Links) API(r *http.Request) string {
	switch {
	case l.Public != "":
		return l.Public
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// OnMediaOrigin reports whether a request came in by the media's own origin,
// where nothing but media is served.
func (l Links) OnMediaOrigin(r *http.Request) bool {
	if l.Media == "" || l.Media == l.Public {
		return false
	}
	u, err := url.Parse(l.Media)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}
