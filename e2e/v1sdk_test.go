package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// v1SDKUpload is a file as clients/v1.mjs reports it.
type v1SDKUpload struct {
	MimeType string    `json:"mimeType"`
	IDs      []string  `json:"ids"`
	Full     v1Media   `json:"full"`
	Info     v1Media   `json:"info"`
	Error    string    `json:"error"`
	Code     int       `json:"code"`
	Errors   []v1Entry `json:"errors"`
}

type v1Entry struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// v1SDK uploads files, each media_type=name, with version 1.1 of
// twitter-api-v2. Credentials are a token, or JSON of the SDK's.
func (c client) v1SDK(credentials string, files ...string) []v1SDKUpload {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "node", append([]string{"clients/v1.mjs", c.url, credentials}, files...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("node clients/v1.mjs: %v\n%s", err, errs.String())
	}
	var uploads []v1SDKUpload
	if err := json.Unmarshal(out, &uploads); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	return uploads
}

func TestV1SDK(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	files := []struct {
		kind, prefix, looksLike string
		bytes                   []byte
	}{
		{"image/png", "3_", "photo", samplePNG()},
		{"image/gif", "16_", "animated_gif", sampleGIF()},
		{"video/mp4", "7_", "video", sampleVideo(t, "640x360", "6")}, // more than one of the SDK's segments
	}
	args := []string{"subtitles=" + keep(t, "captions.srt", []byte(sampleSRT))}
	for _, f := range files {
		args = append(args, f.kind+"="+keep(t, "file", f.bytes))
	}
	for way, credentials := range map[string]string{"a bearer token": secret, "signatures": s.signing(t, "1").sdk()} {
		t.Run(way, func(t *testing.T) {
			c := c
			c.t = t
			got := c.v1SDK(credentials, args...)
			if len(got) != len(files) {
				t.Fatalf("%+v", got)
			}
			for i, u := range got {
				f := files[i]
				if u.Error != "" {
					t.Errorf("%s: %s %+v", f.kind, u.Error, u.Errors)
					continue
				}
				if u.Full.Key != f.prefix+u.Full.Text || u.Full.Size != len(f.bytes) || u.Full.Expires <= 0 || (u.Full.Image != nil) != (f.looksLike == "photo") {
					t.Errorf("%s: FINALIZE told %+v", f.kind, u.Full)
				}
				if u.Info.Info == nil || u.Info.Info.State != "succeeded" {
					t.Errorf("%s: the SDK did not wait: %+v", f.kind, u.Info)
				}
				for _, id := range u.IDs {
					if seen := c.lookup(f.prefix + id); seen["type"] != f.looksLike || seen["alt_text"] != "a file of "+f.kind {
						t.Errorf("%s: lookup %v", f.kind, seen)
					}
					if sum(c.original(id).body) != sum(f.bytes) {
						t.Errorf("%s: the original differs from what was sent", f.kind)
					}
				}
			}
		})
	}
}

func TestV1SDKShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	text := keep(t, "file", []byte("This is no video."))
	cut := keep(t, "cut", sampleMP4(t)[:len(sampleMP4(t))*2/3])
	got := c.v1SDK(secret, "video/mp4="+text, "video/mp4="+cut)
	if len(got) != 2 || got[0].Code != 400 || len(got[0].Errors) != 1 || !strings.Contains(got[0].Errors[0].Message, "media type unrecognized.") {
		t.Errorf("a text as video: %+v", got)
	}
	if want := "Failed to process media: InvalidMedia - "; !strings.Contains(got[1].Error, want) || strings.Contains(got[1].Error, "undefined") {
		t.Errorf("a truncated video: %+v", got[1])
	}
	wrong := s.signing(t, "1")
	wrong.tokenSecret += "x"
	for credentials, want := range map[string][2]int{
		"nonsense":                             {401, 89},
		s.token("1", "--scopes", "tweet.read"): {403, 220},
		s.token("1", "--app-only"):             {403, 220},
		wrong.sdk():                            {401, 32},
	} {
		got := c.v1SDK(credentials, "image/png="+text)[0]
		if got.Code != want[0] || len(got.Errors) != 1 || got.Errors[0].Code != want[1] {
			t.Errorf("want %v: %+v", want, got)
		}
	}
}
