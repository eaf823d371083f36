package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// gallery is a video with subtitles and an image on one server, of user 1 and
// with user 2 as an additional owner; everybody signed in may look them up.
type gallery struct {
	t            *testing.T
	server       *server
	owner        client
	video, image string   // ids
	at           []string // the media's own addresses, as /media/{slug}/
	files        []string // the video's MP4s
	changed      time.Time
}

func newGallery(t *testing.T, args ...string) *gallery {
	t.Helper()
	s := start(t, args...)
	g := &gallery{t: t, server: s, owner: s.client()}
	send := func(kind, category string, file []byte) string {
		t.Helper()
		id := g.owner.call("POST", "/2/media/upload/initialize", map[string]any{
			"media_type": kind, "media_category": category, "total_bytes": len(file), "shared": true, "additional_owners": []string{"2"},
		}).data()["id"].(string)
		g.owner.append(id, 0, file).data()
		g.owner.finalize(id).data()
		g.owner.succeeded(id)
		return id
	}
	g.video, g.image = send("video/mp4", "tweet_video", sampleMP4(t)), send("image/png", "tweet_image", samplePNG())
	g.owner.attach(g.video, g.owner.captions(englishSRT), "EN", "English")
	for _, url := range []string{g.owner.masterOf(g.video), g.owner.lookup("3_" + g.image)["url"].(string)} {
		g.at = append(g.at, url[:strings.LastIndex(url, "/")+1])
	}
	for line := range strings.Lines(string(playlist(g.owner, g.at[0]+"master.m3u8"))) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), ".m3u8"); ok && line[0] != '#' {
			g.files = append(g.files, name+".mp4")
		}
	}
	if len(g.files) == 0 {
		t.Fatal("the video has no files")
	}
	return g
}

// set sets metadata on both media.
func (g *gallery) set(metadata string) {
	g.t.Helper()
	for _, id := range []string{g.video, g.image} {
		g.owner.describe(id, metadata)
	}
	g.changed = time.Now()
}

// viewer is somebody who opens the media: by their headers, and by what their
// URLs end in.
type viewer struct {
	query   string
	headers []string
}

func holds(ticket string) viewer    { return viewer{query: "?ticket=" + ticket} }
func says(headers ...string) viewer { return viewer{headers: headers} }
func (g *gallery) as(user string) viewer {
	return says("Authorization", "Bearer "+g.server.token(user))
}

// sight is one way in which a media is seen, and what it gives a viewer who may.
type sight struct {
	name, url string
	headers   []string
	status    int
}

// sights are a range of an MP4, an image size, the poster, subtitles, and HLS
// from the playlist down to a segment: as the addresses stand, and for HLS as
// the viewer's own playlists name them.
func (g *gallery) sights(v viewer) []sight {
	g.t.Helper()
	list := []sight{
		{"image size", g.at[1] + "large.jpg", nil, 200},
		{"image size by name", g.at[1] + "large.jpg", []string{"If-None-Match", `"other"`}, 200},
		{"poster", g.at[0] + "poster.jpg", nil, 200},
		{"subtitles", g.at[0] + "subtitles-en.vtt", nil, 200},
		{"thumbnails", g.at[0] + "thumbnails.vtt", nil, 200},
		{"playlist", g.at[0] + "master.m3u8", nil, 200},
		{"playlist of subtitles", g.at[0] + "subtitles-en.m3u8", nil, 200},
	}
	for _, file := range g.files {
		list = append(list,
			sight{"range of " + file, g.at[0] + file, []string{"Range", "bytes=0-9"}, 206},
			sight{"playlist of " + file, g.at[0] + strings.TrimSuffix(file, ".mp4") + ".m3u8", nil, 200})
	}
	for i := range list {
		list[i].url += v.query
	}
	return list
}

// each asks for every sight by GET, HEAD and on condition, and gives what is
// wrong with the first answer that is not as it should be; refused is 0 for a
// viewer who may.
func (g *gallery) each(v viewer, refused int, words string) string {
	g.t.Helper()
	anyone := g.owner.as("")
	for _, s := range g.sights(v) {
		want := s.status
		if refused > 0 {
			want = refused
		}
		a := anyone.call("GET", s.url, nil, append(v.headers, s.headers...)...)
		if a.status != want {
			return s.name + ": GET answers " + http.StatusText(a.status) + ": " + string(a.body)
		}
		if a := anyone.call("HEAD", s.url, nil, append(v.headers, s.headers...)...); a.status != want {
			return s.name + ": HEAD answers " + http.StatusText(a.status)
		}
		if refused > 0 {
			if cache := a.header.Get("Cache-Control"); !strings.Contains(string(a.body), words) || !strings.Contains(cache, "no-store") || a.header.Get("ETag") != "" {
				return s.name + ": the refusal is " + cache + " " + string(a.body)
			}
			// What a cache asks when it holds a copy.
			if a := anyone.call("GET", s.url, nil, append(v.headers, "If-None-Match", "*")...); a.status != refused {
				return s.name + ": a cache that asks again is told " + http.StatusText(a.status)
			}
			continue
		}
		if a := anyone.call("GET", s.url, nil, append(v.headers, "If-None-Match", a.header.Get("ETag"))...); a.status != http.StatusNotModified {
			return s.name + ": a cache that asks again is told " + http.StatusText(a.status)
		}
	}
	if refused == 0 {
		return g.playable(v)
	}
	return ""
}

