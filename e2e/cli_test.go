package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fileWith writes a file to be uploaded.
func fileWith(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUploadCommand(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, row := range map[string]struct {
		content []byte
		kind    string
		more    []string
	}{
		"clip.mp4":     {tinyMP4(t, 2), "video", []string{"--segment", "64KiB"}},
		"still.png":    {tinyPNG(t, 7), "photo", nil},
		"moving.gif":   {tinyGIF(t), "animated_gif", []string{"--category", "tweet_gif", "--parallel", "1", "--segment", "100B"}},
		"nameless":     {tinyPNG(t, 8), "photo", nil}, // told from its bytes
		"subtitle.vtt": {[]byte("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n"), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"upload", fileWith(t, name, row.content), "--to", s.url + "/", "--token", secret}, row.more...)
			out, errs, code := magpie(t, args...)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, errs)
			}
			var final struct{ Data map[string]any }
			d := json.NewDecoder(strings.NewReader(out))
			if err := d.Decode(&final); err != nil || d.More() {
				t.Fatalf("stdout is not one JSON value: %v: %s", err, out)
			}
			if !strings.Contains(errs, "sending") {
				t.Errorf("no progress on stderr: %q", errs)
			}
			if row.kind != "" && final.Data["type"] != row.kind {
				t.Errorf("type is %v, want %s: %s", final.Data["type"], row.kind, out)
			}
			if row.kind == "photo" && final.Data["url"] == nil || row.kind == "video" && final.Data["variants"] == nil {
				t.Errorf("no URLs: %s", out)
			}
			id, _ := final.Data["id"].(string)
			if got := s.client().original(id); sum(got.body) != sum(row.content) {
				t.Errorf("the original is not the file: %d", got.status)
			}
		})
	}
}

// TestUploadCommandRefused ends with status 1 and the server's own words.
func TestUploadCommandRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	writer := s.token("2", "--scopes", "tweet.read")
	text := fileWith(t, "text.png", []byte("not a picture at all"))
	picture := fileWith(t, "still.png", tinyPNG(t, 9))
	broken := fileWith(t, "broken.mp4", tinyMP4(t, 2)[:3000])
	for name, row := range map[string]struct {
		args  []string
		words string
	}{
		"not an image":     {[]string{text, "--token", secret}, "text"},
		"a wrong category": {[]string{picture, "--token", secret, "--category", "tweet_video"}, "tweet_video"},
		"a broken video":   {[]string{broken, "--token", secret}, "processing failed"},
		"no scope":         {[]string{picture, "--token", writer}, "media.write"},
		"a wrong token":    {[]string{picture, "--token", "wrong"}, "401"},
		"no file":          {[]string{"/nowhere.png", "--token", secret}, "/nowhere.png"},
		"an empty file":    {[]string{fileWith(t, "empty.png", nil), "--token", secret}, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := magpie(t, append([]string{"upload", "--to", s.url}, row.args...)...)
			if code != 1 || out != "" || !strings.Contains(errs, row.words) {
				t.Errorf("exit %d, want 1 and %q: %q %s", code, row.words, out, errs)
			}
		})
	}
}

// TestSubtitlesForNoVideo: what is plainly no video is refused before anything of
// it is sent; what can't be told goes out.
func TestSubtitlesForNoVideo(t *testing.T) {
	t.Parallel()
	s := start(t)
	captions := fileWith(t, "en.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nhello\n"))
	picture, film := tinyPNG(t, 10), tinyMP4(t, 2)
	for name, row := range map[string]struct {
		file     string
		category string
		more     []string
	}{
		"by its name":   {fileWith(t, "x.jpg", picture), "tweet_image", nil},
		"by its bytes":  {fileWith(t, "nameless", picture), "tweet_image", nil},
		"by --type":     {fileWith(t, "nameless", film), "tweet_image", []string{"--type", "image/png"}},
		"by --category": {fileWith(t, "clip.mp4", film), "dm_video", []string{"--category", "dm_video"}},
		"a GIF":         {fileWith(t, "moving.gif", tinyGIF(t)), "tweet_gif", nil},
		"to X":          {fileWith(t, "x.png", picture), "tweet_image", []string{"--api", "x"}},
		"subtitles":     {captions, "subtitles", nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, s, false)
			u := runUpload(t, g.url, t.TempDir(), row.file, append(row.more, "--subtitles", captions+":en")...)
			code, errs := u.end(), u.errs.tail(4000)
			want := "subtitles " + captions + ": " + row.file + " is of the category " + row.category + "; only tweet_video and amplify_video have subtitles\n"
			if code != 1 || errs != "magpie: "+want {
				t.Errorf("exit %d, want 1 and %q: %q", code, want, errs)
			}
			if segments, _, _, calls := g.count(initializing); segments+calls > 0 {
				t.Errorf("%d uploads were begun, and %d segments sent", calls, segments)
			}
		})
	}
	for name, row := range map[string][]string{
		"nameless":  nil,
		"ample.mp4": {"--category", "amplify_video"},
	} {
		u := runUpload(t, s.url, t.TempDir(), fileWith(t, name, film), append(row, "--subtitles", captions+":en")...)
		if code := u.end(); code != 0 {
			t.Errorf("%s: exit %d: %s", name, code, u.errs.tail(4000))
		}
	}
}

