package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPolicyExpiration lets media expire: they are gone for everybody, but the
// owner still knows them and has the original.
func TestPolicyExpiration(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	ticketed := func() viewer { return holds(g.grant("creator", "x")) }
	g.set(fmt.Sprintf(`{"content_expiration":{"timestamp_sec":%d}}`, time.Now().Add(time.Hour).Unix()))
	g.may(viewer{})
	if cache := g.owner.as("").call("GET", g.at[1]+"large.jpg", nil).header.Get("Cache-Control"); cache != "public, max-age=300" {
		t.Errorf("an hour before it is %q", cache)
	}
	end := time.Now().Add(100 * time.Second)
	g.set(fmt.Sprintf(`{"content_expiration":{"timestamp_sec":%d}}`, end.Unix()))
	g.eventually(viewer{}, func() string {
		var seconds int
		cache := g.owner.as("").call("GET", g.at[1]+"large.jpg", nil).header.Get("Cache-Control")
		if _, err := fmt.Sscanf(cache, "public, max-age=%d", &seconds); err != nil || seconds > 100 {
			return "Cache-Control: " + cache
		}
		return ""
	})

	g.set(fmt.Sprintf(`{"content_expiration":{"timestamp_sec":%d}}`, time.Now().Unix()))
	const words = "not available any more"
	g.mayNot(viewer{}, http.StatusGone, words)
	g.mayNot(ticketed(), http.StatusGone, words)
	g.mayNot(g.as("1"), http.StatusGone, words)
	g.mayNot(g.as("2"), http.StatusGone, words)

	key := "7_" + g.video
	stranger := g.owner.as(g.server.token("3"))
	stranger.call("GET", "/2/media/"+key, nil).refused(http.StatusGone, words)
	if a := stranger.call("GET", "/2/media?media_keys="+key, nil); a.status != 200 || !strings.Contains(string(a.body), "problems/resource-unavailable") || strings.Contains(string(a.body), `"data"`) {
		t.Errorf("a stranger's list: %d %s", a.status, a.body)
	}
	mine := g.owner.lookup(key)
	if mine["type"] != "video" || mine["width"] == nil || mine["variants"] != nil || mine["preview_image_url"] != nil {
		t.Errorf("the owner sees %v", mine)
	}
	if a := g.owner.original(g.image); a.status != 200 || sum(a.body) != sum(samplePNG()) {
		t.Errorf("the original for its owner: %d", a.status)
	}
	g.owner.as(g.server.token("2")).original(g.image).refused(http.StatusGone, words)

	g.set(`{"content_expiration":null}`)
	g.may(viewer{})
}
