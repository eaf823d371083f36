package tus

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"magpie/internal/media"
	"magpie/internal/upload"
)

// maxMetadata bounds Upload-Metadata, in bytes.
const maxMetadata = 16 << 10

// metadata is Upload-Metadata: keys and values, as they were sent and as they
// are read.
type metadata struct {
	text   string
	values map[string]string
}

// readMetadata reads Upload-Metadata: pairs with commas between them, each a key
// and, behind a space, its value in base64. A key may be there once, and its value
// may be missing.
func readMetadata(h http.Header) (metadata, error) {
	m := metadata{text: strings.Join(h.Values("Upload-Metadata"), ","), values: map[string]string{}}
	if len(m.text) > maxMetadata {
		return m, media.Invalid("Upload-Metadata", "The header Upload-Metadata has %d bytes; at most %d are allowed.", len(m.text), maxMetadata)
	}
	if strings.TrimSpace(m.text) == "" {
		return m, nil
	}
	for pair := range strings.SplitSeq(m.text, ",") {
		key, text, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if key == "" || !isPlain(key) {
			return m, wrongMetadata(pair, "The header Upload-Metadata must have pairs with commas between them: a key of ASCII without spaces or commas, a space, and the value in base64.")
		}
		if _, twice := m.values[key]; twice {
			return m, wrongMetadata(pair, "The header Upload-Metadata has the key %s twice; each may be in it once.", key)
		}
		value, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return m, wrongMetadata(pair, "The header Upload-Metadata has a value of %s that is not base64.", key)
		}
		m.values[key] = string(value)
	}
	return m, nil
}

func wrongMetadata(pair, format string, args ...any) error {
	e := media.Invalid("Upload-Metadata", format, args...)
	e.Value = shorten(pair)
	return e
}

// isPlain reports whether all of a text is visible ASCII.
func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// first gives the value of the first of keys that has one.
func (m metadata) first(keys ...string) (key, value string) {
	for _, key := range keys {
		if value := m.values[key]; value != "" {
			return key, value
		}
	}
	return "", ""
}

// request reads what magpie knows of the metadata. Clients send the type that a
// browser guessed, so one that is none of the accepted types says nothing: the
// file's bytes decide. A category that there isn't is refused.
func (m metadata) request(owner string) (upload.Request, error) {
	r := upload.Request{Owner: owner, TotalBytes: media.Undeclared}
	var err error
	if key, value := m.first("media_category", "category"); value != "" {
		if r.Category, err = media.ParseCategory(value); err != nil {
			return r, inMetadata(key, err)
		}
	}
	if key, value := m.first("media_type"); value != "" {
		if r.Type, err = media.ParseType(value); err != nil {
			return r, inMetadata(key, err)
		}
	} else if _, value := m.first("filetype", "type"); value != "" {
		if t, err := media.ParseType(value); err == nil && t.Fits(r.Category) {
			r.Type = t
		}
	}
	switch key, value := m.first("shared"); value {
	case "", "false":
	case "true":
		r.Shared = true
	default:
		return r, inMetadata(key, media.Invalid(key, "must be true or false"))
	}
	if _, value := m.first("additional_owners"); value != "" {
		for id := range strings.SplitSeq(value, ",") {
			r.AdditionalOwners = append(r.AdditionalOwners, strings.TrimSpace(id))
		}
	}
	return r, nil
}

// notes gives the groups of the media's metadata that are told, as
// catalog.MergeMetadata takes them.
func (m metadata) notes() (map[string]string, error) {
	key, text := m.first("alt_text", "alt")
	if text == "" {
		return nil, nil
	}
	group, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return nil, err
	}
	set, _, err := media.ParseMetadata(map[string]json.RawMessage{"alt_text": group})
	if err != nil {
		return nil, inMetadata(key, err)
	}
	return set, nil
}

// inMetadata says of an error where the value stands that it is about.
func inMetadata(key string, err error) error {
	e, ok := err.(*media.Error) //nolint: those that read values give no other
	if !ok {
		return err
	}
	return &media.Error{Code: e.Code, Field: "Upload-Metadata", Value: shorten(e.Value), Detail: "The value of " + key + " in Upload-Metadata: " + e.Message()}
}
