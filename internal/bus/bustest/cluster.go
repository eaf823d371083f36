package bustest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// accounts is how many buses a Cluster has room for, each apart from the others.
const accounts = 64

// password is every account's.
const password = "pass-of-the-cluster"

// Cluster is a NATS cluster of real processes, each on a loopback address of its
// own, that syncs always.
type Cluster struct {
	t      *testing.T
	dir    string
	launch func(host string, cmd *exec.Cmd) error
	binary string
	Nodes  []*Node
	taken  atomic.Int64
}

// Node is one server of a Cluster. Its methods are called by one goroutine at a
// time.
type Node struct {
	Name string

	c       *Cluster
	client  string // host:port
	cluster string // host:port
	dir     string
	process *os.Process
}

// StartCluster starts so many servers, waits until they take streams with a copy
// on each of three (or of one, where there are fewer), and stops them when the
// test ends. The server is built from the module that the tests are.
func StartCluster(t *testing.T, servers int) *Cluster {
	t.Helper()
	c := newCluster(t, func(_ string, cmd *exec.Cmd) error { return cmd.Start() })
	// Nobody else uses these addresses, so that a port that is free stays so.
	network := fmt.Sprintf("127.%d.%d", 1+rand.IntN(254), rand.IntN(256))
	for i := range servers {
		host := fmt.Sprintf("%s.%d", network, i+1)
		c.add(freePort(t, host), freePort(t, host))
	}
	c.start()
	return c
}

// StartClusterOn is StartCluster with a server on each of the given hosts, ports
// 4222 and 6222. launch starts a server's process, on that host.
func StartClusterOn(t *testing.T, hosts []string, launch func(host string, cmd *exec.Cmd) error) *Cluster {
	t.Helper()
	c := newCluster(t, launch)
	for _, host := range hosts {
		c.add(net.JoinHostPort(host, "4222"), net.JoinHostPort(host, "6222"))
	}
	c.start()
	return c
}

func newCluster(t *testing.T, launch func(host string, cmd *exec.Cmd) error) *Cluster {
	t.Helper()
	dir := t.TempDir()
	c := &Cluster{t: t, dir: dir, launch: launch, binary: filepath.Join(dir, "nats-server")}
	build := exec.Command("go", "build", "-o", c.binary, "github.com/nats-io/nats-server/v2")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the NATS server: %v\n%s", err, out)
	}
	return c
}

func (c *Cluster) add(client, cluster string) {
	name := fmt.Sprintf("n%d", len(c.Nodes)+1)
	c.Nodes = append(c.Nodes, &Node{c: c, Name: name, client: client, cluster: cluster, dir: filepath.Join(c.dir, name)})
}

func (c *Cluster) start() {
	c.t.Helper()
	c.t.Cleanup(func() {
		for _, n := range c.Nodes {
			n.Kill()
			if c.t.Failed() {
				log, _ := os.ReadFile(filepath.Join(n.dir, "log"))
				c.t.Logf("the log of %s ends:\n%s", n.Name, log[max(0, len(log)-2000):])
			}
		}
	})
	for _, n := range c.Nodes {
		n.configure()
		n.Start()
	}
	c.await(len(c.Nodes))
}

func freePort(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// configure writes the server's settings.
func (n *Node) configure() {
	var routes, users []string
	for _, other := range n.c.Nodes {
		routes = append(routes, "nats-route://"+other.cluster)
	}
	for i := range accounts {
		users = append(users, fmt.Sprintf("A%d: { jetstream: enabled, users: [ { user: a%d, password: %q } ] }", i, i, password))
	}
	clustered := ""
	if len(n.c.Nodes) > 1 {
		clustered = fmt.Sprintf("cluster { name: magpie-test, listen: %q, routes: [ %s ] }\n", n.cluster, strings.Join(routes, ", "))
	}
	text := fmt.Sprintf("server_name: %s\nlisten: %q\njetstream { store_dir: %q, max_mem: 256MB, max_file: 4GB, sync_interval: always }\n%saccounts {\n%s\n}\n",
		n.Name, n.client, filepath.Join(n.dir, "store"), clustered, strings.Join(users, "\n"))
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		n.c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, "conf"), []byte(text), 0o600); err != nil {
		n.c.t.Fatal(err)
	}
}

