package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// sdkUpload is one upload as clients/upload.mjs reports it.
type sdkUpload struct {
	MediaType string         `json:"media_type"`
	ID        string         `json:"id"`
	Metadata  map[string]any `json:"metadata"`
	Status    map[string]any `json:"status"`
	Error     string         `json:"error"`
	Code      int            `json:"code"`
	Data      map[string]any `json:"data"`
	Known     bool           `json:"known"`     // whether the error is the SDK's ApiResponseError
	RateLimit map[string]any `json:"rateLimit"` // as the SDK read it from the headers
}

// sdk uploads files, each media_type[:media_category]=name, with twitter-api-v2.
func (c client) sdk(files ...string) []sdkUpload {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "node", append([]string{"clients/upload.mjs", c.url, c.token}, files...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("node clients/upload.mjs: %v\n%s", err, errs.String())
	}
	var uploads []sdkUpload
	if err := json.Unmarshal(out, &uploads); err != nil || len(uploads) != len(files) {
		c.t.Fatalf("%v: %s", err, out)
	}
	return uploads
}

func TestSDKUploads(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	files := []struct {
		kind, prefix, looksLike string
		bytes                   []byte
	}{
		{"image/png", "3_", "photo", samplePNG()},
		{"image/gif", "16_", "animated_gif", sampleGIF()},
		{"video/mp4", "7_", "video", sampleVideo(t, "640x360", "6")}, // more than one of the SDK's segments
	}
	var args []string
	for _, f := range files {
		args = append(args, f.kind+"="+keep(t, "file", f.bytes))
	}
	for i, u := range c.sdk(args...) {
		f := files[i]
		if u.Error != "" {
			t.Errorf("%s: %s", f.kind, u.Error)
			continue
		}
		if info, _ := u.Status["processing_info"].(map[string]any); info["state"] != "succeeded" {
			t.Errorf("%s: the SDK did not wait: %v", f.kind, u.Status)
		}
		if alt, _ := u.Metadata["associated_metadata"].(map[string]any)["alt_text"].(map[string]any); alt["text"] != "a file of "+f.kind {
			t.Errorf("%s: metadata %v", f.kind, u.Metadata)
		}
		seen := c.lookup(f.prefix + u.ID)
		if seen["type"] != f.looksLike || seen["alt_text"] != "a file of "+f.kind {
			t.Errorf("%s: lookup %v", f.kind, seen)
		}
		if sum(c.original(u.ID).body) != sum(f.bytes) {
			t.Errorf("%s: the original differs from what was sent", f.kind)
		}
	}
}

// Every category that the SDK knows, with each type of file that may go there.
func TestSDKCategories(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	rows := []struct {
		kind, prefix, looksLike string
		file                    []byte
	}{
		{"image/png:tweet_image", "3_", "photo", samplePNG()},
		{"image/jpeg:dm_image", "1003_", "photo", sampleJPEG()},
		{"image/gif:tweet_gif", "16_", "animated_gif", sampleGIF()},
		{"image/gif:dm_gif", "1016_", "animated_gif", sampleGIF()},
		{"video/mp4:tweet_video", "7_", "video", sampleMP4(t)},
		{"video/mp4:dm_video", "1007_", "video", sampleMP4(t)},
		{"video/mp4:amplify_video", "13_", "video", sampleMP4(t)},
		{"text/srt:subtitles", "1020_", "subtitle", []byte(sampleSRT)},
	}
	var args []string
	for _, row := range rows {
		args = append(args, row.kind+"="+keep(t, "file", row.file))
	}
	for i, u := range c.sdk(args...) {
		row := rows[i]
		if u.Error != "" {
			t.Errorf("%s: %s %v", row.kind, u.Error, u.Data)
			continue
		}
		if info, _ := u.Status["processing_info"].(map[string]any); info["state"] != "succeeded" || u.Status["media_key"] != row.prefix+u.ID {
			t.Errorf("%s: status %v", row.kind, u.Status)
		}
		if seen := c.lookup(row.prefix + u.ID); seen["type"] != row.looksLike {
			t.Errorf("%s: lookup %v", row.kind, seen)
		}
	}
}

// What the SDK makes of refusals: its own error, with words that an app can show.
func TestSDKReadsErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	image := keep(t, "file", samplePNG())
	for name, row := range map[string]struct {
		token, file string
		code        int
		words       string
	}{
		"a type of nobody's":  {secret, "image/avif=" + image, 400, "image/png"},
		"another category":    {secret, "image/png:tweet_video=" + image, 400, "tweet_image"},
		"not what it says":    {secret, "video/mp4=" + image, 400, "image"},
		"a scope is missing":  {s.token("1", "--scopes", "tweet.read"), "image/png=" + image, 403, "media.write"},
		"an app's token":      {s.token("1", "--app-only"), "image/png=" + image, 403, "Application-Only"},
		"a token of nobody's": {"nonsense", "image/png=" + image, 401, "not known"},
	} {
		u := s.client().as(row.token).sdk(row.file)[0]
		words, _ := u.Data["message"].(string)
		if !u.Known || u.Code != row.code || !strings.Contains(words, row.words) || !strings.Contains(u.Error, fmt.Sprint("code ", row.code)) {
			t.Errorf("%s: %+v", name, u)
		}
		if limit, _ := u.RateLimit["limit"].(float64); limit < 1 {
			t.Errorf("%s: the SDK read no rate limit: %+v", name, u.RateLimit)
		}
	}
}

func TestSDKShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	text := keep(t, "file", []byte("This is no video."))
	cut := keep(t, "cut", sampleMP4(t)[:len(sampleMP4(t))*2/3])
	got := s.client().sdk("video/mp4="+text, "video/mp4="+cut)
	if got[0].Code != 400 || !strings.Contains(got[0].Error, "400") || !strings.Contains(marshal(t, got[0].Data), "text") {
		t.Errorf("a text as video: %+v", got[0])
	}
	if want := "Media processing failed: "; !strings.Contains(got[1].Error, want) || strings.HasSuffix(got[1].Error, "undefined") {
		t.Errorf("a truncated video: %+v", got[1])
	}
	for token, code := range map[string]int{"nonsense": 401, s.token("1", "--scopes", "tweet.read"): 403, s.token("1", "--app-only"): 403} {
		if got := s.client().as(token).sdk("image/png=" + text)[0]; got.Code != code || got.Data["title"] == nil {
			t.Errorf("want %d: %+v", code, got)
		}
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
