// Package cluster tests magpie on more than one machine from outside: API nodes and
// workers of the built binary, with real PostgreSQL, S3 and NATS servers, each in a
// network namespace with an address of its own, which are killed, paused and cut
// off from each other while real clients upload.
//
// The test process enters a network of its own first, so nothing it makes there
// can be in anybody's way or outlive it. That takes root, or a kernel that lets
// users have namespaces; ip (iproute2), unshare and the programs of the black-box
// tests must be there: `make deps-test` sees to it.
package cluster
