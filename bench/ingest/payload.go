package main

import "math/rand/v2"

// payload is what all servers are sent: random bytes, which nothing compresses.
type payload []byte

// payloadSize is more than the processors' caches hold, so that no server finds
// there what it was sent before.
const payloadSize = 128 << 20

// newPayload makes one, the same each time.
func newPayload() payload {
	p := make(payload, payloadSize)
	_, _ = rand.NewChaCha8([32]byte{'i', 'n', 'g', 'e', 's', 't'}).Read(p) // which never fails
	return p
}

// piece is a stretch of an upload: bytes that are its own, and then so many of
// the payload. The first segment of a video begins as a video does.
type piece struct {
	own      []byte
	from, to int64 // of the payload
}

func (p piece) size() int64 { return int64(len(p.own)) + p.to - p.from }

// video says what the segments of an upload of so many bytes are: an MP4 with its
// media data first and no end, which is taken for one until it is processed.
func (p payload) video(size, segment int64) []piece {
	var out []piece
	for off := int64(0); off < size; off += segment {
		n := min(segment, size-off)
		var own []byte
		if off == 0 {
			own = videoHead(size)
		}
		n -= int64(len(own))
		from := off % (payloadSize - segment + 1) &^ 4095
		out = append(out, piece{own, from, from + n})
	}
	return out
}

// videoHead is the beginning of an MP4 of so many bytes (ISO/IEC 14496-12, 4.3
// and 8.1.1): its type, and the head of media data that take the rest.
func videoHead(size int64) []byte {
	head := []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + "\x00\x00\x00\x01mdat")
	n := uint64(size - 24)
	for shift := 56; shift >= 0; shift -= 8 {
		head = append(head, byte(n>>shift))
	}
	return head
}

// parts are what a piece of the payload is made of, behind what goes before it.
func (p payload) parts(before []byte, s piece) [][]byte {
	return [][]byte{before, s.own, p[s.from:s.to]}
}
