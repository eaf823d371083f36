package tus

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/upload"
)

func TestPatch(t *testing.T) {
	s := newServer(t, upload.Config{})
	file := gif(1000)
	url := s.begin(1000)
	s.want(s.patch(url, 0, file[:400]), 204, "Upload-Offset", "400", "Magpie-State", "uploading", "Upload-Expires", "Mon, 23 Nov 2026 10:00:00 GMT")
	s.want(s.patch(url, 400, ""), 204, "Upload-Offset", "400")
	a := s.want(s.patch(url, 400, file[400:]), 204, "Upload-Offset", "1000", "Magpie-State", "pending", "Upload-Expires", "")
	m := s.wantMedia(url, file)
	if a.Get("Magpie-Media-Id") != m.ID.String() || a.Get("Magpie-Media-Key") != string(media.KeyOf(m.Category, m.ID)) || m.Type != media.GIF {
		t.Errorf("the media %v has the headers %v", m, a.Header)
	}
	if len(s.started) != 1 || s.started[0] != m.ID {
		t.Errorf("started %v", s.started)
	}
	s.want(s.patch(url, 1000, ""), 204, "Upload-Offset", "1000", "Magpie-State", "pending")
	if end, err := s.catalog.PartsEnd(t.Context(), m.ID); err != nil || end.Parts != 0 {
		t.Errorf("its parts are still there: %v, %v", end, err)
	}
}

func TestPatchRefuses(t *testing.T) {
	s := newServer(t, upload.Config{})
	file := gif(100)
	url := s.begin(100)
	s.want(s.patch(url, 0, file[:50]), 204)
	for _, c := range []struct {
		name   string
		body   string
		pairs  []string
		status int
		words  string
	}{
		{"behind", "x", []string{"Upload-Offset", "49"}, 409, "stands at the offset 50"},
		{"ahead", "x", []string{"Upload-Offset", "51"}, 409, "stands at the offset 50"},
		{"no offset", "x", []string{"Upload-Offset", "-"}, 400, "Upload-Offset is missing"},
		{"no number", "x", []string{"Upload-Offset", "0x32"}, 400, "whole number"},
		{"another type", "x", []string{"Content-Type", "image/gif"}, 415, bytesType},
		{"no type", "x", []string{"Content-Type", "-"}, 415, bytesType},
		{"a coding", "x", []string{"Content-Encoding", "gzip"}, 415, "as they are"},
		{"too much", strings.Repeat("x", 51), nil, 413, "100 in all"},
		{"another length", "x", []string{"Upload-Length", "101"}, 400, "can't change"},
		{"a sum of nothing", "x", []string{"Upload-Checksum", "sha1"}, 400, "20 bytes in base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.do("PATCH", url, strings.NewReader(c.body), append([]string{"Upload-Offset", "50"}, c.pairs...)...)
			if a.status != c.status || !strings.Contains(a.body, c.words) {
				t.Errorf("%d, %s", a.status, a.body)
			}
			s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "50")
		})
	}
	chunked := s.do("PATCH", url, cut(strings.Repeat("x", 51)), "Upload-Offset", "50") // nobody says how long
	s.want(chunked, 413)
	s.want(s.patch(url, 50, file[50:], "Upload-Length", "100"), 204)
	s.wantMedia(url, file)
	s.want(s.patch(url, 100, "x"), 413)
}

// TestPatchTellsEarly has a file refused by its first bytes, long before its end.
func TestPatchTellsEarly(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 8 << 10})
	url := s.begin(1 << 20)
	a := s.want(s.patch(url, 0, strings.Repeat("<html>", 2000)), 400)
	if !strings.Contains(a.body, "HTML") {
		t.Errorf("it says %s", a.body)
	}
	s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "0")
}

func TestPatchThatBreaksOff(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 64})
	file := gif(1000)
	url := s.begin(1000)
	for offset := 0; offset < 1000; {
		n := min(170, 1000-offset)
		s.want(s.do("PATCH", url, cut(file[offset:offset+n]), "Upload-Offset", fmt.Sprint(offset)), 400)
		offset += n
		s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", fmt.Sprint(offset))
	}
	s.wantMedia(url, file) // HEAD has finished it
}

// TestPatchesAtOnce sends the same offset many times at once.
func TestPatchesAtOnce(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 1 << 10})
	file := gif(64 << 10)
	url := s.begin(len(file))
	for offset := 0; offset < len(file); offset += 16 << 10 {
		var wg sync.WaitGroup
		answers := make([]answer, 6)
		for i := range answers {
			wg.Go(func() { answers[i] = s.patch(url, offset, file[offset:offset+16<<10]) })
		}
		wg.Wait()
		// Of those that overtake each other none may come to its end, but no byte is
		// lost or there twice.
		for _, a := range answers {
			if a.status != 204 && a.status != 409 {
				t.Fatalf("%d: %s", a.status, a.body)
			}
		}
		head := s.want(s.do("HEAD", url, nil), 200)
		var at int
		fmt.Sscan(head.Get("Upload-Offset"), &at)
		s.want(s.patch(url, at, file[at:offset+16<<10]), 204)
	}
	s.wantMedia(url, file)
}

