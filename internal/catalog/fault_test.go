package catalog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

type stateError string

func (e stateError) Error() string    { return "server says " + string(e) }
func (e stateError) SQLState() string { return string(e) }

func TestFaultOfPostgreSQL(t *testing.T) {
	for state, want := range map[string]media.Code{
		"53100": media.CodeFull,
		"40001": media.CodeBusy,
		"40P01": media.CodeBusy,
		"55P03": media.CodeBusy,
		"23505": media.CodeInternal,
	} {
		err := during(fmt.Errorf("exec: %w", stateError(state)), "do it to %d", 5)
		if got := media.CodeOf(err); got != want {
			t.Errorf("SQLSTATE %s has code %s, want %s", state, got, want)
		}
		if !errors.Is(err, stateError(state)) || !strings.HasPrefix(err.Error(), "do it to 5: ") {
			t.Errorf("SQLSTATE %s: %q does not say what and why", state, err)
		}
	}
	if err := during(nil, "do it"); err != nil {
		t.Errorf("during(nil) = %v", err)
	}
}

func openTest(t *testing.T) *Catalog {
	t.Helper()
	c, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func testSession(id media.ID) media.Session {
	return media.Session{
		ID: id, Owner: "1", TotalBytes: 1, State: media.SessionOpen,
		CreatedAt: time.UnixMilli(1000), ExpiresAt: time.UnixMilli(2000),
	}
}

func TestFullDisk(t *testing.T) {
	c := openTest(t)
	var pages int
	if err := c.writer.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := c.writer.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	var err error
	id := media.ID(1)
	for ; err == nil && id < 1000; id++ {
		err = c.CreateSession(t.Context(), testSession(id))
	}
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeFull || e.Detail == "" {
		t.Fatalf("writing to a full database gives %v", err)
	}
	if _, err := c.Session(t.Context(), id-1); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("the session that did not fit: %v", err)
	}
	if _, err := c.Session(t.Context(), id-2); err != nil {
		t.Errorf("the session before it: %v", err)
	}

	if _, err := c.writer.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateSession(t.Context(), testSession(id-1)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestLockedByAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	var both [2]*Catalog
	for i := range both {
		c, err := OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		both[i] = c
	}
	holder, err := both[0].writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both[1].writer.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	if err := both[1].CreateSession(t.Context(), testSession(1)); media.CodeOf(err) != media.CodeBusy {
		t.Errorf("writing to a locked database gives %v", err)
	}
	if _, err := both[1].Session(t.Context(), 1); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("reading a database that is locked for writing gives %v", err)
	}
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := both[1].CreateSession(t.Context(), testSession(1)); err != nil {
		t.Errorf("once it is free: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	c := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.CreateSession(ctx, testSession(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("CreateSession: %v", err)
	}
	if _, err := c.Session(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Session: %v", err)
	}
	if _, err := c.Sweepable(ctx, []media.ID{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweepable: %v", err)
	}
	if _, err := c.Session(t.Context(), 1); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("the cancelled session: %v", err)
	}
	// A waiter behind the one writer gives up with its context, and the
	// writer is free afterwards.
	tx, err := c.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.CreateSession(ctx, testSession(1)) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting CreateSession: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
