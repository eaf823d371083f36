package catalog_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// childEnv makes the test binary a child process that works on the catalogue
// it names, from the id in childFrom up.
const (
	childEnv  = "MAGPIE_TEST_CATALOG"
	childFrom = "MAGPIE_TEST_CATALOG_FROM"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		fmt.Fprintln(os.Stderr, child(path, os.Getenv(childFrom)))
		os.Exit(1)
	}
	code := m.Run()
	if server.Server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// child finalizes one upload after another and says so after each, until it is
// killed.
func child(path, from string) error {
	ctx := context.Background()
	first, err := media.ParseID(from)
	if err != nil {
		return err
	}
	c, err := catalog.OpenSQLite(ctx, path)
	if err != nil {
		return err
	}
	now := time.UnixMilli(1_700_000_000_000)
	for id := first; ; id++ {
		s := media.Session{ID: id, Owner: "1", State: media.SessionOpen, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		if err := c.CreateSession(ctx, s); err != nil {
			return err
		}
		if _, took, err := c.BeginClosing(ctx, id, "token", now, now); err != nil || !took {
			return fmt.Errorf("took %v: %w", took, err)
		}
		m := media.Media{
			ID: id, Owner: "1", Category: media.TweetImage, Type: media.PNG, Slug: fmt.Sprint(id), State: media.Pending,
			Manifest: media.Manifest{{Key: fmt.Sprintf("segments/%d/a", id), Size: int64(id)}},
		}
		if ok, err := c.CloseSession(ctx, "token", m, now); err != nil || !ok {
			return fmt.Errorf("closed %v: %w", ok, err)
		}
		fmt.Println(id)
	}
}

// TestKilled kills several processes in the middle of writing to one catalogue
// that none of them found there: what they said was done is there afterwards,
// whole.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const children, lines = 3, 60
	said := make(chan []media.ID, children)
	for i := range children {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childEnv+"="+path, childFrom+"="+fmt.Sprint(1+i*1_000_000))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			var ids []media.ID
			in := bufio.NewScanner(out)
			for in.Scan() {
				id, err := media.ParseID(in.Text())
				if err != nil {
					t.Errorf("child says %q", in.Text())
				}
				if ids = append(ids, id); len(ids) == lines {
					// The kill falls somewhere into the next uploads; what is
					// said until it takes effect counts too.
					if err := cmd.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
			}
			_ = cmd.Wait() // it was killed
			said <- ids
		}()
	}
	var all []media.ID
	for range children {
		ids := <-said
		if len(ids) < lines {
			t.Errorf("a child ended after %d uploads", len(ids))
		}
		all = append(all, ids...)
	}

	// A reader comes first: it must cope with the log that the dead left.
	check, err := catalog.OpenSQLiteReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, check, all)
	if err := check.Close(); err != nil {
		t.Fatal(err)
	}
	c := open(t, path)
	wantWhole(t, c, all)

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %s, %v", verdict, err)
	}
}

func wantWhole(t *testing.T, c *catalog.Catalog, said []media.ID) {
	t.Helper()
	for _, id := range said {
		m, err := c.Media(t.Context(), id)
		if err != nil || m.Size() != int64(id) {
			t.Errorf("media %d: %v, %v", id, m, err)
		}
	}
	closed, there := 0, 0
	err := c.EachSession(t.Context(), func(s media.Session) error {
		if s.State == media.SessionClosed {
			closed++
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = c.EachMedia(t.Context(), func(media.Media, []media.Rendition) error { there++; return nil })
	if err != nil {
		t.Error(err)
	}
	if closed != there || there < len(said) {
		t.Errorf("%d closed sessions, %d media, %d said to be done", closed, there, len(said))
	}
}

// TestVersionTellsOfOthers: what another process has committed shows in the version
// as soon as that process says so, and before it can be read.
func TestVersionTellsOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := open(t, path)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childEnv+"="+path, childFrom+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	version := func() int64 {
		t.Helper()
		n, ok, err := c.Version(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return n
	}
	told, already := 0, 0
	for id := media.ID(1); id <= 60; id++ {
		before := version()
		_, err := c.Media(t.Context(), id)
		there := err == nil
		if !in.Scan() || in.Text() != fmt.Sprint(id) {
			t.Fatalf("the child says %q, %v", in.Text(), in.Err())
		}
		switch {
		case there:
			already++
		case version() == before:
			t.Errorf("the version is %d as before media %s", before, id)
		default:
			told++
		}
	}
	if told == 0 {
		t.Errorf("all %d media were there before they were waited for", already)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
