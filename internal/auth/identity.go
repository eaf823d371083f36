package auth

import (
	"slices"
	"strings"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// The scopes that magpie asks for, as X names them.
const (
	MediaWrite = "media.write" // upload and change media
	TweetRead  = "tweet.read"  // look media up
)

// Admin is magpie's own scope: to see and steer the server, all users' things
// included. Of those who sign in only accounts that are marked get it.
const Admin = "magpie.admin"

// Scopes lists every scope of X's, so that a token can be made like the one a
// client would get there, and Admin. magpie asks only for MediaWrite, TweetRead
// and Admin.
func Scopes() []string { return append(xScopes(), Admin) }

// xScopes are those that X has.
func xScopes() []string {
	return []string{
		"media.write", "tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "users.email", "offline.access",
		"block.read", "block.write", "bookmark.read", "bookmark.write", "broadcast.read", "broadcast.write",
		"dm.read", "dm.write", "follows.read", "follows.write", "like.read", "like.write", "list.read", "list.write",
		"mute.read", "mute.write", "space.read", "timeline.read",
	}
}

// Identity is who is asking. Its zero value is nobody.
type Identity struct {
	User    string
	Scopes  []string
	AppOnly bool   // an app without a user: may look up, not upload
	Token   string // the id of the token, for logs
	Client  string // the client that acts for the user; "" for a token that an operator made
	// ScopeClaim is the claim of a JWT that Scopes were read from; "" for others.
	ScopeClaim string
	OAuth1     bool // told by an OAuth 1.0a signature: what it may do is the client's setting
}

// Actor is the identity as the audit trail keeps it.
func (i Identity) Actor() catalog.Actor {
	return catalog.Actor{User: i.User, Client: i.Client, Token: i.Token}
}

// Need checks that the identity holds a scope, and that it is a user's where
// the endpoint needs one.
func (i Identity) Need(scope string, appOnlyAllowed bool) error {
	if i.AppOnly && !appOnlyAllowed {
		return media.Errorf(media.CodeAppOnly, "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].")
	}
	if !slices.Contains(i.Scopes, scope) && i.OAuth1 {
		return media.Errorf(media.CodeOAuth1Permissions, "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.")
	}
	if !slices.Contains(i.Scopes, scope) && i.ScopeClaim != "" {
		return media.Errorf(media.CodeForbidden, "The token lacks the scope %s, which this endpoint needs; its claim %q has [%s].", scope, i.ScopeClaim, strings.Join(i.Scopes, " "))
	}
	if !slices.Contains(i.Scopes, scope) {
		return media.Errorf(media.CodeForbidden, "The token lacks the scope %s, which this endpoint needs.", scope)
	}
	return nil
}
