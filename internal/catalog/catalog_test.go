package catalog

import (
	"context"
	"errors"
	"testing"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

func TestWriteRollsBack(t *testing.T) {
	c := openTest(t)
	stop := errors.New("stop")
	err := c.write(t.Context(), func(q *queries.Queries) error {
		n, err := q.InsertSession(t.Context(), queries.InsertSessionParams{ID: 1, State: "open", AdditionalOwners: "[]"})
		if err != nil || n != 1 {
			t.Errorf("InsertSession = %d, %v", n, err)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("write gives %v", err)
	}
	if _, err := c.Session(t.Context(), 1); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("after a rollback: %v", err)
	}
}

// TestWriteEndsWithItsContext ends the context inside a transaction.
func TestWriteEndsWithItsContext(t *testing.T) {
	c := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.write(ctx, func(q *queries.Queries) error {
		_, err := q.InsertSession(ctx, queries.InsertSessionParams{ID: 1, State: "open", AdditionalOwners: "[]"})
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("write gives %v", err)
	}
	if _, err := c.Session(t.Context(), 1); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("afterwards: %v", err)
	}
	if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Errorf("the next write: %v", err)
	}
}

func TestSnapshotStandsStill(t *testing.T) {
	c := openTest(t)
	if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Fatal(err)
	}
	err := c.snapshot(t.Context(), func(q *queries.Queries) error {
		before, err := q.GetSession(t.Context(), 1)
		if err != nil {
			return err
		}
		if _, took, err := c.BeginClosing(t.Context(), 1, "a", time.UnixMilli(1500), time.Time{}); err != nil || !took {
			t.Errorf("BeginClosing during a snapshot: %v, %v", took, err)
		}
		after, err := q.GetSession(t.Context(), 1)
		if err == nil && after != before {
			t.Errorf("the snapshot moved from %v to %v", before, after)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Session(t.Context(), 1); err != nil || s.State != media.SessionClosing {
		t.Errorf("after the snapshot: %v, %v", s.State, err)
	}
}

func TestEachPages(t *testing.T) {
	c := openTest(t)
	for _, size := range []int{1, 2, 3, 4} {
		for n := range 5 {
			if n > 0 {
				if err := c.CreateSession(t.Context(), testSession(media.ID(size*10+n))); err != nil {
					t.Fatal(err)
				}
			}
			want, got := (size-1)*4+n, 0
			err := c.eachSession(t.Context(), size, func(media.Session) error { got++; return nil })
			if err != nil || got != want {
				t.Fatalf("%d sessions in pages of %d: saw %d, %v", want, size, got, err)
			}
		}
	}
}

func TestClose(t *testing.T) {
	c := openTest(t)
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("Ping of a closed catalogue gives no error")
	}
}
