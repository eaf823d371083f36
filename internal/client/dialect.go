package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Dialect is what a server understands.
type Dialect string

// The dialects. Auto is found out.
const (
	Auto   Dialect = "auto"
	Magpie Dialect = "magpie" // X's API, and magpie's own under /magpie/v1
	X      Dialect = "x"      // X's API and no more
)

// Dialect finds out whether the server has magpie's own API, by one call of it.
// X's own hosts are not asked. A server that refuses the token counts as X's:
// the call of X's API that comes next says what is wrong. Where the context ends,
// or the server can't be reached, the error is *Interrupted.
func (s *Server) Dialect(ctx context.Context) (Dialect, error) {
	u, err := url.Parse(s.base)
	if err != nil {
		return "", err
	}
	for _, host := range []string{"x.com", "twitter.com"} {
		if h := strings.ToLower(u.Hostname()); h == host || strings.HasSuffix(h, "."+host) {
			return X, nil
		}
	}
	var list struct{ Data []struct{ ID string } }
	err = s.json(ctx, http.MethodGet, "/magpie/v1/uploads?limit=1", nil, &list)
	var quiet *silence
	switch {
	case err == nil && list.Data != nil:
		return Magpie, nil
	case ctx.Err() != nil, passing(err):
		return "", &Interrupted{Err: err}
	case errors.As(err, &quiet):
		return "", err
	}
	return X, nil
}
