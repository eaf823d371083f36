package e2e

import (
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// checkFinds runs magpie check, which must end with status 1 and name every one
// of the pieces.
func (s *server) checkFinds(pieces ...string) {
	s.t.Helper()
	out, errs, code := magpie(s.t, "check", "--data", s.data)
	if code != 1 {
		s.t.Errorf("magpie check: exit %d, want 1: %s%s", code, out, errs)
	}
	for _, piece := range pieces {
		if !strings.Contains(out+errs, piece) {
			s.t.Errorf("magpie check does not name %q: %s%s", piece, out, errs)
		}
	}
}

// keyOf is the key of a blob, as magpie names it, by its path on disk: without
// the folder that spreads blobs out.
func (s *server) keyOf(path string) string {
	s.t.Helper()
	parts := strings.Split(strings.TrimPrefix(path, filepath.Join(s.data, "blobs")+"/"), "/")
	return strings.Join(append(parts[:1:1], parts[2:]...), "/")
}

// TestCheck damages a whole folder in one way after the other.
func TestCheck(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	file := tinyGIF(t)
	id := c.upload("image/gif", "tweet_gif", file, len(file)/3+1)["id"].(string)
	c.succeeded(id)
	// The first lies in a pack and the second in a file.
	const packed, filed = 9, 300 << 10
	open := c.initialize("video/mp4", "", packed+filed)
	c.append(open, 0, []byte("123456789")).data()
	c.append(open, 1, make([]byte, filed)).data()
	begun := c.call("POST", "/magpie/v1/tus/", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "10").header.Get("Magpie-Media-Id")
	sent := c.call("PATCH", "/magpie/v1/tus/"+begun, []byte("GIF89a\x01\x00\x01"), "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if sent.header.Get("Upload-Offset") != "9" {
		t.Fatalf("9 bytes by tus: %s", sent.body)
	}
	s.checkWhole()
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	out, _, code := magpie(t, "check", "--data", s.data)
	if code != 0 || !strings.Contains(out, "whole") || !strings.Contains(out, "1 media") {
		t.Errorf("magpie check: exit %d: %s", code, out)
	}

	segments, renditions, opened := s.located("segments", id), s.located("renditions", id), s.located("segments", open)
	parts := s.located("segments", begun)
	if len(segments) != 3 || segments[0].file != segments[2].file || len(renditions) == 0 || len(opened) != 2 || len(parts) != 1 {
		t.Fatalf("on disk are %+v, %+v and %+v", segments, opened, parts)
	}
	whole := slices.IndexFunc(opened, func(b stored) bool { return b.path == b.file })
	part := opened[1-whole]

	flip := func(b []byte, l stored) []byte { b[(l.off+l.end)/2] ^= 1; return b }
	cut := func(b []byte, l stored) []byte { return b[:l.end-1] }
	grow := func(b []byte, _ stored) []byte { return append(b, 0) }
	mark := func(b []byte, l stored) []byte { copy(b[l.at:], deadRecord); return b }
	garble := func(b []byte, l stored) []byte { b[l.at+9] ^= 1; return b }
	for name, row := range map[string]struct {
		stored
		damage func([]byte, stored) []byte
		words  string
	}{
		"a bit of a segment":           {segments[1], flip, "damaged"},
		"a bit of an open upload":      {part, flip, "damaged"},
		"a bit of a file":              {opened[whole], flip, "damaged"},
		"a bit of a rendition":         {renditions[0], flip, "damaged"},
		"the end of a file":            {opened[whole], cut, "bytes instead of"},
		"more than a file":             {opened[whole], grow, "bytes instead of"},
		"the end of a pack":            {parts[0], cut, "missing"},
		"a header in a pack":           {segments[1], garble, "missing"},
		"the first header of a pack":   {segments[0], garble, "missing"},
		"a missing segment of a media": {segments[1], mark, "missing"},
		"a bit of a tus upload":        {parts[0], flip, "damaged"},
		"a missing part of one":        {parts[0], mark, "upload " + begun + ": segment"},
		"a missing rendition":          {renditions[0], mark, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			was, err := os.ReadFile(row.file)
			if err != nil {
				t.Fatal(err)
			}
			now := row.damage(append([]byte{}, was...), row.stored)
			if err := os.WriteFile(row.file, now, 0o600); err != nil {
				t.Fatal(err)
			}
			s.checkFinds(s.keyOf(row.path), row.words, ": 1 fault\n")
			if err := os.WriteFile(row.file, was, 0o600); err != nil {
				t.Fatal(err)
			}
			s.checkWhole()
		})
	}
	t.Run("a segment of no upload", func(t *testing.T) {
		// As the records of an older backup would have it.
		folder := filepath.Dir(opened[whole].file)
		number, err := strconv.Atoi(open)
		if err != nil {
			t.Fatal(err)
		}
		for n := number + 1; ; n++ { // the next that lies in the same folder
			stray := filepath.Join(filepath.Dir(folder), strconv.Itoa(n))
			if crc32.Checksum([]byte(open), castagnoli)&0xff != crc32.Checksum([]byte(strconv.Itoa(n)), castagnoli)&0xff {
				continue
			}
			if err := os.Rename(folder, stray); err != nil {
				t.Fatal(err)
			}
			s.checkFinds(strconv.Itoa(n), "not on record", ": 1 fault\n")
			return
		}
	})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// TestCheckBeside reads everything back while uploads come, are processed and
// expire.
func TestCheckBeside(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "1s", "--retention", "3s", "--sweep-every", "1s", "--sweep-grace", "0s")
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		c := s.client()
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			default:
			}
			file := tinyPNG(t, i)
			if i%10 == 0 {
				file = tinyGIF(t)
			}
			opened := c.call(http.MethodPost, "/2/media/upload/initialize", map[string]any{"total_bytes": len(file)})
			id := opened.data()["id"].(string)
			if !c.append(id, 0, file).expired() && i%3 > 0 { // the others expire in any case
				c.finalize(id).expired()
			}
		}
	}()
	for range 12 {
		s.checkWhole()
	}
	close(end)
	<-ended
	s.checkWhole()
}

func TestCheckWithoutData(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{t.TempDir(), "/nowhere"} {
		out, errs, code := magpie(t, "check", "--data", folder)
		if code != 1 || out != "" || !strings.Contains(errs, "--data: there is no installation in "+folder+";") {
			t.Errorf("magpie check of %s: exit %d: %s%s", folder, code, out, errs)
		}
	}
	if left := files(t, "/nowhere"); left != nil {
		t.Errorf("a check made %v", left)
	}
	s := start(t)
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if err := os.RemoveAll(filepath.Join(s.data, "blobs")); err != nil {
		t.Fatal(err)
	}
	s.checkFinds("blob")
	// Not a database at all.
	if err := os.WriteFile(filepath.Join(s.data, "magpie.db"), []byte(strings.Repeat("not a database. ", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.checkFinds("magpie.db", "not a database")
}
