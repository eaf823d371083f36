package xapi

import (
	"bytes"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkBase64 takes in 4 MiB of a segment as base64, in the ways that
// clients write it. MB/s are of the body.
//
//	go test ./internal/xapi -run '^$' -bench Base64 -benchmem
func BenchmarkBase64(b *testing.B) {
	data := make([]byte, 4<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	text := base64.StdEncoding.EncodeToString(data)
	var lines strings.Builder
	for i := 0; i < len(text); i += 76 {
		lines.WriteString(text[i:min(i+76, len(text))] + `\r\n`)
	}
	inJSON := func(text string) string { return `{"segment_index":0,"media":"` + text + `"}` }
	for _, c := range []struct{ name, body string }{
		{"json", inJSON(text)},
		{"json, slashes escaped as by PHP", inJSON(strings.ReplaceAll(text, "/", `\/`))},
		{"json, URL alphabet", inJSON(base64.RawURLEncoding.EncodeToString(data))},
		{"json, lines of 76", inJSON(lines.String())},
	} {
		b.Run(c.name, func(b *testing.B) {
			inBenchmark(b, c.body, len(data), func(body io.Reader, b *buffers, sink io.Writer) error {
				_, _, err := readJSONUpload(newAhead(body, b.larger), sink)
				return err
			})
		})
	}
	form := "command=APPEND&media_id=1&segment_index=0&media_data="
	for _, c := range []struct{ name, body string }{
		{"form, percent-encoded", form + url.QueryEscape(text)},
		{"form, as it is", form + text},
	} {
		b.Run(c.name, func(b *testing.B) {
			inBenchmark(b, c.body, len(data), func(body io.Reader, b *buffers, sink io.Writer) error {
				_, err := readURLForm(newAhead(body, b.larger), sink)
				return err
			})
		})
	}
	const head = "--b\r\nContent-Disposition: form-data; name=media_data\r\n\r\n"
	b.Run("part, lines of 76", func(b *testing.B) {
		body := head + strings.ReplaceAll(lines.String(), `\r\n`, "\r\n") + "\r\n--b--"
		inBenchmark(b, body, len(data), func(body io.Reader, b *buffers, sink io.Writer) error {
			form, err := newFormReader(body, "b", b.getSmall(), b.getFast)
			if err == nil {
				_, err = form.Next()
			}
			if err == nil {
				err = copyPart(sink, form, part{header: textproto.MIMEHeader{"Content-Transfer-Encoding": {"base64"}}})
			}
			return err
		})
	})
}

func inBenchmark(b *testing.B, body string, size int, read func(io.Reader, *buffers, io.Writer) error) {
	b.Helper()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	text := []byte(body)
	p := newPools()
	for b.Loop() {
		var n tallied
		lent := p.lend()
		err := read(bytes.NewReader(text), lent, &n)
		lent.release()
		if err != nil || int(n) != size {
			b.Fatalf("%d bytes, %v", n, err)
		}
	}
}

// tallied counts what is written to it.
type tallied int

func (n *tallied) Write(p []byte) (int, error) { *n += tallied(len(p)); return len(p), nil }
