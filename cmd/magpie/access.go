package main

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/delivery"
)

// access says who asks for media.
func (a *app) access(gate *auth.Gate) delivery.Access {
	s := a.settings
	viewers := delivery.Viewers{
		Proxies:       delivery.Proxies{Trusted: s.trusted, Header: s.ForwardedHeader},
		CountryHeader: s.CountryHeader,
		Countries:     a.places,
		Links:         delivery.Links{Public: s.PublicURL, Media: s.MediaOrigin},
		SignedIn:      signedIn(gate),
	}
	return delivery.Access{Ring: a.signing.Ring, Viewer: viewers.Of, Denied: a.meters.viewerDenied}
}

// signedIn gives the user of a request's credentials, if these may read media.
func signedIn(gate *auth.Gate) func(*http.Request) string {
	return func(r *http.Request) string {
		if r.Header.Get("Authorization") == "" {
			return ""
		}
		who, done, err := gate.Request(r)
		defer done()
		if err != nil || who.Need(auth.TweetRead, true) != nil && who.Need(auth.MediaWrite, true) != nil {
			return ""
		}
		return who.User
	}
}
