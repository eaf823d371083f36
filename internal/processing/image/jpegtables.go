package image

import (
	"math/bits"
	"sync"
)

// zigzag gives, for each place in a file, where a coefficient is in its block
// (ITU-T T.81, figure A.6).
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// jpegSteps are the quantization tables of ITU-T T.81, annex K.1, row by row, of
// luma and of chroma, at quality 50.
var jpegSteps = [2][64]uint8{
	{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	},
	{
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// jpegCode is a Huffman code as a file tells it: how many codes there are of each
// length from 1 to 16, and what they stand for.
type jpegCode struct {
	class  uint8 // as DHT names it: 0x00, 0x10 of luma, 0x01, 0x11 of chroma
	counts [16]uint8
	values string
}

// jpegCodes are those of ITU-T T.81, annex K.3: luma's DC and AC, chroma's DC
// and AC.
var jpegCodes = [4]jpegCode{
	{
		0x00,
		[16]uint8{0, 1, 5, 1, 1, 1, 1, 1, 1},
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b",
	},
	{
		0x10,
		[16]uint8{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125},
		"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07" +
			"\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0" +
			"\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28" +
			"\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49" +
			"\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69" +
			"\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89" +
			"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7" +
			"\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5" +
			"\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2" +
			"\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8" +
			"\xf9\xfa",
	},
	{
		0x01,
		[16]uint8{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b",
	},
	{
		0x11,
		[16]uint8{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119},
		"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71" +
			"\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0" +
			"\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26" +
			"\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48" +
			"\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68" +
			"\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87" +
			"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5" +
			"\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3" +
			"\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda" +
			"\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8" +
			"\xf9\xfa",
	},
}

// jpegWordBits is how many bits the longest code has together with the number
// behind it, and jpegWord is all of them.
const (
	jpegWordBits = 26
	jpegWord     = 1<<jpegWordBits - 1

	jpegNumberBits = 11 // of the largest number, and jpegNumber is all of them
	jpegNumber     = 1<<jpegNumberBits - 1
)

// words gives, for each value, its code moved up by the bits of the number that
// follows it, and above jpegWordBits the length of both.
func (c *jpegCode) words() (out [256]uint32) {
	code, at := uint32(0), 0
	for i, n := range c.counts {
		for range n {
			value := c.values[at]
			size := uint32(value & 15)
			out[value] = code<<size | (uint32(i+1)+size)<<jpegWordBits
			code++
			at++
		}
		code <<= 1
	}
	return out
}

// jpegShared is what all writers share.
type jpegShared struct {
	codes   [4][256]uint32 // the words of jpegCodes
	numbers [4096]uint16   // of each number, by its lowest bits: the bits behind its code, and above jpegNumberBits how many
	columns [64]uint8      // where in steps a number of the file stands
	places  [16][16]uint64 // half a column, and which of its four numbers: their places in the file
}

var sharedTables = sync.OnceValue(func() *jpegShared {
	t := new(jpegShared)
	for i := range jpegCodes {
		t.codes[i] = jpegCodes[i].words()
	}
	for v := int32(-1 << jpegNumberBits); v < 1<<jpegNumberBits; v++ {
		size := bits.Len32(uint32(max(v, -v)))
		below := v >> 31 // negative numbers are told less 1
		t.numbers[v&4095] = uint16(size)<<jpegNumberBits | uint16(v+below)&(1<<size-1)
	}
	for k, place := range zigzag {
		column, row := place&7, place>>3
		t.columns[k] = column<<4 | row<<1
		for which := range t.places[0] {
			if which>>(row&3)&1 == 1 {
				t.places[column<<1|row>>2][which] |= 1 << k
			}
		}
	}
	return t
})
