package delivery

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/policy"
)

func TestHandoutByKind(t *testing.T) {
	no := false
	notes := media.Metadata{AllowDownload: &media.AllowDownload{Allow: &no}}
	h := Handout{Links{Public: "https://m.example"}, ring, touched}
	r := httptest.NewRequest("GET", "/", nil)
	mp4 := media.Rendition{Role: media.RoleMP4, Name: "a.mp4"}
	for category, files := range map[media.Category]bool{media.TweetVideo: false, media.TweetGIF: true, media.TweetImage: true} {
		m := media.Media{ID: 7, Owner: "1", Category: category, Slug: "s"}
		if got := h.For(r, m, notes, "3").Of(mp4); (got != "") != files {
			t.Errorf("%s: %q", category, got)
		}
		if got := h.For(r, m, notes, "1").Of(mp4); !strings.HasPrefix(got, "https://m.example/media/s/a.mp4?ticket=v1.test.") {
			t.Errorf("%s: the owner's is %q", category, got)
		}
		if got := h.For(r, m, media.Metadata{}, "").Of(mp4); got != "https://m.example/media/s/a.mp4" {
			t.Errorf("%s: public is %q", category, got)
		}
	}
}

// No URL that is handed out opens for its holder what policy does not let them
// have, and each opens what it was handed out for.
func TestHandoutOpensWhatPolicyAllows(t *testing.T) {
	h := Handout{Links{}, ring, touched}
	r := httptest.NewRequest("GET", "/", nil)
	list := func(t *rapid.T, name string, of ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 1, rapid.ID).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		var notes media.Metadata
		if rapid.Bool().Draw(t, "download") {
			allow := rapid.Bool().Draw(t, "allowed")
			notes.AllowDownload = &media.AllowDownload{Allow: &allow}
		}
		notes.AudiencePolicy = &media.AudiencePolicy{CreatorSubscriptions: list(t, "creator", "Any"), XSubscriptions: list(t, "x", "Any")}
		notes.DomainRestrictions = &media.DomainRestrictions{Whitelist: list(t, "sites", "a.example")}
		notes.GeoRestrictions = &media.GeoRestrictions{Blacklisted: list(t, "denied", "US"), Whitelisted: list(t, "allowed", "JP")}
		if rapid.Bool().Draw(t, "expires") {
			at := touched().Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "in")) * time.Second)
			notes.ContentExpiration = &media.ContentExpiration{TimestampSec: at.Unix()}
		}
		m := media.Media{ID: 7, Owner: "1", AdditionalOwners: []string{"2"}, Category: media.TweetVideo, Slug: "s"}
		user := rapid.SampledFrom([]string{"1", "2", "3", ""}).Draw(t, "user")
		handed := h.For(r, m, notes, user)
		// Where somebody with the URL could be, in a country and on a site that are allowed.
		v := policy.Viewer{Country: "JP", Site: "a.example"}
		for _, rendition := range []media.Rendition{{Role: media.RoleMP4, Name: "a.mp4"}, {Role: media.RoleMaster, Name: "a.m3u8"}, {Role: media.RolePoster, Name: "a.jpg"}} {
			url := handed.Of(rendition)
			if url == "" {
				continue
			}
			if _, text, found := strings.Cut(url, "?ticket="); found {
				ticket, err := ring().ReadTicket(text, touched())
				if err != nil || ticket.Full != m.UsableBy(user) || ticket.Media != m.ID {
					t.Fatalf("%q: %+v %v", url, ticket, err)
				}
				if !ticket.Full && len(notes.DomainRestrictions.Whitelist) > 0 {
					t.Fatal("a ticket that opens outside of the pages it is restricted to")
				}
				v.Ticket = &ticket
			}
			if verdict := policy.Decide(m, notes, v, useOf(rendition, false), touched()); verdict.Err != nil {
				t.Fatalf("%s does not open: %v", url, verdict.Err)
			}
		}
		if any := handed.Of(media.Rendition{Role: media.RolePoster, Name: "a.jpg"}); (any == "") != (handed.Err != nil) {
			t.Fatalf("%q with %v", any, handed.Err)
		}
		if handed.Err != nil && handed.Err.Code != media.CodeGone && m.UsableBy(user) && user != "" {
			t.Fatalf("an owner gets nothing: %v", handed.Err)
		}
	})
}