// TestUploadCommandOverRestart kills the server in the middle of an upload.
func TestUploadCommandOverRestart(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := tinyMP4(t, 20)
	cmd := exec.CommandContext(t.Context(), binary, "upload", fileWith(t, "clip.mp4", content), "--to", s.url, "--segment", "1KiB")
	cmd.Env = append(os.Environ(), "MAGPIE_TOKEN="+secret)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		if s.segmentsOn() < 3 {
			return "the upload has not begun"
		}
		return ""
	})
	s.kill()
	s.run()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var final struct{ Data struct{ ID string } }
	if err := json.Unmarshal(out.Bytes(), &final); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	if got := s.client().original(final.Data.ID); sum(got.body) != sum(content) {
		t.Errorf("the original is not the file: %d", got.status)
	}
	s.checkWhole()
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	out, errs, code := magpie(t, "version")
	if code != 0 || errs != "" || !regexp.MustCompile(`^magpie \d+\.\d+\.\d+( \([0-9a-f]{12}\))?, go\S+ \w+/\w+\n$`).MatchString(out) {
		t.Errorf("exit %d: %q %q", code, out, errs)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	out, _, code := magpie(t, "--help")
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	for _, command := range []string{"serve", "upload", "token create", "token list", "token revoke", "check", "doctor", "version", "--config"} {
		if !strings.Contains(out, command) {
			t.Errorf("--help does not mention %s:\n%s", command, out)
		}
	}
	for _, args := range [][]string{nil, {"sevre"}, {"serve", "--listne", "x"}} {
		if out, errs, code := magpie(t, args...); code != 1 || out != "" || !strings.HasPrefix(errs, "magpie: ") {
			t.Errorf("%v: exit %d: %q %q", args, code, out, errs)
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	out, errs, code := magpie(t, "doctor", "--data", t.TempDir())
	if code != 0 || errs != "" || strings.Contains(out, "bad ") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	for _, words := range []string{"ffmpeg", "libx264", "data folder", "disk", "open files"} {
		if !strings.Contains(out, words) {
			t.Errorf("doctor does not speak of %s: %s", words, out)
		}
	}
	s := start(t)
	out, _, code = magpie(t, "doctor", "--data", s.data, "--listen", s.address(), "--public-url", s.url)
	for _, line := range []string{
		fmt.Sprintf(`good +lock +the magpie with the process id %d runs`, s.cmd.Process.Pid), `good +address +.* in use, as by the magpie`, `good +public URL`,
		`good +key file`, `good +database +the catalogue can be read`, `weak +public URL .* is not https\n +→ Put TLS`,
	} {
		if code != 0 || !regexp.MustCompile("(?m)^"+line).MatchString(out) {
			t.Errorf("exit %d, beside a server, no %s in %s", code, line, out)
		}
	}
	out, _, code = magpie(t, "doctor", "--data", fileWith(t, "file", nil), "--ffmpeg", "/nowhere/ffmpeg")
	if code != 1 || !regexp.MustCompile(`(?m)^bad +ffmpeg .*/nowhere/ffmpeg`).MatchString(out) || !regexp.MustCompile(`(?m)^bad +data folder`).MatchString(out) {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestTokenCreate prints the token and nothing else, so that a shell can take it.
func TestTokenCreate(t *testing.T) {
	t.Parallel()
	s := start(t)
	out, errs, code := magpie(t, "token", "create", "--data", s.data, "--user", "2244994945", "--lifetime", time.Hour.String())
	if code != 0 || errs != "" || !regexp.MustCompile(`^mgp_[\w-]{43}\n$`).MatchString(out) {
		t.Fatalf("exit %d: %q %q", code, out, errs)
	}
	s.client().as(strings.TrimSpace(out)).initialize("", "", -1)
	for _, args := range [][]string{{"--user", "someone"}, {"--user", "1", "--scopes", "everything"}, {"--user", "1", "--lifetime", "-1h"}, {}} {
		out, errs, code := magpie(t, append([]string{"token", "create", "--data", s.data}, args...)...)
		if code != 1 || out != "" || len(errs) < 20 {
			t.Errorf("%v: exit %d: %q %q", args, code, out, errs)
		}
	}
}
