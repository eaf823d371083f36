// Package bus carries work: the ids of media that wait to be processed, and,
// beside them, a log of records that wait to be counted. It runs over NATS
// JetStream, on a server inside the process that listens nowhere or on a cluster
// given by URL; past Open nothing tells the two apart.
//
// The catalogue is the truth and the bus carries work, so a job is a media id
// and nothing else. What the bus promises:
//
//   - Once Send has returned, the job is on stable storage (a cluster syncs as
//     its own settings say) and is delivered at least once, until a handler
//     returns nil for it. The bus itself never gives a job up.
//   - A media has at most one job, in one lane, waiting or running. Sending it
//     again meanwhile is no error and makes no second one. A handler may move
//     its job to another lane.
//   - A running job is leased and the lease is kept alive. Where the process
//     dies, or cannot renew the lease in time, the job is delivered again.
//     Two handlers may therefore run for one media for a moment; the worker
//     claims a media in the catalogue so that only one of them publishes.
//   - Order is not promised.
//
// The log keeps what Publish has taken in order, on stable storage, until
// somebody tells it to Forget; Follow hands it out from any place on. How far a
// follower is, it remembers itself, with the id of the log: one that was lost
// with its folder is made anew with another id.
//
// A Send during the last moments of a run may be answered by that run, and the
// folder of an embedded server may be lost with its disk. The sweeper that
// sends again what the catalogue still calls pending covers both.
//
// On disk (embedded only): the store of the JetStream server in Config.Dir,
// which is the bus's alone, and beside it Dir.opening, one byte for each start
// in a row that did not get the store open. A store that cannot be opened is
// renamed to Dir.damaged-<n>, never deleted, and an empty one takes its place.
package bus
