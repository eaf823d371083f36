package policy_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/policy"
)

const (
	owner    = "2244994945"
	coOwner  = "12"
	stranger = "99"
)

func video() media.Media {
	return media.Media{ID: 7, Owner: owner, AdditionalOwners: []string{coOwner}}
}

// ticket is one for video() that lasts an hour, changed by the given steps.
func ticket(change ...func(*policy.Ticket)) *policy.Ticket {
	t := policy.Ticket{Media: 7, Owner: owner, Expires: epoch.Add(time.Hour)}
	for _, c := range change {
		c(&t)
	}
	return &t
}

func full(t *policy.Ticket)    { t.Full = true }
func creator(t *policy.Ticket) { t.Creator = true }
func x(t *policy.Ticket)       { t.X = true }
func grant(t *policy.Ticket)   { t.Media = 0 }

func expires(seconds int64) media.Metadata {
	return media.Metadata{ContentExpiration: &media.ContentExpiration{TimestampSec: epoch.Unix() + seconds}}
}

func geo(allowed, denied []string) media.Metadata {
	return media.Metadata{GeoRestrictions: &media.GeoRestrictions{Whitelisted: allowed, Blacklisted: denied}}
}

func audience(creator, x []string) media.Metadata {
	return media.Metadata{AudiencePolicy: &media.AudiencePolicy{CreatorSubscriptions: creator, XSubscriptions: x}}
}

func domains(list ...string) media.Metadata {
	return media.Metadata{DomainRestrictions: &media.DomainRestrictions{Whitelist: list}}
}

func downloads(allow bool) media.Metadata {
	return media.Metadata{AllowDownload: &media.AllowDownload{Allow: &allow}}
}

