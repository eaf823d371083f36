package ownapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/policy"
	"magpie/internal/processing"
)

// embedRig is an API with a published video of two sizes, whose viewers come from
// the country in X-Country and may be signed in by X-User.
type embedRig struct {
	*server
	made  media.ID // the last
	video media.Media
}

func newEmbedRig(t *testing.T) *embedRig {
	t.Helper()
	s := newServer(t)
	s.api.access = delivery.Access{
		Ring: func() policy.Keyring { return testRing },
		Viewer: func(r *http.Request) policy.Viewer {
			v := delivery.Viewers{}.Of(r)
			v.Country, v.SignedIn = r.Header.Get("X-Country"), r.Header.Get("X-User")
			return v
		},
	}
	s.api.random = bytes.NewReader(make([]byte, 1<<16))
	rig := &embedRig{server: s, made: 1000}
	rig.video = rig.media(media.TweetVideo, media.Outcome{
		Width: 640, Height: 360, Duration: 90 * time.Second, Placeholder: "1QcSHQRnh493V4dIh4eXh1h4kJUI",
		Renditions: []media.Rendition{
			{Role: media.RoleMP4, Name: "360p.mp4", ContentType: "video/mp4", Width: 640, Height: 360},
			{Role: media.RoleMP4, Name: "180p.mp4", ContentType: "video/mp4", Width: 320, Height: 180},
			{Role: media.RoleMaster, Name: "master.m3u8", ContentType: "application/x-mpegURL", Width: 640, Height: 360},
			{Role: media.RolePoster, Name: "poster.jpg", ContentType: "image/jpeg", Width: 640, Height: 360},
		},
	})
	return rig
}

// photo makes a published image of 1000×500.
func (s *embedRig) photo() media.Media {
	return s.media(media.TweetImage, media.Outcome{
		Width: 1000, Height: 500,
		Renditions: []media.Rendition{
			{Role: media.RoleImage, Name: "thumb.png", ContentType: "image/png", Width: 150, Height: 150},
			{Role: media.RoleImage, Name: "small.png", ContentType: "image/png", Width: 680, Height: 340},
			{Role: media.RoleImage, Name: "medium.png", ContentType: "image/png", Width: 1000, Height: 500},
			{Role: media.RoleImage, Name: "large.png", ContentType: "image/png", Width: 1000, Height: 500},
			{Role: media.RoleImage, Name: "orig.png", ContentType: "image/png", Width: 1000, Height: 500},
		},
	})
}

// pending makes a media that nothing was made of yet.
func (s *embedRig) pending(c media.Category) media.Media {
	s.t.Helper()
	ctx := s.t.Context()
	s.made++
	m := media.Media{
		ID: s.made, Owner: owner, AdditionalOwners: []string{friend}, Category: c, Slug: fmt.Sprintf("slug-%011d", s.made),
		State: media.Pending, CreatedAt: s.clock, TouchedAt: s.clock,
	}
	session := media.Session{ID: m.ID, Owner: owner, State: media.SessionOpen, CreatedAt: s.clock, ExpiresAt: s.clock.Add(time.Hour)}
	if err := s.catalog.CreateSession(ctx, session); err != nil {
		s.t.Fatal(err)
	}
	if _, took, err := s.catalog.BeginClosing(ctx, m.ID, "x", s.clock, s.clock.Add(-time.Minute)); err != nil || !took {
		s.t.Fatal(took, err)
	}
	if ok, err := s.catalog.CloseSession(ctx, "x", m, s.clock); err != nil || !ok {
		s.t.Fatal(ok, err)
	}
	return m
}

// media makes one that was processed as out says.
func (s *embedRig) media(c media.Category, out media.Outcome) media.Media {
	s.t.Helper()
	m := s.pending(c)
	ctx := s.t.Context()
	claimed, took, err := s.catalog.Claim(ctx, m.ID, s.clock)
	if err != nil || !took {
		s.t.Fatal(took, err)
	}
	for i := range out.Renditions {
		out.Renditions[i].Blob = media.Blob{Key: fmt.Sprintf("renditions/%s/1/%s", m.ID, out.Renditions[i].Name), Size: 1}
	}
	if ok, err := s.catalog.Publish(ctx, m.ID, claimed.Attempt, out, s.clock); err != nil || !ok {
		s.t.Fatal(ok, err)
	}
	if m, err = s.catalog.Media(ctx, m.ID); err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *embedRig) embed(m media.Media, query string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.call(http.MethodGet, "/magpie/v1/embed/"+string(m.Key())+query, headers...)
}

var inline = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)

