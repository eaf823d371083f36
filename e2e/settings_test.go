package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// settingsFile writes a settings file and names it in the server's environment.
func (s *server) settingsFile(yaml string) {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "magpie.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "MAGPIE_CONFIG="+path)
}

// lifetime is the session lifetime that a server works with, in seconds.
func (s *server) lifetime() float64 {
	s.t.Helper()
	s.run()
	secs, _ := s.client().call(http.MethodPost, "/2/media/upload/initialize", map[string]any{}).data()["expires_after_secs"].(float64)
	s.kill()
	return secs
}

// TestPrecedence sets one thing in each of the ways: a flag comes before the
// environment, that before the file, and that before the default.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	hold := func(want float64) {
		t.Helper()
		if got := s.lifetime(); got != want {
			t.Errorf("the session lifetime is %v s, want %v", got, want)
		}
	}
	hold(86400)
	s.settingsFile("# of one server\nsession-lifetime: 300s\nmax-segment: 131072\nworkers: 2\nretention: 0\nlog-format: json\nmedia-origin:\n")
	hold(300)
	s.env = append(s.env, "MAGPIE_SESSION_LIFETIME=200s")
	hold(200)
	s.args = []string{"--session-lifetime", "100s"}
	hold(100)

	// What only the file sets still holds.
	s.run()
	c := s.client()
	c.append(c.initialize("video/mp4", "tweet_video", 1<<20), 0, make([]byte, 131073)).refused(http.StatusRequestEntityTooLarge, "131072")
	if !strings.HasPrefix(s.log.tail(1<<20), "{") && !strings.Contains(s.log.tail(1<<20), "\n{") {
		t.Error("the file's log-format is not in force")
	}
	// --config comes before MAGPIE_CONFIG.
	s.kill()
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, nil, 0o600); err != nil { // an empty one
		t.Fatal(err)
	}
	s.env, s.args = append(s.env, "MAGPIE_SESSION_LIFETIME=50s"), []string{"--config", other}
	hold(50)
	s.run()
	s.client().append(s.client().initialize("video/mp4", "tweet_video", 1<<20), 0, make([]byte, 131073)).data()
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ flag, value, words string }{
		{"listen", "8080", "host:port"},
		{"listen", "127.0.0.1:99999", "port"},
		{"public-url", "media.example", "origin"},
		{"public-url", "https://media.example/path", "origin"},
		{"media-origin", "ftp://media.example", "origin"},
		{"profile", "y", "default, x"},
		{"max-segment", "many", "size"},
		{"max-segment", "1KiB", "64KiB"},
		{"max-segment", "-1", "size"},
		{"session-lifetime", "soon", "soon"},
		{"session-lifetime", "0s", "second"},
		{"retention", "-1h", "negative"},
		{"sweep-every", "1ms", "second"},
		{"sweep-grace", "-1s", "negative"},
		{"reserve", "much", "size"},
		{"workers", "-1", "negative"},
		{"workers", "two", "two"},
		{"max-rung", "480", "480 is not one of"},
		{"drain", "-1s", "negative"},
		{"log-level", "loud", "debug, info, warn, error"},
		{"log-format", "xml", "text, json"},
		{"ffmpeg", "/nowhere/ffmpeg", "/nowhere/ffmpeg"},
		{"ffprobe", "/nowhere/ffprobe", "/nowhere/ffprobe"},
	} {
		t.Run(row.flag+" "+row.value, func(t *testing.T) {
			s := prepare(t, "--"+row.flag+"="+row.value)
			s.fails("--"+row.flag, row.words)

			fromFile := prepare(t)
			if row.flag == "listen" {
				return // the harness sets it by flag
			}
			fromFile.settingsFile(row.flag + ": " + `"` + row.value + `"` + "\n")
			fromFile.fails("--"+row.flag, row.words)

			fromEnv := prepare(t)
			fromEnv.env = append(fromEnv.env, "MAGPIE_"+strings.ToUpper(strings.ReplaceAll(row.flag, "-", "_"))+"="+row.value)
			fromEnv.fails("--"+row.flag, row.words)
		})
	}
}

func TestBadSettingsFile(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ yaml, words string }{
		"unknown name": {"listn: 127.0.0.1:1\n", `"listn"`},
		"not YAML":     {"listen: [\n", "YAML"},
		"a list":       {"- listen\n", "YAML"},
		"nested":       {"retention:\n  days: 3\n", "retention"},
		"twice":        {"workers: 1\nworkers: 2\n", "workers"},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepare(t)
			s.settingsFile(row.yaml)
			s.fails(row.words)
		})
	}
	s := prepare(t, "--config", "/nowhere/magpie.yaml")
	s.fails("/nowhere/magpie.yaml")
	s = prepare(t, "--sessions", "1s")
	s.fails("--sessions")
}

func TestCannotServe(t *testing.T) {
	t.Parallel()
	t.Run("port in use", func(t *testing.T) {
		s := prepare(t)
		l, err := net.Listen("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s.fails("--listen", l.Addr().String(), "in use")
	})
	t.Run("data is a file", func(t *testing.T) {
		s := prepare(t)
		s.data = filepath.Join(s.data, "file")
		if err := os.WriteFile(s.data, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.fails("data folder", s.data)
	})
	t.Run("data is read-only", func(t *testing.T) {
		s := prepare(t)
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "ro", "magpie-e2e", s.data).CombinedOutput(); err != nil {
			t.Fatalf("this test must be allowed to mount a tmpfs (run it as root): %v: %s", err, out)
		}
		defer func() { _ = exec.Command("umount", s.data).Run() }()
		s.fails("data folder", s.data, "read-only")
	})
	t.Run("no ffmpeg", func(t *testing.T) {
		s := prepare(t)
		s.env = append(s.env, "PATH="+t.TempDir())
		s.fails("ffmpeg", "doctor")
	})
	t.Run("short bootstrap token", func(t *testing.T) {
		s := prepare(t)
		s.env = []string{"MAGPIE_BOOTSTRAP_TOKEN=secret"}
		s.fails("MAGPIE_BOOTSTRAP_TOKEN", "32")
	})
}
