package xapi

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

type field struct {
	name string
	data string
}

// readForm reads a whole body with the smallest buffer that is allowed.
func readForm(r io.Reader, boundary string) ([]field, error) {
	f, err := newFormReader(r, boundary, make([]byte, maxPartHeader+256))
	if err != nil {
		return nil, err
	}
	var out []field
	for {
		p, err := f.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		for {
			c, err := f.Chunk()
			b.Write(c)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, field{p.name, b.String()})
	}
}

func TestFormReaderReadsWhatTheStandardLibraryWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) field {
			data := rapid.SliceOfN(rapid.SampledFrom([]byte("\r\n-bX\x00a")), 0, 300).Draw(t, "data")
			return field{rapid.StringMatching(`[a-z_]{1,10}`).Draw(t, "name"), string(data)}
		}), 0, 5).Draw(t, "fields")
		for _, f := range want {
			if strings.Contains("\r\n"+f.data, "\r\n--bound") {
				t.Skip("the data holds the boundary")
			}
		}
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if err := w.SetBoundary("bound"); err != nil {
			t.Fatal(err)
		}
		for _, f := range want {
			p, _ := w.CreateFormField(f.name)
			_, _ = io.WriteString(p, f.data)
		}
		_ = w.Close()
		var r io.Reader = &body
		switch rapid.IntRange(0, 2).Draw(t, "pace") {
		case 1:
			r = iotest.OneByteReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		}
		got, err := readForm(r, "bound")
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(got) != len(want) {
			t.Fatalf("read %d fields, wrote %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("field %d: %q, wrote %q", i, got[i], want[i])
			}
		}
	})
}

func TestFormReaderTakesWhatClientsSend(t *testing.T) {
	const one = "Content-Disposition: form-data; name=\"a\"\r\n\r\n"
	for name, c := range map[string]struct{ body, want string }{
		"plain":                      {"--b\r\n" + one + "x\r\n--b--\r\n", "x"},
		"no CRLF at the end":         {"--b\r\n" + one + "x\r\n--b--", "x"},
		"a preamble":                 {"hello\r\n--b\r\n" + one + "x\r\n--b--", "x"},
		"a blank line before":        {"\r\n--b\r\n" + one + "x\r\n--b--", "x"},
		"an epilogue":                {"--b\r\n" + one + "x\r\n--b--\r\nbye", "x"},
		"blanks after the boundary":  {"--b \t\r\n" + one + "x\r\n--b--", "x"},
		"an empty part":              {"--b\r\n" + one + "\r\n--b--", ""},
		"an empty part, one CRLF":    {"--b\r\n" + one[:len(one)-2] + "\r\n--b--", ""},
		"CRLFs as data":              {"--b\r\n" + one + "\r\n\r\n\r\n--b--", "\r\n\r\n"},
		"almost the boundary":        {"--b\r\n" + one + "\r\n--\r\n-b\r\n--b--", "\r\n--\r\n-b"},
		"lower-case headers":         {"--b\r\ncontent-disposition: form-data; name=a\r\n\r\nx\r\n--b--", "x"},
		"a filename and more header": {"--b\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=\"a\"; filename=\"é\\\".png\"\r\n\r\nx\r\n--b--", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readForm(strings.NewReader(c.body), "b")
			if err != nil || len(got) != 1 || got[0].data != c.want {
				t.Errorf("got %q, %v; want one part %q", got, err, c.want)
			}
		})
	}
}

func TestFormReaderRefuses(t *testing.T) {
	const one = "Content-Disposition: form-data; name=\"a\"\r\n\r\n"
	for name, body := range map[string]string{
		"nothing":                 "",
		"no boundary":             "hello",
		"another boundary":        "--c\r\n" + one + "x\r\n--c--",
		"cut in the header":       "--b\r\nContent-Disp",
		"cut in the data":         "--b\r\n" + one + "x",
		"cut in the boundary":     "--b\r\n" + one + "x\r\n--b",
		"cut in the closing":      "--b\r\n" + one + "x\r\n--b-",
		"no disposition":          "--b\r\nX: y\r\n\r\nx\r\n--b--",
		"no name":                 "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
		"an attachment":           "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
		"a header without colon":  "--b\r\nnonsense\r\n\r\nx\r\n--b--",
		"text after the boundary": "--bc\r\n" + one + "x\r\n--b--",
		"an endless header":       "--b\r\nX: " + strings.Repeat("y", maxPartHeader+300),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := readForm(strings.NewReader(body), "b"); err == nil {
				t.Errorf("read %q", got)
			}
		})
	}
	if _, err := newFormReader(nil, strings.Repeat("b", 71), make([]byte, 32<<10)); err == nil {
		t.Error("a boundary of 71 characters was taken")
	}
}

func FuzzFormReader(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("--b\r\n\r\n--b--"))
	f.Add([]byte("\r\n--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"x\"\r\n\r\n\r\n--b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readForm(iotest.HalfReader(bytes.NewReader(body)), "b")
		if err != nil {
			return
		}
		size := 0
		for _, g := range got {
			size += len(g.data)
		}
		if size > len(body) {
			t.Errorf("%d bytes of data in a body of %d", size, len(body))
		}
	})
}
