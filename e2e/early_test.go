package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// appended sends a segment in one of the dialects.
type appended func(c client, id string, index string, segment []byte) answer

func appends() map[string]appended {
	return map[string]appended{
		"REST": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", "/2/media/upload/"+id+"/append", formRow("segment_index", index, "media", string(segment)), "Content-Type", formKind)
		},
		"REST, the index behind": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", "/2/media/upload/"+id+"/append", formRow("media", string(segment), "segment_index", index), "Content-Type", formKind)
		},
		"REST in JSON": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", "/2/media/upload/"+id+"/append", `{"segment_index":`+index+`,"media":"`+b64(segment)+`"}`, "Content-Type", "application/json")
		},
		"command": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", "/2/media/upload?command=APPEND&media_id="+id+"&segment_index="+index, formRow("media", string(segment)), "Content-Type", formKind)
		},
		"version 1.1": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", v1Upload, formRow("command", "APPEND", "media_id", id, "segment_index", index, "media", string(segment)), "Content-Type", formKind)
		},
		"version 1.1 in base64": func(c client, id, index string, segment []byte) answer {
			return c.call("POST", v1Upload, formRow("command", "APPEND", "media_id", id, "segment_index", index, "media_data", b64(segment)), "Content-Type", formKind)
		},
	}
}

// TestWrongFileIsRefusedAtItsFirstSegment sends the beginning of a wrong file in
// every dialect: it is refused at once and not kept, and the right file can
// still come, with its first segment last.
func TestWrongFileIsRefusedAtItsFirstSegment(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	png := samplePNG()
	playlist := []byte("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" + strings.Repeat("#\n", 4096))
	page := []byte("<!DOCTYPE html><title>Sign in</title>" + strings.Repeat(" ", 4096))
	for name, send := range appends() {
		before := s.segmentsOn()
		for _, wrong := range []struct {
			kind, category string
			file           []byte
			words          string
		}{
			{"video/mp4", "tweet_video", png, "The upload was declared as video/mp4, but the file is image/png."},
			{"", "tweet_video", png, "The upload was declared as tweet_video, but the file is image/png; it goes with tweet_image, dm_image."},
			{"video/mp4", "tweet_video", playlist, "media type unrecognized. The file is none of the accepted types: it seems to be an HLS playlist."},
			{"image/jpeg", "", page, "media type unrecognized. The file is none of the accepted types: it seems to be an HTML page."},
			// A JPEG is an image, as a GIF can be, but not a moving one.
			{"image/gif", "tweet_gif", sampleJPEG(), "The upload was declared as tweet_gif, but the file is image/jpeg; it goes with tweet_image, dm_image."},
		} {
			id := c.initialize(wrong.kind, wrong.category, -1)
			for range 2 {
				a := send(c, id, "0", wrong.file)
				if a.status != http.StatusBadRequest || !bytes.Contains(a.body, []byte(wrong.words)) {
					t.Errorf("%s: status %d, want 400 with %q: %s", name, a.status, wrong.words, a.body)
				}
			}
			c.finalize(id).refused(http.StatusBadRequest, "no segment has arrived")
		}
		if n := s.segmentsOn(); n != before {
			t.Errorf("%s: %d segments were kept of what was refused", name, n-before)
		}
		id := c.initialize("image/png", "tweet_image", -1)
		half := len(png) / 2
		for _, step := range []struct {
			index string
			bytes []byte
			ok    bool
		}{{"1", png[half:], true}, {"0", playlist, false}, {"0", png[:half], true}, {"0", png[:half], true}} {
			if a := send(c, id, step.index, step.bytes); (a.status < 300) != step.ok {
				t.Errorf("%s: segment %s: status %d %s", name, step.index, a.status, a.body)
			}
		}
		if d := c.finalize(id).data(); d["size"] != float64(len(png)) {
			t.Errorf("%s: %v", name, d)
		}
		if got := c.original(id).body; !bytes.Equal(got, png) {
			t.Errorf("%s: the upload came back as %d other bytes", name, len(got))
		}
	}
}

