package policy_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// epoch is now, in these tests.
var epoch = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

func fullTicket() policy.Ticket {
	return policy.Ticket{
		Media: 1146654567674912769, Owner: "2244994945", Viewer: "vera@example.com", Expires: epoch.Add(time.Hour),
		Country: "JP", Prefix: netip.MustParsePrefix("2001:db8::/32"), Creator: true, X: true, Full: true,
	}
}

func anyTicket() *rapid.Generator[policy.Ticket] {
	return rapid.Custom(func(t *rapid.T) policy.Ticket {
		var prefix netip.Prefix
		if b := rapid.SliceOfN(rapid.Byte(), 4, 16).Filter(func(b []byte) bool { return len(b) == 4 || len(b) == 16 }).Draw(t, "address"); rapid.Bool().Draw(t, "with prefix") {
			address, _ := netip.AddrFromSlice(b)
			prefix = netip.PrefixFrom(address, rapid.IntRange(0, address.BitLen()).Draw(t, "bits")).Masked()
		}
		return policy.Ticket{
			Media:   media.ID(rapid.Int64Min(0).Draw(t, "media")),
			Owner:   rapid.StringN(1, -1, 40).Draw(t, "owner"),
			Viewer:  rapid.StringN(0, -1, 128).Draw(t, "viewer"),
			Expires: epoch.Add(time.Duration(rapid.Int64Range(1, 1<<40).Draw(t, "expires")) * time.Millisecond),
			Country: rapid.SampledFrom([]string{"", "JP", "DE"}).Draw(t, "country"),
			Prefix:  prefix,
			Creator: rapid.Bool().Draw(t, "creator"), X: rapid.Bool().Draw(t, "x"), Full: rapid.Bool().Draw(t, "full"),
		}
	})
}

func TestTicketRoundTrip(t *testing.T) {
	ring := policy.NewKeyring(key("k1", 7))
	rapid.Check(t, func(t *rapid.T) {
		want := anyTicket().Draw(t, "ticket")
		text := ring.SignTicket(want)
		got, err := ring.ReadTicket(text, epoch)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Fatal(diff)
		}
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			t.Fatalf("%q must be escaped in a URL", text)
		}
	})
}

func TestTicketIsShort(t *testing.T) {
	ring := policy.NewKeyring(key("0123abcd", 7))
	text := ring.SignTicket(policy.Ticket{Media: 1146654567674912769, Owner: "2244994945", Expires: epoch})
	if len(text) > 100 {
		t.Errorf("a plain ticket has %d characters: %s", len(text), text)
	}
}

func TestTicketExpires(t *testing.T) {
	ring := policy.NewKeyring(key("k1", 7))
	text := ring.SignTicket(fullTicket())
	end := fullTicket().Expires
	if _, err := ring.ReadTicket(text, end.Add(-1)); err != nil {
		t.Error(err)
	}
	for _, now := range []time.Time{end, end.Add(1), end.AddDate(100, 0, 0)} {
		_, err := ring.ReadTicket(text, now)
		wantForbidden(t, now.String(), err)
		if !strings.Contains(err.Error(), "expired at 2026-11-22T07:00:00Z") {
			t.Errorf("%v", err)
		}
	}
	text = ring.SignTicket(policy.Ticket{Owner: "1", Expires: end.Add(999_999)})
	if got, err := ring.ReadTicket(text, epoch); err != nil || !got.Expires.Equal(end) {
		t.Errorf("parts of a millisecond: %v, %v", got.Expires, err)
	}
}

func TestTicketOfOthers(t *testing.T) {
	ring := policy.NewKeyring(key("k1", 7))
	text := ring.SignTicket(fullTicket())
	_, err := policy.NewKeyring(key("k1", 8)).ReadTicket(text, epoch)
	wantForbidden(t, "another key", err)
	payload, err := ring.Open("ticket", text)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ring.ReadTicket(ring.Seal("playback", payload), epoch)
	wantForbidden(t, "signed for another purpose", err)
	for what, odd := range map[string][]byte{
		"another version": append([]byte{2}, payload[1:]...),
		"a new flag":      append([]byte{1, payload[1] | 0x80}, payload[2:]...),
		"cut off":         payload[:len(payload)-1],
		"a byte more":     append(payload[:len(payload):len(payload)], 0),
		"nothing":         nil,
		"no owner":        {1, 0, 0, 0, 0, 0},
	} {
		_, err := ring.ReadTicket(ring.Seal("ticket", odd), epoch)
		wantForbidden(t, what, err)
	}
}
