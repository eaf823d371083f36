package e2e

import (
	"encoding/json"
	"testing"
)

// signer is what a client of OAuth 1.0a signs with.
type signer struct {
	consumerKey, consumerSecret, token, tokenSecret string
}

// signing registers a client with a server and gives it a token of a user's.
func (s *server) signing(t *testing.T, user string) signer {
	t.Helper()
	made := func(args ...string) (v map[string]string) {
		out, errs, code := magpie(t, args...)
		if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
			t.Fatalf("magpie %v: exit %d, %v: %s%s", args, code, err, out, errs)
		}
		return v
	}
	app := made("client", "create", "An app", "--data", s.data, "--json")
	token := made("client", "token", app["client_id"], "--data", s.data, "--user", user, "--json")
	return signer{app["api_key"], app["api_key_secret"], token["oauth_token"], token["oauth_token_secret"]}
}

// sdk is the signer as twitter-api-v2 takes it.
func (s signer) sdk() string {
	return asText(map[string]string{"appKey": s.consumerKey, "appSecret": s.consumerSecret, "accessToken": s.token, "accessSecret": s.tokenSecret})
}

// tweepy is the signer as clients/v1.py takes it.
func (s signer) tweepy() string {
	return asText(map[string][]string{"consumer": {s.consumerKey, s.consumerSecret}, "token": {s.token, s.tokenSecret}})
}

func asText(v any) string {
	b, _ := json.Marshal(v) // maps of strings always can be
	return string(b)
}
