package catalogtest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

const hookOwner = "2244994945"

// happens makes an event: a media that succeeds.
func happens(t *testing.T, c *catalog.Catalog, id media.ID, now time.Time) {
	t.Helper()
	finalize(t, c, finalized(id))
	claim(t, c, id, now)
	publish(t, c, id, 1, media.Outcome{}, now)
}

func deliveries(t *testing.T, c *catalog.Catalog, id int64) []catalog.Delivery {
	t.Helper()
	all, err := c.Deliveries(t.Context(), hookOwner, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func testWebhook(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored, to its owner", func(t *testing.T) {
		c := open(t)
		a, b := hook(2, hookOwner, catalog.EventKinds()...), hook(1, hookOwner, catalog.MediaFailed)
		createHook(t, c, a)
		createHook(t, c, b)
		createHook(t, c, hook(3, "7"))
		got, err := c.Webhook(t.Context(), hookOwner, 2)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, a)
		all, err := c.Webhooks(t.Context(), hookOwner)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, all, []catalog.Webhook{b, a})
		_, err = c.CreateWebhook(t.Context(), a, 20)
		wantConflict(t, "the same id", err)
		for _, id := range []int64{3, 4} {
			_, err = c.Webhook(t.Context(), hookOwner, id)
			wantNotFound(t, "Webhook", err)
			_, err = c.ChangeWebhook(t.Context(), hookOwner, id, at(2), func(*catalog.Webhook) error { return nil })
			wantNotFound(t, "ChangeWebhook", err)
			wantNotFound(t, "RotateWebhookSecret", c.RotateWebhookSecret(t.Context(), hookOwner, id, "x", at(2)))
			wantNotFound(t, "DeleteWebhook", c.DeleteWebhook(t.Context(), hookOwner, id))
			_, err = c.Deliveries(t.Context(), hookOwner, id, 0, 10)
			wantNotFound(t, "Deliveries", err)
			_, err = c.Redeliver(t.Context(), hookOwner, id, 1, at(2))
			wantNotFound(t, "Redeliver", err)
			_, _, err = c.TestWebhook(t.Context(), hookOwner, id, at(2))
			wantNotFound(t, "TestWebhook", err)
		}
	})

	t.Run("no more than so many, also at once", func(t *testing.T) {
		c := open(t)
		var made atomic.Int32
		together(10, func(i int) {
			ok, err := c.CreateWebhook(t.Context(), hook(int64(i+1), hookOwner), 3)
			if err != nil {
				t.Error(err)
			}
			if ok {
				made.Add(1)
			}
		})
		wantEqual(t, made.Load(), 3)
	})

	t.Run("changes, and not by halves", func(t *testing.T) {
		c := open(t)
		w := hook(1, hookOwner, catalog.MediaFailed)
		createHook(t, c, w)
		wrong := errors.New("wrong")
		_, err := c.ChangeWebhook(t.Context(), hookOwner, 1, at(5), func(w *catalog.Webhook) error { w.URL = "x"; return wrong })
		if !errors.Is(err, wrong) {
			t.Fatal(err)
		}
		w.URL, w.Kinds = "http://b.example/", []catalog.EventKind{catalog.MediaSucceeded, catalog.MediaExpired}
		got, err := c.ChangeWebhook(t.Context(), hookOwner, 1, at(6), func(n *catalog.Webhook) error {
			n.URL, n.Kinds = w.URL, w.Kinds
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, w)
		got, err = c.ChangeWebhook(t.Context(), hookOwner, 1, at(7), func(n *catalog.Webhook) error { n.Status = catalog.WebhookPaused; return nil })
		if err != nil {
			t.Fatal(err)
		}
		w.Status, w.StatusAt = catalog.WebhookPaused, at(7)
		wantEqual(t, got, w)
		if err := c.RotateWebhookSecret(t.Context(), hookOwner, 1, "v1.new", at(99)); err != nil {
			t.Fatal(err)
		}
		w.OldSecret, w.Secret, w.OldUntil = w.Secret, "v1.new", at(99)
		if got, err = c.Webhook(t.Context(), hookOwner, 1); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, w)
	})
}

