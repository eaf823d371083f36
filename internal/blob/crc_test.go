package blob

import (
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"
)

func TestJoinCRC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.Byte(), 0, 3000)
		first, second := bytes.Draw(t, "first"), bytes.Draw(t, "second")
		// Zeros are what a wrong shift gets wrong.
		second = append(second, make([]byte, rapid.IntRange(0, 70_000).Draw(t, "zeros"))...)
		before, after := crc32.Checksum(first, castagnoli), crc32.Checksum(second, castagnoli)
		if got, want := joinCRC(before, after, int64(len(second))), crc32.Update(before, castagnoli, second); got != want {
			t.Fatalf("%d and %d bytes: got %08x, want %08x", len(first), len(second), got, want)
		}
	})
}

// TestJoinCRCLong: lengths that no test can write are sums of ones that it can.
func TestJoinCRCLong(t *testing.T) {
	const piece = 1 << 40
	step := uint32(0xdeadbeef)
	for range 8 {
		step = joinCRC(step, 0, piece)
	}
	if got := joinCRC(0xdeadbeef, 0, 8*piece); got != step || got == 0xdeadbeef {
		t.Errorf("8 TiB in one step give %08x, in eight %08x", got, step)
	}
}
