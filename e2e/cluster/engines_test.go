package cluster

import (
	"fmt"
	"os/exec"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
	"magpie/internal/bus/bustest"
	"magpie/internal/catalog/postgrestest"
)

// engines are the servers that the nodes share, each on a host of its own.
type engines struct {
	postgres *postgrestest.Server
	s3       *s3test.Server
	nats     *bustest.Cluster

	databaseHost, bucketHost *host
	busHosts                 []*host
	account                  string // URL of the NATS servers
}

func startEngines(t *testing.T, n *network) *engines {
	t.Helper()
	e := &engines{databaseHost: n.host("postgresql"), bucketHost: n.host("s3")}
	byIP := map[string]*host{}
	var ips []string
	for i := range 3 {
		h := n.host(fmt.Sprintf("nats%d", i+1))
		e.busHosts, ips, byIP[h.ip] = append(e.busHosts, h), append(ips, h.ip), h
	}
	var err error
	e.postgres, err = postgrestest.StartWith(postgrestest.Options{Host: e.databaseHost.ip, Launch: e.databaseHost.start})
	must(t, err)
	t.Cleanup(func() { _ = e.postgres.Stop() })
	_, err = e.postgres.Create(t.Context(), "magpie", "")
	must(t, err)
	e.s3, err = s3test.StartAt("../..", e.bucketHost.ip+":7070", e.bucketHost.start)
	must(t, err)
	t.Cleanup(func() { _ = e.s3.Close() })
	must(t, e.s3.MakeBucket("media"))
	e.nats = bustest.StartClusterOn(t, ips, func(host string, cmd *exec.Cmd) error { return byIP[host].start(cmd) })
	e.account = e.nats.Account(t)
	return e
}

// What the nodes are told.
func (e *engines) database() string {
	return "postgres://magpie@" + e.databaseHost.ip + "/magpie?sslmode=disable"
}
func (e *engines) blobs() string { return "s3://media/here?endpoint=http://" + e.s3.Address }
func (e *engines) bus() string   { return e.account }
