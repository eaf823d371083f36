package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The files of deploy/ are not run by anybody here but by e2e, as processes. These
// tests hold them to what can be read from them.

// readYAML reads a file's documents into values of one type. Members that the type
// does not have, and members that are there twice, fail the test.
func readYAML[T any](t *testing.T, path string) []T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, v)
	}
}

// checkCommandLine runs the program's own reading of its settings over what a
// deployment gives it.
func checkCommandLine(t *testing.T, name string, args []string, env map[string]string) {
	t.Helper()
	for k, v := range env {
		t.Setenv(k, v)
	}
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		t.Errorf("%s: magpie %s: %v", name, strings.Join(args, " "), err)
		return
	}
	known := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
	if parsed.Command() == "serve" {
		known = append(known, "MAGPIE_BOOTSTRAP_TOKEN")
	}
	for _, f := range parsed.Selected().Flags {
		known = append(known, f.Envs...)
	}
	for k := range env {
		if _, ofImage := imageSettings(t)[k]; !ofImage && !slices.Contains(known, k) {
			t.Errorf("%s: magpie %s does not know %s", name, parsed.Command(), k)
		}
	}
}

// imageSettings is what the container file sets.
func imageSettings(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	found := regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(containerfile(t))
	if found == nil {
		t.Fatal("the container file sets nothing")
	}
	for pair := range strings.FieldsSeq(found[1]) {
		k, v, _ := strings.Cut(pair, "=")
		env[k] = v
	}
	return env
}

func containerfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestContainerfile(t *testing.T) {
	text := containerfile(t)
	last := text[strings.LastIndex(text, "\nFROM "):]
	for _, line := range []string{
		"USER 10001:10001\n", "VOLUME /var/lib/magpie\n", `ENTRYPOINT ["/usr/local/bin/magpie"]` + "\n", `CMD ["serve"]` + "\n",
		"HEALTHCHECK ", "--no-install-recommends ca-certificates ffmpeg ",
	} {
		if !strings.Contains(last, line) {
			t.Errorf("the image has no line with %q", line)
		}
	}
	if strings.Count(text, "\nFROM ") != 2 {
		t.Error("the image is not made in two stages")
	}
	version := regexp.MustCompile(`golang:(\d+\.\d+)`).FindStringSubmatch(text)
	module, err := os.ReadFile("../../go.mod")
	if err != nil || version == nil || !strings.Contains(string(module), "\ngo "+version[1]+".") {
		t.Errorf("the image is built with Go %v, which go.mod does not name (%v)", version, err)
	}
	// What the build copies must get through .dockerignore.
	ignored, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, needed := range []string{"!go.mod", "!go.sum", "!*.go", "!api", "!cmd", "!internal"} {
		if !slices.Contains(strings.Split(string(ignored), "\n"), needed) {
			t.Errorf(".dockerignore lacks %s", needed)
		}
	}
	for _, command := range []string{"serve", "work"} {
		t.Run(command, func(t *testing.T) {
			args := []string{command}
			if command == "work" {
				args = append(args, "--database=postgres://db/magpie", "--blobs=s3://media?endpoint=http://s3:1", "--bus=nats://n:4222")
			}
			checkCommandLine(t, "Containerfile", args, imageSettings(t))
		})
	}
}

// TestUnits holds the systemd units to the program's flags, to their hardening, and
// to systemd's own reading where it is installed.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob("../../deploy/systemd/*.service")
	if err != nil || len(units) != 2 {
		t.Fatalf("units: %v, %v", units, err)
	}
	for _, path := range units {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := string(raw)
			for _, line := range []string{
				"User=magpie", "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
				"CapabilityBoundingSet=", "RestrictSUIDSGID=yes", "RestrictNamespaces=yes", "UMask=0077", "KillMode=mixed", "Restart=on-failure",
				"SystemCallArchitectures=native",
			} {
				if !slices.Contains(strings.Split(text, "\n"), line) {
					t.Errorf("there is no line %s", line)
				}
			}
			started := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/magpie (\w+) --config (\S+)$`).FindStringSubmatch(text)
			if started == nil {
				t.Fatal("it starts nothing that is known")
			}
			config := settingsFile(t, "data: /var/lib/magpie\ndatabase: postgres://db/magpie\nblobs: s3://media?endpoint=http://s3:1\nbus: nats://n:4222\n")
			checkCommandLine(t, path, []string{started[1], config}, nil)
			verifyUnit(t, filepath.Base(path), text)
		})
	}
}

// verifyUnit has systemd read a unit, if it is there: its programs with another
// path, since they are not installed.
func verifyUnit(t *testing.T, name, text string) {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: the unit is not verified")
		return
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "/usr/local/bin/magpie", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "verify", "--recursive-errors=no", path).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// 100 is no hardening at all.
	out, err := exec.Command(program, "security", "--offline=true", "--threshold=25", path).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out[max(0, len(out)-200):])
	}
}
