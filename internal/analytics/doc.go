// Package analytics counts how media are played. A playback token, minted for
// one viewer's one playback, says which media it is and since when; Intake takes
// what a player sends under it and puts it, durably, on the bus's log; Counter
// reads that log and adds it up in the catalogue, hour by hour.
//
// Nothing that was taken is lost, and nothing counts twice. The counts and the
// place in the log up to which they go are one transaction. Of one token each
// metric counts once, and the time watched is the most that was said: so
// messages may come twice, late, in any order, or never. What a player may say
// is bounded by what can be true: nothing happened before its token was minted,
// and nobody watches for longer than the clock runs.
//
// Nothing of its own is on disk: the log is the bus's, the counts and what was
// seen of each token are the catalogue's. Which viewer it was is not kept.
package analytics
