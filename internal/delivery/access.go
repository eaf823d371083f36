package delivery

import (
	"net/http"
	"strconv"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// Access says who asks for a media.
type Access struct {
	// Ring gives the keys that tickets are signed with now.
	Ring func() policy.Keyring
	// Viewer tells all but the ticket of who sent a request, as Viewers.Of does. It
	// is asked only where it matters.
	Viewer func(*http.Request) policy.Viewer
	// Denied is told why viewers get nothing; nil for nobody.
	Denied func(policy.Reason)
}

// Tell gives the error of a verdict, nil for none, and has its reason counted.
func (a Access) Tell(v policy.Verdict) error {
	if v.Err == nil {
		return nil
	}
	if a.Denied != nil {
		a.Denied(v.Reason)
	}
	return v.Err
}

// Read tells all that is known of who asks, and gives the text of the ticket
// that they brought as ?ticket=. One that was not signed here, or has expired,
// is media.CodeForbidden.
func (a Access) Read(r *http.Request, now time.Time) (policy.Viewer, string, error) {
	v := a.Viewer(r)
	token := r.URL.Query().Get(ticketParameter)
	if token == "" {
		return v, "", nil
	}
	t, err := a.Ring().ReadTicket(token, now)
	if err != nil {
		if a.Denied != nil {
			a.Denied(policy.ReasonTicket)
		}
		return v, "", err
	}
	v.Ticket = &t
	return v, token, nil
}

// ticketParameter is the parameter of a URL that carries a ticket.
const ticketParameter = "ticket"

// useOf is what a viewer does with a rendition. An MP4 is what the byte ranges of
// HLS lie in, so asking for it is no download yet; asked is whether the request
// says that it is one.
func useOf(rendition media.Rendition, asked bool) policy.Use {
	switch rendition.Role {
	case media.RoleMaster, media.RolePlaylist, media.RoleThumbnails:
		asked = false // of no use without the files that they name
	case media.RoleImage:
		asked = asked || isOrig(rendition.Name)
	}
	if asked {
		return policy.Download
	}
	switch rendition.Role {
	case media.RolePoster, media.RoleImage, media.RoleSprite, media.RoleThumbnails, media.RoleText:
		return policy.Look
	}
	return policy.Stream
}

// decide asks policy whether a viewer may have something of a media. The ticket
// that they brought comes back, to be carried on; "" for none.
func (h *Renditions) decide(r *http.Request, m media.Media, u policy.Use) (policy.Verdict, string, error) {
	said, err := h.notes.of(r.Context(), m.ID)
	if err != nil {
		return policy.Verdict{}, "", err
	}
	var v policy.Viewer
	var token string
	now := h.now()
	if policy.Restricted(said) { // else it is the same for all
		if v, token, err = h.access.Read(r, now); err != nil {
			return policy.Verdict{}, "", err
		}
	}
	verdict := policy.Decide(m, said, v, u, now)
	if err := h.access.Tell(verdict); err != nil {
		return verdict, "", err
	}
	return verdict, token, nil
}

// both is the verdict on what two verdicts let through.
func both(a, b policy.Verdict) policy.Verdict {
	a.Restricted = a.Restricted || b.Restricted
	if a.Until.IsZero() || !b.Until.IsZero() && b.Until.Before(a.Until) {
		a.Until = b.Until
	}
	return a
}

// publicTTL is how long a cache may show public media without asking again, and
// so how long a deletion may take to reach every viewer. A viewer's own browser
// may show what a ticket opened for ticketTTL.
const (
	publicTTL = 5 * time.Minute
	ticketTTL = time.Minute
)

// cacheAs says who may keep an answer, and for how long. What depends on the
// viewer is theirs alone: without a ticket it is asked for each time, since the
// page or the country may be another.
func cacheAs(h http.Header, verdict policy.Verdict, token string, now time.Time) {
	age := func(most time.Duration) string {
		if !verdict.Until.IsZero() {
			most = max(0, min(most, verdict.Until.Sub(now)))
		}
		return "max-age=" + strconv.Itoa(int(most.Seconds()))
	}
	if !verdict.Restricted {
		h.Set("Cache-Control", "public, "+age(publicTTL))
		return
	}
	// Of two locks one is for caches that do not know the other.
	h.Set("Vary", "Authorization, Origin, Referer")
	if token == "" {
		h.Set("Cache-Control", "private, no-cache")
		return
	}
	h.Set("Cache-Control", "private, "+age(ticketTTL))
	h.Set("Referrer-Policy", "no-referrer") // the ticket is in the URL
}