// Start runs the server over what it has on disk. It does not wait for it.
func (n *Node) Start() {
	n.c.t.Helper()
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.c.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(n.c.binary, "-c", filepath.Join(n.dir, "conf"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	host, _, _ := net.SplitHostPort(n.client) // which is one
	if err := n.c.launch(host, cmd); err != nil {
		n.c.t.Fatal(err)
	}
	n.process = cmd.Process
}

// Kill ends the server with SIGKILL and waits for its end. One that has ended
// stays so.
func (n *Node) Kill() {
	if n.process == nil {
		return
	}
	_ = n.process.Kill()
	_, _ = n.process.Wait()
	n.process = nil
}

// Pause stops the server's process where it stands; it keeps its connections
// and says nothing any more.
func (n *Node) Pause() { n.signal(syscall.SIGSTOP) }

// Continue lets a paused server go on.
func (n *Node) Continue() { n.signal(syscall.SIGCONT) }

func (n *Node) signal(s os.Signal) {
	n.c.t.Helper()
	if err := n.process.Signal(s); err != nil {
		n.c.t.Fatal(err)
	}
}

// Node gives a server by its name.
func (c *Cluster) Node(name string) *Node {
	c.t.Helper()
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	c.t.Fatalf("the cluster has no server %q", name)
	return nil
}

// Account takes an account that nothing was in yet, and gives what to log in
// with: the URL of all servers, those that are down as well.
func (c *Cluster) Account(t *testing.T) string {
	t.Helper()
	n := c.taken.Add(1)
	if n >= accounts {
		t.Fatal("the cluster has no account left")
	}
	return c.url(n)
}

func (c *Cluster) url(account int64) string {
	var servers []string
	for _, n := range c.Nodes {
		u := url.URL{Scheme: "nats", User: url.UserPassword(fmt.Sprintf("a%d", account), password), Host: n.client}
		servers = append(servers, u.String())
	}
	return strings.Join(servers, ",")
}

// PID is the number of the server's process.
func (n *Node) PID() int { return n.process.Pid }

// Address is where a server takes clients.
func (n *Node) Address() string { return n.client }

// await waits until streams can be made with as many copies as so many servers
// are good for.
func (c *Cluster) await(servers int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 4*time.Minute)
	defer cancel()
	copies := 1
	if servers >= 3 {
		copies = 3
	}
	for {
		err := c.tryStream(ctx, copies)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("the cluster does not get ready: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *Cluster) tryStream(ctx context.Context, copies int) error {
	// What is asked while there is no leader yet gets no answer.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	nc, err := nats.Connect(c.url(0), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "TRY", Subjects: []string{"try"}, Replicas: copies}); err != nil {
		return err
	}
	return js.DeleteStream(ctx, "TRY")
}

// Leader gives the server that leads a stream of an account.
func (c *Cluster) Leader(account, stream string) *Node {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 4*time.Minute)
	defer cancel()
	nc, err := nats.Connect(account)
	if err != nil {
		c.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		c.t.Fatal(err)
	}
	for {
		s, err := js.Stream(ctx, stream)
		if err == nil && s.CachedInfo().Cluster != nil && s.CachedInfo().Cluster.Leader != "" {
			return c.Node(s.CachedInfo().Cluster.Leader)
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("the stream %s has no leader: %v", stream, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Copies is how many servers keep a stream of an account, one behind the others
// included.
func (c *Cluster) Copies(account, stream string) int {
	c.t.Helper()
	nc, err := nats.Connect(account)
	if err != nil {
		c.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := js.Stream(c.t.Context(), stream)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.CachedInfo().Config.Replicas
}
