package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"magpie/internal/media"
)

//go:embed unbuilt.html
var unbuilt []byte

// index is the page that all others are shown in.
const index = "index.html"

// file is one of Vite's as it is sent.
type file struct {
	kind, tag    string
	text, zipped []byte // zipped is nil where that would save nothing
}

// readOnce reads and compresses the files when they are first asked for, by
// their paths.
func readOnce(dist fs.FS) func() (map[string]file, error) {
	return sync.OnceValues(func() (map[string]file, error) {
		files := map[string]file{}
		err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
				return err
			}
			text, err := fs.ReadFile(dist, name)
			if err == nil {
				files[name], err = newFile(name, text)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the console's files: %w", err)
		}
		return files, nil
	})
}

func newFile(name string, text []byte) (file, error) {
	sum := sha256.Sum256(text)
	f := file{kind: kindOf(name), tag: hex.EncodeToString(sum[:8]), text: text}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return file{}, err
	}
	if _, err := z.Write(text); err != nil {
		return file{}, err
	}
	if err := z.Close(); err != nil {
		return file{}, err
	}
	if b.Len() < len(text) {
		f.zipped = b.Bytes()
	}
	return f, nil
}

// kindOf is the type of a file by its name. The system's own table may say
// anything, and nosniff makes a wrong one a page that stays empty.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".webp":
		return "image/webp"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// page answers GET /console/…: a file of that path, else the page, whose script
// knows the paths.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	files, err := s.files()
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.guard(w)
	w.Header().Set("Cache-Control", "no-cache")
	f, ok := files[strings.TrimPrefix(r.URL.Path, Path)]
	if !ok {
		f, ok = files[index]
	}
	if !ok {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(unbuilt)))
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.Method != http.MethodHead {
			_, _ = w.Write(unbuilt)
		}
		return
	}
	send(w, r, f)
}

// asset answers GET /console/assets/…, whose names change with their contents.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	files, err := s.files()
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	f, ok := files[strings.TrimPrefix(r.URL.Path, Path)]
	if !ok {
		s.Fail(w, r, media.Errorf(media.CodeNotFound, "There is no %s in this version of the console.", r.URL.Path))
		return
	}
	s.guard(w)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, f)
}

// send sends a file, compressed to whoever takes that.
func send(w http.ResponseWriter, r *http.Request, f file) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	body, tag := f.text, f.tag
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body, tag = f.zipped, f.tag+"-gzip"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	if has(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// takesGzip reads Accept-Encoding; whoever writes q=0 does not want it.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSpace(weight), "=")
		q, err := strconv.ParseFloat(value, 64)
		return name != "q" || err != nil || q > 0
	}
	return false
}

// has reports whether an If-None-Match names a tag; a proxy may have made it weak.
func has(list, tag string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == `"`+tag+`"` {
			return true
		}
	}
	return false
}
