package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestCurlLookup(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["media_key"].(string)
	movie := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	moving := c.upload("image/gif", "tweet_gif", sampleGIF(), 1<<20)["id"].(string)
	c.succeeded(movie)
	c.succeeded(moving)

	all := "&" + strings.TrimPrefix(allFields, "?")
	keys := []string{"7_" + movie, image, "16_" + moving}
	a := c.curl("/2/media?media_keys=" + strings.Join(keys, ",") + all)
	list := a.list()
	if len(list) != 3 || strings.Contains(string(a.body), `"errors"`) {
		t.Fatalf("three known keys: %s", a.body)
	}
	for i, want := range []string{"video", "photo", "animated_gif"} {
		if list[i]["media_key"] != keys[i] || list[i]["type"] != want {
			t.Errorf("at %d: %v", i, list[i])
		}
	}
	if p := list[1]; p["width"] != 64.0 || p["height"] != 48.0 || p["url"] == nil || p["variants"] != nil || p["duration_ms"] != nil {
		t.Errorf("photo: %v", p)
	}
	if v := list[0]; v["width"] != 160.0 || v["height"] != 120.0 || v["duration_ms"] == nil || v["preview_image_url"] == nil || v["url"] != nil {
		t.Errorf("video: %v", v)
	}
	for _, address := range []any{list[1]["url"], list[0]["preview_image_url"]} {
		if got := c.as("").call("GET", address.(string), nil); got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "image/") {
			t.Errorf("%v: %d", address, got.status)
		}
	}
	if one := c.curl("/2/media/" + image).data(); len(one) != 2 || one["type"] != "photo" {
		t.Errorf("without media.fields: %v", one)
	}
	if one := c.curl("/2/media/" + image + "?media.fields=width%2Cheight").data(); one["width"] != 64.0 || one["url"] != nil {
		t.Errorf("two fields: %v", one)
	}
	app := c.as(s.token("1", "--app-only"))
	if one := app.curl("/2/media/" + image + allFields).data(); one["url"] == nil {
		t.Errorf("by an app-only token: %v", one)
	}
	private := c.as(s.token("7")).call("GET", "/2/media/"+image, nil)
	private.refused(http.StatusNotFound, image)
}

func (a answer) list() []map[string]any {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.status, a.body)
	}
	var v struct{ Data []map[string]any }
	a.decode(&v)
	return v.Data
}

func TestCurlLookupOfManyKeys(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	var keys []string
	for i := range 60 {
		file := anyBytes(byte(i), 100)
		id := c.initialize(anyBytesType, "", len(file))
		c.append(id, 0, file).data()
		keys = append(keys, c.finalize(id).data()["media_key"].(string))
	}
	unfinished := c.initialize("image/png", "tweet_image", 1)
	keys = append(keys, "3_"+unfinished, strings.Replace(keys[0], "1021_", "3_", 1))
	for i := len(keys); i < 100; i++ {
		keys = append(keys, fmt.Sprintf("7_%d", 1146654567674912769+int64(i)))
	}
	slices.Reverse(keys)
	a := c.curl("/2/media?media_keys=" + strings.Join(keys, ",") + "&media.fields=alt_text")
	if list := a.list(); len(list) != 60 || list[0]["media_key"] != keys[40] || list[59]["media_key"] != keys[99] {
		t.Errorf("%d of 60 found, or not in the order asked", len(list))
	}
	var v struct {
		Errors []map[string]any
	}
	a.decode(&v)
	if len(v.Errors) != 40 {
		t.Fatalf("%d errors, want 40", len(v.Errors))
	}
	for i, e := range v.Errors {
		if e["resource_id"] != keys[i] || e["value"] != keys[i] || e["parameter"] != "media_keys" || e["title"] != "Not Found Error" ||
			e["detail"] != "Could not find media with media_keys: ["+keys[i]+"]." {
			t.Errorf("error %d: %v", i, e)
		}
	}
	if twice := c.curl("/2/media?media_keys=" + keys[99] + "," + keys[99]); len(twice.list()) != 1 {
		t.Errorf("the same key twice: %s", twice.body)
	}
	many := strings.Repeat(keys[0]+",", 100) + keys[0]
	for query, words := range map[string]string{
		"media_keys=" + many:                            "101",
		"":                                              "media_keys",
		"media_keys=":                                   "empty",
		"media_keys=7_1,":                               "media key",
		"media_keys=seven":                              "seven",
		"media_keys=7_1&media_keys=7_2":                 "Duplicate",
		"media_keys=7_1&media.fields=colour":            "colour",
		"media_keys=7_99999999999999999999999":          "media key",
		"media_keys=7_1146654567674912769%00":           "media key",
		"media_keys=7_1&media.fields=":                  "media.fields",
		"media_keys=" + strings.Repeat("9", 5000) + "_": "media key",
	} {
		c.call("GET", "/2/media?"+query, nil).refused(http.StatusBadRequest, words)
	}
	c.call("GET", "/2/media/7_1?media.fields=colour", nil).refused(http.StatusBadRequest, "colour")
	c.call("GET", "/2/media/7_1", nil).refused(http.StatusNotFound, "7_1")
	c.call("GET", "/2/media/seven", nil).refused(http.StatusBadRequest, "media key")
}
