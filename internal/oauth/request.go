package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// request is what a client asks a user for, checked.
type request struct {
	client    catalog.Client
	uri       string // redirect_uri as it was sent
	redirect  *url.URL
	scopes    []string
	state     string
	challenge auth.Challenge
	// action is where the page's form goes: this request again, spelled in one way.
	action string
}

// maxState is X's bound.
const maxState = 500

// refusal is why a request can't go on: with words for a page, or with an
// error that the client is sent back with.
type refusal struct {
	words string // for the user; nobody is sent anywhere

	back              *url.URL // else: where to
	code, description string
	state             string
}

// readRequest checks an authorization request (RFC 6749 §4.1.1, RFC 7636
// §4.3). Until client and redirect_uri are known to be right, nobody is sent
// anywhere.
func (s *Server) readRequest(r *http.Request) (request, *refusal, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return request{}, &refusal{words: "The address is not well-formed."}, nil
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		switch n := len(query[name]); {
		case n == 0 || query.Get(name) == "":
			return request{}, &refusal{words: "The address lacks " + name + "."}, nil
		case n > 1:
			return request{}, &refusal{words: "The address has " + name + " more than once."}, nil
		}
	}
	var q request
	q.client, err = s.Clients.ByID(r.Context(), query.Get("client_id"))
	if media.CodeOf(err) == media.CodeUnauthorized {
		return request{}, &refusal{words: "There is no app with this client_id here, or it was revoked."}, nil
	}
	if err != nil {
		return request{}, nil, err
	}
	q.uri = query.Get("redirect_uri")
	if q.redirect, err = url.Parse(q.uri); err != nil || !auth.MayRedirect(q.client, q.uri) {
		return request{}, &refusal{words: "The redirect_uri is not one that was registered for the app. It must be the same, character by character."}, nil
	}
	if no := q.read(query); no != nil {
		no.back = q.redirect
		if len(query["state"]) == 1 && len(query.Get("state")) <= maxState {
			no.state = query.Get("state")
		}
		return request{}, no, nil
	}
	q.action = r.URL.Path + "?" + url.Values{
		"response_type": {"code"}, "client_id": {q.client.ID}, "redirect_uri": {q.uri}, "scope": {strings.Join(q.scopes, " ")},
		"state": {q.state}, "code_challenge": {q.challenge.Text}, "code_challenge_method": {q.challenge.Method},
	}.Encode()
	return q, nil, nil
}

// read reads what remains, and says with which error the client is sent back.
func (q *request) read(query url.Values) *refusal {
	for _, name := range []string{"response_type", "scope", "state", "code_challenge", "code_challenge_method"} {
		if len(query[name]) > 1 {
			return &refusal{code: "invalid_request", description: name + " is there more than once."}
		}
	}
	switch t := query.Get("response_type"); {
	case t == "":
		return &refusal{code: "invalid_request", description: "Missing required parameter [response_type]."}
	case t != "code":
		return &refusal{code: "unsupported_response_type", description: "response_type must be code."}
	}
	if q.state = query.Get("state"); len(q.state) > maxState {
		return &refusal{code: "invalid_request", description: "state has more than 500 characters."}
	}
	var err error
	if q.scopes, err = auth.ParseScopes(query.Get("scope")); err != nil {
		return &refusal{code: "invalid_scope", description: words(err)}
	}
	if q.challenge, err = auth.ParseChallenge(query.Get("code_challenge"), query.Get("code_challenge_method")); err != nil {
		return &refusal{code: "invalid_request", description: words(err)}
	}
	return nil
}

// backTo is a redirect URI with what the client is told, after the query that
// it has already.
func backTo(uri *url.URL, told url.Values) string {
	u := *uri
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += told.Encode()
	return u.String()
}
