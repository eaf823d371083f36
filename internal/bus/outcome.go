package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrLeaseLost is the cause of a handler's context (context.Cause) when its
// lease could not be renewed in time. The job is delivered again, maybe already
// elsewhere, whatever the handler returns.
var ErrLeaseLost = errors.New("bus: the lease on the job was lost")

// Later makes the error by which a handler asks for its job again after d,
// because of err (which may be nil). A d of zero or less means at once. In an
// embedded bus a restart cuts the wait short.
func Later(d time.Duration, err error) error {
	return &later{after: max(d, 0), err: err}
}

type later struct {
	after time.Duration
	err   error
}

func (l *later) Error() string {
	if l.err == nil {
		return fmt.Sprintf("again in %s", l.after)
	}
	return fmt.Sprintf("again in %s: %v", l.after, l.err)
}

func (l *later) Unwrap() error { return l.err }

// Move makes the error by which a handler passes its job to another lane.
// There is one job all along, or for a moment two; where the process dies in
// between, the job is delivered in its old lane again.
func Move(to Lane) error { return move(to) }

type move Lane

func (m move) Error() string { return fmt.Sprintf("moved to lane %s", Lane(m)) }

// The three things that can be said about a delivery, as they go over the wire.
var (
	wordDone    = []byte("+ACK")
	wordWorking = []byte("+WPI")
	wordNever   = []byte("+TERM")
)

// wordAgain asks for a redelivery after d.
func wordAgain(d time.Duration) []byte {
	if d <= 0 {
		return []byte("-NAK")
	}
	delay, _ := json.Marshal(struct { // cannot fail: one number
		Delay time.Duration `json:"delay"`
	}{d})
	return append([]byte("-NAK "), delay...)
}

// verdict is what to tell the server about a delivery whose handler returned
// err, and how long until the next, where there is one. A handler that a
// shutdown cut short has not failed: its job goes back at once.
func verdict(cfg Config, delivery int, ended bool, err error) (word []byte, wait time.Duration) {
	var l *later
	switch {
	case err == nil:
		return wordDone, 0
	case errors.As(err, &l):
		return wordAgain(l.after), l.after
	case ended:
		return wordAgain(0), 0
	default:
		d := cfg.backoff(delivery)
		return wordAgain(d), d
	}
}
