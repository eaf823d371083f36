package ownapi

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// ticketBody is what an owner says of a viewer, in JSON.
type ticketBody struct {
	Viewer        string   `json:"viewer"`        // the owner's name for them
	Subscriptions []string `json:"subscriptions"` // creator, x
	ExpiresIn     *int64   `json:"expires_in"`    // seconds; an hour if not there
	Country       string   `json:"country"`       // two letters
	IPPrefix      string   `json:"ip_prefix"`     // a network or an address
}

// maxViewer is how long a viewer's name may be, in bytes.
const maxViewer = 128

// wireTime is how times are written: RFC 3339, in UTC, to the millisecond.
const wireTime = "2006-01-02T15:04:05.000Z"

// grant answers POST /magpie/v1/grants: a ticket for all media of the caller,
// which says what subscriptions a viewer of theirs has.
func (a *API) grant(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	var body ticketBody
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	if body.Viewer == "" {
		return media.Invalid("$.viewer", "is required: your own name for the viewer, of 1 to %d bytes", maxViewer)
	}
	t, err := body.ticket(who.User, a.now())
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": map[string]any{
		"grant": a.handout.Ring().SignTicket(t), "expires_at": t.Expires.Format(wireTime),
	}})
}

// ticket checks the body and makes a ticket of it for all media of owner.
func (b ticketBody) ticket(owner string, now time.Time) (policy.Ticket, error) {
	if len(b.Viewer) > maxViewer || !utf8.ValidString(b.Viewer) || strings.ContainsFunc(b.Viewer, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return policy.Ticket{}, media.Invalid("$.viewer", "must have at most %d bytes of printable characters", maxViewer)
	}
	t := policy.Ticket{Owner: owner, Viewer: b.Viewer}
	for _, s := range b.Subscriptions {
		switch s {
		case "creator":
			t.Creator = true
		case "x":
			t.X = true
		default:
			return policy.Ticket{}, sent("$.subscriptions", s, "has %q, which is none of creator, x", s)
		}
	}
	seconds := int64(time.Hour / time.Second)
	if b.ExpiresIn != nil {
		seconds = *b.ExpiresIn
	}
	if most := int64(delivery.MaxTicket / time.Second); seconds < 1 || seconds > most {
		return policy.Ticket{}, media.Invalid("$.expires_in", "must be a whole number of seconds from 1 to %d", most)
	}
	t.Expires = now.Add(time.Duration(seconds) * time.Second).UTC().Truncate(time.Millisecond)
	if b.Country != "" {
		t.Country = strings.ToUpper(b.Country)
		if len(t.Country) != 2 || t.Country[0] < 'A' || t.Country[0] > 'Z' || t.Country[1] < 'A' || t.Country[1] > 'Z' {
			return policy.Ticket{}, sent("$.country", b.Country, "must be the two letters of a country (ISO 3166-1), such as JP")
		}
	}
	if b.IPPrefix != "" {
		var ok bool
		if t.Prefix, ok = parsePrefix(b.IPPrefix); !ok {
			return policy.Ticket{}, sent("$.ip_prefix", b.IPPrefix, "must be a network, such as 192.0.2.0/24 or 2001:db8::/32, or an address")
		}
	}
	return t, nil
}

// parsePrefix reads a network or a single address. IPv4 that is written as IPv6
// becomes IPv4, as addresses of viewers do.
func parsePrefix(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// sent is a media.Invalid that shows what was sent.
func sent(field, value, format string, args ...any) error {
	e := media.Invalid(field, format, args...)
	e.Value = value
	return e
}
