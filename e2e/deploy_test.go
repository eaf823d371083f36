package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"magpie/internal/catalog/postgrestest"
)

// TestDeployment runs what deploy/compose/compose.yaml runs, as processes: the
// commands of the images with the settings of the file, where each service has a
// loopback address in the place of its name, and folders in the place of its volumes.
// An upload through both servers is processed by a worker and delivered.
func TestDeployment(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.startPostgres()
	d.startService("bucket", "")
	for _, name := range []string{"s3", "nats-1", "nats-2", "nats-3"} {
		d.startService(name, d.program(name))
	}
	for _, url := range []string{"s3:7070/health", "nats-1:8222/healthz", "nats-2:8222/healthz", "nats-3:8222/healthz"} {
		d.await("http://" + d.local(url))
	}
	for _, name := range []string{"magpie-1", "magpie-2", "worker-1", "worker-2"} {
		d.startService(name, binary)
	}
	for _, name := range []string{"magpie-1", "magpie-2", "worker-1", "worker-2"} {
		d.await("http://" + d.addresses[name] + ":8080/readyz")
		d.healthcheck(name)
	}

	a := client{t: t, url: "http://" + d.addresses["magpie-1"] + ":8080", token: d.env["MAGPIE_BOOTSTRAP_TOKEN"]}
	b := a
	b.url = "http://" + d.addresses["magpie-2"] + ":8080"
	film := tinyMP4(t, 1)
	id := a.initialize("video/mp4", "tweet_video", len(film))
	b.append(id, 0, film[:1000]).data()
	a.append(id, 1, film[1000:]).data()
	key := b.finalize(id).data()["media_key"].(string)
	a.succeeded(id)
	if got := b.original(id); got.status != http.StatusOK || sum(got.body) != sum(film) {
		t.Errorf("the original: %d with %d bytes of %d", got.status, len(got.body), len(film))
	}
	variants := a.lookup(key)["variants"].([]any)
	shown := false
	for _, v := range variants {
		if v := v.(map[string]any); v["content_type"] == "video/mp4" {
			got := b.call(http.MethodGet, v["url"].(string), nil)
			shown = got.status == http.StatusOK && len(got.body) > 1000
		}
	}
	if !shown {
		t.Errorf("no rendition comes back: %v", variants)
	}
	for _, address := range []string{d.addresses["magpie-1"] + ":9090", d.addresses["worker-1"] + ":8080"} {
		if text := metrics(t, address); !strings.Contains(text, `magpie_queue_jobs{lane="slow",state="waiting"} 0`) {
			t.Errorf("%s tells no depth of the queue", address)
		}
	}
}

// deployment is a compose file on this machine.
type deployment struct {
	t         *testing.T
	folder    string // the compose file's, copied
	volumes   string
	env       map[string]string // of .env
	image     map[string]string // what the image sets
	services  map[string]service
	addresses map[string]string // by service
	nats      string            // the program
}

type service struct {
	Image               string
	Entrypoint, Command []string
	Environment         map[string]string
	Volumes             []string
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, folder: t.TempDir(), volumes: t.TempDir(), addresses: map[string]string{}, env: map[string]string{}, image: map[string]string{}}
	if err := os.CopyFS(d.folder, os.DirFS("../deploy/compose")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", filepath.Join(d.folder, "env.sh")).CombinedOutput(); err != nil {
		t.Fatalf("env.sh: %v\n%s", err, out)
	}
	pairs(d.read(".env"), d.env)
	container, err := os.ReadFile("../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	pairs(strings.ReplaceAll(regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(string(container))[1], " ", "\n"), d.image)

	variable := regexp.MustCompile(`\$\{(\w+)(?::[?-]([^}]*))?\}`)
	text := variable.ReplaceAllStringFunc(d.read("compose.yaml"), func(v string) string { return d.env[variable.FindStringSubmatch(v)[1]] })
	var file struct{ Services map[string]service }
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	d.services = file.Services
	// Nobody else uses these addresses, so that every port on them is free.
	network := fmt.Sprintf("127.%d.%d", 1+rand.IntN(254), rand.IntN(256))
	for i, name := range slices.Sorted(maps.Keys(d.services)) {
		d.addresses[name] = fmt.Sprintf("%s.%d", network, i+1)
	}
	d.nats = filepath.Join(t.TempDir(), "nats-server")
	if out, err := exec.Command("go", "build", "-o", d.nats, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build the NATS server: %v\n%s", err, out)
	}
	return d
}

func (d *deployment) read(name string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.folder, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// pairs reads lines of name=value.
func pairs(text string, into map[string]string) {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			into[k] = v
		}
	}
}

// program is what an image of another's runs.
func (d *deployment) program(name string) string {
	if name == "s3" {
		return "../bin/versitygw"
	}
	return d.nats
}

