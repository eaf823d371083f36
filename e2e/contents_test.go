package e2e

import (
	"bytes"
	endian "encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
)

// hugePNG is a whole PNG header that promises 30,000×30,000 pixels.
func hugePNG() []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		b = endian.BigEndian.AppendUint32(b, uint32(len(data)))
		body := append([]byte(name), data...)
		b = endian.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
	}
	chunk("IHDR", []byte{0, 0, 30000 >> 8, 30000 & 255, 0, 0, 30000 >> 8, 30000 & 255, 8, 2, 0, 0, 0})
	chunk("IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})
	chunk("IEND", nil)
	return b
}

// A file of another kind than declared is refused at finalize. The upload stays
// open, and takes the right file in its place.
func TestFilesThatAreNotWhatWasDeclared(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	text := []byte("This is no picture, and it is long enough to be told from one.")
	rows := []struct {
		name, kind, category string
		file                 []byte
		words                []string
		right                []byte
	}{
		{"text as JPEG", "image/jpeg", "tweet_image", text, []string{"text"}, sampleJPEG()},
		{"text as video", "video/mp4", "tweet_video", text, []string{"text"}, nil},
		{"text as GIF", "image/gif", "tweet_gif", text, []string{"text"}, nil},
		{"text as model", anyBytesType, "", text, []string{"text"}, anyBytes(1, 400)},
		{"picture as video", "video/mp4", "tweet_video", samplePNG(), []string{"video/mp4", "image/png"}, nil},
		{"video as picture", "image/png", "tweet_image", sampleMP4(t), []string{"image/png", "video/mp4"}, samplePNG()},
		{"picture as subtitles", "text/srt", "subtitles", sampleJPEG(), []string{"text/srt", "image/jpeg"}, []byte(sampleSRT)},
		{"subtitles as picture", "", "tweet_image", []byte(sampleSRT), []string{"tweet_image", "text/srt"}, samplePNG()},
		{"playlist as video", "video/mp4", "tweet_video", []byte("#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"), []string{"playlist"}, nil},
		{"list of files as video", "video/mp4", "", []byte("ffconcat version 1.0\nfile /etc/passwd\n"), []string{"list of files"}, nil},
		{"drawing as picture", "image/png", "", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`), []string{"SVG"}, samplePNG()},
		{"page", "", "", []byte("<!DOCTYPE html><html><body>hello</body></html>"), []string{"HTML"}, samplePNG()},
		{"program", "", "", append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 200)...), []string{"program"}, samplePNG()},
		{"noise", "", "", randomBytes(1, 1000), []string{"none of the accepted types"}, samplePNG()},
		{"one byte", "image/png", "", []byte("x"), []string{"none of the accepted types"}, samplePNG()},
		{"nulls", "", "", make([]byte, 4096), []string{"none of the accepted types"}, samplePNG()},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: c.token}
			id := c.initialize(row.kind, row.category, -1)
			final := row.words
			if a := c.append(id, 0, row.file); a.status != http.StatusOK { // its first bytes said it
				a.refused(http.StatusBadRequest, row.words...)
				final = []string{"no segment has arrived"}
			}
			c.finalize(id).refused(http.StatusBadRequest, final...)
			c.finalize(id).refused(http.StatusBadRequest, final...)
			if info, _ := c.status(id).data()["processing_info"].(map[string]any); info["state"] != "pending" {
				t.Errorf("the upload is not open any more: %v", info)
			}
			c.oneShot(row.file, row.category).refused(http.StatusBadRequest, row.words[len(row.words)-1])
			if row.right != nil {
				c.finalizesWith(id, row.right, len(row.right))
			}
		})
	}
	c.oneShot(nil, "tweet_image").refused(http.StatusBadRequest, "empty")
	c.call("POST", "/2/media/upload", map[string]any{"media_type": "video/mp4", "total_bytes": 1}).
		refused(http.StatusBadRequest, "media parameter is missing.")
	c.oneShot(sampleMP4(t), "amplify_video").refused(http.StatusBadRequest, "tweet_video")
	c.oneShot(samplePNG(), "tweet_film").refused(http.StatusBadRequest, "tweet_image")
	c.call("POST", "/2/media/upload", formRow("media", "x", "shared", "maybe"), "Content-Type", formKind).
		refused(http.StatusBadRequest, "shared")
}

func (c client) oneShot(file []byte, category string) answer {
	c.t.Helper()
	body := map[string]any{"media": b64(file)}
	if category != "" {
		body["media_category"] = category
	}
	return c.call("POST", "/2/media/upload", body)
}

// Broken pictures are told at once, with the reason, and it stays so.
func TestBrokenPictures(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	damaged := bytes.Clone(samplePNG())
	copy(damaged[len(damaged)/2:], "damage in the middle")
	rows := map[string][]byte{
		"cut PNG":                samplePNG()[:len(samplePNG())/2],
		"damaged PNG":            damaged,
		"header of a PNG":        samplePNG()[:33],
		"cut JPEG":               sampleJPEG()[:len(sampleJPEG())/3],
		"PNG of 30,000 × 30,000": hugePNG(),
	}
	for name, file := range rows {
		id := c.initialize("", "tweet_image", len(file))
		c.append(id, 0, file[:10]).data() // which does not say how large it is
		c.append(id, 1, file[10:]).data()
		words := c.finalize(id).refused(http.StatusBadRequest)
		if name == "PNG of 30,000 × 30,000" && !strings.Contains(words, "30000×30000") {
			t.Errorf("%s: %s", name, words)
		}
		if again := c.finalize(id).refused(http.StatusBadRequest); again != words {
			t.Errorf("%s: first %q, then %q", name, words, again)
		}
		info, _ := c.status(id).data()["processing_info"].(map[string]any)
		why, _ := info["error"].(map[string]any)
		if info["state"] != "failed" || why["message"] == nil || !strings.Contains(words, why["message"].(string)) {
			t.Errorf("%s: finalize said %q and STATUS %v", name, words, info)
		}
		if c.oneShot(file, "tweet_image").refused(http.StatusBadRequest) == "" {
			t.Errorf("%s: no words", name)
		}
		if seen := c.lookup("3_" + id); seen["url"] != nil {
			t.Errorf("%s has a url: %v", name, seen)
		}
	}
	s.checkWhole()
}

// Within a family the bytes count, whatever was declared.
func TestPicturesDeclaredAsAnotherKind(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	rows := []struct {
		declared, category, is string
		file                   []byte
	}{
		{"image/jpeg", "tweet_image", "image/png", samplePNG()},
		{"image/png", "dm_image", "image/jpeg", sampleJPEG()},
		{"image/pjpeg", "tweet_image", "image/jpeg", sampleJPEG()},
		{"image/webp", "", "image/png", samplePNG()},
		{"image/gif", "tweet_image", "image/gif", sampleGIF()},
	}
	for _, row := range rows {
		d := c.upload(row.declared, row.category, row.file, 1<<20)
		image, _ := d["image"].(map[string]any)
		if image["image_type"] != row.is {
			t.Errorf("%s declared as %s: %v", row.is, row.declared, d)
		}
		if kind := c.original(fmt.Sprint(d["id"])).header.Get("Content-Type"); kind != row.is {
			t.Errorf("%s declared as %s comes back as %s", row.is, row.declared, kind)
		}
	}
}
