package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadAnswer(t *testing.T) {
	const stream = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 14\r\n\r\n{\"data\":{}}\n\r\n" +
		"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n" +
		"HTTP/1.1 201 Created\r\nLocation: http://h/files/a:b\r\nContent-Length: 0\r\n\r\n" +
		"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nwait\r\n1\r\n!\r\n0\r\n\r\n"
	want := []answer{
		{200, "", 14, []byte("{\"data\":{}}\n\r\n")},
		{204, "", -1, nil},
		{201, "http://h/files/a:b", 0, nil},
		{503, "", -1, []byte("wait!")},
	}
	for name, source := range map[string]io.Reader{
		"at once": strings.NewReader(stream), "byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
	} {
		r := bufio.NewReader(source)
		for _, w := range want {
			a, err := readAnswer(r)
			if err != nil || a.status != w.status || a.location != w.location || a.length != w.length || string(a.body) != string(w.body) {
				t.Errorf("%s: %+v, %v; want %+v", name, a, err, w)
			}
		}
		if _, err := readAnswer(r); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last answer: %v", name, err)
		}
	}
}

func TestNoAnswers(t *testing.T) {
	for _, stream := range []string{
		"\r\n",
		"HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 2",
		"HTTP/1.1 2\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
	} {
		if a, err := readAnswer(bufio.NewReader(strings.NewReader(stream))); err == nil {
			t.Errorf("%.60q gave %+v", stream, a)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, stream string) {
		a, err := readAnswer(bufio.NewReader(strings.NewReader(stream)))
		if err == nil && (a.status < 100 || len(a.body) > maxBody) {
			t.Errorf("%+v", a)
		}
		if err == nil && len(a.body) > len(stream) {
			t.Errorf("%d bytes of body in %d", len(a.body), len(stream))
		}
	})
}
