package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// hold sends what is missing of so many uploads, and checks that everything that
// was acknowledged is there: once, whole, the same from every node, with nothing
// left over.
func (c *campaign) hold(uploads int) {
	t, u := c.t, c.uploads
	u.send(max(0, uploads-u.sent))
	u.wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	began := time.Now()
	// A job whose message was lost is sent again after ten leases at the latest.
	eventually(t, 12*lease, c.unfinished)
	t.Logf("%d uploads and %d films are processed, %v after the last was acknowledged", u.sent, len(u.done)-u.sent, time.Since(began).Round(time.Millisecond))
	names := c.onlyOnce()
	eventually(t, 2*time.Minute, c.leftOver)
	t.Logf("nothing is left over, %v after the last was acknowledged", time.Since(began).Round(time.Millisecond))
	ids := map[string]bool{}
	for i, m := range u.done {
		if ids[m.id] {
			t.Errorf("%s was acknowledged for two uploads", m.id)
		}
		ids[m.id] = true
		if want := names[u.done[0].id]; m.name == u.done[0].name && !slices.Equal(names[m.id], want) {
			t.Errorf("%s %s has the renditions %v, another has %v", m.name, m.id, names[m.id], want)
		}
		c.same(i, m)
	}
	for _, n := range c.all() {
		n.stop()
	}
	if out := c.magpie("jobs", "ls", "--database", c.engines.database()); strings.Count(out, "\n") != 1 {
		t.Errorf("there are jobs left:\n%s", out)
	}
	out := c.magpie("check", "--database", c.engines.database(), "--blobs", c.engines.blobs())
	if !strings.Contains(out, ": whole") {
		t.Errorf("magpie check says %s", out)
	}
	t.Log(strings.TrimSpace(out))
}

// magpie runs a command that must end well.
func (c *campaign) magpie(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), binary(), args...)
	cmd.Env = c.api[0].environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Errorf("magpie %s: %v: %s", args[0], err, out)
	}
	return string(out)
}

// rows opens the catalogue, past every node.
func (c *campaign) rows() *catalog.Catalog {
	c.t.Helper()
	rows, err := catalog.OpenPostgresReadOnly(c.t.Context(), c.engines.database(), catalog.PostgresOptions{
		Connections: 2, Timeout: time.Minute, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	must(c.t, err)
	return rows
}

// unfinished says what there is still to do, "" if nothing is.
func (c *campaign) unfinished() string {
	rows := c.rows()
	defer rows.Close()
	var waiting []string
	must(c.t, rows.EachMedia(c.t.Context(), func(m media.Media, _ []media.Rendition) error {
		if !m.State.Done() {
			waiting = append(waiting, fmt.Sprintf("%s is %s in attempt %d", m.ID, m.State, m.Attempt))
		}
		return nil
	}))
	if len(waiting) > 0 {
		return strings.Join(waiting, "; ")
	}
	// All that was pending is done, and what is to be done once more has a job.
	b, err := bus.Open(c.t.Context(), bus.Config{URL: c.engines.account})
	must(c.t, err)
	defer b.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	if jobs, err := b.Len(ctx); err != nil || jobs > 0 {
		return fmt.Sprintf("%d jobs are on the bus, %v", jobs, err)
	}
	return ""
}

// onlyOnce checks that every media, also one whose finalize was not heard of,
// succeeded by one attempt and shows the renditions of that, and gives their names.
func (c *campaign) onlyOnce() map[string][]string {
	c.t.Helper()
	rows := c.rows()
	defer rows.Close()
	names, again := map[string][]string{}, 0
	must(c.t, rows.EachMedia(c.t.Context(), func(m media.Media, renditions []media.Rendition) error {
		id := m.ID.String()
		if m.State != media.Succeeded {
			c.t.Errorf("%s is %s: %v", id, m.State, m.Failure)
		}
		if m.Attempt > 1 {
			again++
		}
		for _, r := range renditions {
			if folder := fmt.Sprintf("renditions/%s/%d/", id, m.Published); !strings.HasPrefix(r.Blob.Key, folder) {
				c.t.Errorf("%s shows %s, and attempt %d was published", id, r.Blob.Key, m.Published)
			}
			names[id] = append(names[id], r.Name)
		}
		slices.Sort(names[id])
		if len(slices.Compact(slices.Clone(names[id]))) != len(names[id]) {
			c.t.Errorf("%s shows a rendition twice: %v", id, names[id])
		}
		return nil
	}))
	// A one-shot upload whose node died stays so until it expires: its client sent
	// it once more, as another.
	acknowledged := map[string]bool{}
	for _, m := range c.uploads.done {
		acknowledged[m.id] = true
	}
	must(c.t, rows.EachSession(c.t.Context(), func(s media.Session) error {
		if s.State == media.SessionClosing && acknowledged[s.ID.String()] {
			c.t.Errorf("upload %s is stuck in finalize", s.ID)
		}
		return nil
	}))
	for _, m := range c.uploads.done {
		if names[m.id] == nil {
			c.t.Errorf("%s was acknowledged, and is not there", m.id)
		}
	}
	c.t.Logf("%d media, of which %d took more than one attempt", len(names), again)
	if again == 0 {
		c.t.Error("no attempt was cut short: the faults missed")
	}
	return names
}

// leftOver says which objects in the bucket no row names and no upload that has not
// ended may still need, "" if there are none.
func (c *campaign) leftOver() string {
	root := filepath.Join(c.engines.s3.Folder(), "media", "here")
	var found []string // before the rows are read
	must(c.t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			key, _ := filepath.Rel(root, path)
			found = append(found, key)
		}
		if err != nil && path != root && strings.Contains(err.Error(), "no such file") {
			return nil // swept meanwhile
		}
		return err
	}))
	rows := c.rows()
	defer rows.Close()
	named, states := map[string]bool{}, map[string]media.SessionState{}
	must(c.t, rows.EachSession(c.t.Context(), func(s media.Session) error {
		states[s.ID.String()] = s.State
		return nil
	}))
	must(c.t, rows.EachMedia(c.t.Context(), func(m media.Media, renditions []media.Rendition) error {
		for _, b := range m.Manifest {
			named[b.Key] = true
		}
		for _, r := range renditions {
			named[r.Blob.Key] = true
		}
		return nil
	}))
	var orphans []string
	for _, key := range found {
		state := states[strings.Split(key, "/")[1]]
		if !named[key] && state != media.SessionOpen && state != media.SessionClosing {
			orphans = append(orphans, fmt.Sprintf("%s, whose upload is %q", key, state))
		}
	}
	if len(orphans) > 0 {
		return fmt.Sprintf("%d objects are nobody's, such as %s", len(orphans), orphans[0])
	}
	return ""
}

