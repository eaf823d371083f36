package image

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// TestIDATsAreOneStream: however the data is cut into chunks and asked for, it comes
// as it is, and what was asked for, and no more, goes on in chunks of their own size.
func TestIDATsAreOneStream(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(r, "data")
		var file []byte
		for rest := data; len(rest) > 0; {
			n := rapid.IntRange(0, len(rest)).Draw(r, "chunk")
			file = append(file, pngChunk("IDAT", rest[:n])...)
			rest = rest[n:]
		}
		file = append(file, pngChunk("IEND", nil)...)
		var out bytes.Buffer
		left := int64(binary.BigEndian.Uint32(file))
		in := newIDATs(bufio.NewReader(bytes.NewReader(file[8:])), left, make([]byte, rapid.IntRange(1, 90).Draw(r, "piece")), &out)
		asked := rapid.IntRange(0, len(data)).Draw(r, "asked")
		var got []byte
		for len(got) < asked {
			switch rapid.IntRange(0, 2).Draw(r, "how") {
			case 0:
				c, err := in.ReadByte()
				if err != nil {
					r.Fatal(err)
				}
				got = append(got, c)
			case 1:
				p := make([]byte, rapid.IntRange(1, asked-len(got)).Draw(r, "length"))
				n, err := in.Read(p)
				if err != nil {
					r.Fatal(err)
				}
				got = append(got, p[:n]...)
			default:
				n := rapid.IntRange(0, asked-len(got)).Draw(r, "copied")
				if err := in.copy(int64(n)); err != nil {
					r.Fatal(err)
				}
				got = append(got, data[len(got):][:n]...)
			}
		}
		if err := in.flush(); err != nil {
			r.Fatal(err)
		}
		written, _ := idatOf(append(make([]byte, 8), out.Bytes()...))
		if !bytes.Equal(got, data[:asked]) || !bytes.Equal(written, data[:asked]) || in.read != int64(asked) {
			r.Fatalf("%x was read and %x written, %d bytes, of %x", got, written, in.read, data[:asked])
		}
		if asked < len(data) {
			return
		}
		if _, err := in.ReadByte(); !errors.Is(err, io.ErrUnexpectedEOF) {
			r.Fatalf("behind the end: %v", err)
		}
		if err := in.end(); err != nil {
			r.Fatalf("the end: %v", err)
		}
	})
}

func TestIDATsOfAWrongSum(t *testing.T) {
	for _, at := range []int{9, 10, 23, 24} { // of two chunks the data and the sums
		file := append(pngChunk("IDAT", []byte("ab")), pngChunk("IDAT", []byte("cd"))...)
		file = append(file, pngChunk("IEND", nil)...)
		file[at] ^= 1
		in := newIDATs(bufio.NewReader(bytes.NewReader(file[8:])), 2, make([]byte, 2), nil)
		_, err := io.ReadAll(io.LimitReader(in, 4))
		if err == nil {
			err = in.end()
		}
		if !errors.Is(err, errPNGSum) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}
