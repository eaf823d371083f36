package cluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// network is a bridge in this process's own network, with hosts on it.
type network struct {
	t     *testing.T
	hosts int
}

// host is a network namespace with an address.
type host struct {
	t    *testing.T
	name string
	ip   string
	ns   *os.File // keeps the namespace, with whatever runs in it
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	must(t, ip("link set lo up", "link add br0 type bridge", "addr add 10.0.0.1/24 dev br0", "link set br0 up"))
	t.Cleanup(func() { must(t, ip("link del br0")) })
	return &network{t: t}
}

// host adds a host.
func (n *network) host(name string) *host {
	n.t.Helper()
	n.hosts++
	h := &host{t: n.t, name: name, ip: fmt.Sprintf("10.0.0.%d", 10+n.hosts)}
	must(n.t, elsewhere(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		h.ns, err = os.Open("/proc/thread-self/ns/net")
		return err
	}))
	n.t.Cleanup(func() { h.ns.Close() })
	port := fmt.Sprintf("host%d", n.hosts)
	must(n.t, ip(
		fmt.Sprintf("link add %s type veth peer name eth0 netns /proc/%d/fd/%d", port, os.Getpid(), h.ns.Fd()),
		"link set "+port+" master br0 up",
	))
	// The kernel takes its time to end a namespace, and what is in it.
	n.t.Cleanup(func() { must(n.t, ip("link del "+port)) })
	must(n.t, h.run(func() error {
		return ip("link set lo up", "addr add "+h.ip+"/24 dev eth0", "link set eth0 up")
	}))
	return h
}

// start starts a process on the host.
func (h *host) start(cmd *exec.Cmd) error { return h.run(cmd.Start) }

// run runs f with the host's network.
func (h *host) run(f func() error) error {
	return elsewhere(func() error {
		if err := unix.Setns(int(h.ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network of %s: %w", h.name, err)
		}
		return f()
	})
}

// elsewhere runs f, which may change the network that its thread is in.
func elsewhere(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // a thread in the wrong network must not go on
	}
	return err
}

// nowhere is an Ethernet address that nobody has.
const nowhere = "02:00:00:00:00:ff"

// cut has every packet between two hosts vanish, of connections that there are
// and of new ones. Nobody is told.
func cut(a, b *host) error {
	return errors.Join(
		a.run(func() error { return ip("neigh replace " + b.ip + " lladdr " + nowhere + " dev eth0 nud permanent") }),
		b.run(func() error { return ip("neigh replace " + a.ip + " lladdr " + nowhere + " dev eth0 nud permanent") }),
	)
}

// join undoes cut.
func join(a, b *host) error {
	return errors.Join(
		a.run(func() error { return ip("neigh del " + b.ip + " dev eth0") }),
		b.run(func() error { return ip("neigh del " + a.ip + " dev eth0") }),
	)
}

// ip has iproute2 run commands in the network of the calling thread.
func ip(commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(commands, "; "), err, out)
	}
	return nil
}

// TestCut: what two hosts say to each other arrives until they are cut off, also
// over a connection that there is, and again when they are joined.
func TestCut(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host("a"), n.host("b")
	var l net.Listener
	must(t, b.run(func() (err error) {
		l, err = net.Listen("tcp4", b.ip+":80")
		return err
	}))
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	dial := func(patience time.Duration) (c net.Conn, err error) {
		err = a.run(func() (err error) {
			c, err = net.DialTimeout("tcp4", b.ip+":80", patience)
			return err
		})
		return c, err
	}
	eventually(t, time.Minute, func() string { // the bridge may still be learning
		c, err := dial(time.Second)
		if err != nil {
			return err.Error()
		}
		c.Close()
		return ""
	})
	c, err := dial(time.Minute)
	must(t, err)
	defer c.Close()
	echo := func(patience time.Duration) error {
		must(t, c.SetDeadline(time.Now().Add(patience)))
		if _, err := c.Write([]byte{1}); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	must(t, echo(time.Minute))
	must(t, cut(a, b))
	if err := echo(300 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("over a connection that was cut: %v", err)
	}
	if c, err := dial(300 * time.Millisecond); err == nil {
		c.Close()
		t.Error("a new connection is made though the hosts are cut off")
	}
	must(t, join(a, b))
	must(t, c.SetDeadline(time.Now().Add(time.Minute)))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Errorf("what was on its way when the hosts were cut off does not arrive: %v", err)
	}
	must(t, echo(time.Minute))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
