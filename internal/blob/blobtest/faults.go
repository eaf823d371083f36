package blobtest

import (
	"context"

	"magpie/internal/media"
)

// Op is one of the things that a driver does.
type Op string

// The operations that can be made to fail.
const (
	OpCreate Op = "create"
	OpWrite  Op = "write"
	OpCommit Op = "commit"
	OpOpen   Op = "open"
	OpRead   Op = "read"
	OpStat   Op = "stat"
	OpDelete Op = "delete"
	OpList   Op = "list"
	OpReady  Op = "ready"
)

// Call is one operation on its way. Key is the blob's, the prefix of a list, or
// "" where there is none yet; N counts the calls of this Op since SetFaults,
// from 1.
type Call struct {
	Op  Op
	Key string
	N   int
}

// Faults is how a Memory misbehaves. The functions are called without any lock
// held, from whatever goroutine makes the call: they may block, to hold an
// operation at a point, and may use the Memory, to crash it there.
type Faults struct {
	// Before runs before an operation; its error is the operation's, which then
	// has no effect.
	Before func(Call) error

	// After runs after a Commit or a Delete took effect and before it is on
	// disk. Its error is the operation's: the answer that was lost.
	After func(Call) error

	// Read sees bytes that a reader of key is about to give, from offset off of
	// the blob. It may change them, and returns how many of them to give: 0 ends
	// the reader.
	Read func(key string, off int64, p []byte) int
}

// SetFaults replaces the faults and begins the counts of calls anew. The zero
// Faults has none.
func (m *Memory) SetFaults(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
	clear(m.calls)
}

// flight is a call that has begun, and the life that it began in.
type flight struct {
	Call
	life int
}

// before begins an operation, which must not go on after an error.
func (m *Memory) before(ctx context.Context, op Op, key string) (flight, error) {
	m.mu.Lock()
	m.calls[op]++
	f := flight{Call{Op: op, Key: key, N: m.calls[op]}, m.life}
	hook := m.faults.Before
	m.mu.Unlock()
	if hook != nil {
		if err := hook(f.Call); err != nil {
			return f, err
		}
	}
	return f, ctx.Err()
}

// after is between an operation's effect and its end.
func (m *Memory) after(f flight) error {
	m.mu.Lock()
	hook := m.faults.After
	m.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(f.Call)
}

func (m *Memory) corrupt(key string, off int64, p []byte) int {
	m.mu.Lock()
	hook := m.faults.Read
	m.mu.Unlock()
	if hook == nil {
		return len(p)
	}
	return hook(key, off, p)
}

// Full is what a store without room answers.
func Full() error {
	return media.Errorf(media.CodeFull, "The server has no room for this upload now; try again later.")
}

// FailNth is a Before or After that fails the nth call of op with err, and no
// other.
func FailNth(op Op, n int, err error) func(Call) error {
	return func(c Call) error {
		if c.Op == op && c.N == n {
			return err
		}
		return nil
	}
}

// FailAll is a Before or After that fails every call of op with err.
func FailAll(op Op, err error) func(Call) error {
	return func(c Call) error {
		if c.Op == op {
			return err
		}
		return nil
	}
}

// FlipBit is a Read that gives one bit of a blob the wrong way round.
func FlipBit(key string, bit int64) func(string, int64, []byte) int {
	return func(k string, off int64, p []byte) int {
		if at := bit/8 - off; k == key && 0 <= at && at < int64(len(p)) {
			p[at] ^= 1 << (bit % 8)
		}
		return len(p)
	}
}

// EndAt is a Read that ends a blob after size bytes.
func EndAt(key string, size int64) func(string, int64, []byte) int {
	return func(k string, off int64, p []byte) int {
		if k != key {
			return len(p)
		}
		return int(min(int64(len(p)), max(size-off, 0)))
	}
}

// Pieces is a Read that gives at most n bytes at a time, as any reader may.
func Pieces(n int) func(string, int64, []byte) int {
	return func(_ string, _ int64, p []byte) int { return min(len(p), n) }
}
