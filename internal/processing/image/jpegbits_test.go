package image

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestBitsAreStuffed: the file has the bits one after the other, and a zero behind
// each byte of ones.
func TestBitsAreStuffed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var b jpegBits
		var file []byte
		var all strings.Builder
		for range rapid.IntRange(0, 400).Draw(r, "times") {
			n := rapid.UintRange(1, 56).Draw(r, "length")
			bits := rapid.OneOf(rapid.Uint64(), rapid.Just(^uint64(0))).Draw(r, "bits") & (1<<n - 1)
			b.put(bits, n)
			fmt.Fprintf(&all, "%0*b", int(n), bits)
			if b.at > jpegScan-jpegUnit {
				file = b.stuffed(file)
			}
		}
		file = b.stuffed(file)
		var want []byte
		text := all.String()
		for ; len(text) >= 8; text = text[8:] {
			v, _ := strconv.ParseUint(text[:8], 2, 8)
			want = append(want, byte(v))
		}
		if want = bytes.ReplaceAll(want, []byte{0xff}, []byte{0xff, 0}); !bytes.Equal(file, want) {
			r.Fatalf("%x, want %x", file, want)
		}
		if got := fmt.Sprintf("%064b", b.word)[:b.count]; got != text {
			r.Fatalf("%q is left, want %q", got, text)
		}
	})
}

// TestCodedNumbers: behind its code stands a number as ITU-T T.81, F.1.2 has it, the
// negative ones less 1.
func TestCodedNumbers(t *testing.T) {
	tables := sharedTables()
	for table, code := range jpegCodes {
		most := 1<<10 - 1
		if table%2 == 0 {
			most = 1<<11 - 1
		}
		for v := -most; v <= most; v++ {
			size := len(strconv.FormatInt(int64(max(v, -v)), 2))
			tail := v
			if v < 0 {
				tail = v + 1<<size - 1
			}
			if v == 0 {
				size = 0
			}
			for _, zeros := range []int{0, 1, 15}[:1+table%2*2] {
				if v == 0 && zeros == 1 {
					continue // no such code
				}
				prefix, length := codeOf(t, code, byte(zeros<<4|size))
				want := uint64(prefix)<<size | uint64(tail)
				if word, n := coded(&tables.codes[table], zeros, tables.numbers[v&4095]); word != want || n != uint(length+size) {
					t.Fatalf("code %d of %d zeros and %d: %b of %d bits, want %b of %d", table, zeros, v, word, n, want, length+size)
				}
			}
		}
	}
}

// codeOf is a value's code and its length, as annex C of ITU-T T.81 makes them.
func codeOf(t *testing.T, c jpegCode, value byte) (code uint32, length int) {
	t.Helper()
	at := 0
	for i, n := range c.counts {
		for range n {
			if c.values[at] == value {
				return code, i + 1
			}
			code++
			at++
		}
		code <<= 1
	}
	t.Fatalf("there is no code of %02x", value)
	return 0, 0
}
