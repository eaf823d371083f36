package xapi

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"slices"
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
	f, err := newFormReader(r, boundary, make([]byte, smallBuffer), nil)
	if err != nil {
		return nil, err
	}
	return readFields(f)
}

// readGrown is readForm with a buffer that grows once.
func readGrown(r io.Reader, boundary string) ([]field, error) {
	f, err := newFormReader(r, boundary, make([]byte, smallBuffer), func() []byte { return make([]byte, 2*smallBuffer+1) })
	if err != nil {
		return nil, err
	}
	return readFields(f)
}

func readFields(f *formReader) ([]field, error) {
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
	if _, err := newFormReader(nil, strings.Repeat("b", 71), make([]byte, 32<<10), nil); err == nil {
		t.Error("a boundary of 71 characters was taken")
	}
}

// randomly gives as many bytes at a time as it is told to.
type randomly struct {
	r     io.Reader
	sizes func() int
}

func (r randomly) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), max(1, r.sizes()))]) }

// TestFormReaderAgainstTheStandardLibrary: large bodies, with what looks like
// the beginning of a boundary wherever a buffer may end, in pieces of any size.
func TestFormReaderAgainstTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		boundary := rapid.StringMatching(`[-a-zA-Z0-9]{1,70}`).Draw(t, "boundary")
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if err := w.SetBoundary(boundary); err != nil {
			t.Skip(err)
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "parts") {
			data := make([]byte, rapid.IntRange(0, 150_000).Draw(t, "size"))
			for j := range data {
				data[j] = byte(rnd.Uint32())
			}
			almost := "\r\n--" + boundary
			for range rapid.IntRange(0, 200).Draw(t, "likenesses") {
				if len(data) > 0 {
					copy(data[rnd.IntN(len(data)):], almost[:rnd.IntN(len(almost))])
				}
			}
			// What takes one out may put another together; and the header ends in CRLF.
			for bytes.Contains(append([]byte("\r\n"), data...), []byte(almost)) {
				data = bytes.TrimPrefix(bytes.ReplaceAll(data, []byte(almost), nil), []byte(almost[2:]))
			}
			p, _ := w.CreateFormFile(string(rune('a'+i)), "f")
			_, _ = p.Write(data)
		}
		_ = w.Close()

		var want []field
		for std := multipart.NewReader(bytes.NewReader(body.Bytes()), boundary); ; {
			p, err := std.NextRawPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Skip(err) // a boundary that ends in blanks or the like
			}
			data, err := io.ReadAll(p)
			if err != nil {
				t.Skip(err)
			}
			want = append(want, field{p.FormName(), string(data)})
		}
		most := rapid.SampledFrom([]int{1, 100, 1500, 70_000, 1 << 20}).Draw(t, "most")
		if most == 1 && body.Len() > 50_000 {
			most = 3
		}
		for name, read := range map[string]func(io.Reader, string) ([]field, error){"small": readForm, "grown": readGrown} {
			got, err := read(randomly{bytes.NewReader(body.Bytes()), func() int { return 1 + rnd.IntN(most) }}, boundary)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s: %d fields (%v), the standard library %d, or other bytes", name, len(got), err, len(want))
			}
		}
	})
}

// TestFormReaderAtEverySplit: however a body comes in, the same is read.
func TestFormReaderAtEverySplit(t *testing.T) {
	body := "pre\r\n--b--x\r\n--b \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--\r\n-b\r\r\n--\r\n--b\r\n" +
		"Content-Disposition: form-data; name=\"media\"; filename=\"x\"\r\n\r\n\r\n\r\n--c\r\n--b--\r\nafter"
	body = strings.Replace(body, "--b--x", "--c--x", 1)
	want, err := readForm(strings.NewReader(body), "b")
	if err != nil || !slices.Equal(want, []field{{"a", "\r\n--\r\n-b\r\r\n--"}, {"media", "\r\n\r\n--c"}}) {
		t.Fatalf("%q, %v", want, err)
	}
	for i := range len(body) {
		for j := i; j <= len(body); j++ {
			r := io.MultiReader(strings.NewReader(body[:i]), strings.NewReader(body[i:j]), strings.NewReader(body[j:]))
			if got, err := readForm(r, "b"); err != nil || !slices.Equal(got, want) {
				t.Fatalf("split at %d and %d: %q, %v", i, j, got, err)
			}
		}
	}
}

// TestFormReaderKeepsPages: what goes to a file comes in whole pages from where
// pages begin, at a client's full speed.
func TestFormReaderKeepsPages(t *testing.T) {
	head := "--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"x\"\r\n\r\n"
	data := bytes.Repeat([]byte("\r\n--"), 300_000)
	large := make([]byte, largeBuffer)
	f, err := newFormReader(strings.NewReader(head+string(data)+"\r\n--b--"), "b", make([]byte, smallBuffer), func() []byte { return large })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(); err != nil {
		t.Fatal(err)
	}
	var got []byte
	chunks := 0
	for {
		c, err := f.Chunk()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if chunks++; chunks > fastAfter && (&c[0] != &large[len(got)%pageSize]) {
			t.Fatalf("chunk %d, from byte %d on, is elsewhere in its page", chunks, len(got))
		}
		got = append(got, c...)
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes")
	}
	if most := 1 + fastAfter + len(data)/(largeBuffer-pageSize); chunks > most {
		t.Errorf("%d chunks, want %d at most", chunks, most)
	}
}

func FuzzFormReader(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("--b\r\n\r\n--b--"))
	f.Add([]byte("\r\n--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"x\"\r\n\r\n\r\n--b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readForm(iotest.HalfReader(bytes.NewReader(body)), "b")
		for _, r := range []io.Reader{bytes.NewReader(body), iotest.OneByteReader(bytes.NewReader(body))} {
			same, other := readGrown(r, "b")
			if (err == nil) != (other == nil) || err == nil && !slices.Equal(got, same) {
				t.Errorf("%q, %v; otherwise split %q, %v", got, err, same, other)
			}
		}
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
