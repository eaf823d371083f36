package tus

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/media"
)

// concat is Upload-Concat: a fragment that is to be joined with others, or the
// upload that is joined of some.
type concat struct {
	partial bool
	joins   []media.ID // none for what is not joined
}

// maxConcat bounds how many uploads one names.
const maxConcat = 1000

// readConcat reads Upload-Concat, "partial" or "final;" and the URLs of partial
// uploads with spaces between them. The URLs may be whole, or paths.
func readConcat(h http.Header) (concat, error) {
	values := h.Values("Upload-Concat")
	if len(values) == 0 {
		return concat{}, nil
	}
	wrong := func(value, words string) (concat, error) {
		e := media.Invalid("Upload-Concat", "%s", words)
		e.Value = shorten(value)
		return concat{}, e
	}
	if len(values) > 1 {
		return wrong(values[1], "The header Upload-Concat may be there once.")
	}
	if values[0] == "partial" {
		return concat{partial: true}, nil
	}
	list, ok := strings.CutPrefix(values[0], "final;")
	if !ok {
		return wrong(values[0], "The header Upload-Concat must be partial, or final; and the URLs of partial uploads with spaces between them.")
	}
	var c concat
	for text := range strings.FieldsSeq(list) {
		if len(c.joins) == maxConcat {
			return wrong(text, fmt.Sprintf("The header Upload-Concat names more than %d uploads.", maxConcat))
		}
		u, err := url.Parse(text)
		if err != nil {
			return wrong(text, "The header Upload-Concat names something that is no URL.")
		}
		_, name, found := strings.Cut(u.Path, Path)
		id, err := media.ParseID(name)
		if err != nil || !found || id.String() != name {
			return wrong(text, "The header Upload-Concat names something that is not the URL of an upload here, such as "+Path+"1234.")
		}
		c.joins = append(c.joins, id)
	}
	if len(c.joins) == 0 {
		return wrong(values[0], "The header Upload-Concat names no upload behind final;.")
	}
	return c, nil
}

// String writes it as HEAD gives it back, with paths for URLs.
func (c concat) String() string {
	switch {
	case c.partial:
		return "partial"
	case len(c.joins) == 0:
		return ""
	}
	var b strings.Builder
	b.WriteString("final;")
	for i, id := range c.joins {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(Path + id.String())
	}
	return b.String()
}
