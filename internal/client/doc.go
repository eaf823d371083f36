// Package client is the other end of the wire: it uploads to a server that
// speaks X's media API, and asks magpie for what X has no calls for.
//
// A [Server] sends requests, again where that may help. An [Uploader] goes
// through initialize, append, finalize, STATUS and lookup, and through metadata
// and subtitles where there are any. What was begun is written into a [Memory],
// one small file for each upload, so that a later process goes on with it after
// Ctrl-C, kill -9 or a reboot. From magpie it learns which segments arrived; at
// other servers of X's API it goes by what they acknowledged, which it wrote
// down.
//
// The package knows no terminal: a [Watcher] shows what happens.
package client
