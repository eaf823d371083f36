package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRollingUpgrade replaces two nodes of the version before by the present one,
// one after the other, under uploads that each touch both. The first new node
// migrates; an old one is started again afterwards.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	before := versionBefore(t)
	e := startEngines(t)
	a, b := e.node(t, "--workers", "1"), e.node(t, "--workers", "1")
	a.program, b.program = before, before
	a.run()
	b.run()
	film := tinyMP4(t, 1)
	half := len(film) / 2
	begun := a.client().initialize("video/mp4", "tweet_video", len(film))
	b.client().append(begun, 0, film[:half]).data()
	done := a.client().upload("video/mp4", "tweet_video", film, half)["id"].(string)

	r := &roller{t: t, nodes: []client{a.client(), b.client()}, files: map[string][]byte{done: film}}
	r.run()

	replace := func(s *server, program string) {
		t.Helper()
		if code := s.stop(); code != 0 {
			t.Errorf("a node that was told to stop ended with %d", code)
		}
		s.program = program
		s.run()
		s.readiness(http.StatusOK)
		r.more(3)
	}
	replace(a, "")
	if !strings.Contains(a.log.tail(1<<20), "schema migrated") {
		t.Errorf("the first new node did not migrate: %s is not the version before\n%s", before, a.log.tail(2000))
	}
	replace(b, before) // as it is, on the schema of the new one
	a.client().append(begun, 1, film[half:]).data()
	b.client().finalize(begun).data()
	r.add(begun, film)
	replace(b, "")

	for _, f := range r.finish() {
		for _, c := range r.nodes {
			c.succeeded(f.id)
			if got := c.original(f.id); got.status != http.StatusOK || sum(got.body) != sum(f.file) {
				t.Errorf("the original of %s: %d with %d bytes of %d", f.id, got.status, len(got.body), len(f.file))
			}
		}
	}
	out, errs, code := magpie(t, "jobs", "ls", "--database", e.database)
	if code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("jobs that are left: exit %d\n%s%s", code, out, errs)
	}
}

// roller uploads pictures through several nodes, each request to the next one,
// until it is told to finish.
type roller struct {
	t     *testing.T
	nodes []client
	stop  context.CancelFunc
	ended chan struct{}

	mu    sync.Mutex
	files map[string][]byte // what was finalized, by id
	turn  int
}

func (r *roller) run() {
	var ctx context.Context
	ctx, r.stop = context.WithCancel(r.t.Context())
	r.ended = make(chan struct{})
	pictures := [][]byte{tinyPNG(r.t, 1), tinyPNG(r.t, 2), tinyPNG(r.t, 3)}
	go func() {
		defer close(r.ended)
		for i := 0; ctx.Err() == nil; i++ {
			picture := pictures[i%len(pictures)]
			id, err := r.upload(r.t.Context(), picture)
			if err != nil {
				r.t.Error(err)
				return
			}
			r.add(id, picture)
		}
	}()
	r.t.Cleanup(func() { r.stop(); <-r.ended })
}

// more waits for so many more uploads.
func (r *roller) more(n int) {
	r.t.Helper()
	want := r.count() + n
	for end := time.Now().Add(2 * time.Minute); r.count() < want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) || r.t.Failed() {
			r.t.Fatalf("%d uploads are done, want %d", r.count(), want)
		}
	}
}

func (r *roller) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.files)
}

func (r *roller) add(id string, file []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[id] = file
}

type uploaded struct {
	id   string
	file []byte
}

// finish ends the uploads and gives what there is: all films, and some of the
// pictures.
func (r *roller) finish() []uploaded {
	r.t.Helper()
	r.stop()
	<-r.ended
	var all []uploaded
	pictures := 0
	for id, file := range r.files {
		if bytes.HasPrefix(file, []byte("\x89PNG")) {
			if pictures++; pictures > 40 {
				continue
			}
		}
		all = append(all, uploaded{id, file})
	}
	r.t.Logf("%d uploads went through", len(r.files))
	return all
}

