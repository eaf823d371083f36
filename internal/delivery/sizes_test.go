package delivery

import (
	"net/url"
	"strings"
	"testing"
)

func TestSizeAsked(t *testing.T) {
	for asked, want := range map[string]string{
		"large.jpg":                            " ",
		"large.jpg?name=orig":                  "orig orig.jpg orig.png orig.webp orig.gif",
		"large.png?name=small":                 "small small.png small.jpg small.webp small.gif",
		"large.jpg:orig":                       "orig orig.jpg orig.png orig.webp orig.gif",
		"large.jpg:orig?name=thumb":            "thumb thumb.jpg thumb.png thumb.webp thumb.gif",
		"abc?format=webp&name=medium":          "medium medium.webp medium.jpg medium.png medium.gif",
		"abc.png?format=jpeg&name=medium":      "medium medium.jpg medium.png medium.webp medium.gif",
		"large.jpg?format=png":                 "large large.png large.jpg large.webp large.gif",
		"poster.jpg?format=png":                "poster ",
		"master.m3u8?format=m3u8":              "master ",
		"large.jpg?name=ORIG":                  "ORIG ",
		"large.jpg?name=../orig":               "../orig ",
		"large.exe?format=../../x&name=orig":   "orig orig.jpg orig.png orig.webp orig.gif",
		"large.jpg:":                           " ",
		"a:b:orig":                             "b:orig ",
		"large.jpg?name=orig&name=thumb":       "orig orig.jpg orig.png orig.webp orig.gif",
		"subtitles-en.vtt?format=vtt&tag=orig": "subtitles-en ",
	} {
		name, query, _ := strings.Cut(asked, "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		size, names := sizeAsked(name, q)
		if got := size + " " + strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", asked, got, want)
		}
	}
}

// Who asks for a size that isn't there is told which are.
func TestSizeThatIsNotThere(t *testing.T) {
	get, _, _ := gallery(t)
	for path, words := range map[string]string{
		"/media/photophotophoto_/large.jpg?name=huge":       `There is no size "huge" of an image at this address; an image has thumb, small, medium, large, orig.`,
		"/media/photophotophoto_/large.jpg:4096x4096":       `no size "4096x4096"`,
		"/media/photophotophoto_/none.jpg":                  "There is no media at this address.",
		"/media/nobody/large.jpg?format=jpg":                "There is no media at this address.",
		"/media/nobody/l?name=" + strings.Repeat("x", 5000): `no size "` + strings.Repeat("x", 40) + `" of`,
	} {
		if w := get("GET", path); w.Header().Get("X-Code") != "not_found" || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%.80s: %v %.200q, want %q", path, w.Header(), w.Body, words)
		}
	}
}
