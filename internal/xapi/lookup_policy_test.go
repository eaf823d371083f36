package xapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/policy"
)

// handed is what a lookup says of URLs.
type handed struct {
	t           *testing.T
	clock       time.Time
	URL         string `json:"url"`
	Poster      string `json:"preview_image_url"`
	Variants    []variant
	Unavailable string
}

func (s *server) handed(t *testing.T, user, key string) handed {
	t.Helper()
	a := s.callAs(user, "/2/media/"+key+allFields+",unavailable")
	h := struct{ Data handed }{handed{t: t, clock: s.clock}}
	if a.Code != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &h) != nil {
		t.Fatalf("%s for %s: %d %s", key, user, a.Code, a.Body)
	}
	return h.Data
}

func (s *server) callAs(user, path string) answer {
	s.t.Helper()
	name, value := s.as(user)
	return s.call("GET", path, nil, name, value)
}

// all lists the URLs that were handed out.
func (h handed) all() []string {
	list := []string{}
	for _, v := range h.Variants {
		list = append(list, v.URL)
	}
	for _, u := range []string{h.URL, h.Poster} {
		if u != "" {
			list = append(list, u)
		}
	}
	return list
}

// tickets reads the ticket of each URL, nil where there is none.
func (h handed) tickets(want ...string) []*policy.Ticket {
	h.t.Helper()
	var list []*policy.Ticket
	var names []string
	for _, u := range h.all() {
		bare, query, found := strings.Cut(u, "?")
		names = append(names, bare[strings.LastIndex(bare, "/")+1:])
		if !found {
			list = append(list, nil)
			continue
		}
		ticket, err := ring().ReadTicket(strings.TrimPrefix(query, "ticket="), h.clock)
		if err != nil {
			h.t.Errorf("%s: %v", u, err)
		}
		list = append(list, &ticket)
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		h.t.Errorf("handed out are %q, want %q", names, want)
	}
	return list
}

func TestLookupHandsOut(t *testing.T) {
	s := newServer(t)
	video := s.upload(map[string]any{"media_category": "tweet_video", "shared": true, "additional_owners": []string{friend}}, mp4())
	s.publish(video, movie())
	key := "7_" + video.String()
	files, streams := []string{"640x360.mp4", "master.m3u8", "poster.jpg"}, []string{"master.m3u8", "poster.jpg"}
	for _, c := range []struct {
		metadata string
		theirs   []string // what a stranger gets
		plain    bool     // without a ticket
		words    string
	}{
		{`{}`, files, true, ""},
		{`{"content_expiration":{"timestamp_sec":4102444800}}`, files, true, ""},
		{`{"geo_restrictions":{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}}`, files, true, ""},
		{`{"geo_restrictions":null,"domain_restrictions":{"whitelist":["example.com"]}}`, files, true, ""},
		{`{"allow_download_status":{"allow_download":false}}`, nil, false, "some sites only"},
		{`{"domain_restrictions":null}`, streams, false, ""},
		{`{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`, nil, false, "subscribers"},
		{`{"allow_download_status":null}`, nil, false, "subscribers"},
		{`{"audience_policy":null}`, files, true, ""},
	} {
		s.describe(video, c.metadata)
		mine := s.handed(t, owner, key)
		for _, ticket := range mine.tickets(files...) {
			restricted := !c.plain || strings.Contains(c.metadata, "geo_restrictions\":{") || strings.Contains(c.metadata, "whitelist\":[\"e")
			if restricted != (ticket != nil) {
				t.Errorf("%s: the owner's ticket is %+v", c.metadata, ticket)
			}
			if ticket != nil && (!ticket.Full || ticket.Media != video || ticket.Owner != owner || ticket.Viewer != owner || !ticket.Expires.Equal(s.clock.Add(time.Hour))) {
				t.Errorf("%s: the owner's ticket is %+v", c.metadata, ticket)
			}
		}
		if len(s.handed(t, friend, key).tickets(files...)) != 3 {
			t.Errorf("%s: not all for an additional owner", c.metadata)
		}
		theirs := s.handed(t, stranger, key)
		for _, ticket := range theirs.tickets(c.theirs...) {
			if c.plain != (ticket == nil) {
				t.Errorf("%s: a stranger's ticket is %+v", c.metadata, ticket)
			}
			if ticket != nil && (ticket.Full || ticket.Creator || ticket.X || ticket.Media != video || ticket.Viewer != stranger || !ticket.Expires.Equal(s.clock.Add(time.Hour))) {
				t.Errorf("%s: a stranger's ticket is %+v", c.metadata, ticket)
			}
		}
		if (c.words == "") != (theirs.Unavailable == "") || !strings.Contains(theirs.Unavailable, c.words) || mine.Unavailable != "" {
			t.Errorf("%s: unavailable for %q, want %q; for the owner %q", c.metadata, theirs.Unavailable, c.words, mine.Unavailable)
		}
	}
}

