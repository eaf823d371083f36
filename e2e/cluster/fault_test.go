package cluster

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// fault is something that goes wrong and is put right again.
type fault struct {
	name  string
	begin func()
	shows func() string // "" once it can be seen from outside; else what is missing
	end   func()
}

// both is two faults at once.
func both(a, b fault) fault {
	return fault{
		name:  a.name + ", and " + b.name,
		begin: func() { a.begin(); b.begin() },
		shows: func() string {
			if said := a.shows(); said != "" {
				return said
			}
			return b.shows()
		},
		end: func() { a.end(); b.end() },
	}
}

// goesOn is what shows of a fault that clients must not feel: uploads are
// acknowledged during it.
func (c *campaign) goesOn() func() string {
	before := c.uploads.count()
	return func() string {
		if got := c.uploads.count() - before; got < 3 {
			return fmt.Sprintf("%d uploads were acknowledged since", got)
		}
		return ""
	}
}

// killed ends a process with SIGKILL, in the middle of work if it is a worker.
func (c *campaign) killed(n *node) fault {
	var on func() string
	return fault{
		name: n.name + " killed",
		begin: func() {
			if c.works(n) {
				c.busy(n)
			}
			n.kill()
			on = c.goesOn()
		},
		shows: func() string { return on() },
		end:   n.run,
	}
}

// lease is how long a silent process keeps its jobs and duties.
const lease = 30 * time.Second

// paused stops a process for longer than the lease of its jobs.
func (c *campaign) paused(n *node) fault {
	var since time.Time
	var on func() string
	return fault{
		name: n.name + " paused",
		begin: func() {
			if c.works(n) {
				c.busy(n)
			}
			n.signal(syscall.SIGSTOP)
			n.asleep = true
			since, on = time.Now(), c.goesOn()
		},
		shows: func() string {
			if left := time.Until(since.Add(lease + 2*time.Second)); left > 0 {
				return fmt.Sprintf("the lease lasts for another %v", left)
			}
			return on()
		},
		end: func() {
			n.asleep = false
			n.signal(syscall.SIGCONT)
		},
	}
}

// cutOff separates a process from hosts so that it says to be without a part.
func (c *campaign) cutOff(n *node, part string, from ...*host) fault {
	each := func(do func(a, b *host) error) {
		for _, h := range from {
			must(c.t, do(n.host, h))
		}
	}
	return fault{
		name:  n.name + " cut off from its " + part,
		begin: func() { each(cut) },
		shows: func() string { return without(n, part) },
		end:   func() { each(join) },
	}
}

// pastLease has a fault of a worker go on, in the middle of work, until others have
// its jobs.
func (c *campaign) pastLease(n *node, f fault) fault {
	var since time.Time
	return fault{
		name: f.name + " past its lease",
		begin: func() {
			c.busy(n)
			f.begin()
			since = time.Now()
		},
		shows: func() string {
			if left := time.Until(since.Add(lease + 2*time.Second)); left > 0 {
				return fmt.Sprintf("the lease lasts for another %v", left)
			}
			return f.shows()
		},
		end: f.end,
	}
}

// without is "" once a node says that it is without a part.
func without(n *node, part string) string {
	if said := n.ready(); !strings.Contains(said, "without") || !strings.Contains(said, part) {
		return fmt.Sprintf("%s does not say that it is without %s: %q", n.name, part, said)
	}
	return ""
}

// allWithout is "" once all nodes say that they are without a part.
func (c *campaign) allWithout(part string) func() string {
	return func() string {
		for _, n := range c.awake() {
			if said := without(n, part); said != "" {
				return said
			}
		}
		return ""
	}
}

// databaseDown crashes PostgreSQL.
func (c *campaign) databaseDown() fault {
	return fault{
		name:  "PostgreSQL killed",
		begin: func() { must(c.t, c.engines.postgres.Kill()) },
		shows: c.allWithout("catalogue"),
		end:   func() { must(c.t, c.engines.postgres.Run()) },
	}
}

// bucketDown kills the S3 server.
func (c *campaign) bucketDown() fault {
	return fault{
		name:  "the S3 server killed",
		begin: c.engines.s3.Kill,
		shows: c.allWithout("blobs"),
		end:   func() { must(c.t, c.engines.s3.Run()) },
	}
}

// busServerDown kills the NATS server that leads the jobs.
func (c *campaign) busServerDown() fault {
	var on func() string
	end := func() {}
	return fault{
		name: "a NATS server killed",
		begin: func() {
			leader := c.engines.nats.Leader(c.engines.account, "MAGPIE_JOBS")
			leader.Kill()
			on, end = c.goesOn(), leader.Start
		},
		shows: func() string { return on() },
		end:   func() { end() },
	}
}