// What runs in the page is named by its hash in the policy, and all of it is.
func TestEmbedPolicyNamesWhatRuns(t *testing.T) {
	s := newEmbedRig(t)
	s.say(s.video, "alt_text", `{"text":"</script><script>alert(1)</script><b onclick=x>\" '"}`)
	w := s.embed(s.video, "")
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	csp := w.Header().Get("Content-Security-Policy")
	seen := map[string]int{}
	for _, part := range inline.FindAllStringSubmatch(w.Body.String(), -1) {
		sum := sha256.Sum256([]byte(part[2]))
		if source := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(csp, source) {
			t.Errorf("a %s of %d bytes is not in the policy: %.80s", part[1], len(part[2]), part[2])
		}
		seen[part[1]]++
	}
	if seen["script"] != 3 || seen["style"] != 1 || strings.Contains(csp, "unsafe") || strings.Contains(csp, "frame-ancestors") {
		t.Errorf("%v under %s", seen, csp)
	}
	if strings.Contains(w.Body.String(), "<b onclick") || strings.Contains(w.Body.String(), "<script>alert") {
		t.Error("the alternative text is in the page as it is")
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "origin", "Cache-Control": "private, no-store", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := w.Body.Len(); n > 24<<10 {
		t.Errorf("the page has %d bytes", n)
	}
}

var ticketInPage = regexp.MustCompile(`ticket=(v1\.[A-Za-z0-9._-]+)`)

// TestEmbedAdmits goes through the rules: who gets the page, and with which URLs.
func TestEmbedAdmits(t *testing.T) {
	s := newEmbedRig(t)
	sign := func(change func(*policy.Ticket)) string {
		k := policy.Ticket{Media: s.video.ID, Owner: owner, Expires: s.clock.Add(time.Hour)}
		change(&k)
		return testRing.SignTicket(k)
	}
	subscribed := sign(func(k *policy.Ticket) { k.Creator = true })
	grant := sign(func(k *policy.Ticket) { k.Creator, k.Media = true, 0 })
	full := sign(func(k *policy.Ticket) { k.Full = true })
	const (
		none     = "none"     // URLs without a ticket
		minted   = "minted"   // with one of the page's own
		download = "download" // and it may be downloaded
	)
	for _, c := range []struct {
		name, group, value, query string
		headers                   []string
		status                    int
		want                      string
	}{
		{"public", "alt_text", `{"text":"x"}`, "", nil, 200, none + download},
		{"public with nonsense", "alt_text", `{"text":"x"}`, "?ticket=nonsense", nil, 200, none + download},
		{"a subscriber", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "?ticket=" + subscribed, nil, 200, subscribed + download},
		{"a subscriber's grant", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "?grant=" + grant, nil, 200, grant + download},
		{"no subscriber", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "", nil, 403, ""},
		{"forged", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "?ticket=" + subscribed[:len(subscribed)-2] + "AA", nil, 403, ""},
		{"an owner", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "", []string{"X-User", friend}, 200, minted + download},
		{"a stranger", "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`, "", []string{"X-User", stranger}, 403, ""},
		{"no downloads", "allow_download_status", `{"allow_download":false}`, "", nil, 200, minted},
		{"no downloads, a full ticket", "allow_download_status", `{"allow_download":false}`, "?ticket=" + full, nil, 200, full + download},
		{"a listed site", "domain_restrictions", `{"whitelist":["a.example"]}`, "", []string{"Referer", "https://www.a.example/"}, 200, minted + download},
		{"another site", "domain_restrictions", `{"whitelist":["a.example"]}`, "", []string{"Referer", "https://b.example/"}, 403, ""},
		{"another site in a frame", "domain_restrictions", `{"whitelist":["a.example"]}`, "", []string{"Referer", "https://b.example/", "Sec-Fetch-Dest", "iframe"}, 403, ""},
		{"a hidden site", "domain_restrictions", `{"whitelist":["a.example"]}`, "", nil, 403, ""},
		{"a hidden site in a frame", "domain_restrictions", `{"whitelist":["a.example"]}`, "", []string{"Sec-Fetch-Dest", "iframe"}, 200, minted + download},
		{"our own site", "domain_restrictions", `{"whitelist":["a.example"]}`, "", []string{"Referer", "http://example.com/"}, 403, ""},
		{"a denied country", "geo_restrictions", `{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}`, "", []string{"X-Country", "US"}, 451, ""},
		{"another country", "geo_restrictions", `{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}`, "", []string{"X-Country", "JP"}, 200, none + download},
		{"expired", "content_expiration", fmt.Sprintf(`{"timestamp_sec":%d}`, s.clock.Unix()), "", []string{"X-User", owner}, 410, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.change(s.video.ID, nil, media.Groups(), catalog.Actor{})
			s.say(s.video, c.group, c.value)
			w := s.embed(s.video, c.query, c.headers...)
			body := w.Body.String()
			if w.Code != c.status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("%d %s %s, want %d in HTML", w.Code, w.Header(), body, c.status)
			}
			if c.status != 200 {
				if strings.Contains(body, "/media/") || !regexp.MustCompile(`<h1[^>]*>\w.*</h1>\n<p>\w.{20,}</p>`).MatchString(body) {
					t.Errorf("refused by %s", body)
				}
				return
			}
			got := none
			if k := ticketInPage.FindStringSubmatch(body); k != nil {
				got = k[1]
				if ticket, err := testRing.ReadTicket(got, s.clock); got != subscribed && got != grant && got != full {
					if want := s.clock.Add(time.Hour + 90*time.Second); err != nil || ticket.Media != s.video.ID || ticket.Creator || ticket.X || !ticket.Expires.Equal(want) || ticket.Full != (len(c.headers) > 0 && c.headers[0] == "X-User") {
						t.Errorf("it minted %+v, %v", ticket, err)
					}
					got = minted
				}
			}
			if strings.Contains(body, `id="download"`) {
				got += download
			}
			if got != c.want {
				t.Errorf("URLs are %s, want %s", got, c.want)
			}
			if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "frame-ancestors a.example:* *.a.example:*") != (c.group == "domain_restrictions") {
				t.Errorf("the policy is %s", csp)
			}
		})
	}
}

