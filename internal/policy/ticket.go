package policy

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"magpie/internal/media"
)

// Ticket is what a signed URL says: that its holder may see one media, or all of
// an owner's. Members that are zero ask nothing.
type Ticket struct {
	Media   media.ID     // the one media that it opens; 0: all media of Owner (a grant)
	Owner   string       // whose media; always set
	Viewer  string       // the owner's name for the viewer
	Expires time.Time    // always set; to the millisecond
	Country string       // only good from there: two capital letters
	Prefix  netip.Prefix // only good from addresses in there
	Creator bool         // the viewer subscribes to the creator
	X       bool         // the viewer subscribes to X
	Full    bool         // signed for an owner: passes audience, domain, geo and download rules
}

// ticketPurpose keeps tickets apart from what else the keys sign.
const ticketPurpose = "ticket"

const ticketVersion = 1

// What a ticket's second byte says, in the order that encode has them.
const (
	flagCreator = 1 << iota
	flagX
	flagFull
	flagCountry
	flagPrefix
)

// SignTicket gives the text of a ticket, for the parameter ticket of a URL. The
// same ticket gives the same text. Expires is cut to the millisecond, Prefix to
// its own bits.
func (k Keyring) SignTicket(t Ticket) string { return k.Seal(ticketPurpose, t.encode()) }

// ReadTicket reads the text of a ticket. Anything but what SignTicket gave under
// one of the keys is media.CodeForbidden, and so is a ticket that has expired:
// its last instant is the one before Expires. For which media and from where it
// is good, Decide says.
func (k Keyring) ReadTicket(token string, now time.Time) (Ticket, error) {
	payload, err := k.Open(ticketPurpose, token)
	if err != nil {
		return Ticket{}, err
	}
	t, ok := decodeTicket(payload)
	if !ok { // signed by a newer or older magpie
		return Ticket{}, media.Errorf(media.CodeForbidden, "The ticket is of a kind that this server does not know. Ask for a new one.")
	}
	if !now.Before(t.Expires) {
		return Ticket{}, media.Errorf(media.CodeForbidden, "The ticket expired at %s. Ask for a new one.", t.Expires.Format(time.RFC3339))
	}
	return t, nil
}

// encode writes a ticket: version, flags, then Expires in Unix milliseconds,
// Media, Owner and Viewer, numbers and lengths as varints, and last Country and
// Prefix where the flags say so.
func (t Ticket) encode() []byte {
	var flags byte
	for i, set := range []bool{t.Creator, t.X, t.Full, t.Country != "", t.Prefix.IsValid()} {
		if set {
			flags |= 1 << i
		}
	}
	b := []byte{ticketVersion, flags}
	b = binary.AppendVarint(b, t.Expires.UnixMilli())
	b = binary.AppendVarint(b, int64(t.Media))
	b = appendText(b, t.Owner)
	b = appendText(b, t.Viewer)
	if t.Country != "" {
		b = appendText(b, t.Country)
	}
	if t.Prefix.IsValid() {
		address := t.Prefix.Masked().Addr().AsSlice()
		b = append(b, byte(t.Prefix.Bits()), byte(len(address)))
		b = append(b, address...)
	}
	return b
}

// decodeTicket takes exactly what encode writes.
func decodeTicket(payload []byte) (Ticket, bool) {
	if len(payload) < 2 || payload[0] != ticketVersion {
		return Ticket{}, false
	}
	flags := payload[1]
	r := reader{rest: payload[2:]}
	t := Ticket{Creator: flags&flagCreator != 0, X: flags&flagX != 0, Full: flags&flagFull != 0}
	t.Expires = time.UnixMilli(r.number()).UTC()
	t.Media = media.ID(r.number())
	t.Owner = r.text()
	t.Viewer = r.text()
	if flags&flagCountry != 0 {
		t.Country = r.text()
	}
	if flags&flagPrefix != 0 {
		head := r.take(2)
		if len(head) < 2 {
			return Ticket{}, false
		}
		address, ok := netip.AddrFromSlice(r.take(int(head[1])))
		t.Prefix = netip.PrefixFrom(address, int(head[0]))
		if !ok || !t.Prefix.IsValid() {
			return Ticket{}, false
		}
	}
	return t, !r.short && len(r.rest) == 0 && t.Owner != "" && bytes.Equal(t.encode(), payload)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes values off the front of bytes, and notes when they end too soon.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.short = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() string {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(len(r.rest)-n) {
		r.rest, r.short = nil, true
		return ""
	}
	r.rest = r.rest[n:]
	return string(r.take(int(v)))
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.short = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
