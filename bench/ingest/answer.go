package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// answer is one response of an HTTP/1.1 server.
type answer struct {
	status   int
	location string // of 201
	length   int64  // of the body; unknown below 0
	body     []byte // unless it was left to be read
}

// maxBody bounds the bodies that are kept.
const maxBody = 1 << 20

// errAnswer says that what came is no response that is understood here.
var errAnswer = errors.New("not an answer")

// readAnswer reads a response with its body.
func readAnswer(r *bufio.Reader) (answer, error) {
	a, chunked, err := readHead(r)
	if err != nil {
		return a, err
	}
	switch {
	case chunked:
		a.body, err = readChunks(r)
	case a.length > maxBody:
		err = fmt.Errorf("%w: a body of %d bytes", errAnswer, a.length)
	case a.length >= 0:
		a.body = make([]byte, a.length)
		_, err = io.ReadFull(r, a.body)
	case a.status != 204 && a.status != 304:
		err = fmt.Errorf("%w: %d without a length", errAnswer, a.status)
	}
	return a, err
}

// readHead reads a response up to its body: what servers under test send to a
// client that keeps its connection, and no more of HTTP than that.
func readHead(r *bufio.Reader) (a answer, chunked bool, err error) {
	line, err := readLine(r)
	if err != nil {
		return a, false, err
	}
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 {
		return a, false, fmt.Errorf("%w: %q", errAnswer, line)
	}
	if a.status, err = strconv.Atoi(string(rest[:3])); err != nil || a.status < 100 {
		return a, false, fmt.Errorf("%w: %q", errAnswer, line)
	}
	a.length = -1
	for {
		if line, err = readLine(r); err != nil {
			return a, false, err
		}
		if len(line) == 0 {
			return a, chunked, nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return a, false, fmt.Errorf("%w: %q", errAnswer, line)
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if a.length, err = strconv.ParseInt(string(value), 10, 64); err != nil || a.length < 0 {
				return a, false, fmt.Errorf("%w: %q", errAnswer, line)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = strings.EqualFold(string(value), "chunked")
		case bytes.EqualFold(name, []byte("Location")):
			a.location = string(value)
		}
	}
}

// readChunks reads a chunked body, up to what may be kept.
func readChunks(r *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		if err != nil || len(body)+int(n) > maxBody {
			return nil, fmt.Errorf("%w: a chunk of %q bytes", errAnswer, line)
		}
		at := len(body)
		body = append(body, make([]byte, n)...)
		if _, err := io.ReadFull(r, body[at:]); err != nil {
			return nil, err
		}
		if line, err = readLine(r); err != nil || len(line) != 0 {
			return nil, errors.Join(err, fmt.Errorf("%w: a chunk that goes on with %q", errAnswer, line))
		}
		if n == 0 {
			return body, nil
		}
	}
}

// readLine reads a line without its end; it is good until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%w: a line without an end", errAnswer)
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}
