package xapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/textproto"
	"strings"

	"magpie/internal/media"
)

// formReader reads a multipart/form-data body (RFC 7578, RFC 2046 §5.1) as it
// streams in, through one buffer at a time: Next moves to the next part, Chunk
// gives its bytes as they lie in the buffer. The standard library's reader fills
// 4 KiB at a time and copies once more.
//
// A part's bytes lie in the buffer as they do in pages of the file that they go
// to: the kernel copies whole pages faster.
type formReader struct {
	r     io.Reader
	buf   []byte
	grow  func() []byte // gives a larger buffer, once; or nil
	start int           // buf[start:end] was read and not yet consumed
	end   int
	at    int   // how far into the part buf[start] is
	full  int   // how many reads in a row filled buf
	err   error // what r ended with

	delimiter *delimiter
	inPart    bool
	closed    bool // the closing boundary was seen
}

// part is the head of one part of a form.
type part struct {
	name     string // of the form field
	filename string
	header   textproto.MIMEHeader
}

const (
	pageSize      = 4 << 10
	maxPartHeader = 16 << 10
	maxBoundary   = 70 // RFC 2046 §5.1.1
)

// newFormReader reads body, using buf, which must be larger than maxPartHeader.
// Once a few reads in a row fill it, which shows a fast client, a larger one is
// asked of grow, if that is not nil, and again later if there was none.
func newFormReader(body io.Reader, boundary string, buf []byte, grow func() []byte) (*formReader, error) {
	if boundary == "" || len(boundary) > maxBoundary {
		return nil, media.Invalid("Content-Type", "multipart/form-data needs a boundary of 1 to %d characters", maxBoundary)
	}
	// Before the first boundary lies a preamble, skipped like an unread part.
	f := &formReader{r: body, buf: buf, grow: grow, delimiter: newDelimiter(boundary), inPart: true}
	// The first boundary has no CRLF before it; pretending one makes all alike.
	f.end = copy(f.buf, "\r\n")
	return f, nil
}

// Next skips what is left of the current part and gives the next, or io.EOF
// after the closing boundary.
func (f *formReader) Next() (part, error) {
	if f.closed {
		return part{}, io.EOF
	}
	for f.inPart {
		if _, err := f.Chunk(); err != nil && !errors.Is(err, io.EOF) {
			return part{}, err
		}
	}
	if err := f.need(2); err != nil {
		return part{}, err
	}
	if bytes.HasPrefix(f.buf[f.start:f.end], []byte("--")) {
		f.closed = true
		return part{}, io.EOF
	}
	return f.head()
}

// head reads the rest of a boundary line and the part's header, and leaves the
// reader at the part's first byte.
func (f *formReader) head() (part, error) {
	line, stop := -1, -1 // ends of the boundary line and of the header
	for stop < 0 {
		window := f.buf[f.start:f.end]
		if line = bytes.Index(window, []byte("\r\n")); line >= 0 {
			stop = bytes.Index(window[line:], []byte("\r\n\r\n"))
		}
		if stop > maxPartHeader || stop < 0 && len(window) >= maxPartHeader {
			return part{}, malformed(fmt.Sprintf("the header of a part has more than %d bytes", maxPartHeader))
		}
		if stop < 0 {
			if err := f.need(len(window) + 1); err != nil {
				return part{}, err
			}
		}
	}
	boundary, header := f.buf[f.start:][:line], f.buf[f.start:][line:][:stop]
	if len(bytes.TrimRight(boundary, " \t")) > 0 {
		return part{}, malformed("a boundary is followed by other text")
	}
	p, err := parseHead(string(header))
	if err != nil {
		return part{}, err
	}
	// The CRLF of the blank line may already belong to the next boundary: some
	// clients end an empty part so.
	f.start += line + stop + len("\r\n")
	f.inPart, f.at = true, -len("\r\n")
	if err := f.need(len(f.delimiter.text)); err != nil {
		return part{}, err
	}
	if !bytes.HasPrefix(f.buf[f.start:f.end], f.delimiter.text) {
		f.consume(len("\r\n"))
	}
	return p, nil
}

// parseHead reads header lines, each after a CRLF.
func parseHead(lines string) (part, error) {
	p := part{header: textproto.MIMEHeader{}}
	for _, line := range strings.Split(lines, "\r\n") {
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return part{}, malformed("a part has a header line without a colon")
		}
		p.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	kind, params, err := mime.ParseMediaType(p.header.Get("Content-Disposition"))
	if err != nil || kind != "form-data" || params["name"] == "" {
		return part{}, malformed("a part has no Content-Disposition: form-data with a name")
	}
	p.name, p.filename = params["name"], params["filename"]
	return p, nil
}

// Chunk gives the next bytes of the current part, valid until the next call;
// io.EOF ends the part, io.ErrUnexpectedEOF a body that broke off.
func (f *formReader) Chunk() ([]byte, error) {
	if !f.inPart {
		return nil, io.EOF
	}
	for {
		window := f.buf[f.start:f.end]
		if at := f.delimiter.index(window); at >= 0 {
			if at > 0 {
				f.consume(at)
				return window[:at], nil
			}
			f.start += len(f.delimiter.text)
			f.inPart = false
			return nil, io.EOF
		}
		// What might be the beginning of a delimiter stays for the next read.
		if safe := len(window) - f.delimiter.begun(window); safe > 0 {
			f.consume(safe)
			return window[:safe], nil
		}
		if err := f.need(len(window) + 1); err != nil {
			return nil, err
		}
	}
}

func (f *formReader) consume(n int) {
	f.start += n
	f.at += n
}

// need reads until n bytes are in the buffer.
func (f *formReader) need(n int) error {
	for f.end-f.start < n {
		if f.err != nil {
			if errors.Is(f.err, io.EOF) {
				return malformed("the body ends before its closing boundary")
			}
			return f.err
		}
		f.makeRoom()
		k, err := f.r.Read(f.buf[f.end:])
		f.end += k
		f.err = err
		if f.full++; f.end < len(f.buf) {
			f.full = 0
		}
	}
	return nil
}

// makeRoom makes room to read into: in a larger buffer if this one is filled again
// and again, by moving what is left of it to the front if it is at the end.
func (f *formReader) makeRoom() {
	left := f.buf[f.start:f.end]
	if len(left) > 0 && f.end < len(f.buf) {
		return
	}
	if f.full >= fastAfter && f.grow != nil {
		if larger := f.grow(); larger != nil {
			f.buf, f.grow = larger, nil
		}
		f.full = 0
	}
	front := max(f.at, 0) % pageSize
	if len(left) > pageSize {
		front = 0 // nothing of a part: a head, or many small fields
	}
	f.start, f.end = front, front+copy(f.buf[front:], left)
}

func malformed(what string) error {
	return media.Invalid("body", "The multipart/form-data body can't be read: %s.", what)
}
