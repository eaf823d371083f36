package s3blob

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync/atomic"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The names of S3's headers ("Checking object integrity" in the S3 User Guide).
const (
	crcHeader       = "x-amz-checksum-crc32c"
	algorithmHeader = "x-amz-checksum-algorithm"
)

// sums are the checksums that are sent along with bytes, in base64.
type sums struct {
	crc string
	md5 string // "" where the store is known to check the CRC-32C
}

// checking is what is known of the store: it says back the CRC-32C that it
// checked. One that doesn't is sent MD5 sums, which every S3 checks.
type checking struct{ known, crc atomic.Bool }

// learn takes the header of an answer to a PUT that carried both.
func (c *checking) learn(echo string) {
	c.crc.Store(echo != "")
	c.known.Store(true)
}

func (c *checking) wantsMD5() bool { return !c.known.Load() || !c.crc.Load() }

// sum reads the piece's bytes back where it must.
func (c *checking) sum(p *piece, off, n int64) (sums, error) {
	whole := off == 0 && n == p.size && !p.holed
	crc := p.crc
	wantMD5 := c.wantsMD5()
	hash := md5.New()
	if !whole || wantMD5 {
		check := crc32.New(castagnoli)
		to := io.Writer(check)
		if wantMD5 {
			to = io.MultiWriter(check, hash)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{p.body(off, n)}, make([]byte, 128<<10)); err != nil {
			return sums{}, err
		}
		crc = check.Sum32()
	}
	s := sums{crc: encode(crc)}
	if wantMD5 {
		s.md5 = base64.StdEncoding.EncodeToString(hash.Sum(nil))
	}
	return s, nil
}

// encode writes a CRC as S3's headers do.
func encode(crc uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}
