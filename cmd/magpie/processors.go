package main

import "runtime"

// sparePlace gives Go one more place to run goroutines in than there are
// processors, and gives back what undoes it. A goroutine that waits for the disk
// in a system call keeps its place until the runtime notices, some tens of
// microseconds later, and small uploads do little else: with as many places as
// processors a third of these stands idle meanwhile. Whoever sets GOMAXPROCS has
// what they set.
func sparePlace(env func(string) string) (undo func()) {
	if env("GOMAXPROCS") != "" {
		return func() {}
	}
	before := runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	return func() { runtime.GOMAXPROCS(before) }
}