// TestLimitsAtEachMoment sets limits in each of the three ways, and passes one of
// them when it is declared, when the first segment comes, and when the file was
// looked at.
func TestLimitsAtEachMoment(t *testing.T) {
	t.Parallel()
	short, long := clip(t, "64x64", 10, "1"), clip(t, "64x64", 10, "3")
	file := prepare(t)
	file.settingsFile("limits:\n  tweet_image: {max_bytes: 100KB, max_width: 300}\n  tweet_gif: {max_height: 20, max_frames: 5}\n  tweet_video:\n    max_seconds: 2.5\n")
	file.run()
	environment := prepare(t)
	environment.env = append(environment.env, "MAGPIE_LIMITS=tweet_image.max_bytes=100KB,tweet_image.max_width=300,tweet_gif.max_height=20,tweet_gif.max_frames=5,tweet_video.max_seconds=2.5")
	environment.run()
	flags := start(t, "--limits", "tweet_image.max_bytes=100KB,tweet_image.max_width=300", "--limits", "tweet_gif.max_height=20,tweet_gif.max_frames=5,tweet_video.max_seconds=2.5")
	for way, s := range map[string]*server{"file": file, "environment": environment, "flags": flags} {
		t.Run(way, func(t *testing.T) {
			c := s.client()
			c.t = t
			// What is declared.
			c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": 100_001}).
				refused(http.StatusBadRequest, "File size exceeds 100000 bytes.", "100001")
			c.initialize("image/png", "", 100_000)
			// What the first bytes show.
			wide := pngOf(quarters(301, 302))
			c.append(c.initialize("image/png", "tweet_image", -1), 0, wide).refused(http.StatusBadRequest, "301×302 pixels", "a width of 300 is the most")
			c.append(c.initialize("image/gif", "tweet_gif", -1), 0, animation(8, 21, 1, 2, false)).refused(http.StatusBadRequest, "8×21 pixels", "a height of 20")
			c.oneShot(wide, "tweet_image").refused(http.StatusBadRequest, "301×302 pixels")
			c.append(c.initialize("image/png", "dm_image", -1), 0, wide).data() // has no such limit
			tooLong := []string{"Duration 3.seconds exceeds max duration of 2.seconds+500.milliseconds", "2.5 s is the most"}
			c.append(c.initialize("video/mp4", "tweet_video", -1), 0, long).refused(http.StatusBadRequest, tooLong...)
			// What turns out later.
			for what, row := range map[string]struct {
				kind, category string
				file           []byte
				words          []string
			}{
				"a GIF of 6 frames": {"image/gif", "tweet_gif", animation(8, 8, 6, 2, false), []string{"6 frames", "5 are the most"}},
				"3 s":               {"video/mp4", "tweet_video", long, tooLong},
			} {
				info := c.late(row.kind, row.category, row.file)
				e, _ := info["error"].(map[string]any)
				words, _ := e["message"].(string)
				for _, w := range row.words {
					if info["state"] != "failed" || e["name"] != "UnsupportedMedia" || e["code"] != 3.0 || !strings.Contains(words, w) {
						t.Errorf("%s: %v lacks %q", what, info, w)
					}
				}
			}
			c.succeeded(c.upload("video/mp4", "tweet_video", short, 1<<20)["id"].(string))
			c.succeeded(c.upload("image/gif", "tweet_gif", animation(8, 20, 5, 2, false), 1<<20)["id"].(string))
			c.upload("image/png", "tweet_image", pngOf(quarters(300, 10)), 1<<20)
		})
	}
}

// A limit that can't be meant keeps the server from starting, and is named.
func TestLimitsThatAreNone(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"tweet_video.max_secs=5": "max_seconds",
		"tweet_film.max_bytes=5": "tweet_video",
		"dm_gif.max_frames=many": "a whole number",
	} {
		prepare(t, "--limits", rule).fails("--limits", rule, want)
		s := prepare(t)
		name, value, _ := strings.Cut(rule, "=")
		category, key, _ := strings.Cut(name, ".")
		s.settingsFile("limits: {" + category + ": {" + key + ": " + value + "}}\n")
		s.fails("--limits", rule, want)
	}
}
