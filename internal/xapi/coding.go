package xapi

import (
	"net/http"
	"strings"

	"magpie/internal/media"
)

// asItIs refuses a body that was compressed on the way: digests and sizes are
// those of the body as it is sent, and a few bytes could unpack to any number.
// The answer says what is taken instead (RFC 9110, section 12.5.3).
func asItIs(w http.ResponseWriter, r *http.Request) error {
	coding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	if coding == "" || strings.EqualFold(coding, "identity") || r.ContentLength == 0 {
		return nil
	}
	w.Header().Set("Accept-Encoding", "identity")
	return media.Errorf(media.CodeUnsupported, "The Content-Encoding %q is not taken; send the body as it is.", shorten(coding))
}
