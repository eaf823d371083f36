package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// tweepyUpload is a file as clients/v1.py reports it.
type tweepyUpload struct {
	Name     string          `json:"name"`
	Simple   *tweepyMedia    `json:"simple"`
	Chunked  tweepyMedia     `json:"chunked"`
	Status   json.RawMessage `json:"status"` // a media, or the status of an error
	Error    string          `json:"error"`
	Codes    []int           `json:"codes"`
	Messages []string        `json:"messages"`
}

// tweepyMedia is tweepy's Media, which may lack members.
type tweepyMedia struct {
	ID      json.Number    `json:"media_id"`
	Text    string         `json:"media_id_string"`
	Key     string         `json:"media_key"`
	Size    int            `json:"size"`
	Expires int            `json:"expires_after_secs"`
	Image   map[string]any `json:"image"`
	Info    *v1Info        `json:"processing_info"`
}

// tweepy uploads files with Debian's tweepy, over TLS as it always does.
func (s certified) tweepy(t *testing.T, credentials string, files ...string) []tweepyUpload {
	t.Helper()
	argv := append([]string{"clients/v1.py", s.address(), credentials}, files...)
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", argv...)
	cmd.Env = append(os.Environ(), "REQUESTS_CA_BUNDLE="+s.cert)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3 clients/v1.py: %v\n%s", err, errs.String())
	}
	var uploads []tweepyUpload
	if err := json.Unmarshal(out, &uploads); err != nil || len(uploads) != len(files) {
		t.Fatalf("%v: %s", err, out)
	}
	return uploads
}

func bearer(token string) string { return `{"bearer":"` + token + `"}` }

// in writes files under their names, which tweepy tells types by.
func in(t *testing.T, files map[string][]byte) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestTweepy(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	files := map[string][]byte{"a.png": samplePNG(), "b.jpg": sampleJPEG(), "c.gif": sampleGIF(), "d.mp4": sampleVideo(t, "640x360", "6")}
	prefixes := map[string]string{"a.png": "3_", "b.jpg": "3_", "c.gif": "16_", "d.mp4": "7_"}
	for way, credentials := range map[string]string{"a bearer token": bearer(secret), "signatures": s.signing(t, "1").tweepy()} {
		t.Run(way, func(t *testing.T) {
			c := s.client()
			c.t = t
			for _, u := range s.tweepy(t, credentials, in(t, files)...) {
				name := filepath.Base(u.Name)
				if u.Error != "" {
					t.Errorf("%s: %+v", name, u)
					continue
				}
				sent := []tweepyMedia{u.Chunked}
				if u.Simple != nil {
					sent = append(sent, *u.Simple)
				}
				if prefixes[name] == "3_" != (len(sent) == 2) {
					t.Errorf("%s: %+v", name, u)
				}
				for _, m := range sent {
					if m.ID.String() != m.Text {
						t.Errorf("%s: the ids %s and %s", name, m.ID, m.Text)
					}
					if sum(c.original(m.Text).body) != sum(files[name]) {
						t.Errorf("%s: the original differs from what was sent", name)
					}
				}
				if m := u.Simple; m != nil && (m.Key != "" || m.Size != len(files[name]) || m.Expires <= 0 || m.Image["w"] == nil || m.Info != nil) {
					t.Errorf("%s: the simple upload told %+v", name, m)
				}
				var status tweepyMedia
				if err := json.Unmarshal(u.Status, &status); err != nil || status.Info == nil || status.Info.State != "succeeded" {
					t.Errorf("%s: tweepy did not wait: %s", name, u.Status)
				}
				if alt := c.lookup(prefixes[name] + u.Chunked.Text)["alt_text"]; alt == nil {
					t.Errorf("%s: no alt_text", name)
				}
			}
		})
	}
}

func TestTweepyShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	names := in(t, map[string][]byte{"a.png": []byte("This is no picture.")})
	wrong := s.signing(t, "1")
	wrong.consumerSecret += "x"
	for credentials, want := range map[string]struct {
		error string
		code  int
	}{
		bearer(secret):                                 {"BadRequest", 324},
		bearer("nonsense"):                             {"Unauthorized", 89},
		bearer(s.token("1", "--app-only")):             {"Forbidden", 220},
		bearer(s.token("1", "--scopes", "tweet.read")): {"Forbidden", 220},
		wrong.tweepy():                                 {"Unauthorized", 32},
	} {
		u := s.tweepy(t, credentials, names...)[0]
		// tweepy shows the words of both shapes.
		if u.Error != want.error || len(u.Codes) != 1 || u.Codes[0] != want.code || len(u.Messages) != 2 || len(u.Messages[0]) < 20 {
			t.Errorf("want %v: %+v", want, u)
		}
	}
}