func TestLookupOfWhatExpired(t *testing.T) {
	s := newServer(t)
	video := s.upload(map[string]any{"media_category": "tweet_video", "shared": true, "additional_owners": []string{friend}}, mp4())
	s.publish(video, movie())
	s.describe(video, fmt.Sprintf(`{"content_expiration":{"timestamp_sec":%d}}`, s.clock.Add(time.Minute).Unix()))
	key := "7_" + video.String()
	if got := s.handed(t, stranger, key).all(); len(got) != 3 {
		t.Errorf("before: %q", got)
	}
	s.clock = s.clock.Add(time.Minute)
	entry := func(parameter string) string {
		return fmt.Sprintf(`{"value":%q,"detail":"The media with %s: [%s] is not available any more.","title":"Gone","resource_type":"media","parameter":%q,"resource_id":%[1]q,"type":"https://api.x.com/2/problems/resource-unavailable"}`,
			key, parameter, key, parameter)
	}
	s.callAs(stranger, "/2/media?media_keys="+key).is(http.StatusOK, `{"errors":[%s]}`, entry("media_keys"))
	s.callAs(stranger, "/2/media/"+key).is(http.StatusGone, `{"code":410,"message":"The media with media_key: [%s] is not available any more.","title":"Gone",
		"detail":"The media with media_key: [%[1]s] is not available any more.","type":"https://api.x.com/2/problems/resource-unavailable","status":410,"errors":[%[2]s]}`, key, entry("media_key"))
	for _, user := range []string{owner, friend} {
		h := s.handed(t, user, key)
		if got := h.all(); len(got) != 0 || h.Unavailable == "" {
			t.Errorf("%s is handed %q: %q", user, got, h.Unavailable)
		}
	}
}

// A chosen poster is the one of the film, as long as its own rules let it.
func TestLookupOfAPosterWithRules(t *testing.T) {
	s := newServer(t)
	image := s.upload(map[string]any{"media_category": "tweet_image"}, png())
	video := s.upload(map[string]any{"media_category": "tweet_video", "shared": true}, mp4())
	s.publish(video, movie())
	key := "7_" + video.String()
	s.describe(video, fmt.Sprintf(`{"preview_image":{"media_key":{"media":"%s","media_category":"TweetImage"}}}`, image))
	is := func(user, name string, ticket bool) {
		t.Helper()
		got := s.handed(t, user, key).Poster
		if !strings.Contains(got, name) || strings.Contains(got, "?ticket=") != ticket {
			t.Errorf("the poster of %s is %s, want %s", user, got, name)
		}
	}
	is(owner, s.shown(image)+"large.jpg", false)
	is(stranger, s.shown(image)+"large.jpg", false)
	s.describe(image, `{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`)
	is(owner, s.shown(image)+"large.jpg", true)
	is(stranger, s.shown(video)+"poster.jpg", false)
	s.describe(image, fmt.Sprintf(`{"audience_policy":null,"content_expiration":{"timestamp_sec":%d}}`, s.clock.Unix()))
	is(owner, s.shown(video)+"poster.jpg", false)
	is(stranger, s.shown(video)+"poster.jpg", false)
}

// An app-only token sees what its owner sees.
func TestLookupHandsOutToAnApp(t *testing.T) {
	s := newServer(t)
	video := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	s.publish(video, movie())
	s.describe(video, `{"allow_download_status":{"allow_download":false}}`)
	s.bearer["app"] = s.token(auth.Grant{User: owner, Scopes: []string{auth.TweetRead}, AppOnly: true})
	for _, ticket := range s.handed(t, "app", "7_"+video.String()).tickets("640x360.mp4", "master.m3u8", "poster.jpg") {
		if ticket == nil || !ticket.Full {
			t.Errorf("%+v", ticket)
		}
	}
}
