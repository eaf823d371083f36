package cluster

import (
	"context"
	"slices"
	"testing"
	"time"
)

// campaign is a cluster, and uploads to it while faults come and go.
type campaign struct {
	t       *testing.T
	engines *engines
	api     []*node // a processes videos as well, b and c do not
	workers []*node
	uploads *uploader
}

// TestCluster has uploads touch every node while nodes are killed, paused and cut
// off and engines go away, each healed by nothing but its own return. Whatever was
// acknowledged is there at the end, whole and once.
func TestCluster(t *testing.T) {
	c := newCampaign(t)
	a, b, d := c.api[0], c.api[1], c.api[2]
	w1, w2 := c.workers[0], c.workers[1]
	e := c.engines
	if !soak() {
		// All of it while two are paused, since leases take so long to end.
		c.during(both(c.paused(w1), c.paused(a)), 8,
			c.killed(w2), c.busServerDown(), c.databaseDown(), c.bucketDown(), c.killed(b),
			both(c.cutOff(b, "catalogue", e.databaseHost), both(c.cutOff(w2, "blobs", e.bucketHost), c.cutOff(d, "bus", e.busHosts...))))
		c.hold(60)
		return
	}
	for range 3 {
		for _, f := range []fault{
			c.killed(a), c.killed(b), c.killed(w1), c.killed(w2), c.paused(w1), c.paused(a), c.paused(d),
			c.busServerDown(), c.databaseDown(), c.bucketDown(),
			c.cutOff(a, "catalogue", e.databaseHost), c.cutOff(w2, "catalogue", e.databaseHost),
			c.cutOff(b, "blobs", e.bucketHost), c.cutOff(w1, "blobs", e.bucketHost),
			c.cutOff(d, "bus", e.busHosts...), c.cutOff(w2, "bus", e.busHosts...),
			c.pastLease(a, c.cutOff(a, "bus", e.busHosts...)),
			c.pastLease(w1, c.cutOff(w1, "catalogue", e.databaseHost)),
			c.pastLease(w2, c.cutOff(w2, "blobs", e.bucketHost)),
		} {
			c.during(f, 6)
		}
	}
	c.hold(200)
}

// newCampaign starts engines and nodes.
func newCampaign(t *testing.T) *campaign {
	t.Helper()
	began := time.Now()
	network := newNetwork(t)
	c := &campaign{t: t, engines: startEngines(t, network)}
	key := t.TempDir() + "/key"
	for i, more := range [][]string{nil, {"--no-work"}, {"--no-work"}} {
		flags := append([]string{"serve", "--key-file", key, "--sweep-every", "1s", "--sweep-grace", "0s"}, more...)
		c.api = append(c.api, newNode(t, network.host("api "+string(rune('a'+i))), c.engines, flags...))
	}
	for _, name := range []string{"worker 1", "worker 2"} {
		c.workers = append(c.workers, newNode(t, network.host(name), c.engines, "work"))
	}
	for _, n := range c.all() { // at once: the first to come makes the schema
		n.run()
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.uploads = &uploader{
		client:    &client{t: t, ctx: ctx, nodes: c.api, avoid: map[*node]time.Time{}},
		animation: animation(t), short: film(t, "short film", "160x120", 1), long: film(t, "long film", "320x180", 20),
		slots: make(chan struct{}, 16),
	}
	for seed := range 20 {
		c.uploads.pictures = append(c.uploads.pictures, picture(t, seed))
	}
	t.Cleanup(func() {
		cancel()
		c.uploads.wg.Wait()
	})
	c.healed()
	t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	return c
}

// all are the magpie nodes.
func (c *campaign) all() []*node { return append(append([]*node{}, c.api...), c.workers...) }

// awake are those that are not paused.
func (c *campaign) awake() []*node {
	return slices.DeleteFunc(c.all(), func(n *node) bool { return n.asleep })
}

// works reports whether a node processes videos.
func (c *campaign) works(n *node) bool {
	return n == c.api[0] || n == c.workers[0] || n == c.workers[1]
}

// busy waits until a node is in the middle of an attempt.
func (c *campaign) busy(n *node) {
	c.t.Helper()
	c.uploads.films(3)
	again := time.Now().Add(20 * time.Second)
	eventually(c.t, 2*time.Minute, func() string {
		if n.transcoding() {
			return ""
		}
		if time.Now().After(again) { // others had them
			c.uploads.films(3)
			again = time.Now().Add(20 * time.Second)
		}
		return n.name + " gets nothing to do"
	})
}

// during has a fault happen in the middle of so many uploads, with other faults
// meanwhile, and waits until all nodes are well again.
func (c *campaign) during(f fault, uploads int, meanwhile ...fault) {
	c.t.Helper()
	began := time.Now()
	c.uploads.send(uploads / 2)
	f.begin()
	c.uploads.send(uploads - uploads/2)
	for _, g := range meanwhile {
		c.during(g, uploads)
	}
	eventually(c.t, 3*time.Minute, f.shows)
	f.end()
	c.healed()
	c.t.Logf("%s, for %v; %d uploads acknowledged", f.name, time.Since(began).Round(time.Millisecond), c.uploads.count())
}

// healed waits until all nodes that are not paused say that they are ready.
func (c *campaign) healed() {
	c.t.Helper()
	for _, n := range c.awake() {
		eventually(c.t, 2*time.Minute, n.ready)
	}
}
