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
		"large.jpg?format=png":                 "large large.png",
		"large.jpg?format=webp":                "large large.webp large.jpg large.png large.gif",
		"large.jpg?name=4096x4096":             "4096x4096 orig.jpg orig.png orig.webp orig.gif",
		"large.jpg:900x900":                    "900x900 medium.jpg medium.png medium.webp medium.gif",
		"large.png?format=jpg&name=360x360":    "360x360 small.jpg small.png small.webp small.gif",
		"?format=jpg&name=small":               "small small.jpg small.png small.webp small.gif",
		"?format=gif&name=orig":                "orig orig.gif",
		"?format=jpg":                          "medium medium.jpg medium.png medium.webp medium.gif",
		"":                                     "medium medium.jpg medium.png medium.webp medium.gif",
		".png":                                 "medium medium.png medium.jpg medium.webp medium.gif",
		".jpg:large":                           "large large.jpg large.png large.webp large.gif",
		":thumb":                               "thumb thumb.jpg thumb.png thumb.webp thumb.gif",
		"poster.jpg?format=png":                "poster ",
		"master.m3u8?format=m3u8":              "master ",
		"large.jpg?name=ORIG":                  "ORIG ",
		"large.jpg?name=../orig":               "../orig ",
		"large.exe?format=../../x&name=orig":   "orig orig.../../x",
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
		w := sizeAsked(name, q)
		if got := w.size + " " + strings.Join(w.names, " "); got != want {
			t.Errorf("%s: %q, want %q", asked, got, want)
		}
	}
}

// Who asks for a size that isn't there is told which are.
func TestSizeThatIsNotThere(t *testing.T) {
	get, _, _ := gallery(t)
	for path, words := range map[string]string{
		"/media/photophotophoto_/large.jpg?name=huge":       `There is no size "huge" of an image at this address; an image has thumb, small, medium, large, orig.`,
		"/media/photophotophoto_/large.jpg:4097x4097":       `no size "4097x4097"`,
		"/media/photophotophoto_/large.jpg?format=png":      `The size "large" of this image is not there as "png", only as jpg.`,
		"/media/photophotophoto_?format=gif&name=orig":      `The size "orig" of this image is not there as "gif", only as png.`,
		"/media/photophotophoto_?format=../x&name=orig":     `not there as "../x", only as png`,
		"/media/photophotophoto_?format=png&name=small":     `no size "small"`,
		"/media/photophotophoto_":                           "There is no media at this address.",
		"/media/video-video-vide":                           "There is no media at this address.",
		"/media/video-video-vide.mp4":                       "There is no media at this address.",
		"/media/video-video-vide?format=jpg&name=large":     `no size "large"`,
		"/media/nobody.jpg:large":                           `no size "large"`,
		"/media/photophotophoto_/none.jpg":                  "There is no media at this address.",
		"/media/nobody/large.jpg?format=jpg":                "There is no media at this address.",
		"/media/nobody/l?name=" + strings.Repeat("x", 5000): `no size "` + strings.Repeat("x", 40) + `" of`,
	} {
		if w := get("GET", path); w.Header().Get("X-Code") != "not_found" || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%.80s: %v %.200q, want %q", path, w.Header(), w.Body, words)
		}
	}
}

// X's addresses of an image are the slug alone, and the slug with an ending.
func TestSizeWithoutAFileName(t *testing.T) {
	get, _, _ := gallery(t)
	for path, want := range map[string]string{
		"/media/photophotophoto_?format=jpg&name=large":     "large.jpg",
		"/media/photophotophoto_?format=webp&name=thumb":    "thumb.jpg",
		"/media/photophotophoto_?format=jpg&name=4096x4096": "orig.png",
		"/media/photophotophoto_?format=png&name=orig":      "orig.png",
		"/media/photophotophoto_.jpg?name=orig":             "orig.png",
		"/media/photophotophoto_.jpg:large":                 "large.jpg",
		"/media/photophotophoto_:thumb":                     "thumb.jpg",
	} {
		if w := get("GET", path); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %.100q, want %s", path, w.Code, w.Body, want)
		}
	}
	if w := get("OPTIONS", "/media/photophotophoto_"); w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}