func TestDeferredLength(t *testing.T) {
	s := newServer(t, upload.Config{Quota: 5000})
	file := gif(1000)
	a := s.want(s.do("POST", Path, nil, "Upload-Defer-Length", "1"), 201)
	url := a.Get("Location")
	s.want(s.do("HEAD", url, nil), 200, "Upload-Defer-Length", "1", "Upload-Length", "", "Upload-Offset", "0")
	s.want(s.patch(url, 0, file[:600]), 204, "Upload-Offset", "600", "Magpie-State", "uploading")
	s.want(s.patch(url, 600, strings.Repeat("x", 5000)), 403)
	at := s.do("HEAD", url, nil)
	s.want(at, 200, "Upload-Offset", "600")
	s.want(s.patch(url, 600, "", "Upload-Length", "599"), 400)
	s.want(s.patch(url, 600, "", "Upload-Length", "5001"), 403)
	s.want(s.patch(url, 600, "", "Upload-Length", "1000"), 204)
	s.want(s.patch(url, 600, "", "Upload-Length", "1001"), 400)
	s.want(s.do("HEAD", url, nil), 200, "Upload-Defer-Length", "", "Upload-Length", "1000", "Upload-Offset", "600")
	s.want(s.patch(url, 600, file[600:]), 204, "Upload-Offset", "1000", "Magpie-State", "pending")
	s.wantMedia(url, file)

	url = s.want(s.do("POST", Path, nil, "Upload-Defer-Length", "1"), 201).Get("Location")
	s.want(s.patch(url, 0, file), 204, "Magpie-State", "uploading")
	s.want(s.patch(url, 1000, "", "Upload-Length", "1000"), 204, "Magpie-State", "pending")
	s.wantMedia(url, file)
}

func TestExpiration(t *testing.T) {
	s := newServer(t, upload.Config{Lifetime: time.Hour})
	url := s.begin(100)
	s.want(s.patch(url, 0, gif(50)), 204)
	s.pass(time.Hour)
	s.want(s.patch(url, 50, gif(100)[50:]), 410)
	if _, err := s.sessions.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("HEAD", url, nil), 410)
	s.want(s.patch(url, 50, "x"), 410)
}

// TestModel sends pieces of a file in any order of requests, cut or whole, with a
// sum or without, to a server that is started again now and then, and holds what
// it says against what it must have.
func TestModel(t *testing.T) {
	s := newServer(t, upload.Config{})
	rapid.Check(t, func(rt *rapid.T) {
		c := upload.Config{MaxSegment: rapid.Int64Range(16, 200).Draw(rt, "part")}
		s.open(c)
		file := gif(rapid.IntRange(20, 1500).Draw(rt, "length"))
		url := s.begin(len(file))
		offset := 0
		for step := 0; offset < len(file) && step < 40; step++ {
			at := offset
			if rapid.IntRange(0, 4).Draw(rt, "astray") == 0 {
				at = rapid.IntRange(0, len(file)).Draw(rt, "at")
			}
			piece := file[at:rapid.IntRange(at, len(file)).Draw(rt, "to")]
			pairs := []string{"Upload-Offset", fmt.Sprint(at)}
			summed := rapid.Bool().Draw(rt, "summed")
			right := rapid.IntRange(0, 3).Draw(rt, "right") > 0
			if summed {
				of := piece
				if !right {
					of += "x"
				}
				pairs = append(pairs, "Upload-Checksum", sum("crc32", of))
			}
			cuts := rapid.Bool().Draw(rt, "cut")
			body := strings.NewReader(piece)
			var a answer
			if cuts {
				a = s.do("PATCH", url, cut(piece), pairs...)
			} else {
				a = s.do("PATCH", url, body, pairs...)
			}
			want := 204
			switch {
			case at != offset:
				want = 409
			case cuts:
				want = 400
				if !summed {
					offset += len(piece)
				}
			case summed && !right && piece != "":
				want = 460
			default:
				offset += len(piece)
			}
			if a.status != want {
				rt.Fatalf("sending %d bytes for %d: %d %s; want %d", len(piece), at, a.status, a.body, want)
			}
			if rapid.IntRange(0, 5).Draw(rt, "restart") == 0 {
				s.open(c)
			}
			if got := s.do("HEAD", url, nil).Get("Upload-Offset"); got != fmt.Sprint(offset) {
				rt.Fatalf("it stands at %s; want %d", got, offset)
			}
		}
		s.want(s.patch(url, offset, file[offset:]), 204)
		s.wantMedia(url, file)
	})
}