// TestEmbedNothing: what has no page gets one that says so.
func TestEmbedNothing(t *testing.T) {
	s := newEmbedRig(t)
	waiting := s.pending(media.TweetVideo)
	text := s.pending(media.Subtitles)
	gone := s.photo()
	if _, err := s.catalog.DeleteMedia(t.Context(), gone.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{
		"x": 404, "7_": 404, "7_123": 404, "3_" + s.video.ID.String(): 404, "7_<b>": 404,
		string(waiting.Key()): 404, string(text.Key()): 404, string(gone.Key()): 404,
	} {
		w := s.call(http.MethodGet, "/magpie/v1/embed/"+strings.ReplaceAll(key, "<", "%3C"))
		if w.Code != want || !strings.Contains(w.Body.String(), "<h1") || strings.Contains(w.Body.String(), "<b>") {
			t.Errorf("%s: %d %s, want %d", key, w.Code, w.Body, want)
		}
	}
}

// TestEmbedPhoto: the sizes to choose from, a chosen poster, and one that is kept
// from the viewer.
func TestEmbedPhotoAndPoster(t *testing.T) {
	s := newEmbedRig(t)
	photo := s.photo()
	w := s.embed(photo, "")
	at := "/media/" + photo.Slug + "/"
	for _, want := range []string{
		`src="` + at + `large.png"`, `srcset="` + at + `small.png 680w, ` + at + `medium.png 1000w, ` + at + `large.png 1000w"`,
		`alt="Image"`, `href="` + at + `orig.png?download=1"`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
	s.say(s.video, "preview_image", fmt.Sprintf(`{"media_key":{"media":"%s","media_category":"TweetImage"}}`, photo.ID))
	if w := s.embed(s.video, ""); !strings.Contains(w.Body.String(), `poster="`+at+`large.png"`) {
		t.Errorf("the chosen poster is not in %s", w.Body)
	}
	s.say(photo, "geo_restrictions", `{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}`)
	for country, want := range map[string]string{"JP": at + "large.png", "US": "/media/" + s.video.Slug + "/poster.jpg"} {
		if w := s.embed(s.video, "", "X-Country", country); !strings.Contains(w.Body.String(), `poster="`+want+`"`) {
			t.Errorf("in %s the poster is not %s", country, want)
		}
	}
}

func TestStartAt(t *testing.T) {
	for in, want := range map[string]float64{
		"": 0, "8": 8, "8.5": 8.5, "1m2s": 62, "90": 0, "89": 89, "-1": 0, "x": 0, "1e9": 0, "NaN": 0, "Inf": 0, "-5s": 0,
	} {
		if got := startAt(in, 90*time.Second); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// The colour of a placeholder is the picture's, as its own maker has it.
func TestAverageColor(t *testing.T) {
	for _, c := range []color.RGBA{{200, 30, 90, 255}, {0, 0, 0, 255}, {255, 255, 255, 255}, {10, 200, 40, 255}} {
		picture := image.NewUniform(c)
		got := averageColor(processing.Placeholder(cropped{picture}))
		var r, g, b int
		if _, err := fmt.Sscanf(got, "#%02x%02x%02x", &r, &g, &b); err != nil {
			t.Fatal(got, err)
		}
		for i, d := range []int{r - int(c.R), g - int(c.G), b - int(c.B)} {
			if d < -10 || d > 10 {
				t.Errorf("%v became %s: channel %d is off by %d", c, got, i, d)
			}
		}
	}
	for _, in := range []string{"", "?", "AAA="} {
		if got := averageColor(in); got != "" {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// cropped gives a picture a size.
type cropped struct{ image.Image }

func (cropped) Bounds() image.Rectangle { return image.Rect(0, 0, 20, 10) }
