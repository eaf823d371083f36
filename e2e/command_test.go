package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The older calls of X's v2, as its pages show them: by query with a JSON
// content type and no body, by multipart, and by a plain form. Each upload is
// half of the newer way, for it is one upload.
func TestCommandStyle(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	half := len(file) / 2
	first, second := keep(t, "first", file[:half]), keep(t, "second", file[half:])
	const at = "/2/media/upload"
	sized := fmt.Sprintf("total_bytes=%d", len(file))
	empty := []string{"-X", "POST", "-H", "Content-Type: application/json"}
	type call struct {
		query string
		args  []string
	}
	for _, way := range []struct {
		name                   string
		init, append, finalize call
	}{
		{
			"query",
			call{"?command=INIT&media_type=image%2Fpng&media_category=tweet_image&" + sized, empty},
			call{"?command=APPEND&segment_index=1&media_id=ID", []string{"-F", "media=@" + second}},
			call{"?command=FINALIZE&media_id=ID", empty},
		},
		{
			"multipart",
			call{"", []string{"-F", "command=INIT", "-F", "media_type=image/png", "-F", sized, "-F", "media_category=tweet_image"}},
			call{"", []string{"-F", "command=APPEND", "-F", "media_id=ID", "-F", "segment_index=1", "-F", "media=@" + second}},
			call{"", []string{"-F", "command=FINALIZE", "-F", "media_id=ID"}},
		},
		{
			"form",
			call{"", []string{"-d", "command=INIT", "-d", "media_type=image/png", "-d", sized}},
			call{"", []string{"-d", "command=APPEND", "-d", "media_id=ID", "-d", "segment_index=1", "--data-urlencode", "media_data=" + b64(file[half:])}},
			call{"", []string{"-d", "command=FINALIZE", "-d", "media_id=ID"}},
		},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := c
			c.t = t
			id := ""
			do := func(k call) answer {
				args := strings.Split(strings.ReplaceAll(strings.Join(k.args, "\x00"), "ID", id), "\x00")
				return c.curl(at+strings.ReplaceAll(k.query, "ID", id), args...)
			}
			a := c.curl(at+way.init.query, way.init.args...)
			var opened struct {
				Data struct {
					ID  string `json:"id"`
					Key string `json:"media_key"`
				}
			}
			if err := json.Unmarshal(a.body, &opened); err != nil || a.status != http.StatusAccepted || opened.Data.Key != "3_"+opened.Data.ID {
				t.Fatalf("INIT: status %d: %s", a.status, a.body)
			}
			id = opened.Data.ID
			c.curl(at+"/"+id+"/append", "-F", "segment_index=0", "-F", "media=@"+first).data()
			if a := do(way.append); a.status != http.StatusNoContent || len(a.body) > 0 {
				t.Fatalf("APPEND: status %d: %q", a.status, a.body)
			}
			for range 2 {
				if a := do(way.finalize); a.status != http.StatusCreated || !strings.Contains(string(a.body), `"image":{"image_type":"image/png"`) {
					t.Fatalf("FINALIZE: status %d: %s", a.status, a.body)
				}
			}
			if got := c.original(id); sum(got.body) != sum(file) {
				t.Errorf("the original is not what was sent: %d bytes of %d", len(got.body), len(file))
			}
		})
	}
	c.curl(at+"?command=UPLOAD", empty...).refused(400, "INIT")
	c.curl(at+"?command=APPEND&media_id=5&segment_index=0", "-F", "media=@"+first).refused(404, "5")
	c.curl(at+"?command=FINALIZE&media_id=5", empty...).refused(404, "5")
}
