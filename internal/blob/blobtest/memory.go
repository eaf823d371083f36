package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"strings"
	"sync"
	"time"

	"magpie/internal/blob"
)

// ErrCrashed is what an upload or a reader gives that was open when Crash was
// called, as the process that held it is gone.
var ErrCrashed = errors.New("the machine has crashed since")

var errEnded = errors.New("the upload was ended by Commit or Abort")

// Memory is a blob.Driver that keeps its blobs in memory, in two layers: what is
// seen, and what is on disk and outlasts Crash. A Commit that succeeds is in
// both. A Delete, and a Commit that is still under way or that failed after it
// took effect, are only seen: Crash undoes them, unless Sync came before, as a
// disk may write anything at any time.
//
// With no Faults it passes Run.
type Memory struct {
	now func() time.Time

	mu     sync.Mutex
	seen   map[string]object
	disk   map[string]object
	life   int // how often it has crashed
	faults Faults
	calls  map[Op]int
}

type object struct {
	data     []byte
	modified time.Time
}

var _ blob.Driver = (*Memory)(nil)

// NewMemory makes an empty store. now is its clock; nil is time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, seen: map[string]object{}, disk: map[string]object{}, calls: map[Op]int{}}
}

// Crash drops everything that is not on disk and cuts off uploads and readers.
// The same Memory then serves the next life.
func (m *Memory) Crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = maps.Clone(m.disk)
	m.life++
}

// Sync puts on disk what is seen: deletes and half-failed commits last.
func (m *Memory) Sync() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.disk = maps.Clone(m.seen)
}

// Create begins an upload.
func (m *Memory) Create(ctx context.Context, _, head int64) (blob.Upload, error) {
	f, err := m.before(ctx, OpCreate, "")
	if err != nil {
		return nil, err
	}
	return &memoryUpload{memory: m, life: f.life, data: make([]byte, head)}, nil
}

type memoryUpload struct {
	memory *Memory
	life   int
	data   []byte
	err    error // the first failed write, or errEnded
}

func (u *memoryUpload) Write(p []byte) (int, error) {
	if err := u.writing(); err != nil {
		return 0, err
	}
	u.data = append(u.data, p...)
	return len(p), nil
}

// ReadAt is one more OpRead.
func (u *memoryUpload) ReadAt(p []byte, off int64) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	f, err := u.memory.before(context.Background(), OpRead, "")
	if err == nil && f.life != u.life {
		err = ErrCrashed
	}
	if err != nil {
		return 0, err
	}
	return bytes.NewReader(u.data).ReadAt(p, off)
}

// WriteHead is one more OpWrite.
func (u *memoryUpload) WriteHead(p []byte) error {
	if err := u.writing(); err != nil {
		return err
	}
	copy(u.data, p)
	return nil
}

func (u *memoryUpload) writing() error {
	if u.err != nil {
		return u.err
	}
	f, err := u.memory.before(context.Background(), OpWrite, "")
	if err == nil && f.life != u.life {
		err = ErrCrashed
	}
	u.err = err
	return err
}

func (u *memoryUpload) Commit(ctx context.Context, key string) error {
	if u.err != nil {
		err := u.err
		u.err = errEnded
		return err
	}
	u.err = errEnded
	m := u.memory
	f, err := m.before(ctx, OpCommit, key)
	if err != nil {
		return err
	}
	made := object{data: u.data, modified: m.now()}
	if !m.inLife(u.life, func() { m.seen[key] = made }) {
		return ErrCrashed
	}
	if err := m.after(f); err != nil {
		return err
	}
	if !m.inLife(u.life, func() { m.disk[key] = made }) {
		return ErrCrashed
	}
	return nil
}

func (u *memoryUpload) Abort() {
	u.err = errEnded
	u.data = nil
}

// inLife runs change under the lock, unless the machine crashed since life.
func (m *Memory) inLife(life int, change func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life == life {
		change()
	}
	return m.life == life
}

