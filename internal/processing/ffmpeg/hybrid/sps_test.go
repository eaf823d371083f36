package hybrid

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// bitsOf writes numbers for tests.
type bitsOf struct {
	data []byte
	n    int
}

func (b *bitsOf) put(n int, v uint32) {
	for i := n - 1; i >= 0; i-- {
		if b.n%8 == 0 {
			b.data = append(b.data, 0)
		}
		b.data[b.n/8] |= byte(v>>i&1) << (7 - b.n%8)
		b.n++
	}
}

func (b *bitsOf) exp(v uint32) {
	zeros := 0
	for n := v + 1; n > 1; n >>= 1 {
		zeros++
	}
	b.put(zeros, 0)
	b.put(zeros+1, v+1)
}

// set describes a parameter set that is written for a test.
type set struct {
	profile        byte
	format, depth  uint32
	order          uint32
	across, down   uint32
	lines          bool
	left, bottom   uint32
	shape          uint32
	w, h           uint32
	full           bool
	transfer       uint32
	buffer, timing bool
}

// usualSet is 1920×1080 of High at 4.0.
func usualSet() set {
	return set{profile: 100, format: 1, across: 120, down: 68, bottom: 4, shape: 1, transfer: 1}
}

func (s set) bytes() []byte {
	var b bitsOf
	flag := func(v bool) {
		if v {
			b.put(1, 1)
		} else {
			b.put(1, 0)
		}
	}
	b.exp(0)
	if s.profile == 100 {
		b.exp(s.format)
		b.exp(s.depth)
		b.exp(s.depth)
		b.put(2, 0)
	}
	b.exp(0)
	b.exp(s.order)
	if s.order == 0 {
		b.exp(2)
	}
	b.exp(4)
	b.put(1, 0)
	b.exp(s.across - 1)
	b.exp(s.down - 1)
	flag(!s.lines)
	b.put(1, 1)
	b.put(1, 1)
	b.exp(s.left)
	b.exp(0)
	b.exp(0)
	b.exp(s.bottom)
	b.put(1, 1) // usage
	b.put(1, 1)
	b.put(8, s.shape)
	if s.shape == 255 {
		b.put(16, s.w)
		b.put(16, s.h)
	}
	b.put(1, 0)
	b.put(1, 1)
	b.put(3, 5)
	flag(s.full)
	b.put(1, 1)
	b.put(8, 1)
	b.put(8, s.transfer)
	b.put(8, 1)
	b.put(1, 0)
	flag(s.timing)
	if s.timing {
		b.put(32, 1)
		b.put(32, 60)
		b.put(1, 1)
	}
	flag(s.buffer)
	b.put(2, 0)
	b.put(1, 0)
	b.put(1, 1)
	escaped := []byte{0x67, s.profile, 0, 40}
	zeros := 0
	for _, c := range b.data {
		if zeros >= 2 && c <= 3 {
			escaped, zeros = append(escaped, 3), 0
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		escaped = append(escaped, c)
	}
	return escaped
}

func TestParsePictureSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*set)
		want   pictureSet // none for what is odd
	}{
		"usual":             {func(*set) {}, pictureSet{100, 40, 1920, 1080, true}},
		"Main":              {func(s *set) { s.profile = 77 }, pictureSet{77, 40, 1920, 1080, true}},
		"whole blocks":      {func(s *set) { s.down, s.bottom = 45, 0 }, pictureSet{100, 40, 1920, 720, true}},
		"no word on pixels": {func(s *set) { s.shape = 0 }, pictureSet{100, 40, 1920, 1080, false}},
		"square, in words":  {func(s *set) { s.shape, s.w, s.h = 255, 7, 7 }, pictureSet{100, 40, 1920, 1080, true}},
		"with a clock":      {func(s *set) { s.timing = true }, pictureSet{100, 40, 1920, 1080, true}},
		"in their order":    {func(s *set) { s.order = 2 }, pictureSet{100, 40, 1920, 1080, true}},
		"Baseline":          {func(s *set) { s.profile = 66 }, pictureSet{}},
		"4:2:2":             {func(s *set) { s.format = 2 }, pictureSet{}},
		"10 bits":           {func(s *set) { s.depth = 2 }, pictureSet{}},
		"another order":     {func(s *set) { s.order = 1 }, pictureSet{}},
		"lines in turns":    {func(s *set) { s.lines = true }, pictureSet{}},
		"cut at the left":   {func(s *set) { s.left = 1 }, pictureSet{}},
		"cut to nothing":    {func(s *set) { s.bottom = 600 }, pictureSet{}},
		"wide pixels":       {func(s *set) { s.shape = 2 }, pictureSet{}},
		"wide, in words":    {func(s *set) { s.shape, s.w, s.h = 255, 4, 3 }, pictureSet{}},
		"no pixels":         {func(s *set) { s.shape = 255 }, pictureSet{}},
		"black is 0":        {func(s *set) { s.full = true }, pictureSet{}},
		"PQ":                {func(s *set) { s.transfer = 16 }, pictureSet{}},
		"HLG":               {func(s *set) { s.transfer = 18 }, pictureSet{}},
		"a buffer's model":  {func(s *set) { s.buffer = true }, pictureSet{}},
		"huge":              {func(s *set) { s.across = 4000 }, pictureSet{}},
	} {
		s := usualSet()
		c.change(&s)
		got, err := parsePictureSet(s.bytes())
		if got != c.want || (err == nil) != (c.want != pictureSet{}) || err != nil && !errors.Is(err, ErrOdd) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	whole := usualSet().bytes()
	for n := range len(whole) - 1 {
		if got, err := parsePictureSet(whole[:n]); !errors.Is(err, ErrOdd) {
			t.Errorf("%d bytes of %d: %+v, %v", n, len(whole), got, err)
		}
	}
	whole[0] = 0x68
	if _, err := parsePictureSet(whole); !errors.Is(err, ErrOdd) {
		t.Errorf("another unit: %v", err)
	}
}

func TestUnescaped(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "000003": "0000", "00000301": "000001", "000003000003": "00000000", "0003": "0003", "00000300000302": "0000000002",
	} {
		data, _ := hex.DecodeString(in)
		wanted, _ := hex.DecodeString(want)
		if got := unescaped(data); !bytes.Equal(got, wanted) {
			t.Errorf("%s: %x, want %s", in, got, want)
		}
	}
}

func FuzzParsePictureSet(f *testing.F) {
	f.Add(usualSet().bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parsePictureSet(data)
		if err == nil && (s.width < 2 || s.height < 2 || s.width > 1<<14 || s.height > 1<<14) {
			t.Errorf("%+v", s)
		}
	})
}
