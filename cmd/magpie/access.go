package main

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/policy"
)

// access says who asks for media.
func (a *app) access(gate *auth.Gate) delivery.Access {
	who := signedIn(gate)
	return delivery.Access{
		Ring:   func() policy.Keyring { return policy.Keyring{} },
		Viewer: func(r *http.Request) policy.Viewer { return policy.Viewer{SignedIn: who(r)} },
	}
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
