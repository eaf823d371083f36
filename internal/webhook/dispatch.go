package webhook

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// How many tries may be under way: to one host, and in all. A host whose last
// try failed gets one at a time, so that dead ones hold nobody up.
const (
	perHost = 4
	inAll   = 256
)

// lease is how long nobody else gets a delivery after its try must have ended.
const lease = 15 * time.Second

// Config is what a Dispatcher works with. Zero times mean the defaults.
type Config struct {
	Catalog *catalog.Catalog
	// Open opens the sealed secret of a webhook.
	Open func(webhook int64, sealed string) (string, error)
	// Link is the address of a media's file; nil where it can't be known without
	// a request, and then messages have none.
	Link    func(m media.Media, name string) string
	Targets Targets
	Now     func() time.Time
	Random  io.Reader
	Log     *slog.Logger
	Tried   func(state catalog.DeliveryState) // is told what became of each try; nil for nobody
	Alone   bool                              // no other process sends from this catalogue: what the last one had is free at once

	Timeout time.Duration   // for one try; 15 s
	Every   time.Duration   // how often what is due is looked for; 500 ms
	Backoff []time.Duration // after the first, second, … failed try; one after the last is given up
	Keep    time.Duration   // how long events and the log are kept; 7 days
}

// Backoff is how long is waited after each failed try, before up to a fifth more
// by chance: 13 tries in about three days.
func Backoff() []time.Duration {
	return []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour,
	}
}

// Dispatcher sends what is due.
type Dispatcher struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	total int
	hosts map[string]*host

	chance sync.Mutex // guards cfg.Random
}

// host is what is known of a receiver's host while something is due there.
type host struct {
	busy    int
	failing bool
}

// New makes a Dispatcher.
func New(cfg Config) *Dispatcher {
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	if cfg.Backoff == nil {
		cfg.Backoff = Backoff()
	}
	if cfg.Keep == 0 {
		cfg.Keep = 7 * 24 * time.Hour
	}
	return &Dispatcher{cfg: cfg, client: newClient(cfg.Targets, cfg.Timeout), hosts: map[string]*host{}}
}

// Run sends until ctx ends. Tries that are under way then are cut off and made
// again by whoever runs next.
func (d *Dispatcher) Run(ctx context.Context) {
	defer d.client.CloseIdleConnections()
	if d.cfg.Alone {
		if err := d.cfg.Catalog.FreeDeliveries(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("webhook deliveries not freed", "err", err)
		}
	}
	var tries sync.WaitGroup
	defer tries.Wait()
	tick := time.NewTicker(d.cfg.Every)
	defer tick.Stop()
	prune := time.NewTicker(time.Hour)
	defer prune.Stop()
	d.prune(ctx)
	for {
		if err := d.pass(ctx, &tries); err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("due webhook deliveries not read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-prune.C:
			d.prune(ctx)
		case <-tick.C:
		}
	}
}

// pass starts one more worker for each webhook that has something due, where
// its host may have one more.
func (d *Dispatcher) pass(ctx context.Context, tries *sync.WaitGroup) error {
	due, err := d.cfg.Catalog.DueWebhooks(ctx, d.cfg.Now())
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, w := range due {
		name := hostOf(w.URL)
		named[name] = true
		if !d.enter(name) {
			continue
		}
		tries.Go(func() {
			good := true
			defer func() { d.leave(name, good) }()
			for good && ctx.Err() == nil {
				var more bool
				if good, more = d.try(ctx, w.ID); !more {
					return
				}
			}
		})
	}
	d.forget(named)
	return nil
}

// enter takes a place at a host, if there is one.
func (d *Dispatcher) enter(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.hosts[name]
	if h == nil {
		h = &host{}
		d.hosts[name] = h
	}
	if d.total >= inAll || h.busy >= perHost || h.failing && h.busy > 0 {
		return false
	}
	h.busy++
	d.total++
	return true
}

