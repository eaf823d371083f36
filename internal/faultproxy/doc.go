// Package faultproxy is a TCP proxy that goes wrong as it is told, to stand in
// front of a database, a store or a bus in tests. It knows no protocol: it
// delays, stalls, cuts and refuses connections, and heals. Only tests import it.
package faultproxy