// The three uses, each of which may (y) or may not.
func TestDecide(t *testing.T) {
	anyList := []string{"Any"}
	type viewer = policy.Viewer
	for _, c := range []struct {
		name   string
		notes  media.Metadata
		viewer viewer
		want   string     // for Look, Stream, Download
		code   media.Code // of the refusals
	}{
		{"nothing set", media.Metadata{}, viewer{}, "yyy", ""},
		{"empty groups", media.Metadata{
			AllowDownload: &media.AllowDownload{}, AudiencePolicy: &media.AudiencePolicy{},
			DomainRestrictions: &media.DomainRestrictions{}, GeoRestrictions: &media.GeoRestrictions{},
		}, viewer{}, "yyy", ""},

		{"a second before its end", expires(1), viewer{}, "yyy", ""},
		{"at its end", expires(0), viewer{}, "nnn", media.CodeGone},
		{"at its end, the owner", expires(0), viewer{SignedIn: owner}, "nnn", media.CodeGone},
		{"at its end, a full ticket", expires(0), viewer{Ticket: ticket(full)}, "nnn", media.CodeGone},

		{"an allowed country", geo([]string{"JP", "de"}, nil), viewer{Country: "DE"}, "yyy", ""},
		{"another country", geo([]string{"JP"}, nil), viewer{Country: "US"}, "nnn", media.CodeWithheld},
		{"a denied country", geo(nil, []string{"us"}), viewer{Country: "US"}, "nnn", media.CodeWithheld},
		{"a country that is not denied", geo(nil, []string{"us"}), viewer{Country: "JP"}, "yyy", ""},
		{"both lists: denied wins", geo([]string{"us"}, []string{"us"}), viewer{Country: "US"}, "nnn", media.CodeWithheld},
		{"both lists: on neither", geo([]string{"us"}, []string{"us"}), viewer{Country: "JP"}, "nnn", media.CodeWithheld},
		{"unknown country, allowed list", geo([]string{"JP"}, nil), viewer{}, "nnn", media.CodeWithheld},
		{"unknown country, denied list", geo(nil, []string{"JP"}), viewer{}, "nnn", media.CodeWithheld},
		{"a ticket does not change the country", geo([]string{"JP"}, nil), viewer{Country: "US", Ticket: ticket(creator, x)}, "nnn", media.CodeWithheld},
		{"a full ticket from elsewhere", geo([]string{"JP"}, nil), viewer{Country: "US", Ticket: ticket(full)}, "yyy", ""},
		{"the owner from elsewhere", geo([]string{"JP"}, nil), viewer{Country: "US", SignedIn: owner}, "yyy", ""},

		{"subscribers of the creator: nobody", audience(anyList, nil), viewer{}, "nnn", media.CodeForbidden},
		{"subscribers of the creator: one", audience(anyList, nil), viewer{Ticket: ticket(creator)}, "yyy", ""},
		{"subscribers of the creator: a grant", audience(anyList, nil), viewer{Ticket: ticket(creator, grant)}, "yyy", ""},
		{"subscribers of the creator: one of X", audience(anyList, nil), viewer{Ticket: ticket(x)}, "nnn", media.CodeForbidden},
		{"subscribers of X: one of the creator", audience(nil, anyList), viewer{Ticket: ticket(creator)}, "nnn", media.CodeForbidden},
		{"subscribers of X: one", audience(nil, anyList), viewer{Ticket: ticket(x)}, "yyy", ""},
		{"both: one", audience(anyList, anyList), viewer{Ticket: ticket(x)}, "nnn", media.CodeForbidden},
		{"both: both", audience(anyList, anyList), viewer{Ticket: ticket(x, creator)}, "yyy", ""},
		{"subscribers: a stranger", audience(anyList, nil), viewer{SignedIn: stranger}, "nnn", media.CodeForbidden},
		{"subscribers: a co-owner", audience(anyList, nil), viewer{SignedIn: coOwner}, "yyy", ""},
		{"subscribers: a full ticket", audience(anyList, nil), viewer{Ticket: ticket(full)}, "yyy", ""},

		{"a listed site", domains("example.com"), viewer{Site: "example.com"}, "yyy", ""},
		{"in capitals and with a dot", domains("example.com"), viewer{Site: "Example.COM."}, "yyy", ""},
		{"a site below it", domains("other.example", "example.com"), viewer{Site: "a.b.example.com"}, "yyy", ""},
		{"a site that ends like it", domains("example.com"), viewer{Site: "badexample.com"}, "nnn", media.CodeForbidden},
		{"a site above it", domains("www.example.com"), viewer{Site: "example.com"}, "nnn", media.CodeForbidden},
		{"a site that begins like it", domains("example.com"), viewer{Site: "example.com.evil.test"}, "nnn", media.CodeForbidden},
		{"no site", domains("example.com"), viewer{}, "nnn", media.CodeForbidden},
		{"no site, but a ticket", domains("example.com"), viewer{Ticket: ticket()}, "yyy", ""},
		{"a foreign site and a ticket", domains("example.com"), viewer{Site: "evil.test", Ticket: ticket()}, "nnn", media.CodeForbidden},
		{"a foreign site and a full ticket", domains("example.com"), viewer{Site: "evil.test", Ticket: ticket(full)}, "yyy", ""},
		{"our own page", domains("example.com"), viewer{Site: "magpie.test", Own: true}, "nnn", media.CodeForbidden},
		{"our own page and a ticket", domains("example.com"), viewer{Site: "magpie.test", Own: true, Ticket: ticket()}, "yyy", ""},
		{"our own page on a listed site", domains("example.com"), viewer{Site: "example.com", Own: true}, "yyy", ""},
		{"a foreign site, the owner", domains("example.com"), viewer{Site: "evil.test", SignedIn: owner}, "yyy", ""},

		{"downloads allowed", downloads(true), viewer{}, "yyy", ""},
		{"downloads not allowed", downloads(false), viewer{}, "ynn", media.CodeForbidden},
		{"downloads not allowed, a ticket", downloads(false), viewer{Ticket: ticket(creator, x)}, "yyn", media.CodeForbidden},
		{"downloads not allowed, a full ticket", downloads(false), viewer{Ticket: ticket(full)}, "yyy", ""},
		{"downloads not allowed, the owner", downloads(false), viewer{SignedIn: owner}, "yyy", ""},

		{"a ticket for another media", media.Metadata{}, viewer{Ticket: ticket(full, func(t *policy.Ticket) { t.Media = 8 })}, "nnn", media.CodeForbidden},
		{"a ticket of another owner", media.Metadata{}, viewer{Ticket: ticket(full, func(t *policy.Ticket) { t.Owner = coOwner })}, "nnn", media.CodeForbidden},
		{"another owner's grant", audience(anyList, nil), viewer{Ticket: ticket(creator, grant, func(t *policy.Ticket) { t.Owner = stranger })}, "nnn", media.CodeForbidden},
		{"a ticket at its end", media.Metadata{}, viewer{Ticket: ticket(full, func(t *policy.Ticket) { t.Expires = epoch })}, "nnn", media.CodeForbidden},
		{"a ticket just before", media.Metadata{}, viewer{Ticket: ticket(full, func(t *policy.Ticket) { t.Expires = epoch.Add(1) })}, "yyy", ""},
		{"a ticket without an end", media.Metadata{}, viewer{Ticket: ticket(full, func(t *policy.Ticket) { t.Expires = time.Time{} })}, "nnn", media.CodeForbidden},
		{"the owner with somebody's ticket", media.Metadata{}, viewer{SignedIn: owner, Ticket: ticket(func(t *policy.Ticket) { t.Media = 8 })}, "yyy", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			for _, u := range []policy.Use{policy.Look, policy.Stream, policy.Download} {
				v := policy.Decide(video(), c.notes, c.viewer, u, epoch)
				if v.Err == nil {
					got += "y"
					continue
				}
				got += "n"
				if v.Err.Code != c.code || len(v.Err.Detail) < 20 || !v.Until.IsZero() {
					t.Errorf("%+v", v)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTicketFromElsewhere(t *testing.T) {
	from := func(prefix, country string) *policy.Ticket {
		return ticket(full, func(t *policy.Ticket) {
			t.Country = country
			if prefix != "" {
				t.Prefix = netip.MustParsePrefix(prefix)
			}
		})
	}
	for _, c := range []struct {
		name             string
		ticket           *policy.Ticket
		address, country string
		may              bool
	}{
		{"in its prefix", from("192.0.2.0/24", ""), "192.0.2.200", "", true},
		{"the same address as IPv6", from("192.0.2.0/24", ""), "::ffff:192.0.2.200", "", true},
		{"outside", from("192.0.2.0/24", ""), "192.0.3.1", "", false},
		{"in its prefix, with a zone", from("fe80::/10", ""), "fe80::1%eth0", "", true},
		{"other family", from("::/0", ""), "192.0.2.1", "", false},
		{"address not known", from("0.0.0.0/0", ""), "", "", false},
		{"in its country", from("", "JP"), "", "JP", true},
		{"in another", from("", "JP"), "", "DE", false},
		{"country not known", from("", "JP"), "", "", false},
		{"both", from("192.0.2.0/24", "JP"), "192.0.2.1", "JP", true},
		{"one of both", from("192.0.2.0/24", "JP"), "192.0.2.1", "DE", false},
	} {
		v := policy.Viewer{Ticket: c.ticket, Country: c.country}
		if c.address != "" {
			v.Address = netip.MustParseAddr(c.address)
		}
		got := policy.Decide(video(), media.Metadata{}, v, policy.Stream, epoch)
		if (got.Err == nil) != c.may || got.Err != nil && got.Err.Code != media.CodeForbidden {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestVerdict(t *testing.T) {
	end := expires(600)
	for _, c := range []struct {
		name       string
		media      media.Media
		notes      media.Metadata
		viewer     policy.Viewer
		restricted bool
		until      time.Time
		frames     []string
	}{
		{name: "nothing", media: video()},
		{name: "a retention", media: media.Media{Owner: owner, ExpiresAt: epoch.Add(time.Minute)}, notes: end, until: epoch.Add(time.Minute)},
		{name: "an expiration is the same for all", media: video(), notes: end, until: epoch.Add(10 * time.Minute)},
		{name: "an expiration before the ticket's", media: video(), notes: end, viewer: policy.Viewer{Ticket: ticket()}, restricted: true, until: epoch.Add(10 * time.Minute)},
		{name: "a ticket's end", media: video(), viewer: policy.Viewer{Ticket: ticket(full)}, restricted: true, until: epoch.Add(time.Hour)},
		{name: "a country", media: video(), notes: geo(nil, []string{"US"}), viewer: policy.Viewer{Country: "JP"}, restricted: true},
		{
			name: "sites", media: video(), notes: domains("a.example", "b.example."), viewer: policy.Viewer{Site: "a.example"}, restricted: true,
			frames: []string{"a.example:*", "*.a.example:*", "b.example:*", "*.b.example:*"},
		},
		{name: "sites, to the owner", media: video(), notes: domains("a.example"), viewer: policy.Viewer{SignedIn: coOwner}, restricted: true},
	} {
		got := policy.Decide(c.media, c.notes, c.viewer, policy.Look, epoch)
		if got.Err != nil || got.Restricted != c.restricted || !got.Until.Equal(c.until) || !slices.Equal(got.FrameAncestors, c.frames) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	deleted := video()
	deleted.GoneAt = epoch
	if got := policy.Decide(deleted, media.Metadata{}, policy.Viewer{SignedIn: owner}, policy.Look, epoch); got.Err == nil || got.Err.Code != media.CodeNotFound {
		t.Errorf("deleted: %+v", got)
	}
	expired := deleted
	expired.ExpiresAt = epoch
	if got := policy.Decide(expired, media.Metadata{}, policy.Viewer{SignedIn: owner}, policy.Look, epoch); got.Err == nil || got.Err.Code != media.CodeGone {
		t.Errorf("past its retention: %+v", got)
	}
}

// anyNotes draws each of the groups that restrict, or leaves it out.
func anyNotes(t *rapid.T) media.Metadata {
	lists := func(name string, values ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 2, rapid.ID).Draw(t, name)
	}
	var notes media.Metadata
	if rapid.Bool().Draw(t, "expires") {
		notes.ContentExpiration = expires(rapid.Int64Range(-1, 2).Draw(t, "in")).ContentExpiration
	}
	if rapid.Bool().Draw(t, "geo") {
		notes.GeoRestrictions = geo(lists("allowed", "JP", "us", "DE"), lists("denied", "jp", "US", "DE")).GeoRestrictions
	}
	if rapid.Bool().Draw(t, "audience") {
		notes.AudiencePolicy = audience(lists("creator's", "Any"), lists("X's", "Any")).AudiencePolicy
	}
	if rapid.Bool().Draw(t, "domains") {
		notes.DomainRestrictions = domains(lists("sites", "a.example", "b.example")...).DomainRestrictions
	}
	switch rapid.IntRange(0, 3).Draw(t, "download") {
	case 1:
		notes.AllowDownload = &media.AllowDownload{}
	case 2, 3:
		notes.AllowDownload = downloads(rapid.Bool().Draw(t, "allow")).AllowDownload
	}
	return notes
}

// alone gives each group of some notes by itself, with the two lists of a group
// apart.
func alone(notes media.Metadata) []media.Metadata {
	all := []media.Metadata{
		{ContentExpiration: notes.ContentExpiration}, {DomainRestrictions: notes.DomainRestrictions}, {AllowDownload: notes.AllowDownload},
	}
	if g := notes.GeoRestrictions; g != nil {
		all = append(all, geo(g.Whitelisted, nil), geo(nil, g.Blacklisted))
	}
	if a := notes.AudiencePolicy; a != nil {
		all = append(all, audience(a.CreatorSubscriptions, nil), audience(nil, a.XSubscriptions))
	}
	return all
}

func anyViewer(t *rapid.T) policy.Viewer {
	v := policy.Viewer{
		Country:  rapid.SampledFrom([]string{"", "JP", "US", "DE", "FR"}).Draw(t, "country"),
		Address:  netip.MustParseAddr("192.0.2.1"),
		Site:     rapid.SampledFrom([]string{"", "a.example", "w.b.example", "c.example"}).Draw(t, "site"),
		Own:      rapid.Bool().Draw(t, "own"),
		SignedIn: rapid.SampledFrom([]string{"", "", owner, coOwner, stranger}).Draw(t, "signed in"),
	}
	if rapid.Bool().Draw(t, "with ticket") {
		v.Ticket = ticket(func(k *policy.Ticket) {
			k.Media = rapid.SampledFrom([]media.ID{0, 7, 7, 8}).Draw(t, "media")
			k.Owner = rapid.SampledFrom([]string{owner, owner, stranger}).Draw(t, "owner")
			k.Country = rapid.SampledFrom([]string{"", "", "JP"}).Draw(t, "ticket's country")
			k.Expires = epoch.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "ticket's end")))
			k.Creator, k.X = rapid.Bool().Draw(t, "creator"), rapid.Bool().Draw(t, "x")
			k.Full = rapid.IntRange(0, 3).Draw(t, "full") == 0
		})
	}
	return v
}

func anyUse(t *rapid.T) policy.Use {
	return policy.Use(rapid.IntRange(int(policy.Look), int(policy.Download)).Draw(t, "use"))
}

// TestRulesOnlyRefuse: groups together let through exactly whom each of them
// lets through alone.
func TestRulesOnlyRefuse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		notes, v, u := anyNotes(t), anyViewer(t), anyUse(t)
		now := epoch.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
		may := policy.Decide(video(), notes, v, u, now).Err == nil
		each := true
		for _, single := range alone(notes) {
			each = each && policy.Decide(video(), single, v, u, now).Err == nil
		}
		if may != each {
			t.Fatalf("together: %v, each alone: %v", may, each)
		}
	})
}

// TestTicketsOnlyAdd: a ticket that is good for a media takes nothing away.
func TestTicketsOnlyAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		notes, v, u := anyNotes(t), anyViewer(t), anyUse(t)
		bare := v
		bare.Ticket = nil
		v.Ticket = ticket(func(k *policy.Ticket) {
			k.Creator, k.X, k.Full = rapid.Bool().Draw(t, "c"), rapid.Bool().Draw(t, "x"), rapid.Bool().Draw(t, "f")
		})
		if policy.Decide(video(), notes, bare, u, epoch).Err == nil && policy.Decide(video(), notes, v, u, epoch).Err != nil {
			t.Fatal("a good ticket took a permission away")
		}
		full := v
		full.Ticket = ticket(func(k *policy.Ticket) { k.Full = true })
		if (policy.Decide(video(), notes, full, u, epoch).Err == nil) != (policy.Decide(video(), media.Metadata{ContentExpiration: notes.ContentExpiration}, policy.Viewer{}, u, epoch).Err == nil) {
			t.Fatal("a full ticket is held up by more than the expiration")
		}
	})
}