// upload sends a file in three segments, each request to another node, as a client
// does that tries again.
func (r *roller) upload(ctx context.Context, file []byte) (string, error) {
	opened, err := r.send(ctx, "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "media_category": "tweet_image", "total_bytes": len(file)})
	if err != nil {
		return "", err
	}
	var v struct{ Data struct{ ID string } }
	if err := json.Unmarshal(opened.body, &v); err != nil {
		return "", err
	}
	path := "/2/media/upload/" + v.Data.ID
	for i, piece := range slices.Collect(slices.Chunk(file, (len(file)+2)/3)) {
		body, kind := form(i, piece)
		if _, err := r.send(ctx, path+"/append", body, "Content-Type", kind); err != nil {
			return "", err
		}
	}
	_, err = r.send(ctx, path+"/finalize", nil)
	return v.Data.ID, err
}

// send posts to the next node, and the one after that, until it is answered 200.
// Nothing but a node that is away is a reason to try again.
func (r *roller) send(ctx context.Context, path string, body any, headers ...string) (answer, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r.turn++
		a, err := r.nodes[r.turn%len(r.nodes)].try(ctx, http.MethodPost, path, body, headers...)
		switch {
		case err == nil && a.status == http.StatusOK:
			return a, nil
		case err == nil && a.status != http.StatusServiceUnavailable:
			return a, fmt.Errorf("POST %s: %d: %s", path, a.status, a.body)
		case time.Now().After(end):
			return a, errors.Join(err, fmt.Errorf("POST %s: %d for a minute", path, a.status))
		}
	}
}

// migrationsIn is where migrations are, and ruled the one from which on a magpie
// runs on schemas that are newer than itself.
const (
	migrationsIn = "internal/catalog/migrations"
	ruled        = migrationsIn + "/0012_compatible_from.sql"
)

// versionBefore builds the newest commit whose migrations are not the present
// ones. Where there is none that runs on a newer schema, it is the present tree
// without its newest migration.
func versionBefore(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "magpie-before")
	build := exec.Command("go", "build", "-trimpath", "-o", program)
	commit, why := commitBefore(t, root)
	if commit == "" {
		newest := newestMigration(t, root)
		t.Logf("the version before is the present one without %s: %s", filepath.Base(newest), why)
		overlay := filepath.Join(t.TempDir(), "overlay.json")
		text, err := json.Marshal(map[string]map[string]string{"Replace": {newest: ""}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(overlay, text, 0o600); err != nil {
			t.Fatal(err)
		}
		build.Args = append(build.Args, "-overlay", overlay)
		build.Dir = root
	} else {
		t.Logf("the version before is commit %s", commit)
		build.Dir = t.TempDir()
		unpack := exec.Command("sh", "-c", `git -C "$1" archive "$2" -- go.mod go.sum cmd internal api '*.go' | tar -x -C "$3"`, "sh", root, commit, build.Dir)
		if out, err := unpack.CombinedOutput(); err != nil {
			t.Fatalf("unpack %s: %v\n%s", commit, err, out)
		}
	}
	build.Args = append(build.Args, "./cmd/magpie")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the version before: %v\n%s", err, out)
	}
	return program
}

// commitBefore finds the newest commit whose migrations differ from those that
// are there; "", and why, if none can be used.
func commitBefore(t *testing.T, root string) (commit, why string) {
	t.Helper()
	git := func(args ...string) (string, bool) {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	commit, ok := git("rev-parse", "HEAD")
	if !ok {
		return "", "this is no clone of the repository"
	}
	if changed, _ := git("status", "--porcelain", "--", migrationsIn); changed == "" {
		last, _ := git("log", "-1", "--first-parent", "--format=%H", "--", migrationsIn)
		if commit, ok = git("rev-parse", "--verify", "--quiet", last+"^1"); !ok {
			shallow, _ := git("rev-parse", "--is-shallow-repository")
			return "", "the commit before is not in this clone; is it shallow: " + shallow
		}
	}
	if _, ok := git("cat-file", "-e", commit+":"+ruled); !ok {
		return "", commit + " refuses every schema that is newer than its own"
	}
	return commit, ""
}

func newestMigration(t *testing.T, root string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, migrationsIn, "*.sql"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no migrations in %s: %v", root, err)
	}
	return slices.Max(all)
}
