package tus

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestReadMetadata(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                                 {},
		" ":                                {},
		"a":                                {"a": ""},
		"a , b YQ==":                       {"a": "", "b": "a"},
		"filename w6lhLmpwZw==,x/y-z AA==": {"filename": "éa.jpg", "x/y-z": "\x00"},
	} {
		m, err := readMetadata(http.Header{"Upload-Metadata": {text}})
		if diff := cmp.Diff(want, m.values); diff != "" || err != nil || m.text != text {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for _, bad := range []string{",", "a,", "a YQ==,,b", "a YQ", "a Y Q==", "é YQ==", "a YQ==,a", "a\tb YQ==", "a " + strings.Repeat("YWFh", 5000)} {
		if m, err := readMetadata(http.Header{"Upload-Metadata": {bad}}); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%.40q: %v, %v", bad, m.values, err)
		}
	}
}

// TestTypeIsAHint has types as browsers guess them.
func TestTypeIsAHint(t *testing.T) {
	for guess, want := range map[string]media.Type{"image/gif": media.GIF, "application/octet-stream": "", "video/x-matroska": "", "null": "", "video/mp4": ""} {
		m := metadata{values: map[string]string{"media_category": "tweet_image", "filetype": guess}}
		if r, err := m.request(owner); err != nil || r.Type != want || r.Category != media.TweetImage {
			t.Errorf("%s: %v, %v", guess, r, err)
		}
	}
}

func FuzzReadMetadata(f *testing.F) {
	for _, seed := range []string{"filename YS5naWY=,filetype aW1hZ2UvZ2lm", "a", "a ,b", "a YQ==,a YQ==", ", ,", "category eA==,alt_text " + strings.Repeat("YWFh", 400)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := readMetadata(http.Header{"Upload-Metadata": {text}})
		if err == nil {
			_, err = m.request(owner)
		}
		if err == nil {
			_, err = m.notes()
		}
		if err != nil && media.CodeOf(err) != media.CodeInvalid {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
