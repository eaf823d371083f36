package auth

import (
	"strings"

	"magpie/internal/media"
)

// maxHeader bounds the Authorization header of a signed request.
const maxHeader = 8 << 10

// readHeader adds the parameters of what follows "OAuth " in an Authorization
// header (RFC 5849 §3.5.1): names and values percent-encoded, the values in
// quotes, with commas between. Values without quotes are taken, too, since some
// clients send them. The realm is no parameter of the signature and is left out.
func (p *pairs) readHeader(text string) error {
	if len(text) > maxHeader {
		return unreadable("is longer than %d bytes", maxHeader)
	}
	for rest := trimBlank(text); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		if !found || strings.ContainsAny(name, `",`) {
			return unreadable("is not a list of name=\"value\" with commas between them")
		}
		var value string
		after = trimBlank(after)
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			if value, rest, ok = strings.Cut(quoted, `"`); !ok {
				return unreadable("has a value whose quote doesn't end")
			}
		} else {
			end := strings.IndexByte(after, ',')
			if end < 0 {
				end = len(after)
			}
			value, rest = trimBlank(after[:end]), after[end:]
			if strings.ContainsAny(value, "\" \t") {
				return unreadable("has a value with blanks and without quotes")
			}
		}
		rest = trimBlank(rest)
		if rest != "" {
			if rest[0] != ',' {
				return unreadable("lacks a comma between two parameters")
			}
			rest = trimBlank(rest[1:])
		}
		if err := p.addEncoded(trimBlank(name), value); err != nil {
			return err
		}
	}
	return nil
}

func (p *pairs) addEncoded(name, value string) error {
	name, err := percentDecode(name)
	if err == nil {
		value, err = percentDecode(value)
	}
	if err != nil {
		return unreadable("can't be decoded: %s", err)
	}
	if strings.EqualFold(name, "realm") {
		return nil
	}
	return p.add(pair{name: name, value: value})
}

func trimBlank(s string) string { return strings.Trim(s, " \t") }

func unreadable(format string, args ...any) error {
	return media.Errorf(media.CodeNoCredentials, "The header \"Authorization: OAuth …\" "+format+".", args...)
}
