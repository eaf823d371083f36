package xapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"magpie/internal/media"
)

// uploadFields is what came with a media in a form or in JSON.
type uploadFields struct {
	values map[string]string // members as text; JSON arrays as they stand
	media  bool              // whether a media member was there
}

// repeats reports whether a field was there before and must not be again. Clients
// send a list of additional_owners as a field for each.
func (f uploadFields) repeats(name string) bool {
	_, said := f.values[name]
	return said && name != "additional_owners" || f.media && isMedia(name)
}

// keep keeps a field, and more of a list behind what is there of it.
func (f uploadFields) keep(name, value string) {
	if before, said := f.values[name]; said {
		value = before + "," + value
	}
	f.values[name] = value
}

// isMedia reports whether a field carries the file: media, or as base64 in
// whatever form, media_data.
func isMedia(name string) bool { return name == "media" || name == "media_data" }

// readUpload reads a request whose body may carry a media, as multipart form,
// or as base64 in JSON or a plain form, and writes the media's bytes to sink.
// The whole body is read, and held against the digests that came with it,
// before it returns nil. An empty body says nothing, whatever it is said to be.
func (a *API) readUpload(r *http.Request, sink io.Writer) (uploadFields, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	body, check, err := digested(r)
	if err != nil {
		return uploadFields{}, err
	}
	b := a.pools.lend()
	defer b.release()
	var f uploadFields
	switch kind {
	case "multipart/form-data":
		f, err = readMultipart(body, params["boundary"], b, r.ContentLength, sink)
	case "application/json":
		f, err = readJSON(body, b, sink)
	case "application/x-www-form-urlencoded":
		f, err = readURLForm(newAhead(body, b.larger), storing{sink})
	default:
		if n, err := io.ReadFull(body, make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
			return uploadFields{values: map[string]string{}}, check()
		}
		return f, media.Errorf(media.CodeUnsupported, "The Content-Type must be multipart/form-data, application/json or application/x-www-form-urlencoded; it is %q.", shorten(r.Header.Get("Content-Type")))
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body) // an epilogue, and so the digest's rest
	}
	if err != nil {
		return f, readError(err)
	}
	return f, check()
}

// readError tells what the store or the parser refused from a body that broke
// off.
func readError(err error) error {
	var e *media.Error
	if errors.As(err, &e) || errors.Is(err, errStore) {
		return err
	}
	return brokenBody(err)
}

// maxFields bounds all of a form but the media, names included.
const maxFields = 64 << 10

func readMultipart(body io.Reader, boundary string, b *buffers, announced int64, sink io.Writer) (uploadFields, error) {
	f := uploadFields{values: map[string]string{}}
	left := maxFields
	form, err := newFormReader(body, boundary, b.getFirst(announced), b.getFast)
	if err != nil {
		return f, err
	}
	for {
		p, err := form.Next()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, err
		}
		if f.repeats(p.name) {
			return f, media.Invalid(shorten(p.name), "is there twice")
		}
		if isMedia(p.name) {
			f.media = true
			if p.name == "media_data" {
				p.header.Set("Content-Transfer-Encoding", "base64")
			}
			err = copyPart(storing{sink}, form, p)
		} else {
			field := &bounded{name: p.name, left: left}
			if err = field.take(len(p.name)); err == nil {
				err = copyPart(field, form, p)
			}
			left = field.left
			f.keep(p.name, field.text.String())
		}
		if err != nil {
			return f, err
		}
	}
}

// copyPart writes the bytes of the current part to sink, decoded if the part
// says that they are base64.
func copyPart(sink io.Writer, form *formReader, p part) error {
	var d base64Decoder
	encoded := false
	switch encoding := strings.ToLower(p.header.Get("Content-Transfer-Encoding")); encoding {
	case "", "binary", "8bit", "7bit":
	case "base64":
		encoded = true
	default:
		return media.Invalid(p.name, "has the Content-Transfer-Encoding %q; binary and base64 are taken", shorten(encoding))
	}
	for {
		chunk, err := form.Chunk()
		if errors.Is(err, io.EOF) {
			return inBase64(p.name, d.end())
		}
		if err != nil {
			return err
		}
		if encoded {
			_, made, err := d.decode(chunk, chunk, asWritten)
			if err != nil {
				return inBase64(p.name, err)
			}
			chunk = chunk[:made]
		}
		if err := writeSome(sink, chunk); err != nil {
			return err
		}
	}
}

func readJSON(body io.Reader, b *buffers, sink io.Writer) (uploadFields, error) {
	f := uploadFields{values: map[string]string{}}
	members, found, err := readJSONUpload(newAhead(body, b.larger), storing{sink})
	if err != nil {
		return f, err
	}
	f.media = found
	for name, v := range members {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		f.values[name] = s
	}
	return f, nil
}

// errStore marks what the store's side of a copy said, so that it isn't taken
// for the client's.
var errStore = errors.New("store")

// storing marks the errors of a sink with errStore.
type storing struct{ io.Writer }

func (s storing) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		err = errors.Join(errStore, err)
	}
	return n, err
}

// bounded refuses the field with which a form grows too long.
type bounded struct {
	text strings.Builder
	name string
	left int // bytes that the form may still have
}

func (b *bounded) Write(p []byte) (int, error) {
	if err := b.take(len(p)); err != nil {
		return 0, err
	}
	return b.text.Write(p)
}

func (b *bounded) take(n int) error {
	if b.left -= n; b.left < 0 {
		return media.Invalid(shorten(b.name), "is too long: what comes with the media may have %d bytes in all", maxFields)
	}
	return nil
}
