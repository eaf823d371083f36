// Package magpie is the map of the project. The program is cmd/magpie; its
// rooms, from the wire down, are
//
//	internal/xapi        X's media API, one file per endpoint
//	internal/ownapi      magpie's own surface
//	internal/upload      sessions: initialize, append, finalize, expire
//	internal/processing  what finalize starts: probe, plan, render, publish
//	internal/delivery    bytes out to viewers
//	internal/auth        who is asking
//	internal/blob        durable bytes, over a driver
//	internal/catalog     everything that is remembered, in SQL
//	internal/bus         work for the workers
//	internal/media       the vocabulary of all of them
//
// Imports only go down that list's floors; layers_test.go keeps it so.
// ARCHITECTURE.md tells the life of one upload through these files.
package magpie
