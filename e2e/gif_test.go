package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"
)

// animation is a GIF of w×h pixels: frames pictures, each shown for delay
// hundredths of a second, in which a bar moves over red. A transparent one has
// nothing but the bar.
func animation(w, h, frames, delay int, transparent bool) []byte {
	ground := color.RGBA{255, 0, 0, 255}
	if transparent {
		ground = color.RGBA{}
	}
	g := &gif.GIF{Config: image.Config{Width: w, Height: h}}
	for i := range frames {
		p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{ground, color.RGBA{0, 0, 255, 255}})
		for y := range h {
			for x := i * w / frames; x < (i+1)*w/frames; x++ {
				p.SetColorIndex(x, y, 1)
			}
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, p), append(g.Delay, delay), append(g.Disposal, gif.DisposalBackground)
	}
	return encoded(func(b *bytes.Buffer) error { return gif.EncodeAll(b, g) })
}

// TestGIFs uploads what is shown as an animated GIF and plays what it became.
func TestGIFs(t *testing.T) {
	t.Parallel()
	s := start(t)
	red, white := color.RGBA{255, 0, 0, 255}, color.RGBA{255, 255, 255, 255}
	for _, v := range []struct {
		name, kind, category, key string
		file                      []byte
		w, h, frames              int
		seconds                   float64
		ground                    color.RGBA // colour of the poster's corner
	}{
		{"animated", "image/gif", "tweet_gif", "16_", animation(120, 80, 12, 20, false), 120, 80, 12, 2.4, red},
		{"of a direct message", "image/gif", "dm_gif", "1016_", animation(120, 80, 4, 20, false), 120, 80, 4, 0.8, red},
		{"without a category", "image/gif", "", "16_", animation(120, 80, 4, 20, false), 120, 80, 4, 0.8, red},
		{"transparent", "image/gif", "tweet_gif", "16_", animation(120, 80, 12, 20, true), 120, 80, 12, 2.4, white},
		{"odd size", "image/gif", "tweet_gif", "16_", animation(121, 81, 5, 20, false), 121, 81, 5, 1, red},
		{"no delay", "image/gif", "tweet_gif", "16_", animation(64, 64, 8, 0, false), 64, 64, 8, 0.8, red},
		{"one frame", "image/gif", "tweet_gif", "16_", animation(120, 80, 1, 50, false), 120, 80, 1, 0.5, color.RGBA{0, 0, 255, 255}},
		{"a silenced MP4", "video/mp4", "tweet_gif", "16_", film(t, "mp4", slices.Concat(picture("320x180", 2), sound(2), h264())...), 320, 180, 50, 2, color.RGBA{}},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := client{t: t, url: s.url, token: secret}
			up := c.upload(v.kind, v.category, v.file, 1<<20)
			if key := up["media_key"].(string); !strings.HasPrefix(key, v.key) {
				t.Errorf("media_key %s, want %s…", key, v.key)
			}
			if info := up["processing_info"].(map[string]any); info["state"] == "failed" || info["check_after_secs"] == nil && info["state"] != "succeeded" {
				t.Errorf("finalize says %v", info)
			}
			c.succeeded(up["id"].(string))
			m := c.lookup(up["media_key"].(string))
			if m["type"] != "animated_gif" || m["width"] != float64(v.w) || m["height"] != float64(v.h) || m["duration_ms"] != nil {
				t.Errorf("lookup says %v", m)
			}
			variants := m["variants"].([]any)
			if len(variants) != 1 {
				t.Fatalf("variants %v, want one MP4", variants)
			}
			mp4 := variants[0].(map[string]any)
			if bits, there := mp4["bit_rate"]; mp4["content_type"] != "video/mp4" || !there || bits != 0.0 {
				t.Errorf("variant %v, want video/mp4 of bit rate 0, as X says for GIFs", mp4)
			}
			a := public(c, mp4["url"].(string))
			p := ffprobeBytes(t, "gif.mp4", a.body)
			if len(p.Streams) != 1 || p.Streams[0].Codec != "h264" || p.Streams[0].PixelFormat != "yuv420p" {
				t.Fatalf("the MP4 has %+v, want one silent stream", p.Streams)
			}
			if got := p.Streams[0]; got.Width != max(v.w&^1, 2) || got.Height != max(v.h&^1, 2) {
				t.Errorf("the MP4 is %d×%d", got.Width, got.Height)
			}
			if d := seconds(t, p.Format.Duration); math.Abs(d-v.seconds) > 0.06 {
				t.Errorf("the MP4 lasts %.3f s, want %.1f", d, v.seconds)
			}
			kinds := boxes(t, a.body)
			if slices.Index(kinds, "moov") > slices.Index(kinds, "mdat") {
				t.Errorf("its index is behind the pictures: %v", kinds)
			}
			url := m["preview_image_url"].(string)
			checkPoster(c, url, v.w, v.h)
			if v.ground.A > 0 {
				checkGround(t, public(c, url).body, v.ground)
			}
		})
	}
}

// checkGround looks at a poster's top right corner, which the bar of an
// animation reaches last.
func checkGround(t *testing.T, file []byte, want color.RGBA) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	got := color.RGBAModel.Convert(m.At(m.Bounds().Dx()-2, 1)).(color.RGBA)
	if difference([]byte{got.R, got.G, got.B}, []byte{want.R, want.G, want.B}) > 25 {
		t.Errorf("the ground is %v, want %v", got, want)
	}
}

// TestGIFAsImage shows the first picture of an animated GIF that is declared an
// image.
func TestGIFAsImage(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := animation(120, 80, 12, 20, false)
	up := c.upload("image/gif", "tweet_image", file, len(file))
	info, _ := up["image"].(map[string]any)
	if info["image_type"] != "image/gif" || info["w"] != 120.0 || info["h"] != 80.0 || up["processing_info"] != nil {
		t.Errorf("finalize says %v", up)
	}
	m := c.lookup(up["media_key"].(string))
	if m["type"] != "photo" || m["variants"] != nil {
		t.Errorf("lookup says %v", m)
	}
	shown, format, err := image.Decode(bytes.NewReader(public(c, m["url"].(string)).body))
	if err != nil || format != "jpeg" || shown.Bounds() != image.Rect(0, 0, 120, 80) {
		t.Errorf("its url opens a %s: %v", format, err)
	}
}

// TestGIFOfTooManyFrames uploads ten thousand frames of one pixel.
func TestGIFOfTooManyFrames(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := animation(1, 1, 10_000, 2, false)
	id := c.upload("image/gif", "tweet_gif", file, 1<<20)["id"].(string)
	info := c.await(id)
	e, _ := info["error"].(map[string]any)
	words, _ := e["message"].(string)
	if info["state"] != "failed" || e["name"] == nil || !strings.Contains(words, "frames") || !strings.Contains(words, "3000") {
		t.Errorf("processing says %v, want failed with the limit of frames in words", info)
	}
	if sum(c.original(id).body) != sum(file) {
		t.Error("the original is lost")
	}
}
