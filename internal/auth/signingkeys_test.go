package auth

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
)

// ringRig is SigningKeys over a catalogue of its own, with a clock that is set
// by hand.
type ringRig struct {
	*SigningKeys
	clock time.Time
	log   bytes.Buffer
}

func newRingRig(t *testing.T, c *catalog.Catalog, key byte, seed byte) *ringRig {
	t.Helper()
	k, err := newKeys(bytes.Repeat([]byte{key}, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	s := &ringRig{clock: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
	s.SigningKeys = NewSigningKeys(c, k, func() time.Time { return s.clock }, chacha(seed), slog.New(slog.NewTextHandler(&s.log, nil)))
	return s
}

func openCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *ringRig) opens(token string) bool {
	_, err := s.Ring().Open("test", token)
	return err == nil
}

func (s *ringRig) seal() string { return s.Ring().Seal("test", []byte("x")) }

func openRingRig(t *testing.T, s *ringRig) {
	t.Helper()
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSigningKeysOutliveAStart(t *testing.T) {
	c := openCatalog(t)
	first := newRingRig(t, c, 1, 1)
	openRingRig(t, first)
	token := first.seal()
	again := newRingRig(t, c, 1, 2)
	openRingRig(t, again)
	if !again.opens(token) || again.seal() != token {
		t.Error("another start has another key")
	}
	rows, err := c.SigningKeys(t.Context())
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d keys, %v", len(rows), err)
	}
	if !strings.HasPrefix(token, "v1."+rows[0].ID+".") || strings.Contains(rows[0].Secret, token) || !strings.HasPrefix(rows[0].Secret, "v1.") {
		t.Errorf("%s by %+v", token, rows[0])
	}
}

func TestSigningKeysAtOnce(t *testing.T) {
	c := openCatalog(t)
	var all sync.WaitGroup
	tokens := make([]string, 8)
	for i := range tokens {
		s := newRingRig(t, c, 1, byte(i))
		all.Go(func() {
			if err := s.Open(context.Background()); err != nil {
				t.Error(err)
			}
			tokens[i] = s.seal()
		})
	}
	all.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == "" {
			t.Errorf("%q and %q", token, tokens[0])
		}
	}
}

func TestRotateAndRetire(t *testing.T) {
	c := openCatalog(t)
	server, tool := newRingRig(t, c, 1, 1), newRingRig(t, c, 1, 2)
	openRingRig(t, server)
	old := server.seal()
	made, err := tool.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(tool.seal(), "v1."+made.ID+".") || !tool.opens(old) {
		t.Error("who rotated does not sign with the new key, or refuses the old")
	}
	if server.seal() != old {
		t.Error("the server read the keys again at once: the test shows nothing")
	}
	server.clock = server.clock.Add(ringFresh)
	if young := server.seal(); !strings.HasPrefix(young, "v1."+made.ID+".") || !server.opens(young) || !server.opens(old) {
		t.Error("two seconds later the server does not sign with the new key, or refuses the old")
	}
	oldID := strings.Split(old, ".")[1]
	if _, err := c.RetireSigningKey(t.Context(), oldID, tool.clock); err != nil {
		t.Fatal(err)
	}
	server.clock = server.clock.Add(ringFresh)
	if server.opens(old) || !server.opens(server.seal()) {
		t.Error("a retired key holds, or takes the new one with it")
	}
	if _, err := c.RetireSigningKey(t.Context(), made.ID, tool.clock); err != nil {
		t.Fatal(err)
	}
	server.clock = server.clock.Add(ringFresh)
	if last := server.seal(); !server.opens(last) || strings.HasPrefix(last, "v1."+made.ID+".") {
		t.Error("with all keys retired there is no new one")
	}
}

func TestRotateAtOnce(t *testing.T) {
	c := openCatalog(t)
	var all sync.WaitGroup
	rigs := make([]*ringRig, 6)
	for i := range rigs {
		rigs[i] = newRingRig(t, c, 1, byte(i))
		all.Go(func() {
			if _, err := rigs[i].Rotate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range rigs {
		token := s.seal()
		for _, other := range rigs {
			if !other.opens(token) {
				t.Error("a key of a rotation at the same time is not accepted")
			}
		}
	}
	if rows, err := c.SigningKeys(t.Context()); err != nil || len(rows) != len(rigs) {
		t.Errorf("%d keys, %v", len(rows), err)
	}
}

func TestSigningKeysUnderAnotherKeyFile(t *testing.T) {
	c := openCatalog(t)
	before := newRingRig(t, c, 1, 1)
	openRingRig(t, before)
	token := before.seal()
	after := newRingRig(t, c, 2, 2)
	openRingRig(t, after)
	if after.opens(token) || !after.opens(after.seal()) {
		t.Error("the old key is accepted, or no new one was made")
	}
	after.clock = after.clock.Add(ringFresh)
	after.Ring()
	if n := strings.Count(after.log.String(), "another key file"); n != 1 {
		t.Errorf("logged %d times: %s", n, after.log.String())
	}
}

func TestSigningKeysWithoutTheCatalogue(t *testing.T) {
	c := openCatalog(t)
	s := newRingRig(t, c, 1, 1)
	openRingRig(t, s)
	token := s.seal()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.clock = s.clock.Add(ringFresh)
		if !s.opens(token) {
			t.Error("the keys that were read are gone with the catalogue")
		}
	}
	if n := strings.Count(s.log.String(), "not read"); n != 1 {
		t.Errorf("logged %d times: %s", n, s.log.String())
	}
	if bare := newRingRig(t, c, 1, 1); bare.Open(t.Context()) == nil || !bare.Ring().Empty() {
		t.Error("opens without a catalogue")
	}
	s.clock = s.clock.Add(-time.Hour) // as clocks are set
	if !s.opens(token) {
		t.Error("a clock that was set back took the keys")
	}
}
