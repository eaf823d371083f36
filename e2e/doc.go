// Package e2e tests magpie from outside: the built binary, over HTTP and the
// command line, with real clients, real media and a real browser. Every answer
// on X's routes is held against api/openapi.yaml.
//
// Each test starts and stops its own server on a free loopback port, over a
// data folder of its own. ffmpeg, curl, strace, Node with the packages of
// clients/, and Chromium must be there: `make deps-test` sees to it.
package e2e
