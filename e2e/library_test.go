package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const library = "/magpie/v1/media"

// listed gives the ids on one page of a list and the cursor of the next.
func (c client) listed(path string) (ids []string, next string) {
	c.t.Helper()
	a := c.call("GET", path, nil)
	var v struct {
		Data []struct{ ID string }
		Meta struct {
			Next string `json:"next_cursor"`
		}
	}
	if err := json.Unmarshal(a.body, &v); err != nil || a.status != http.StatusOK {
		c.t.Fatalf("%d %s", a.status, a.body)
	}
	for _, m := range v.Data {
		ids = append(ids, m.ID)
	}
	return ids, v.Meta.Next
}

func (c client) wantListed(query string, want ...string) {
	c.t.Helper()
	ids, _ := c.listed(library + query)
	if strings.Join(ids, " ") != strings.Join(want, " ") {
		c.t.Errorf("%s lists %v, want %v", query, ids, want)
	}
}

func (c client) picture(shade int) string {
	c.t.Helper()
	return c.upload("image/png", "tweet_image", tinyPNG(c.t, shade), 1<<20)["id"].(string)
}

func (c client) annotate(id string, groups map[string]any) {
	c.t.Helper()
	c.call("POST", "/2/media/metadata", map[string]any{"id": id, "metadata": groups}).data()
}

func TestLibraryLists(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.client(), s.client().as(s.token("77"))
	var ids []string // the newest first
	for i := range 5 {
		ids = append([]string{c.picture(i)}, ids...)
	}
	theirs := other.picture(9)
	broken := c.upload("video/mp4", "tweet_video", sampleVideo(t, "64x64", "1")[:3000], 1<<20)["id"].(string)
	c.await(broken)
	c.annotate(ids[1], map[string]any{"alt_text": map[string]any{"text": "A Magpie on a FENCE"}, "upload_source": map[string]any{"upload_source": "gallery"}})

	c.wantListed("", append([]string{broken}, ids...)...)
	c.wantListed("?category=tweet_image", ids...)
	c.wantListed("?state=failed", broken)
	c.wantListed("?state=failed&category=tweet_image")
	c.wantListed("?media_type=image/png", ids...)
	c.wantListed("?media_type=video/mp4&state=failed", broken)
	c.wantListed("?media_type=image/jpeg")
	c.wantListed("?source=gallery", ids[1])
	c.wantListed("?q="+url.QueryEscape("magpie on a f"), ids[1])
	c.wantListed("?q=crow")
	other.wantListed("", theirs)
	other.call("GET", library+"/"+ids[0], nil).refused(404, ids[0])
	other.call("DELETE", library+"/"+ids[0], nil).refused(404, ids[0])

	// Pages hold what was there, once, also while more comes.
	page, next := c.listed(library + "?limit=2")
	all := page
	for next != "" {
		c.picture(20 + len(all))
		page, next = c.listed(library + "?limit=2&cursor=" + next)
		all = append(all, page...)
	}
	if want := append([]string{broken}, ids...); strings.Join(all, " ") != strings.Join(want, " ") {
		t.Errorf("pages hold %v, want %v", all, want)
	}
	for query, piece := range map[string]string{
		"?limit=0": "limit", "?limit=101": "limit", "?cursor=x": "cursor", "?cursor=AAAAAAAAAAA": "cursor", "?category=film": "category",
		"?state=done": "state", "?media_type=film": "media_type", "?q=": "q", "?q=" + strings.Repeat("a", 101): "q", "?deleted=1": "deleted", "?colour=red": "colour", "?limit=1&limit=2": "limit",
	} {
		c.call("GET", library+query, nil).refused(400, piece)
	}

	detail := c.call("GET", library+"/"+ids[1], nil).data()
	if detail["alt_text"] != "A Magpie on a FENCE" || detail["upload_source"] != "gallery" || detail["owner"] != "1" {
		t.Errorf("%v", detail)
	}
	for _, f := range detail["renditions"].([]any) {
		file := f.(map[string]any)
		if got := fetch(t, file["url"].(string)); float64(len(got)) != file["bytes"] {
			t.Errorf("%v has %d bytes", file, len(got))
		}
	}
}

func fetch(t *testing.T, link string) []byte {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	a := client{t: t, url: u.Scheme + "://" + u.Host}.call("GET", u.RequestURI(), nil)
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", link, a.status, a.body)
	}
	return a.body
}

// gone waits until a URL answers 404: decisions are remembered for a second.
func (c client) gone(link string) {
	c.t.Helper()
	u, _ := url.Parse(link)
	eventually(c.t, func() string {
		if a := c.as("").call("GET", u.RequestURI(), nil); a.status != http.StatusNotFound {
			return fmt.Sprintf("%s: %d", link, a.status)
		}
		return ""
	})
}