// playable walks from the multivariant playlist to every byte range, by the URIs
// as the viewer gets them.
func (g *gallery) playable(v viewer) string {
	g.t.Helper()
	anyone, segments := g.owner.as(""), 0
	var walk func(name string) string
	walk = func(name string) string {
		bare, _, _ := strings.Cut(name, "?")
		a := anyone.call("GET", g.at[0]+name, nil, v.headers...)
		if a.status != http.StatusOK {
			return name + " of a playlist: " + http.StatusText(a.status)
		}
		if v.query != "" && a.header.Get("Cache-Control") == "" {
			return name + " has no Cache-Control"
		}
		if !strings.HasSuffix(bare, ".m3u8") {
			segments++
			return ""
		}
		for line := range strings.Lines(string(a.body)) {
			line = strings.TrimSpace(line)
			if u := quoted.FindStringSubmatch(line); u != nil {
				line = u[1]
			}
			if line != "" && line[0] != '#' {
				if wrong := walk(line); wrong != "" {
					return wrong
				}
			}
		}
		return ""
	}
	if wrong := walk("master.m3u8" + v.query); wrong != "" {
		return wrong
	}
	if segments < 3 {
		return "the playlists lead to fewer than three files"
	}
	return ""
}

// may and mayNot hold from a second after the last change on.
func (g *gallery) may(v viewer) {
	g.t.Helper()
	g.eventually(v, func() string { return g.each(v, 0, "") })
}

func (g *gallery) mayNot(v viewer, status int, words string) {
	g.t.Helper()
	g.eventually(v, func() string { return g.each(v, status, words) })
}

func (g *gallery) eventually(v viewer, check func() string) {
	g.t.Helper()
	for {
		begun := time.Now()
		wrong := check()
		if wrong == "" {
			return
		}
		if begun.Sub(g.changed) > time.Second {
			g.t.Errorf("%+v: %s", v, wrong)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// grant is a ticket for all that user 1 has.
func (g *gallery) grant(subscriptions ...string) string {
	g.t.Helper()
	return g.owner.call("POST", "/magpie/v1/grants", map[string]any{
		"viewer": "ann", "subscriptions": slices.Concat([]string{}, subscriptions), "expires_in": 600,
	}).data()["grant"].(string)
}

// ownTicket is the one in the URLs that a lookup by the owner hands out.
func (g *gallery) ownTicket() string {
	g.t.Helper()
	_, ticket, ok := strings.Cut(g.owner.masterOf(g.video), "?ticket=")
	if !ok {
		g.t.Fatal("the owner's URL has no ticket")
	}
	return ticket
}

// TestPolicyAudience opens what is for subscribers.
func TestPolicyAudience(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	nobody := viewer{}
	g.may(nobody)
	g.set(`{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`)
	g.mayNot(nobody, 403, "subscribers")
	g.mayNot(g.as("3"), 403, "subscribers")
	g.mayNot(holds(g.grant()), 403, "subscribers of its creator")
	g.mayNot(holds(g.grant("x")), 403, "subscribers of its creator")
	g.mayNot(holds("v1.k.AQ.AQ"), 403, "signed")
	g.may(holds(g.grant("creator")))
	g.may(g.as("1"))
	g.may(g.as("2"))
	g.set(`{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":["Any"]}}`)
	g.mayNot(holds(g.grant("creator")), 403, "subscribers of X")
	g.may(holds(g.grant("creator", "x")))

	// Lookups hand out to those who may.
	key := "7_" + g.video
	theirs := g.owner.as(g.server.token("3")).call("GET", "/2/media/"+key+allFields+",unavailable", nil).data()
	if theirs["variants"] != nil || theirs["preview_image_url"] != nil || !strings.Contains(theirs["unavailable"].(string), "subscribers") {
		t.Errorf("a stranger is handed %v", theirs)
	}
	for _, v := range g.owner.lookup(key)["variants"].([]any) {
		if a := g.owner.as("").call("GET", v.(map[string]any)["url"].(string), nil); a.status != 200 {
			t.Errorf("the owner's %v: %d", v, a.status)
		}
	}
	another := start(t).client()
	id := another.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	another.describe(id, `{"allow_download_status":{"allow_download":false}}`)
	_, foreign, _ := strings.Cut(another.lookup("3_" + id)["url"].(string), "?ticket=")
	g.mayNot(holds(foreign), 403, "signed")

	g.set(`{"audience_policy":null}`)
	g.may(nobody)
	if strings.Contains(g.server.log.tail(1<<30), "v1.") {
		t.Error("tickets are in the log")
	}
}