// local puts addresses in the place of services' names.
func (d *deployment) local(text string) string {
	names := strings.Join(slices.Sorted(maps.Keys(d.addresses)), "|")
	host := regexp.MustCompile(`(^|[@/ ])(` + names + `)(:\d|$)`)
	return host.ReplaceAllStringFunc(text, func(found string) string {
		m := host.FindStringSubmatch(found)
		return m[1] + d.addresses[m[2]] + m[3]
	})
}

// within gives the folders that a service has its volumes in, by where they are
// in the container, and its own copies of files.
func (d *deployment) within(name string) map[string]string {
	d.t.Helper()
	mounts := map[string]string{}
	for _, v := range d.services[name].Volumes {
		parts := strings.Split(v, ":")
		if source, ok := strings.CutPrefix(parts[0], "./"); ok {
			mounts[parts[1]] = filepath.Join(d.volumes, name+"-"+source)
			continue
		}
		mounts[parts[1]] = filepath.Join(d.volumes, parts[0])
		if err := os.MkdirAll(mounts[parts[1]], 0o700); err != nil {
			d.t.Fatal(err)
		}
	}
	for _, v := range d.services[name].Volumes {
		parts := strings.Split(v, ":")
		if source, ok := strings.CutPrefix(parts[0], "./"); ok {
			text := d.local(d.read(source))
			for there, here := range mounts {
				text = strings.ReplaceAll(text, " "+there+"\n", " "+here+"\n")
			}
			if err := os.WriteFile(mounts[parts[1]], []byte(text), 0o600); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	return mounts
}

// startService runs a service until the test ends; one that has an entrypoint of
// its own runs to its end.
func (d *deployment) startService(name, program string) {
	d.t.Helper()
	s, mounts := d.services[name], d.within(name)
	here := func(text string) string {
		for there, folder := range mounts {
			if rest, ok := strings.CutPrefix(text, there); ok && (rest == "" || rest[0] == '/') {
				return folder + rest
			}
		}
		if strings.HasPrefix(text, ":") { // on every address of the container
			return d.addresses[name] + text
		}
		return d.local(text)
	}
	argv := []string{program}
	if len(s.Entrypoint) > 0 {
		argv = s.Entrypoint
	}
	for i, a := range slices.Concat(argv, s.Command) {
		if i > 0 {
			a = here(a)
		}
		argv = append(argv[:i], a)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + d.t.TempDir()}
	all := map[string]string{}
	if s.Image == "magpie:local" {
		maps.Copy(all, d.image)
	}
	maps.Copy(all, s.Environment)
	for k, v := range all {
		cmd.Env = append(cmd.Env, k+"="+here(v))
	}
	log := &syncBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if len(s.Entrypoint) > 0 {
		if err := cmd.Run(); err != nil {
			d.t.Fatalf("%s: %v\n%s", name, err, log.tail(4000))
		}
		return
	}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	d.t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
			d.t.Errorf("%s ended before the test", name)
		}
		select {
		case <-ended:
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			d.t.Errorf("%s does not end", name)
		}
		if d.t.Failed() {
			d.t.Logf("%s says:\n%s", name, log.tail(3000))
		}
	})
}

// startPostgres stands in for the image of PostgreSQL, which is not ours: with the
// user, the database and the encoding that the service's settings ask it for.
func (d *deployment) startPostgres() {
	d.t.Helper()
	s, err := postgrestest.Start()
	if err != nil {
		d.t.Fatal(err)
	}
	env := d.services["postgres"].Environment
	if _, err := s.Create(d.t.Context(), env["POSTGRES_DB"], ""); err != nil || env["POSTGRES_USER"] != "magpie" {
		d.t.Fatal(env["POSTGRES_USER"], err)
	}
	_, stop, err := s.Forward(d.addresses["postgres"]+":5432", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		stop()
		if err := s.Stop(); err != nil {
			d.t.Error(err)
		}
	})
}

// await polls until a URL answers 200.
func (d *deployment) await(url string) {
	d.t.Helper()
	said := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get(url)
		if err != nil {
			said = err.Error()
			continue
		}
		r.Body.Close()
		if said = r.Status; r.StatusCode == http.StatusOK {
			return
		}
	}
	d.t.Fatalf("%s: %s", url, said)
}

// healthcheck runs the image's own on a service.
func (d *deployment) healthcheck(name string) {
	d.t.Helper()
	text, err := os.ReadFile("../deploy/Containerfile")
	if err != nil {
		d.t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^\s+CMD (\[.*\])$`).FindStringSubmatch(string(text))
	var argv []string
	if list == nil {
		d.t.Fatal("the image has no health check")
	}
	if err := yaml.Unmarshal([]byte(list[1]), &argv); err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	check := func(address string) error {
		return exec.CommandContext(ctx, argv[0], argv[1], strings.ReplaceAll(argv[2], "127.0.0.1", address)).Run()
	}
	if err := check(d.addresses[name]); err != nil {
		d.t.Errorf("the health check of %s: %v", name, err)
	}
	if check(d.addresses["bucket"]) == nil {
		d.t.Error("the health check says yes where nothing listens")
	}
}
