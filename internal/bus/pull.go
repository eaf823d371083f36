package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// How long a question for jobs stands at the server, and how much longer its
// answer may be on the way.
const (
	standing = time.Second
	onTheWay = 2 * time.Second
)

// errSilent says that a server did not say how a pull ended, as one that has
// stopped, or whose consumer has moved to another meanwhile.
var errSilent = errors.New("bus: no answer to a pull")

// errNobody says that nobody answers for a consumer: it is not there, or the
// cluster is choosing who leads it.
var errNobody = errors.New("bus: nobody answers for the consumer")

// pull asks a consumer for up to batch messages, and gives them when they are
// there, or those that came until the server said that the question is over:
// after wait, or at once for a wait of 0. None is no error then.
//
// Where ctx ends first, a message may be on its way still, and would stay leased
// to nobody: the consumer may be on another server than this connection, so that
// taking the question back does not stop it. Such a one is given back when it
// comes.
func (l *link) pull(ctx context.Context, stream, consumer string, batch int, wait time.Duration) ([]*nats.Msg, error) {
	p := &pulled{left: batch, came: make(chan *nats.Msg, batch+1)}
	inbox := l.nc.NewInbox()
	var err error
	if p.sub, err = l.nc.ChanSubscribe(inbox, p.came); err != nil {
		return nil, fmt.Errorf("ask for messages: %w", err)
	}
	if err := l.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+stream+"."+consumer, inbox, question(batch, wait)); err != nil {
		_ = p.sub.Unsubscribe()
		return nil, fmt.Errorf("ask for messages: %w", err)
	}
	p.end = time.Now().Add(wait + onTheWay)
	msgs, over, err := p.gather(ctx)
	if over {
		_ = p.sub.Unsubscribe()
		return msgs, err
	}
	l.owed.Go(func() {
		defer p.sub.Unsubscribe() //nolint:errcheck // the connection is closed then
		late, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-l.gone:
				cancel()
			case <-late.Done():
			}
		}()
		more, _, _ := p.gather(late)
		for _, msg := range more {
			_ = l.nc.Publish(msg.Reply, wordAgain(0))
		}
	})
	return msgs, err
}

// question is a pull as it goes over the wire.
func question(batch int, wait time.Duration) []byte {
	q, _ := json.Marshal(struct { // cannot fail: three plain values
		Batch   int           `json:"batch"`
		Expires time.Duration `json:"expires,omitempty"`
		NoWait  bool          `json:"no_wait,omitempty"`
	}{batch, wait, wait == 0})
	return q
}

// pulled is what comes of a pull.
type pulled struct {
	sub  *nats.Subscription
	came chan *nats.Msg
	left int       // messages that may come still
	end  time.Time // when the server must have said that it is over
}

// gather waits until the pull is over, or else for ctx.
func (p *pulled) gather(ctx context.Context) (msgs []*nats.Msg, over bool, err error) {
	timer := time.NewTimer(time.Until(p.end))
	defer timer.Stop()
	for p.left > 0 {
		select {
		case msg := <-p.came:
			if status := msg.Header.Get("Status"); status != "" && len(msg.Data) == 0 {
				return msgs, true, ended(status, msg.Header.Get("Description"))
			}
			msgs = append(msgs, msg)
			p.left--
		case <-ctx.Done():
			return msgs, false, ctx.Err()
		case <-timer.C:
			return msgs, true, errSilent
		}
	}
	return msgs, true, nil
}

// ended is what the status that ends a pull says.
func ended(status, words string) error {
	switch status {
	case "404", "408": // nothing there; nothing came
		return nil
	case "503":
		return errNobody
	}
	return fmt.Errorf("bus: the server ended a pull: %s %s", status, words)
}
