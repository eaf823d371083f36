package ownapi

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// How the catalogue is followed: so often, as far back as clocks of several
// machines may differ, so much at a time, and so far ahead of a slow reader.
const (
	followEvery = 500 * time.Millisecond
	followBack  = 10 * time.Second
	followPage  = 500
	followAhead = 256
)

// changes follows what happens to media, for all streams of this process, while
// there are any. It reads the catalogue and nothing else, so it sees what other
// processes do, and has nothing to lose: events by their numbers, and the media
// that are on their way by when they were touched.
type changes struct {
	catalog *catalog.Catalog
	now     func() time.Time
	log     *slog.Logger
	every   time.Duration

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	stop     context.CancelFunc
	stopped  chan struct{} // closed when the follower that stop ends has ended
}

// watcher is one stream's end. Its channel closes if it is not read for too long.
type watcher struct {
	user string
	news chan news
	slow bool // guarded by changes.mu: news is closed
}

// news is one thing to tell: an event, or a media that is on its way.
type news struct {
	event  *catalog.Event
	moving *catalog.Moving
}

func newChanges(c *catalog.Catalog, now func() time.Time, log *slog.Logger) *changes {
	return &changes{catalog: c, now: now, log: log, every: followEvery, watchers: map[*watcher]struct{}{}}
}

// How many streams there may be.
const (
	streamsPerUser = 10
	streamsInAll   = 1000
)

// watch begins to tell of a user's media. Whatever has an event's number higher
// than catalog.LastEvent gives afterwards comes by the channel. The caller calls
// leave.
func (c *changes) watch(ctx context.Context, user string) (*watcher, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := 0
	for w := range c.watchers {
		if w.user == user {
			mine++
		}
	}
	if mine >= streamsPerUser {
		return nil, &media.Error{Code: media.CodeRateLimited, RetryAfter: 10 * time.Second, Detail: "This user has 10 streams open, which is as many as one may have; close one first."}
	}
	if len(c.watchers) >= streamsInAll {
		return nil, media.Busy(10*time.Second, "The server has as many streams open as it can; try again later.")
	}
	if c.stop == nil {
		from, err := c.catalog.LastEvent(ctx)
		if err != nil {
			return nil, err
		}
		var following context.Context
		following, c.stop = context.WithCancel(context.Background()) // it outlives this stream
		c.stopped = make(chan struct{})
		go c.follow(following, from, c.stopped)
	}
	w := &watcher{user: user, news: make(chan news, followAhead)}
	c.watchers[w] = struct{}{}
	return w, nil
}

// leave ends what watch began. The last that leaves ends the following, and
// waits for it.
func (c *changes) leave(w *watcher) {
	c.mu.Lock()
	delete(c.watchers, w)
	if len(c.watchers) > 0 || c.stop == nil {
		c.mu.Unlock()
		return
	}
	c.stop()
	c.stop = nil
	stopped := c.stopped
	c.mu.Unlock()
	<-stopped
}

// follow reads what is new, until ctx ends.
func (c *changes) follow(ctx context.Context, after int64, stopped chan<- struct{}) {
	defer close(stopped)
	seen := map[media.ID]catalog.Moving{}
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// First those on their way: one that arrives between the two is told of
		// as it moved, and then that it arrived.
		if err := c.tellMoving(ctx, seen); err != nil && ctx.Err() == nil {
			c.log.Warn("media on their way not read", "err", err)
		}
		for {
			events, err := c.catalog.Events(ctx, after, followPage)
			if err != nil && ctx.Err() == nil {
				c.log.Warn("events not read", "err", err)
			}
			for _, e := range events {
				after = e.ID
				c.tell(e.Owner, news{event: &e})
				delete(seen, e.Media)
			}
			if len(events) < followPage {
				break
			}
		}
	}
}

// tellMoving tells of media that are in another state than when they were seen
// last, or further.
func (c *changes) tellMoving(ctx context.Context, seen map[media.ID]catalog.Moving) error {
	since := c.now().Add(-followBack)
	list, err := c.catalog.Moving(ctx, since, followPage)
	if err != nil {
		return err
	}
	for _, m := range list {
		old, known := seen[m.ID]
		seen[m.ID] = m
		if !known || old.State != m.State || old.Attempt != m.Attempt || old.Progress != m.Progress {
			c.tell(m.Owner, news{moving: &m})
		}
	}
	for id, m := range seen {
		if m.TouchedAt.Before(since) {
			delete(seen, id)
		}
	}
	return nil
}

// tell gives news to those whom it is for. Whoever is far behind is let go: it
// comes back and says how far it got.
func (c *changes) tell(user string, n news) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watchers {
		if w.user != user || w.slow {
			continue
		}
		select {
		case w.news <- n:
		default:
			w.slow = true
			close(w.news)
		}
	}
}
