package auth

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"magpie/internal/media"
)

// The signature base string of RFC 5849 §3.4.1 is METHOD&URL&PARAMETERS, each
// percent-encoded. It is never held as a whole, since a parameter may be a media.

// baseHead is the base string up to its parameters. origin has a lower-case
// scheme and host and no default port; path is as the request line had it.
func baseHead(method, origin, path string) string {
	if path == "" {
		path = "/"
	}
	return percentEncode(method) + "&" + percentEncode(origin+path) + "&"
}

// writeBase writes the parameters of a base string (RFC 5849 §3.4.1.3.2):
// encoded, sorted, joined, and encoded as one. oauth_signature is left out. The
// order of list changes. body holds the values that were too long to keep.
func writeBase(w io.Writer, list []pair, body io.ReaderAt) error {
	list = slices.DeleteFunc(slices.Clone(list), func(v pair) bool { return v.name == "oauth_signature" })
	for i := range list {
		list[i].name, list[i].value = percentEncode(list[i].name), percentEncode(list[i].value)
	}
	slices.SortFunc(list, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	out := bufio.NewWriterSize(w, 4<<10)
	for i, v := range list {
		if i > 0 {
			if v.name == list[i-1].name && (v.long || list[i-1].long) {
				// They would have to be compared to be sorted; and no endpoint
				// takes two.
				name, _ := percentDecode(v.name) // was encoded above
				return media.Invalid(name, "is there twice")
			}
			out.WriteString("%26")
		}
		out.WriteString(percentEncode(v.name))
		out.WriteString("%3D")
		if !v.long {
			out.WriteString(percentEncode(v.value))
			continue
		}
		if err := writeLong(out, io.NewSectionReader(body, v.from, v.to-v.from)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// writeLong writes the value that stands encoded in r as a base string has it:
// decoded, encoded, and encoded again.
func writeLong(out *bufio.Writer, r io.Reader) error {
	t := &formText{r: bufio.NewReaderSize(r, 16<<10)}
	for {
		// Most of a base64 text stands for itself.
		ready, _ := t.r.Peek(t.r.Buffered())
		n := 0
		for n < len(ready) && unreserved(ready[n]) {
			n++
		}
		if _, err := out.Write(ready[:n]); err != nil {
			return err
		}
		_, _ = t.r.Discard(n) // it is buffered
		c, _, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if unreserved(c) {
			err = out.WriteByte(c)
		} else {
			_, err = out.Write(append(out.AvailableBuffer(), '%', '2', '5', upperHex[c>>4], upperHex[c&15]))
		}
		if err != nil {
			return err
		}
	}
}
