package image

import (
	"encoding/binary"
	"errors"
	"io"
)

// jpegReader reads the pixels of a JPEG from the top to the bottom, so that a
// large picture never lies in memory whole. It takes what cameras and most
// programs write: one scan of eight bits, Huffman coded and not progressive
// (ITU-T T.81), grey, or luma with chroma at its size or halved; with restarts.
// Whatever is otherwise, or only a little wrong, is errOtherJPEG, which says
// nothing of the file: image/jpeg is to look at it then.
type jpegReader struct {
	width, height int
	planes        []jpegPlane
	unitRows      int // how many rows of units there are
	unitsAcross   int

	r        io.Reader
	buf      []byte
	at, end  int // what of buf was read from r and is not taken
	bits     uint64
	count    int  // how many there are, from the top of bits; below 0 after more were taken
	marker   bool // at is at a marker, so that no more bits follow
	interval int  // units between restarts; 0 without
	until    int  // units up to the next one
	restarts int

	block [64]float32
}

// jpegPlane is one component: of the row of units that was read last, its samples.
type jpegPlane struct {
	id           byte
	h, v         int // blocks in a unit
	stepX, stepY int // pixels in a sample
	pix          []byte
	stride       int
	before       int32 // the last block's DC
	steps        *[64]float32
	dc, ac       *jpegTable
}

var errOtherJPEG = errors.New("not a JPEG of the plain kind")

// jpegFetch is how much is read at once.
const jpegFetch = 32 << 10

// jpegTables are what a file defines before its scan.
type jpegTables struct {
	steps [4]*[64]float32
	codes [2][2]*jpegTable
}

// newJPEGReader reads what stands before the scan.
func newJPEGReader(r io.Reader) (*jpegReader, error) {
	d := &jpegReader{r: r, buf: make([]byte, jpegFetch)}
	var tables jpegTables
	if b, err := d.take(2); err != nil || b[0] != 0xff || b[1] != 0xd8 {
		return nil, errOtherJPEG
	}
	for {
		b, err := d.take(4)
		if err != nil || b[0] != 0xff {
			return nil, errOtherJPEG
		}
		marker, size := b[1], int(binary.BigEndian.Uint16(b[2:]))-2
		if size < 0 {
			return nil, errOtherJPEG
		}
		var payload []byte
		switch {
		case marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
			err = d.skip(size)
		default:
			if size > jpegFetch {
				return nil, errOtherJPEG
			}
			payload, err = d.take(size)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case payload == nil:
		case marker == 0xdb:
			err = tables.takeSteps(payload)
		case marker == 0xc4:
			err = tables.takeCodes(payload)
		case marker == 0xc0, marker == 0xc1:
			err = d.takeFrame(payload)
		case marker == 0xdd && size == 2:
			d.interval = int(binary.BigEndian.Uint16(payload))
			d.until = d.interval
		case marker == 0xda:
			return d, d.takeScan(payload, &tables)
		default:
			err = errOtherJPEG
		}
		if err != nil {
			return nil, err
		}
	}
}

// more reads on, so that at least n bytes are there. n is at most jpegFetch.
func (d *jpegReader) more(n int) error {
	if d.end-d.at >= n {
		return nil
	}
	d.end = copy(d.buf, d.buf[d.at:d.end])
	d.at = 0
	got, err := io.ReadAtLeast(d.r, d.buf[d.end:], n-d.end)
	d.end += got
	return err
}

// take gives n bytes, which hold until more are asked for.
func (d *jpegReader) take(n int) ([]byte, error) {
	if err := d.more(n); err != nil {
		return nil, err
	}
	b := d.buf[d.at:][:n:n]
	d.at += n
	return b, nil
}

func (d *jpegReader) skip(n int) error {
	for n > 0 {
		b, err := d.take(min(n, jpegFetch))
		if err != nil {
			return err
		}
		n -= len(b)
	}
	return nil
}

// takeSteps keeps what a sample's coefficients are multiplied by.
func (t *jpegTables) takeSteps(b []byte) error {
	for len(b) > 0 {
		wide, which := int(b[0]>>4), b[0]&15
		if wide > 1 || which > 3 || len(b) < 1+64<<wide {
			return errOtherJPEG
		}
		steps := new([64]float32)
		for i, place := range zigzag {
			v := int(b[1+i])
			if wide == 1 {
				v = int(binary.BigEndian.Uint16(b[1+2*i:]))
			}
			steps[i] = float32(v) * dctScale[place>>3] * dctScale[place&7] / 8
		}
		t.steps[which] = steps
		b = b[1+64<<wide:]
	}
	return nil
}