func (d *Dispatcher) leave(name string, good bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hosts[name].busy--
	d.hosts[name].failing = !good
	d.total--
}

// forget drops the hosts where nothing is due.
func (d *Dispatcher) forget(due map[string]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, h := range d.hosts {
		if h.busy == 0 && !due[name] {
			delete(d.hosts, name)
		}
	}
}

// try makes one try at what a webhook has due: whether it got through, and
// whether there was anything.
func (d *Dispatcher) try(ctx context.Context, webhook int64) (good, more bool) {
	now := d.cfg.Now()
	w, delivery, claimed, err := d.cfg.Catalog.ClaimDelivery(ctx, webhook, now, now.Add(d.cfg.Timeout+lease))
	if err != nil || !claimed {
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("webhook delivery not claimed", "webhook", webhook, "err", err)
		}
		return true, false
	}
	answer, err := d.send(ctx, w, delivery)
	if err != nil { // ours, not the receiver's
		d.cfg.Log.Error("webhook delivery not made", "webhook", webhook, "event", delivery.Event.ID, "err", err)
		answer = answered{words: "this server could not make the message; its log says why", cut: ctx.Err() != nil}
	}
	settled := d.judge(delivery, answer)
	// What the receiver has taken is written down even while all comes to an end.
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	gone := answer.status == http.StatusGone
	if _, err := d.cfg.Catalog.SettleDelivery(writing, settled, gone); err != nil {
		d.cfg.Log.Error("webhook delivery not recorded, it will be made again", "webhook", webhook, "event", delivery.Event.ID, "err", err)
	}
	if d.cfg.Tried != nil {
		d.cfg.Tried(settled.State)
	}
	d.cfg.Log.Debug("webhook delivery tried", "webhook", webhook, "event", delivery.Event.ID, "try", settled.Tries, "state", settled.State, "status", answer.status, "words", answer.words, "trace", delivery.Event.Trace.ID())
	if gone {
		d.cfg.Log.Info("webhook disabled, its receiver says that it is gone", "webhook", webhook)
	}
	return answer.good(), true
}

// judge says where a delivery stands after a try.
func (d *Dispatcher) judge(delivery catalog.Delivery, a answered) catalog.Delivery {
	now := d.cfg.Now()
	delivery.LastAt, delivery.LastStatus, delivery.LastWords = now, a.status, a.words
	switch {
	case a.good():
		delivery.State, delivery.DoneAt = catalog.Delivered, now
	case a.cut:
		delivery.NextAt = now
		delivery.LastWords = "this server was stopped meanwhile"
	case a.status == http.StatusGone || delivery.Tries > len(d.cfg.Backoff):
		delivery.State, delivery.DoneAt = catalog.DeliveryFailed, now
	default:
		wait := d.cfg.Backoff[delivery.Tries-1]
		wait += time.Duration(float64(wait) * d.fraction() / 5)
		longest := d.cfg.Backoff[len(d.cfg.Backoff)-1]
		delivery.NextAt = now.Add(max(wait, min(a.after, longest)))
	}
	return delivery
}

// fraction is a random number from 0 to 1, 1 where there is no randomness to be
// had.
func (d *Dispatcher) fraction() float64 {
	d.chance.Lock()
	defer d.chance.Unlock()
	var b [2]byte
	if _, err := io.ReadFull(d.cfg.Random, b[:]); err != nil {
		return 1
	}
	return float64(binary.BigEndian.Uint16(b[:])) / (1 << 16)
}

// prune removes the events and deliveries that are too old to be of use.
func (d *Dispatcher) prune(ctx context.Context) {
	const batch = 1000
	for {
		n, err := d.cfg.Catalog.PruneEvents(ctx, d.cfg.Now().Add(-d.cfg.Keep), batch)
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.Warn("old events not removed", "err", err)
		}
		if err != nil || n < batch {
			return
		}
	}
}

// hostOf is what one receiver is told from another by.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Sprintf("%.100s", raw)
	}
	return strings.ToLower(u.Host)
}
