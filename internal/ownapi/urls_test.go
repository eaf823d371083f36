package ownapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// shown makes a media that shows renditions of the given roles and names.
func (s *server) shown(files ...media.Rendition) media.Media {
	s.t.Helper()
	m := s.upload(subtitles)
	claimed, _, err := s.catalog.Claim(s.t.Context(), m.ID, s.clock)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range files {
		files[i].Blob = media.Blob{Key: "renditions/" + m.ID.String() + "/1/" + files[i].Name, Size: 1}
	}
	if ok, err := s.catalog.Publish(s.t.Context(), m.ID, claimed.Attempt, media.Outcome{Renditions: files}, s.clock); err != nil || !ok {
		s.t.Fatal(ok, err)
	}
	return m
}

func (s *server) say(m media.Media, group, value string) {
	s.t.Helper()
	if _, err := s.catalog.MergeMetadata(s.t.Context(), m.ID, map[string]string{group: value}, nil, catalog.Actor{}, s.clock); err != nil {
		s.t.Fatal(err)
	}
}

func sizesOfAnImage() []media.Rendition {
	return []media.Rendition{
		{Role: media.RoleImage, Name: "small.jpg", ContentType: "image/jpeg", Width: 680, Height: 510},
		{Role: media.RoleImage, Name: "orig.jpg", ContentType: "image/jpeg"},
	}
}

type urlsAnswer struct {
	Data struct {
		ID        string       `json:"id"`
		MediaKey  string       `json:"media_key"`
		State     media.State  `json:"state"`
		Ticket    string       `json:"ticket"`
		ExpiresAt time.Time    `json:"expires_at"`
		URLs      []signedFile `json:"urls"`
	}
}

func (a urlsAnswer) names() []string {
	var names []string
	for _, u := range a.Data.URLs {
		names = append(names, u.Name)
	}
	return names
}

func (s *server) urls(m media.Media, token, body string) urlsAnswer {
	s.t.Helper()
	w := s.postJSON("/magpie/v1/media/"+m.ID.String()+"/urls", token, body)
	var a urlsAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("%s: %d %s", body, w.Code, w.Body)
	}
	return a
}

func TestURLs(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	m := s.shown(sizesOfAnImage()...)
	a := s.urls(m, token, `{"expires_in":60,"country":"JP"}`)
	got, err := testRing.ReadTicket(a.Data.Ticket, s.clock)
	if want := (policy.Ticket{Media: m.ID, Owner: owner, Country: "JP", Expires: s.clock.Add(time.Minute)}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if !a.Data.ExpiresAt.Equal(got.Expires) || a.Data.ID != m.ID.String() || a.Data.MediaKey != string(m.Key()) || a.Data.State != media.Succeeded {
		t.Errorf("%+v", a)
	}
	want := signedFile{media.RoleImage, "small.jpg", "image/jpeg", 680, 510, 0, "http://example.com/media/" + m.Slug + "/small.jpg?ticket=" + a.Data.Ticket}
	if len(a.Data.URLs) != 2 || a.Data.URLs[0] != want || a.Data.URLs[1].Name != "orig.jpg" {
		t.Errorf("%+v", a.Data.URLs)
	}
	if a := s.urls(s.upload(subtitles), token, `{}`); a.Data.State != media.Pending || a.Data.URLs == nil || len(a.Data.URLs) != 0 {
		t.Errorf("nothing to show yet: %+v", a)
	}
}

func TestURLsOpenWhatTheySay(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	path := func(m media.Media) string { return "/magpie/v1/media/" + m.ID.String() + "/urls" }

	kept := s.shown(sizesOfAnImage()...)
	s.say(kept, "allow_download_status", `{"allow_download":false}`)
	if got := s.urls(kept, token, `{}`).names(); !slices.Equal(got, []string{"small.jpg"}) {
		t.Errorf("without downloads: %q", got)
	}

	subscribers := s.shown(sizesOfAnImage()...)
	s.say(subscribers, "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`)
	wantRefused(t, "without a subscription", s.postJSON(path(subscribers), token, `{}`), "invalid", "$.subscriptions: must name")
	wantRefused(t, "with another", s.postJSON(path(subscribers), token, `{"subscriptions":["x"]}`), "invalid", "$.subscriptions: must name")
	if got := s.urls(subscribers, token, `{"subscriptions":["creator"]}`); len(got.names()) != 2 {
		t.Errorf("with it: %+v", got)
	}

	elsewhere := s.shown(sizesOfAnImage()...)
	s.say(elsewhere, "geo_restrictions", `{"blacklisted_country_codes":[],"whitelisted_country_codes":["JP"]}`)
	s.say(elsewhere, "domain_restrictions", `{"whitelist":["a.example"]}`)
	if got := s.urls(elsewhere, token, `{"country":"DE","ip_prefix":"192.0.2.1"}`); len(got.names()) != 2 {
		t.Errorf("where they will be opened was looked at: %+v", got)
	}

	over := s.shown(sizesOfAnImage()...)
	s.say(over, "content_expiration", `{"timestamp_sec":1}`)
	wantRefused(t, "expired", s.postJSON(path(over), token, `{}`), "gone", "")
}

func TestURLsRefuse(t *testing.T) {
	s := newServer(t)
	m := s.shown(sizesOfAnImage()...)
	path := "/magpie/v1/media/" + m.ID.String() + "/urls"
	token := s.bearer(owner, false, auth.MediaWrite)
	wantRefused(t, "a co-owner", s.postJSON(path, s.bearer(friend, false, auth.MediaWrite), `{}`), "forbidden", "Only the owner")
	wantRefused(t, "a stranger", s.postJSON(path, s.bearer(stranger, false, auth.MediaWrite), `{}`), "not_found", m.ID.String())
	wantRefused(t, "one who may only read", s.postJSON(path, s.bearer(owner, false, auth.TweetRead), `{}`), "forbidden", "media.write")
	wantRefused(t, "an app", s.postJSON(path, s.bearer(owner, true, auth.MediaWrite), `{}`), "app_only", "")
	wantRefused(t, "too long", s.postJSON(path, token, `{"expires_in":86401}`), "invalid", "$.expires_in")
	wantRefused(t, "no body", s.postJSON(path, token, ``), "invalid", "body")
	wantRefused(t, "an unknown member", s.postJSON(path, token, `{"full":true}`), "invalid", "full")
	wantRefused(t, "another media", s.postJSON(strings.Replace(path, m.ID.String(), "12", 1), token, `{}`), "not_found", "12")
}