func TestLibraryDeletesAndRestores(t *testing.T) {
	t.Parallel()
	s := start(t, "--sweep-every", "1s", "--sweep-grace", "0s")
	c := s.client()
	id := c.picture(1)
	link := c.call("GET", library+"/"+id, nil).data()["preview_url"].(string)
	before := fetch(t, link)
	used := c.call("GET", "/magpie/v1/storage", nil).data()

	first := c.call("DELETE", library+"/"+id, nil).data()
	if first["deleted"] != true || first["restorable_until"] == nil {
		t.Errorf("%v", first)
	}
	c.gone(link)
	c.status(id).refused(400, "known to this user")
	c.original(id).refused(404)
	c.call("GET", "/2/media/3_"+id, nil).refused(404)
	c.wantListed("")
	c.wantListed("?deleted=true", id)
	again := c.call("DELETE", library+"/"+id, nil).data()
	if again["deleted_at"] != first["deleted_at"] {
		t.Errorf("again: %v, first: %v", again, first)
	}
	if now := c.call("GET", "/magpie/v1/storage", nil).data(); fmt.Sprint(now) != fmt.Sprint(used) {
		t.Errorf("deleted, it counts as %v, before as %v", now, used)
	}
	s.checkWhole() // also what can be restored
	s.kill()
	s.run()
	c = s.client()
	c.call("POST", library+"/"+id+"/restore", nil).data()
	link = c.call("GET", library+"/"+id, nil).data()["preview_url"].(string)
	if got := fetch(t, link); string(got) != string(before) {
		t.Errorf("restored, it has %d bytes, before %d", len(got), len(before))
	}
	c.call("POST", library+"/"+id+"/restore", nil).data() // again
	c.wantListed("", id)
	c.call("POST", library+"/1/restore", nil).refused(404)
	s.checkWhole()
}

func TestLibraryDeletesForGood(t *testing.T) {
	t.Parallel()
	s := start(t, "--sweep-every", "1s", "--sweep-grace", "0s", "--delete-grace", "1s")
	c := s.client()
	kept, id := c.picture(1), c.picture(2)
	c.call("DELETE", library+"/"+id, nil).data()
	s.removed("segments", id)
	s.removed("renditions", id)
	c.call("POST", library+"/"+id+"/restore", nil).refused(410, id)
	if n := c.call("GET", "/magpie/v1/storage", nil).data()["media_count"]; n != 1.0 {
		t.Errorf("%v media are counted", n)
	}
	c.call("GET", library+"/"+kept, nil).data()
	s.checkWhole()
}

// A media that is deleted while it is processed stops, and goes on when it is
// restored.
func TestLibraryDeletesWhileProcessing(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client()
	video := sampleVideo(t, "64x64", "1")
	id := c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "video/mp4", "total_bytes": len(video)},
		"X-Magpie-Fault", "processing-time=5m").data()["id"].(string)
	c.append(id, 0, video).data()
	c.finalize(id).data()
	eventually(t, func() string {
		if state := c.call("GET", library+"/"+id, nil).data()["state"]; state != "in_progress" {
			return fmt.Sprint(state)
		}
		return ""
	})
	c.call("DELETE", library+"/"+id, nil).data()
	c.status(id).refused(400, "known to this user")
	if state := c.call("GET", library+"/"+id, nil).data()["state"]; state != "in_progress" {
		t.Errorf("deleted, it is %v", state)
	}
	restored := c.call("POST", library+"/"+id+"/restore", nil).data()
	if restored["state"] != "pending" {
		t.Errorf("restored, it is %v", restored["state"])
	}
	comes(t, "a second attempt", func() bool {
		return c.call("GET", library+"/"+id, nil).data()["attempts"].(map[string]any)["begun"] == 2.0
	})
	s.kill()
	s.args = nil // without --faults nothing takes minutes
	s.run()
	c.succeeded(id)
	s.checkWhole()
}

func TestLibraryKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	poster, film := c.picture(1), c.upload("image/gif", "tweet_gif", tinyGIF(t), 1<<20)["id"].(string)
	c.succeeded(film)
	c.annotate(film, map[string]any{"preview_image": map[string]any{"media_key": map[string]any{"media": poster, "media_category": "TweetImage"}}})
	c.call("DELETE", library+"/"+poster, nil).refused(409, "poster of "+film, "force=true")
	uses := c.call("GET", library+"/"+poster, nil).data()["used_by"]
	if fmt.Sprint(uses) != fmt.Sprint([]any{map[string]any{"media_id": film, "as": "poster"}}) {
		t.Errorf("%v", uses)
	}
	c.call("DELETE", library+"/"+poster+"?force=yes", nil).refused(400, "force")
	c.call("DELETE", library+"/"+poster+"?force=true", nil).data()
	c.call("DELETE", library+"/"+film, nil).data()
}