// TestRestrictedAndNeedsTicket hold the two questions against what Decide says.
func TestRestrictedAndNeedsTicket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		notes := anyNotes(t)
		notes.ContentExpiration = nil
		uses := []policy.Use{policy.Look, policy.Stream, policy.Download}
		refused := func(v policy.Viewer) bool {
			return slices.ContainsFunc(uses, func(u policy.Use) bool { return policy.Decide(video(), notes, v, u, epoch).Err != nil })
		}
		anyone := refused(policy.Viewer{})
		if policy.Restricted(notes) != anyone {
			t.Fatalf("Restricted is %v, and a viewer of whom nothing is known is refused: %v", policy.Restricted(notes), anyone)
		}
		if got := policy.Decide(video(), notes, policy.Viewer{}, policy.Look, epoch).Restricted; got != policy.Restricted(notes) {
			t.Fatalf("the verdict says %v", got)
		}
		rest := notes
		rest.GeoRestrictions, rest.DomainRestrictions = nil, nil
		notes = rest
		if policy.NeedsTicket(notes) != refused(policy.Viewer{Country: "JP", Site: "a.example", SignedIn: stranger}) {
			t.Fatalf("NeedsTicket is %v", policy.NeedsTicket(notes))
		}
	})
}

// TestReasons: a refusal names its rule, and what is let through none.
func TestReasons(t *testing.T) {
	deleted := video()
	deleted.GoneAt = epoch
	no := false
	for _, c := range []struct {
		media  media.Media
		notes  media.Metadata
		viewer policy.Viewer
		want   policy.Reason
	}{
		{video(), media.Metadata{}, policy.Viewer{}, ""},
		{deleted, media.Metadata{}, policy.Viewer{}, policy.ReasonDeleted},
		{video(), expires(0), policy.Viewer{}, policy.ReasonExpired},
		{video(), media.Metadata{}, policy.Viewer{Ticket: &policy.Ticket{}}, policy.ReasonTicket},
		{video(), geo(nil, []string{"US"}), policy.Viewer{Country: "US"}, policy.ReasonCountry},
		{video(), audience([]string{"1"}, nil), policy.Viewer{}, policy.ReasonAudience},
		{video(), domains("a.example"), policy.Viewer{Site: "b.example"}, policy.ReasonSite},
		{video(), downloads(no), policy.Viewer{}, policy.ReasonDownload},
	} {
		got := policy.Decide(c.media, c.notes, c.viewer, policy.Stream, epoch)
		if got.Reason != c.want || (got.Err == nil) != (c.want == "") {
			t.Errorf("%q, want %q: %v", got.Reason, c.want, got.Err)
		}
		if c.want != "" && !slices.Contains(policy.Reasons(), got.Reason) {
			t.Errorf("%q is not listed", got.Reason)
		}
	}
}
