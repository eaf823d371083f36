package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestVideoIsAllThere(t *testing.T) {
	p := make(payload, payloadSize)
	for _, c := range []struct{ size, segment int64 }{
		{1 << 30, 4 << 20}, {16 << 20, 16778}, {100, 64}, {64, 64}, {16 << 30, 17179870},
	} {
		pieces := p.video(c.size, c.segment)
		if got := total(pieces); got != c.size {
			t.Errorf("%d bytes in segments of %d are %d bytes", c.size, c.segment, got)
		}
		for i, s := range pieces {
			if s.from < 0 || s.to < s.from || s.to > payloadSize {
				t.Fatalf("segment %d lies from %d to %d", i, s.from, s.to)
			}
			if i < len(pieces)-1 && s.size() != c.segment {
				t.Errorf("segment %d has %d bytes, want %d", i, s.size(), c.segment)
			}
		}
		if got := bytes.Join(p.parts(nil, pieces[0]), nil); int64(len(got)) != pieces[0].size() {
			t.Errorf("the first segment has %d bytes, not %d", len(got), pieces[0].size())
		}
	}
}

func TestVideoHead(t *testing.T) {
	head := videoHead(1 << 33)
	boxes := map[string]uint64{}
	for at := 0; at < len(head); {
		n := uint64(binary.BigEndian.Uint32(head[at:]))
		name := string(head[at+4 : at+8])
		if n == 1 {
			boxes[name] = binary.BigEndian.Uint64(head[at+8:])
			break
		}
		boxes[name] = n
		at += int(n)
	}
	if boxes["ftyp"] != 24 || boxes["mdat"] != 1<<33-24 || len(boxes) != 2 {
		t.Errorf("the boxes are %v", boxes)
	}
}

func TestDeal(t *testing.T) {
	p := make(payload, payloadSize)
	pieces := p.video(10<<20, 1<<20)
	for n, want := range map[int][]int{1: {10}, 3: {3, 3, 4}, 8: {1, 1, 1, 2, 1, 1, 1, 2}, 20: {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		parts := deal(pieces, n)
		if len(parts) != len(want) {
			t.Errorf("%d parts of 10 pieces, want %d", len(parts), len(want))
			continue
		}
		var all []piece
		for i, part := range parts {
			if len(part) != want[i] {
				t.Errorf("part %d of %d has %d pieces, want %d", i, n, len(part), want[i])
			}
			all = append(all, part...)
		}
		if total(all) != 10<<20 {
			t.Errorf("%d parts have %d bytes", n, total(all))
		}
	}
}