// A client that lost its answers asks what arrived, and sends the rest.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	file := tinyPNG(t, 7)
	step := len(file)/4 + 1
	id := c.initialize("image/png", "tweet_image", len(file))
	cut := func(i int) []byte { return file[i*step : min((i+1)*step, len(file))] }
	c.append(id, 0, cut(0)).data()
	c.append(id, 3, cut(3)).data()
	s.kill()
	s.run()
	c = s.client()
	upload := "/magpie/v1/uploads/" + id
	got := c.call("GET", upload, nil).data()
	if fmt.Sprint(got["missing"]) != "[map[first:1 last:2]]" || got["received_bytes"] != float64(len(cut(0))+len(cut(3))) {
		t.Errorf("%v", got)
	}
	if ids, _ := c.listed("/magpie/v1/uploads"); len(ids) != 1 || ids[0] != id {
		t.Errorf("unfinished: %v", ids)
	}
	alien := c.as(s.token("77"))
	alien.call("GET", upload, nil).refused(404)
	alien.call("DELETE", upload, nil).refused(404)
	for _, g := range got["missing"].([]any) {
		r := g.(map[string]any)
		for i := int(r["first"].(float64)); i <= int(r["last"].(float64)); i++ {
			c.append(id, i, cut(i)).data()
		}
	}
	c.finalize(id).data()
	if sum(c.original(id).body) != sum(file) {
		t.Error("it is not the file that was sent")
	}
	if state := c.call("GET", upload, nil).data()["state"]; state != "closed" {
		t.Errorf("finalized, it is %v", state)
	}
	c.call("DELETE", upload, nil).refused(409, "finalized")

	id = c.initialize("image/png", "tweet_image", len(file))
	c.append(id, 0, cut(0)).data()
	for range 2 {
		if a := c.call("DELETE", "/magpie/v1/uploads/"+id, nil); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if left := s.blobs("segments", id); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	c.append(id, 1, cut(1)).refused(410, "aborted")
	c.finalize(id).refused(410, "aborted")
	c.call("GET", "/magpie/v1/uploads/"+id, nil).refused(410, "aborted")
	s.checkWhole()
}

func TestQuota(t *testing.T) {
	t.Parallel()
	file := tinyPNG(t, 3)
	s := start(t, "--quota", "100KB")
	c := s.client()
	if q := c.call("GET", "/magpie/v1/storage", nil).data()["quota"]; q != 100_000.0 {
		t.Errorf("quota %v", q)
	}
	initialize := func(c client, total int) answer {
		return c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "video/mp4", "total_bytes": total})
	}
	id := initialize(c, 60_000).data()["id"].(string)
	initialize(c, 40_001).refused(403, "quota of 100000", "60000 are used", "40001")
	if a := c.call("POST", fmt.Sprintf("/1.1/media/upload.json?command=INIT&media_type=video/mp4&total_bytes=%d", 50_000), nil); a.status != 403 || !strings.Contains(string(a.body), "quota of 100000") {
		t.Errorf("v1.1: %d %s", a.status, a.body)
	}
	initialize(c.as(s.token("77")), 90_000).data() // somebody else's is their own
	c.call("DELETE", "/magpie/v1/uploads/"+id, nil)

	// Bytes that nobody declared are held against it as they come and in the end.
	undeclared := c.initialize("", "", -1)
	c.append(undeclared, 0, make([]byte, 100_001)).refused(403, "quota of 100000")
	done := c.upload("image/png", "tweet_image", file, 1<<20)["id"].(string)
	stored := c.call("GET", "/magpie/v1/storage", nil).data()
	if stored["originals"] != float64(len(file)) || stored["renditions"].(float64) <= 0 || stored["media_count"] != 1.0 || stored["uploads"] != 0.0 {
		t.Errorf("%v", stored)
	}

	// One user's own comes before the server's, at once.
	if out, errs, code := magpie(t, "user", "quota", "--data", s.data, "1", "1KB"); code != 0 || !strings.Contains(out, "quota 1000") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	initialize(c, 5000).refused(403, "quota of 1000")
	body, kind := form(0, append(file, make([]byte, 2000)...))
	c.call("POST", "/2/media/upload?media_category=tweet_image", body, "Content-Type", kind).refused(403, "quota of 1000")
	magpie(t, "user", "quota", "--data", s.data, "1", "none")
	initialize(c, 1<<30).data()
	if _, errs, code := magpie(t, "user", "quota", "--data", s.data, "1", "much"); code == 0 || !strings.Contains(errs, "much") {
		t.Errorf("%d %s", code, errs)
	}
	c.call("DELETE", library+"/"+done, nil).data()
	s.checkWhole()
}
