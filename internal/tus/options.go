package tus

import (
	"net/http"
	"strconv"
)

// options answers OPTIONS with what this server can do. It needs no token.
func (a *API) options(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Tus-Version", version)
	h.Set("Tus-Extension", extensions)
	h.Set("Tus-Max-Size", strconv.FormatInt(a.Sessions.MaxBytes("", ""), 10))
	h.Set("Tus-Checksum-Algorithm", algorithmNames())
	w.WriteHeader(http.StatusNoContent)
}