// same checks that a finalized upload says so again, and that its original and
// what is shown of it are the same bytes from every node.
func (c *campaign) same(i int, m acknowledged) {
	c.t.Helper()
	u := c.uploads
	if again := u.persist(i, "POST", "/2/media/upload/"+m.id+"/finalize", nil); again["media_key"] != m.key {
		c.t.Errorf("%s: finalize once more says %v, and said %s", m.id, again["media_key"], m.key)
	}
	shown := u.persist(i, "GET", "/2/media/"+m.key+"?media.fields=url,variants,preview_image_url", nil)
	var links []string
	for _, name := range []string{"url", "preview_image_url"} {
		if link, ok := shown[name].(string); ok {
			links = append(links, link)
		}
	}
	variants, _ := shown["variants"].([]any)
	for _, v := range variants {
		links = append(links, v.(map[string]any)["url"].(string))
	}
	if len(links) == 0 {
		text, _ := json.Marshal(shown)
		c.t.Errorf("%s %s has no URL: %s", m.name, m.id, text)
	}
	links = links[:min(len(links), 2)]
	want := map[string][sha256.Size]byte{"/magpie/v1/media/" + m.id + "/original": sha256.Sum256(m.bytes)}
	for _, n := range c.api {
		status := c.get(n, "/2/media/upload?command=STATUS&media_id="+m.id)
		if !strings.Contains(string(status.body), `"state":"succeeded"`) {
			c.t.Errorf("%s: %s says %s", m.id, n.name, status.body)
		}
		paths := []string{"/magpie/v1/media/" + m.id + "/original"}
		for _, link := range links {
			where, err := url.Parse(link)
			must(c.t, err)
			paths = append(paths, where.RequestURI())
		}
		for _, path := range paths {
			got := c.get(n, path)
			sum := sha256.Sum256(got.body)
			if known, ok := want[path]; ok && sum != known || len(got.body) == 0 {
				c.t.Errorf("%s %s: %s gives %d bytes at %s that differ from what they should be", m.name, m.id, n.name, len(got.body), path)
			}
			want[path] = sum
		}
	}
}

// get reads from one node, which must have it. It comes back when it is told to, or
// hears nothing for answerTime, as from a machine that stands still.
func (c *campaign) get(n *node, path string) (a answer) {
	c.t.Helper()
	eventually(c.t, 2*time.Minute, func() string {
		var err error
		a, err = c.uploads.call(n, http.MethodGet, path, nil)
		if err != nil || a.status == http.StatusServiceUnavailable {
			return fmt.Sprintf("%s: %s: %d, %v: %.300s", n.name, path, a.status, err, a.body)
		}
		return ""
	})
	if a.status != http.StatusOK {
		c.t.Errorf("%s: %s: %d: %.300s", n.name, path, a.status, a.body)
	}
	return a
}
