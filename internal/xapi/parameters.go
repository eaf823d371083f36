package xapi

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"magpie/internal/media"
)

// parameters reads the query of an endpoint that has all its parameters there.
// As on X, one that is not among names is refused, and so is one that is there
// twice. Those of an OAuth 1.0a signature (RFC 5849, section 3.5.3) are passed
// over.
func parameters(r *http.Request, names ...string) (url.Values, error) {
	query, err := readQuery(r)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch known := slices.Contains(names, name); {
		case !known && !strings.HasPrefix(name, "oauth_"):
			e := media.Invalid(shorten(name), "The query parameter [%s] is not one of [%s]", shorten(name), strings.Join(names, ","))
			e.Value = shorten(query.Get(name))
			return nil, e
		case known && len(query[name]) > 1:
			return nil, twice(name)
		}
	}
	return query, nil
}

// readQuery reads the query string as a whole.
func readQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unreadableQuery()
	}
	return query, nil
}

func unreadableQuery() error {
	return media.Invalid("", "The query string cannot be read; it is name=value pairs with & between them, and %% only before two hexadecimal digits.")
}

// one reads a query parameter that must be there once.
func one(query url.Values, name string) (string, error) {
	switch v := query[name]; {
	case len(v) == 0:
		return "", media.Invalid(name, "The `%s` query parameter is missing", name)
	case len(v) > 1:
		return "", twice(name)
	case v[0] == "":
		return "", media.Invalid(name, "The `%s` query parameter can not be empty", name)
	default:
		return v[0], nil
	}
}

func twice(name string) error {
	return media.Invalid(name, "Duplicate parameters are not allowed: the `%s` query parameter", name)
}

// list reads a query parameter with values from known, separated by commas, into
// the set of those that are there; nil where the parameter is absent. Those of
// more are taken too, and not told to who asks for something else.
func list(query url.Values, name string, known []string, more ...string) (map[string]bool, error) {
	if !query.Has(name) {
		return nil, nil
	}
	text, err := one(query, name)
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, v := range strings.Split(text, ",") {
		if !slices.Contains(known, v) && !slices.Contains(more, v) {
			e := media.Invalid(name, "The `%s` query parameter value [%s] is not one of [%s]", name, shorten(v), strings.Join(known, ","))
			e.Value = shorten(v)
			return nil, e
		}
		set[v] = true
	}
	return set, nil
}

// mediaKeys reads media_keys: from 1 to maxLookup keys, each once and in the
// order given.
func mediaKeys(query url.Values) ([]string, error) {
	text, err := one(query, "media_keys")
	if err != nil {
		return nil, err
	}
	all := strings.Split(text, ",")
	if len(all) > maxLookup {
		return nil, media.Invalid("media_keys", "The `media_keys` query parameter names %d keys; from 1 to %d are allowed", len(all), maxLookup)
	}
	var keys []string
	for _, key := range all {
		if _, err := media.ParseKey(key); err != nil {
			e := media.Invalid("media_keys", "The `media_keys` query parameter value [%s] is not valid; a media key looks like 7_1146654567674912769", shorten(key))
			e.Value = shorten(key)
			return nil, e
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func badQuery(query url.Values, name, what string) error {
	v := shorten(query.Get(name))
	e := media.Invalid(name, "The `%s` query parameter value [%s] %s", name, v, what)
	e.Value = v
	return e
}
