package catalogtest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"magpie/internal/catalog"
)

func signingKey(n int) catalog.SigningKey {
	return catalog.SigningKey{ID: fmt.Sprint("key", n), Secret: fmt.Sprint("v1.sealed", n), CreatedAt: at(n)}
}

func createSigningKey(t *testing.T, c *catalog.Catalog, k catalog.SigningKey) {
	t.Helper()
	if err := c.CreateSigningKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}

func wantSigningKeys(t *testing.T, c *catalog.Catalog, want ...catalog.SigningKey) {
	t.Helper()
	got, err := c.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, append([]catalog.SigningKey{}, want...))
}

func testSigningKey(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("the newest first, whatever the clock says", func(t *testing.T) {
		c := open(t)
		wantSigningKeys(t, c)
		createSigningKey(t, c, signingKey(2))
		createSigningKey(t, c, signingKey(1)) // by a clock that was set back
		createSigningKey(t, c, signingKey(3))
		wantSigningKeys(t, c, signingKey(3), signingKey(1), signingKey(2))
		wantConflict(t, "the same id", c.CreateSigningKey(t.Context(), signingKey(1)))
	})

	t.Run("no key without a secret", func(t *testing.T) {
		c := open(t)
		if err := c.CreateSigningKey(t.Context(), catalog.SigningKey{ID: "a", CreatedAt: at(0)}); err == nil {
			t.Error("took a key without a secret")
		}
		if ok, err := c.CreateFirstSigningKey(t.Context(), catalog.SigningKey{ID: "a", CreatedAt: at(0)}); err == nil || ok {
			t.Error("took a first key without a secret")
		}
		wantSigningKeys(t, c)
	})

	t.Run("retired once, its secret gone", func(t *testing.T) {
		c := open(t)
		createSigningKey(t, c, signingKey(1))
		createSigningKey(t, c, signingKey(2))
		ok, err := c.RetireSigningKey(t.Context(), signingKey(1).ID, at(50))
		want(t, "RetireSigningKey", ok, err, true)
		ok, err = c.RetireSigningKey(t.Context(), signingKey(1).ID, at(60))
		want(t, "RetireSigningKey again", ok, err, false)
		retired := catalog.SigningKey{ID: signingKey(1).ID, CreatedAt: at(1), RetiredAt: at(50)}
		wantSigningKeys(t, c, signingKey(2), retired)
		_, err = c.RetireSigningKey(t.Context(), "none", at(50))
		wantNotFound(t, "RetireSigningKey", err)
	})

	t.Run("the first key, only where none holds", func(t *testing.T) {
		c := open(t)
		ok, err := c.CreateFirstSigningKey(t.Context(), signingKey(1))
		want(t, "CreateFirstSigningKey", ok, err, true)
		ok, err = c.CreateFirstSigningKey(t.Context(), signingKey(2))
		want(t, "CreateFirstSigningKey at a restart", ok, err, false)
		wantSigningKeys(t, c, signingKey(1))
		ok, err = c.RetireSigningKey(t.Context(), signingKey(1).ID, at(50))
		want(t, "RetireSigningKey", ok, err, true)
		ok, err = c.CreateFirstSigningKey(t.Context(), signingKey(1))
		want(t, "CreateFirstSigningKey by the id of a retired one", ok, err, false)
		ok, err = c.CreateFirstSigningKey(t.Context(), signingKey(2))
		want(t, "CreateFirstSigningKey after all are retired", ok, err, true)
		wantSigningKeys(t, c, signingKey(2), catalog.SigningKey{ID: signingKey(1).ID, CreatedAt: at(1), RetiredAt: at(50)})
	})

	t.Run("at once", func(t *testing.T) {
		c := open(t)
		var first, later atomic.Int32
		together(20, func(i int) {
			ok, err := c.CreateFirstSigningKey(t.Context(), signingKey(i))
			if err != nil {
				t.Error(err)
			}
			if ok {
				first.Add(1)
			}
		})
		together(20, func(i int) {
			k := signingKey(100 + i)
			for {
				err := c.CreateSigningKey(t.Context(), k)
				if err == nil {
					later.Add(1)
					return
				}
				wantConflict(t, "CreateSigningKey", err)
			}
		})
		all, err := c.SigningKeys(t.Context())
		if err != nil || first.Load() != 1 || later.Load() != 20 || len(all) != 21 {
			t.Errorf("%d first, %d later, %d there, %v", first.Load(), later.Load(), len(all), err)
		}
		var retired atomic.Int32
		together(10, func(int) {
			if ok, err := c.RetireSigningKey(t.Context(), all[0].ID, at(50)); err != nil {
				t.Error(err)
			} else if ok {
				retired.Add(1)
			}
		})
		if retired.Load() != 1 {
			t.Errorf("%d retired it", retired.Load())
		}
	})
}
