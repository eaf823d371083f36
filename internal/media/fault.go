package media

import "time"

// MaxFaultTime is the longest processing time that a Fault may ask for.
const MaxFaultTime = 5 * time.Minute

// Fault is what somebody who tests a client asked to happen to an upload while
// it is processed. The zero value asks for nothing.
type Fault struct {
	Failure    *Failure      // how processing is to end; nil to end as it would have
	Processing time.Duration // how long it is to take at least, from finalize on
}
