package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// sendTime bounds how long one write waits for a server that is elsewhere, and
// breakTime for how long nobody else tries after one that got no answer.
const (
	sendTime  = 3 * time.Second
	breakTime = 2 * time.Second
)

// try makes one write. An embedded bus that is known to be ill is mended first,
// because the server does not answer a message that it could not write, and one
// that falls ill over it is mended and tried again. A server that is elsewhere
// is given sendTime; while it gives no answer, most writes fail at once, so that
// requests which need it a little don't wait for it much. plain, if not nil,
// names errors that are the write's own.
func (b *Bus) try(ctx context.Context, write func(context.Context, *link) error, plain func(error) bool) error {
	l := b.current()
	if l.engine == nil {
		return b.tryRemote(ctx, l, write)
	}
	err := b.knownIll()
	if err == nil {
		err = write(ctx, l)
	}
	if err != nil && (plain == nil || !plain(err)) && (b.diagnose() != nil || b.current() != l) {
		if err = b.heal(ctx); err == nil {
			err = write(ctx, b.current())
		}
	}
	return err
}

func (b *Bus) tryRemote(ctx context.Context, l *link, write func(context.Context, *link) error) error {
	if !l.nc.IsConnected() {
		return errAway
	}
	if !b.breaker.enter(time.Now()) {
		return errBroken
	}
	try, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	err := write(try, l)
	b.breaker.leave(time.Now(), err != nil && try.Err() != nil && ctx.Err() == nil)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrNoStreamResponse) {
		// No stream, or nobody who leads it now.
		if b.heal(try) == nil {
			err = write(try, l)
		}
	}
	return err
}

// errBroken is given without a try.
var errBroken = errors.New("bus: the server has not answered lately")

// breaker lets one try at a time through after one that got no answer, and
// everybody while all is well. Its zero value is ready.
type breaker struct {
	mu     sync.Mutex
	broken bool
	next   time.Time // when one may try again
}

func (k *breaker) enter(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.broken {
		return true
	}
	if now.Before(k.next) {
		return false
	}
	k.next = now.Add(sendTime + breakTime) // this one tries; whoever comes meanwhile doesn't
	return true
}

func (k *breaker) leave(now time.Time, silent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken, k.next = silent, now.Add(breakTime)
}
