package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// examined is what doctor says of a server with these flags, by name.
func examined(t *testing.T, args ...string) (map[string][]finding, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"doctor", "--json"}, args...), surroundings{out: &out, err: &out, env: func(string) string { return "secret-of-s3" }})
	found := map[string][]finding{}
	for line := range strings.Lines(out.String()) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if f.Verdict != "good" && f.Advice == "" || f.Verdict == "good" && f.Advice != "" || strings.Contains(f.Words, "\n") {
			t.Errorf("%+v", f)
		}
		found[f.Name] = append(found[f.Name], f)
	}
	for _, secret := range []string{"hunter2", "secret-of-s3"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a secret is told: %s", out.String())
		}
	}
	return found, err
}

func TestDoctorKeyFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	for _, c := range []struct {
		size    int
		mode    os.FileMode
		verdict string
		words   string
	}{
		{-1, 0, "good", "is made at the first start"},
		{32, 0o600, "good", "its owner only"},
		{32, 0o640, "bad", "by others"},
		{31, 0o600, "bad", "32 bytes"},
	} {
		if c.size >= 0 {
			if err := os.WriteFile(path, make([]byte, c.size), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
		}
		f := (&doctorCommand{catalogFlags: catalogFlags{dataFlag: dataFlag{Data: folder}}}).key()
		if f.Verdict != c.verdict || !strings.Contains(f.Words, c.words) {
			t.Errorf("%d bytes, %o: %+v", c.size, c.mode, f)
		}
	}
	shared := doctorCommand{catalogFlags: catalogFlags{dataFlag: dataFlag{Data: t.TempDir()}, databaseFlag: databaseFlag{Database: "postgres://x/y"}}}
	if f := shared.key(); f.Verdict != "weak" {
		t.Errorf("of several servers: %+v", f)
	}
}

// TestDoctorFolder: one that is not there is not made, one that others may look
// into is weak, one that can't be written is bad.
func TestDoctorFolder(t *testing.T) {
	of := func(folder string) finding {
		return (&doctorCommand{catalogFlags: catalogFlags{dataFlag: dataFlag{Data: folder}}}).folder()
	}
	above := t.TempDir()
	folder := filepath.Join(above, "data")
	if f := of(filepath.Join(folder, "deep")); f.Verdict != "good" || !strings.Contains(f.Words, "made at the first start; "+above+" can be written") {
		t.Errorf("%+v", f)
	}
	missing := doctorCommand{catalogFlags: catalogFlags{dataFlag: dataFlag{Data: folder}}}
	if f := missing.space(); !strings.Contains(f.Words, "free") {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(above); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if f := of(folder); f.Verdict != "good" || !strings.HasSuffix(f.Words, folder+" can be written and synced") {
		t.Errorf("%+v", f)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if f := of(folder); f.Verdict != "weak" || !strings.Contains(f.Advice, "chmod 0700 "+folder) {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := of(file); f.Verdict != "bad" {
		t.Errorf("%+v", f)
	}
}

func TestDoctorAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		address string
		inUse   bool
		want    string
	}{
		{taken.Addr().String(), false, "bad"},
		{taken.Addr().String(), true, "good"},
		{"127.0.0.1:0", false, "good"},
		{"nine", false, "bad"},
		{"192.0.2.1:0", false, "bad"},
	} {
		found := (&doctorCommand{Listen: c.address}).address(t.Context(), c.inUse)
		if len(found) != 1 || found[0].Verdict != c.want {
			t.Errorf("%s, in use %v: %+v", c.address, c.inUse, found)
		}
	}
}

func TestDoctorPublicURL(t *testing.T) {
	answer := "ok\n"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	defer s.Close()
	last := func(url string) finding {
		found := (&doctorCommand{PublicURL: url}).public(t.Context())
		return found[len(found)-1]
	}
	if found := (&doctorCommand{PublicURL: s.URL}).public(t.Context()); len(found) != 2 || found[0].Verdict != "weak" || found[1].Verdict != "good" {
		t.Errorf("plain http: %+v", found)
	}
	answer = "welcome to nginx"
	if f := last(s.URL); f.Verdict != "bad" {
		t.Errorf("%+v", f)
	}
	s.Close()
	if f := last(s.URL); f.Verdict != "weak" {
		t.Errorf("%+v", f)
	}
	if f := last("media.example/path"); f.Verdict != "bad" {
		t.Errorf("%+v", f)
	}
}

// TestDoctorAway: what can't be reached is bad, with advice, and no secret of it
// is told.
func TestDoctorAway(t *testing.T) {
	t.Parallel()
	found, err := examined(t, "--data", t.TempDir(), "--database", "postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=2",
		"--bus", "nats://me:hunter2@127.0.0.1:1", "--blobs", "s3://films/x?endpoint=http://127.0.0.1:1")
	var code exitCode
	if !errors.As(err, &code) || code != 1 {
		t.Errorf("it ends with %v", err)
	}
	for _, name := range []string{"database", "bus", "blobs"} {
		if len(found[name]) != 1 || found[name][0].Verdict != "bad" {
			t.Errorf("%s: %+v", name, found[name])
		}
	}
	for _, name := range []string{"ffmpeg", "data folder", "lock", "disk", "key file", "clock", "open files"} {
		if len(found[name]) == 0 {
			t.Errorf("nothing about %s", name)
		}
	}
}
