package s3blob

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// multi is a multipart upload: an object's bytes come in numbered parts, and it is
// there once the list of them is sent.
type multi struct {
	driver *Driver
	key    string
	id     string
	next   int // the number of the part being filled
	parts  []minio.CompletePart
	size   int64
}

func (d *Driver) newMulti(ctx context.Context, key string) (*multi, error) {
	m := &multi{driver: d, key: key, next: 1}
	err := d.line.do(ctx, func(ctx context.Context) (err error) {
		m.id, err = d.api.NewMultipartUpload(ctx, d.address.Bucket, d.object(key), minio.PutObjectOptions{
			UserMetadata: map[string]string{algorithmHeader: "CRC32C"},
		})
		return err
	})
	return m, err
}

// send sends a part. The same number may be sent again.
func (m *multi) send(ctx context.Context, number int, p *piece, off, n int64) error {
	if number > maxParts {
		return full(fmt.Errorf("the blob has more than %d parts of %d bytes", maxParts, n))
	}
	d := m.driver
	s, err := d.checking.sum(p, off, n)
	if err != nil {
		return err
	}
	var part minio.ObjectPart
	err = d.line.do(ctx, func(ctx context.Context) (err error) {
		part, err = d.api.PutObjectPart(ctx, d.address.Bucket, d.object(m.key), m.id, number, p.body(off, n), n, minio.PutObjectPartOptions{
			Md5Base64: s.md5, DisableContentSha256: true, CustomHeader: http.Header{http.CanonicalHeaderKey(crcHeader): {s.crc}},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("part %d: %w", number, err)
	}
	if s.md5 != "" {
		d.checking.learn(part.ChecksumCRC32C)
	}
	m.parts = append(m.parts, minio.CompletePart{PartNumber: number, ETag: part.ETag, ChecksumCRC32C: part.ChecksumCRC32C})
	m.size += n
	return nil
}

// complete makes the object of the parts.
func (m *multi) complete(ctx context.Context) error {
	slices.SortFunc(m.parts, func(a, b minio.CompletePart) int { return a.PartNumber - b.PartNumber })
	d := m.driver
	return d.line.do(ctx, func(ctx context.Context) error {
		err := m.completeOnce(ctx, !d.unconditional.Load())
		if answerOf(err).StatusCode == http.StatusNotImplemented && d.unconditional.CompareAndSwap(false, true) {
			err = m.completeOnce(ctx, false)
		}
		// An earlier try may have done more than its answer told. Nobody else knows
		// this upload's id, so if it is gone the object is ours.
		switch answer := answerOf(err); {
		case answer.Code == minio.NoSuchUpload:
			return m.holds(ctx, err, func(info minio.ObjectInfo) bool { return true })
		case answer.StatusCode == http.StatusPreconditionFailed:
			return m.holds(ctx, errTaken, m.made)
		}
		return err
	})
}

func (m *multi) completeOnce(ctx context.Context, conditional bool) error {
	opts := minio.PutObjectOptions{}
	if conditional {
		opts.SetMatchETagExcept("*")
	}
	_, err := m.driver.api.CompleteMultipartUpload(ctx, m.driver.address.Bucket, m.driver.object(m.key), m.id, m.parts, opts)
	return raced(err)
}

// holds gives otherwise unless the object at the key has the right size and is
// ours.
func (m *multi) holds(ctx context.Context, otherwise error, ours func(minio.ObjectInfo) bool) error {
	info, err := m.driver.api.StatObject(ctx, m.driver.address.Bucket, m.driver.object(m.key), minio.StatObjectOptions{Checksum: true})
	if answerOf(err).StatusCode == http.StatusNotFound {
		return otherwise
	}
	if err != nil {
		return err
	}
	if info.Size == m.size && ours(info) {
		return nil
	}
	return otherwise
}

// made says whether an object was made of these parts: S3 gives such the
// checksum of the parts' checksums, and a tag made the same way of their tags.
func (m *multi) made(info minio.ObjectInfo) bool {
	var crcs, tags []byte
	for _, part := range m.parts {
		crc, _ := base64.StdEncoding.DecodeString(part.ChecksumCRC32C)
		tag, _ := hex.DecodeString(part.ETag)
		crcs, tags = append(crcs, crc...), append(tags, tag...)
	}
	if len(crcs) == 4*len(m.parts) && info.ChecksumCRC32C != "" {
		crc, _, _ := strings.Cut(info.ChecksumCRC32C, "-")
		return crc == encode(crc32.Checksum(crcs, castagnoli))
	}
	sum := md5.Sum(tags)
	return len(tags) == md5.Size*len(m.parts) && info.ETag == fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:]), len(m.parts))
}

// abort removes the parts; those that can't be removed now go with sweepParts a
// day later. An object that was made of them all the same stays, for the sweep:
// somebody who lists, in another process too, may have seen it and built on it.
func (m *multi) abort(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d := m.driver
	err := d.line.do(short, func(ctx context.Context) error {
		return d.api.AbortMultipartUpload(ctx, d.address.Bucket, d.object(m.key), m.id)
	})
	if err != nil && answerOf(err).Code != minio.NoSuchUpload {
		d.opts.Log.Warn("parts of an upload not removed; they are in a day", "key", m.key, "err", err)
	}
}

// putLong makes an object of a piece that is too long for one PUT.
func (d *Driver) putLong(ctx context.Context, key string, p *piece) error {
	m, err := d.newMulti(ctx, key)
	if err != nil {
		return err
	}
	step := max(d.opts.PartSize, (p.size+maxParts-1)/maxParts)
	for off := int64(0); off < p.size && err == nil; off += step {
		err = m.send(ctx, m.next, p, off, min(step, p.size-off))
		m.next++
	}
	if err == nil {
		err = m.complete(ctx)
	}
	if err != nil {
		m.abort(ctx)
	}
	return err
}
