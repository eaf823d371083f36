package auth

import (
	"slices"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestNeed(t *testing.T) {
	for _, c := range []struct {
		name    string
		who     Identity
		scope   string
		appOnly bool // an app-only token will do
		code    media.Code
		words   string
	}{
		{"a user with the scope", Identity{User: "1", Scopes: []string{TweetRead, MediaWrite}}, MediaWrite, false, "", ""},
		{"where an app would do", Identity{User: "1", Scopes: []string{TweetRead}}, TweetRead, true, "", ""},
		{"an app where it will do", Identity{User: "1", Scopes: []string{TweetRead}, AppOnly: true}, TweetRead, true, "", ""},
		{"a user without the scope", Identity{User: "1", Scopes: []string{TweetRead}}, MediaWrite, false, media.CodeForbidden, "The token lacks the scope media.write, which this endpoint needs."},
		{"an app without the scope", Identity{User: "1", Scopes: []string{MediaWrite}, AppOnly: true}, TweetRead, true, media.CodeForbidden, "lacks the scope tweet.read"},
		{"an app where a user is needed", Identity{User: "1", Scopes: []string{MediaWrite}, AppOnly: true}, MediaWrite, false, media.CodeAppOnly, "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported"},
		{"part of a scope", Identity{User: "1", Scopes: []string{"media.writer", "media"}}, MediaWrite, false, media.CodeForbidden, ""},
		{"a signed request of a client that only reads", Identity{User: "1", Scopes: []string{TweetRead}, OAuth1: true}, MediaWrite, false, media.CodeOAuth1Permissions, "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."},
		{"what such a client may do", Identity{User: "1", Scopes: []string{TweetRead}, OAuth1: true}, TweetRead, true, "", ""},
		{"nobody", Identity{}, TweetRead, true, media.CodeForbidden, ""},
	} {
		err := c.who.Need(c.scope, c.appOnly)
		if media.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q with %q", c.name, err, c.code, c.words)
		}
	}
}

func TestScopes(t *testing.T) {
	list := Scopes()
	for _, s := range []string{MediaWrite, TweetRead, "offline.access"} {
		if !slices.Contains(list, s) {
			t.Errorf("%s is not among %v", s, list)
		}
	}
	slices.Sort(list)
	if len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("twice in %v", list)
	}
}
