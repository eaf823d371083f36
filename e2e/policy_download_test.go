package e2e

import (
	"strings"
	"testing"
)

// TestPolicyDownload forbids downloads: what plays still plays, by short-lived
// URLs, and nothing is to be saved.
func TestPolicyDownload(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	anyone := g.owner.as("")
	file, orig := g.at[0]+g.files[0], g.at[1]+"large.jpg?name=orig"
	disposition := func(a answer) string { return a.header.Get("Content-Disposition") }
	if got := disposition(anyone.call("GET", file+"?download=1", nil)); !strings.HasPrefix(got, `attachment; filename="`+g.video+`-`) || !strings.HasSuffix(got, `.mp4"`) {
		t.Errorf("a download is %q", got)
	}
	if got := disposition(anyone.call("GET", file, nil)); got != "" {
		t.Errorf("a file is %q", got)
	}
	if a := anyone.call("GET", orig+"&download=1", nil); a.status != 200 || !strings.HasSuffix(disposition(a), `orig.png"`) {
		t.Errorf("the original size: %d %q", a.status, disposition(a))
	}

	g.set(`{"allow_download_status":{"allow_download":false}}`)
	theirs := g.owner.as(g.server.token("3"))
	var master string
	for _, e := range theirs.lookup("7_" + g.video)["variants"].([]any) {
		if v := e.(map[string]any); v["content_type"] == "video/mp4" {
			t.Errorf("a viewer is handed the file %v", v["url"])
		} else {
			master = v["url"].(string)
		}
	}
	_, ticket, ok := strings.Cut(master, "?ticket=")
	if !ok {
		t.Fatalf("the viewer's playlist is %q", master)
	}
	g.eventually(viewer{}, func() string { return g.playable(viewer{query: "?ticket=" + ticket}) })
	if p := ffprobe(t, master); len(p.Streams) == 0 || seconds(t, p.Format.Duration) < 0.8 {
		t.Errorf("a player is shown %+v", p)
	}
	g.eventually(viewer{}, func() string {
		for _, url := range []string{file, file + "?download=1", file + "?download=1&ticket=" + ticket, orig, orig + "&ticket=" + ticket, g.at[0] + "master.m3u8", g.at[1] + "large.jpg:orig", g.at[1] + "large.jpg?download=1"} {
			for _, method := range []string{"GET", "HEAD"} {
				if a := anyone.call(method, url, nil, "Range", "bytes=0-9"); a.status != 403 {
					return method + " " + url + " opens"
				}
			}
		}
		return ""
	})
	for _, url := range []string{g.at[1] + "large.jpg", g.at[0] + "poster.jpg", g.at[0] + "subtitles-en.vtt"} {
		if a := anyone.call("GET", url, nil); a.status != 200 {
			t.Errorf("to look at %s: %d", url, a.status)
		}
	}
	own := "ticket=" + g.ownTicket()
	if a := anyone.call("GET", file+"?download=1&"+own, nil); a.status != 200 || disposition(a) == "" {
		t.Errorf("the owner's download: %d %q", a.status, disposition(a))
	}
	// The owner's ticket is for the video only.
	anyone.call("GET", orig+"&"+own, nil).refused(403, "another media")
	g.may(g.as("2"))
	if a := g.owner.original(g.image); a.status != 200 || sum(a.body) != sum(samplePNG()) {
		t.Errorf("the original for its owner: %d", a.status)
	}
	theirs.original(g.image).refused(404)

	g.set(`{"allow_download_status":{"allow_download":true}}`)
	g.may(viewer{})
	g.eventually(viewer{}, func() string {
		if a := anyone.call("GET", orig, nil); a.status != 200 {
			return "allowed again: " + string(a.body)
		}
		return ""
	})
}
