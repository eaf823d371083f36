package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"magpie/internal/media"
)

// bodyPatience is how long one of these small bodies may take.
const bodyPatience = 30 * time.Second

// readForm reads a body of at most limit bytes: an urlencoded form or, as some
// clients send it, a JSON object of strings. A parameter that is there twice is
// refused (RFC 6749 §3.2), as are other types of body. Empty ones count as
// missing.
func readForm(w http.ResponseWriter, r *http.Request, limit int64) (map[string]string, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyPatience)) // not every connection has one
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, media.Invalid("body", "The body broke off before its end.")
	}
	if int64(len(body)) > limit {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20)) // so that the answer arrives
		return nil, media.Invalid("body", "The body has more than %d bytes.", limit)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return nil, media.Invalid("Content-Type", "can't be read")
	}
	switch kind {
	case "", "application/x-www-form-urlencoded":
		return readURLForm(string(body))
	case "application/json":
		return readJSONForm(body)
	}
	return nil, media.Invalid("Content-Type", "must be application/x-www-form-urlencoded")
}

func readURLForm(body string) (map[string]string, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, media.Invalid("body", "The form can't be read.")
	}
	fields := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, media.Invalid(shorten(name), "is there more than once")
		}
		if list[0] != "" {
			fields[name] = list[0]
		}
	}
	return fields, nil
}

func readJSONForm(body []byte) (map[string]string, error) {
	fields := map[string]string{}
	if len(bytes.TrimSpace(body)) == 0 {
		return fields, nil
	}
	wrong := media.Invalid("body", "The body must be a JSON object whose members are strings.")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, wrong
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, wrong
		}
		var value *string
		if d.Decode(&value) != nil {
			return nil, media.Invalid(shorten(name.(string)), "must be a string")
		}
		if _, there := fields[name.(string)]; there {
			return nil, media.Invalid(shorten(name.(string)), "is there more than once")
		}
		if value != nil {
			fields[name.(string)] = *value
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, wrong
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong
	}
	for name, v := range fields {
		if v == "" {
			delete(fields, name)
		}
	}
	return fields, nil
}

// shorten keeps a name that a client made up from filling an answer.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