func (m *Memory) find(key string) (object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.seen[key]
	if !ok {
		return object{}, &fs.PathError{Op: "open", Path: key, Err: fs.ErrNotExist}
	}
	return o, nil
}

// Open yields exactly the range.
func (m *Memory) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	f, err := m.before(ctx, OpOpen, key)
	if err != nil {
		return nil, err
	}
	o, err := m.find(key)
	if err != nil {
		return nil, err
	}
	size := int64(len(o.data))
	off = min(off, size)
	return &memoryReader{
		ctx: ctx, memory: m, life: f.life, key: key, pos: off,
		data: bytes.NewReader(o.data[off:min(off+n, size)]),
	}, nil
}

type memoryReader struct {
	ctx    context.Context // as S3's readers, it ends with the context of Open
	memory *Memory
	life   int
	key    string
	pos    int64
	data   *bytes.Reader
	closed bool
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if r.closed {
		return 0, fs.ErrClosed
	}
	f, err := r.memory.before(r.ctx, OpRead, r.key)
	if err == nil && f.life != r.life {
		err = ErrCrashed
	}
	if err != nil {
		return 0, err
	}
	n, err := r.data.Read(p)
	if n > 0 {
		kept := r.memory.corrupt(r.key, r.pos, p[:n])
		if kept == 0 {
			return 0, io.EOF
		}
		if _, err := r.data.Seek(int64(kept-n), io.SeekCurrent); err != nil {
			return 0, err
		}
		n = kept
	}
	r.pos += int64(n)
	return n, err
}

func (r *memoryReader) Close() error {
	r.closed = true
	return nil
}

// Stat describes a blob.
func (m *Memory) Stat(ctx context.Context, key string) (blob.Info, error) {
	if _, err := m.before(ctx, OpStat, key); err != nil {
		return blob.Info{}, err
	}
	o, err := m.find(key)
	if err != nil {
		return blob.Info{}, err
	}
	return blob.Info{Key: key, Size: int64(len(o.data)), Modified: o.modified}, nil
}

// Delete removes a blob from what is seen; on disk it stays until Sync.
func (m *Memory) Delete(ctx context.Context, key string) error {
	f, err := m.before(ctx, OpDelete, key)
	if err != nil {
		return err
	}
	if !m.inLife(f.life, func() { delete(m.seen, key) }) {
		return ErrCrashed
	}
	return m.after(f)
}

// List yields what was seen when it began.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return m.list(ctx, prefix, func(key string, o object) blob.Info {
		return blob.Info{Key: key, Size: int64(len(o.data)), Modified: o.modified}
	})
}

// Names yields the keys of what was seen when it began, and nothing else of it.
func (m *Memory) Names(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return m.list(ctx, prefix, func(key string, _ object) blob.Info { return blob.Info{Key: key} })
}

func (m *Memory) list(ctx context.Context, prefix string, describe func(string, object) blob.Info) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if _, err := m.before(ctx, OpList, prefix); err != nil {
			yield(blob.Info{}, err)
			return
		}
		m.mu.Lock()
		seen := maps.Clone(m.seen)
		m.mu.Unlock()
		for key, o := range seen {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(blob.Info{}, err)
				return
			}
			if strings.Count(prefix, "/") > 1 {
				m.settle(key, o)
			}
			if !yield(describe(key, o), nil) {
				return
			}
		}
	}
}

// settle puts on disk what is seen under key, unless it went meanwhile.
func (m *Memory) settle(key string, o object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now, there := m.seen[key]; there && now.modified.Equal(o.modified) {
		m.disk[key] = o
	}
}

// Ready fails as Faults say.
func (m *Memory) Ready(ctx context.Context) error {
	_, err := m.before(ctx, OpReady, "")
	return err
}

// Close does nothing; what was stored can still be looked at.
func (m *Memory) Close() error { return nil }
