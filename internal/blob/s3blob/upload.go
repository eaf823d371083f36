package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"

	"github.com/minio/minio-go/v7"

	"magpie/internal/blob"
)

var (
	errEnded = errors.New("the upload was ended by Commit or Abort")
	errSent  = errors.New("the upload may have been sent in part")
	errTaken = errors.New("the key is taken by another object")
)

// Create takes room in the spool for hint bytes, where it is known, and waits a
// little for it.
func (d *Driver) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	if d.opts.ReadOnly {
		return nil, ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := d.spool.newPiece(ctx, hint, head, false)
	if err != nil {
		return nil, err
	}
	return &upload{driver: d, ctx: ctx, piece: p}, nil
}

// CreateKeyed takes room for the parts that are in the spool at one time, and
// waits for it as long as ctx lasts: what is made here comes again no sooner.
func (d *Driver) CreateKeyed(ctx context.Context, key string, hint, head int64) (blob.Upload, error) {
	if d.opts.ReadOnly {
		return nil, ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u := &upload{driver: d, ctx: ctx, key: key, part: max(d.opts.PartSize, head)}
	want := u.part
	if hint > 0 {
		want = min(hint, u.part)
	}
	spare := int64(0) // for the second part while the first one's head is open
	if head > 0 && (hint == 0 || hint > u.part) {
		spare = u.part
	}
	if err := d.spool.take(ctx, want+spare, true); err != nil {
		return nil, err
	}
	u.spare = spare
	f, err := d.spool.file()
	if err != nil {
		d.spool.give(want + spare)
		return nil, err
	}
	u.piece = d.spool.over(f, want, head)
	return u, nil
}

// upload is a blob in the spool, or what is not sent yet of one that is sent in
// parts.
type upload struct {
	driver *Driver
	ctx    context.Context // of CreateKeyed: Write has none
	key    string          // "" if it is not known yet
	part   int64           // at which size a piece is sent; 0: it isn't before Commit

	piece *piece // being written
	first *piece // part 1, full, whose head is still open
	spare int64  // bytes reserved for piece when first is set
	multi *multi // nil as long as nothing was sent
	err   error  // the first failure, or errEnded
}

func (u *upload) Write(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	written := 0
	for len(p) > 0 {
		n := len(p)
		if u.part > 0 {
			if u.piece.size == u.part {
				if u.err = u.turn(); u.err != nil {
					return written, u.err
				}
			}
			n = int(min(int64(n), u.part-u.piece.size))
		}
		if u.err = u.piece.write(u.ctx, p[:n]); u.err != nil {
			return written, u.err
		}
		written += n
		p = p[n:]
	}
	return written, nil
}

// ReadAt reads what is in the spool, which is all of what Create began.
func (u *upload) ReadAt(p []byte, off int64) (int, error) {
	if u.err != nil || u.part > 0 {
		return 0, errors.Join(errSent, u.err)
	}
	return u.piece.body(0, u.piece.size).ReadAt(p, off)
}

// turn sends the full piece, or lays it aside while its head is open, and makes
// room for the next.
func (u *upload) turn() error {
	if err := u.begin(); err != nil {
		return err
	}
	if u.piece.hole > 0 {
		f, err := u.driver.spool.file()
		if err != nil {
			return err
		}
		u.first = u.piece
		u.piece = u.driver.spool.over(f, u.spare, 0)
		u.spare = 0
		u.multi.next++
		return nil
	}
	if err := u.multi.send(u.ctx, u.multi.next, u.piece, 0, u.piece.size); err != nil {
		return err
	}
	u.multi.next++
	return u.piece.empty()
}

// begin begins the multipart upload.
func (u *upload) begin() error {
	if u.multi != nil {
		return nil
	}
	m, err := u.driver.newMulti(u.ctx, u.key)
	if err == nil {
		u.multi = m
	}
	return err
}

func (u *upload) WriteHead(p []byte) error {
	if u.err != nil {
		return u.err
	}
	if u.first == nil {
		u.err = u.piece.fillHole(p)
		return u.err
	}
	// The first part goes at once: its room may be what the next upload waits for.
	if u.err = u.first.fillHole(p); u.err == nil {
		u.err = u.multi.send(u.ctx, 1, u.first, 0, u.first.size)
	}
	if u.err == nil {
		u.first.drop()
		u.first = nil
	}
	return u.err
}

// Commit sends what is left.
func (u *upload) Commit(ctx context.Context, key string) error {
	err := u.err
	switch {
	case err != nil:
	case u.key != "" && u.key != key:
		err = fmt.Errorf("the upload was begun for the key %s", u.key)
	case u.multi != nil:
		if err = u.multi.send(ctx, u.multi.next, u.piece, 0, u.piece.size); err == nil {
			err = u.multi.complete(ctx)
		}
	case u.piece.size > u.driver.maxPut:
		err = u.driver.putLong(ctx, key, u.piece)
	default:
		err = u.driver.put(ctx, key, u.piece)
	}
	if err == nil {
		u.multi = nil
	}
	u.Abort()
	return err
}

func (u *upload) Abort() {
	if u.err == errEnded {
		return
	}
	u.err = errEnded
	u.piece.drop()
	u.first.drop()
	u.driver.spool.give(u.spare)
	if u.multi != nil {
		u.multi.abort(u.ctx)
	}
}

// put makes an object of a piece with one PUT.
func (d *Driver) put(ctx context.Context, key string, p *piece) error {
	s, err := d.checking.sum(p, 0, p.size)
	if err != nil {
		return err
	}
	sent := false
	err = d.line.do(ctx, func(ctx context.Context) error {
		if sent {
			// An earlier try may have done more than its answer told. It is asked
			// first: many a store that refuses a PUT does not wait for its body, and
			// then the answer is lost as well.
			if err := d.found(ctx, key, p); !missingKey(err) {
				return err
			}
		}
		sent = true
		err := d.putOnce(ctx, key, p, s, !d.unconditional.Load())
		if answerOf(err).StatusCode == http.StatusNotImplemented && d.unconditional.CompareAndSwap(false, true) {
			err = d.putOnce(ctx, key, p, s, false)
		}
		if answerOf(err).StatusCode != http.StatusPreconditionFailed {
			return err
		}
		return raced(d.found(ctx, key, p)) // or it has gone since
	})
	// What may have been stored all the same stays, for the sweep: somebody who
	// lists, in another process too, may have seen it and built on it by now.
	return err
}

// putOnce is one try.
func (d *Driver) putOnce(ctx context.Context, key string, p *piece, s sums, conditional bool) error {
	opts := minio.PutObjectOptions{
		DisableContentSha256: true, // the CRC or the MD5 is the check
		UserMetadata:         map[string]string{crcHeader: s.crc},
	}
	if conditional {
		opts.SetMatchETagExcept("*")
	}
	info, err := d.api.PutObject(ctx, d.address.Bucket, d.object(key), p.body(0, p.size), p.size, s.md5, "", opts)
	if err == nil && s.md5 != "" {
		d.checking.learn(info.ChecksumCRC32C)
	}
	return raced(err)
}

// found is nil if the object at key is the piece, and errTaken if it is another.
func (d *Driver) found(ctx context.Context, key string, p *piece) error {
	same, err := d.holds(ctx, key, p)
	if err == nil && !same {
		return errTaken
	}
	return err
}

// missingKey says whether an answer was that there is no such object.
func missingKey(err error) bool { return errors.Is(missing("stat", "", err), fs.ErrNotExist) }

// holds says whether the object at key is the piece, by its checksum if the
// store has one, else by reading it back.
func (d *Driver) holds(ctx context.Context, key string, p *piece) (bool, error) {
	info, err := d.api.StatObject(ctx, d.address.Bucket, d.object(key), minio.StatObjectOptions{Checksum: true})
	if err != nil || info.Size != p.size {
		return false, err
	}
	want := crc32.New(castagnoli)
	if _, err := io.Copy(want, p.body(0, p.size)); err != nil {
		return false, err
	}
	if info.ChecksumCRC32C != "" {
		return info.ChecksumCRC32C == encode(want.Sum32()), nil
	}
	body, _, _, err := d.api.GetObject(ctx, d.address.Bucket, d.object(key), minio.GetObjectOptions{})
	if err != nil {
		return false, err
	}
	defer body.Close()
	got := crc32.New(castagnoli)
	if _, err := io.Copy(got, body); err != nil {
		return false, err
	}
	return bytes.Equal(got.Sum(nil), want.Sum(nil)), nil
}