func testWebhookDelivery(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("to those who want it, from then on", func(t *testing.T) {
		c := open(t)
		happens(t, c, 1, at(20))
		createHook(t, c, hook(1, hookOwner, catalog.MediaSucceeded))
		createHook(t, c, hook(2, hookOwner, catalog.MediaFailed, catalog.MediaExpired))
		createHook(t, c, hook(3, "7", catalog.EventKinds()...))
		for id, s := range map[int64]catalog.WebhookStatus{4: catalog.WebhookPaused, 5: catalog.WebhookDisabled} {
			w := hook(id, hookOwner, catalog.MediaSucceeded)
			w.Status = s
			createHook(t, c, w)
		}
		happens(t, c, 2, at(30))
		wanted := catalog.Delivery{Webhook: 1, Event: noted(2, catalog.MediaSucceeded, 2, at(30)), State: catalog.DeliveryWaiting, NextAt: at(30)}
		wantEqual(t, deliveries(t, c, 1), []catalog.Delivery{wanted})
		wantEqual(t, len(deliveries(t, c, 2)), 0)
		wantEqual(t, len(deliveries(t, c, 4)), 1)
		wantEqual(t, len(deliveries(t, c, 5)), 0)
		due, err := c.DueWebhooks(t.Context(), at(29))
		if err != nil || len(due) != 0 {
			t.Fatal(due, err)
		}
		if due, err = c.DueWebhooks(t.Context(), at(30)); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, due, []catalog.DueWebhook{{ID: 1, URL: "https://app.example/hook"}})
		_, _, ok, err := c.ClaimDelivery(t.Context(), 4, at(31), at(99))
		want(t, "claim of a paused one", ok, err, false)
		_, _, ok, err = c.ClaimDelivery(t.Context(), 9, at(31), at(99))
		want(t, "claim of none", ok, err, false)
	})

	t.Run("claimed once, settled by the newest", func(t *testing.T) {
		c := open(t)
		createHook(t, c, hook(1, hookOwner, catalog.MediaSucceeded))
		happens(t, c, 1, at(30))
		var claims atomic.Int32
		together(10, func(int) {
			_, _, ok, err := c.ClaimDelivery(t.Context(), 1, at(31), at(60))
			if err != nil {
				t.Error(err)
			}
			if ok {
				claims.Add(1)
			}
		})
		wantEqual(t, claims.Load(), 1)
		first := deliveries(t, c, 1)[0]
		want(t, "busy", first.BusyUntil.Equal(at(60)) && first.Tries == 1 && first.Attempt == 1, nil, true)
		w, second, ok, err := c.ClaimDelivery(t.Context(), 1, at(60), at(90))
		want(t, "claim when its time is over", ok && w.URL != "" && second.Tries == 2, err, true)
		first.State, first.DoneAt = catalog.Delivered, at(61)
		ok, err = c.SettleDelivery(t.Context(), first, false)
		want(t, "settle by the older", ok, err, false)
		second.NextAt, second.LastAt, second.LastStatus, second.LastWords = at(100), at(62), 500, "no\x00"
		ok, err = c.SettleDelivery(t.Context(), second, false)
		want(t, "settle", ok, err, true)
		second.BusyUntil, second.LastWords = time.Time{}, "no\uFFFD"
		wantEqual(t, deliveries(t, c, 1), []catalog.Delivery{second})
		_, _, ok, err = c.ClaimDelivery(t.Context(), 1, at(99), at(120))
		want(t, "claim before it is due", ok, err, false)

		// Whoever starts alone frees what the last process had.
		if _, _, ok, err = c.ClaimDelivery(t.Context(), 1, at(100), at(900)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := c.FreeDeliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, third, ok, err := c.ClaimDelivery(t.Context(), 1, at(101), at(900))
		want(t, "claim of what was freed", ok, err, true)
		third.State, third.DoneAt, third.LastStatus = catalog.DeliveryFailed, at(102), 410
		ok, err = c.SettleDelivery(t.Context(), third, true)
		want(t, "settle and disable", ok, err, true)
		got, err := c.Webhook(t.Context(), hookOwner, 1)
		if err != nil || got.Status != catalog.WebhookDisabled {
			t.Fatal(got, err)
		}
	})

	t.Run("again, tests, and the log by pages", func(t *testing.T) {
		c := open(t)
		createHook(t, c, hook(1, hookOwner, catalog.MediaSucceeded))
		for id := media.ID(1); id <= 3; id++ {
			happens(t, c, id, at(30))
		}
		_, d, ok, err := c.ClaimDelivery(t.Context(), 1, at(31), at(60))
		want(t, "claim", ok, err, true)
		d.State, d.DoneAt = catalog.Delivered, at(32)
		ok, err = c.SettleDelivery(t.Context(), d, false)
		want(t, "settle", ok, err, true)
		again, err := c.Redeliver(t.Context(), hookOwner, 1, d.Event.ID, at(40))
		if err != nil {
			t.Fatal(err)
		}
		want(t, "waits again", again.State == catalog.DeliveryWaiting && again.Tries == 0 && again.Attempt == 1 && again.NextAt.Equal(at(40)) && again.DoneAt.IsZero(), nil, true)
		_, err = c.Redeliver(t.Context(), hookOwner, 1, 99, at(40))
		wantNotFound(t, "Redeliver", err)

		one, ok, err := c.TestWebhook(t.Context(), hookOwner, 1, at(50))
		want(t, "TestWebhook", ok && one.Event.Kind == catalog.WebhookTest && one.Event.Owner == hookOwner, err, true)
		_, ok, err = c.TestWebhook(t.Context(), hookOwner, 1, at(50))
		want(t, "TestWebhook while one waits", ok, err, false)
		page, err := c.Deliveries(t.Context(), hookOwner, 1, 0, 2)
		if err != nil || len(page) != 2 || page[0].Event.ID != one.Event.ID || page[1].Event.ID != 3 {
			t.Fatal(page, err)
		}
		page, err = c.Deliveries(t.Context(), hookOwner, 1, 3, 10)
		if err != nil || len(page) != 2 || page[0].Event.ID != 2 {
			t.Fatal(page, err)
		}

		// Pruning takes deliveries with their events, deleting with their webhook.
		if _, err := c.PruneEvents(t.Context(), at(31), 2); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, len(deliveries(t, c, 1)), 2)
		if err := c.DeleteWebhook(t.Context(), hookOwner, 1); err != nil {
			t.Fatal(err)
		}
		due, err := c.DueWebhooks(t.Context(), at(1000))
		if err != nil || len(due) > 0 {
			t.Fatal(due, err)
		}
	})

	t.Run("erasing a user ends their webhooks", func(t *testing.T) {
		c := open(t)
		createHook(t, c, hook(1, hookOwner, catalog.MediaSucceeded))
		if _, err := c.EraseUser(t.Context(), hookOwner, at(5)); err != nil {
			t.Fatal(err)
		}
		_, err := c.Webhook(t.Context(), hookOwner, 1)
		wantNotFound(t, "Webhook", err)
	})
}