func (t *jpegTables) takeCodes(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]&^0x11 != 0 {
			return errOtherJPEG
		}
		n := 0
		for _, count := range b[1:17] {
			n += int(count)
		}
		if n == 0 || n > 256 || len(b) < 17+n {
			return errOtherJPEG
		}
		code := newJPEGTable([16]uint8(b[1:17]), b[17:17+n])
		if code == nil {
			return errOtherJPEG
		}
		t.codes[b[0]>>4][b[0]&15] = code
		b = b[17+n:]
	}
	return nil
}

// takeFrame makes room for a row of units.
func (d *jpegReader) takeFrame(b []byte) error {
	if d.planes != nil || len(b) < 6 || b[0] != 8 {
		return errOtherJPEG
	}
	d.height, d.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	n := int(b[5])
	if n != 1 && n != 3 || len(b) != 6+3*n || d.width == 0 || d.height == 0 {
		return errOtherJPEG
	}
	d.planes = make([]jpegPlane, n)
	for i := range d.planes {
		c := b[6+3*i:]
		p := &d.planes[i]
		p.id, p.h, p.v = c[0], int(c[1]>>4), int(c[1]&15)
		if p.h < 1 || p.h > 2 || p.v < 1 || p.v > 2 || i > 0 && (p.h != 1 || p.v != 1) || c[2] > 3 {
			return errOtherJPEG
		}
		if n == 1 { // a unit is one block, whichever of these it says
			p.h, p.v = 1, 1
		}
	}
	across, down := 8*d.planes[0].h, 8*d.planes[0].v
	d.unitsAcross, d.unitRows = (d.width+across-1)/across, (d.height+down-1)/down
	for i := range d.planes {
		p := &d.planes[i]
		p.stepX, p.stepY = across/8/p.h, down/8/p.v
		p.stride = d.unitsAcross * 8 * p.h
		p.pix = make([]byte, p.stride*8*p.v)
		p.before = int32(b[6+3*i+2]) // until takeScan, the number of its steps
	}
	return nil
}

// takeScan gives the components their tables. There is to be one scan of all.
func (d *jpegReader) takeScan(b []byte, tables *jpegTables) error {
	n := len(d.planes)
	if n == 0 || len(b) != 4+2*n || int(b[0]) != n || b[1+2*n] != 0 || b[2+2*n] != 63 || b[3+2*n] != 0 {
		return errOtherJPEG
	}
	for i := range d.planes {
		p, which := &d.planes[i], b[2+2*i]
		if b[1+2*i] != p.id || which&^0x11 != 0 {
			return errOtherJPEG
		}
		p.steps, p.before = tables.steps[p.before], 0
		p.dc, p.ac = tables.codes[0][which>>4], tables.codes[1][which&15]
		if p.steps == nil || p.dc == nil || p.ac == nil {
			return errOtherJPEG
		}
	}
	return nil
}

// next reads a row of units into the planes. It is called unitRows times.
func (d *jpegReader) next() error {
	for x := range d.unitsAcross {
		if d.interval > 0 {
			if d.until == 0 {
				if err := d.ends(0xd0 + byte(d.restarts&7)); err != nil {
					return err
				}
				d.restarts++
				d.until = d.interval
				for i := range d.planes {
					d.planes[i].before = 0
				}
			}
			d.until--
		}
		for i := range d.planes {
			p := &d.planes[i]
			for v := range p.v {
				for h := range p.h {
					at := v*8*p.stride + (x*p.h+h)*8
					if err := d.sample(p, p.pix[at:]); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// ends passes over the marker that ends coded data.
func (d *jpegReader) ends(marker byte) error {
	if err := d.fill(); err != nil {
		return err
	}
	if d.count >= 8 || !d.marker || d.buf[d.at+1] != marker {
		return errOtherJPEG
	}
	d.at += 2
	d.bits, d.count, d.marker = 0, 0, false
	return nil
}
