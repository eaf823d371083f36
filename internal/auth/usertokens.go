package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// userTokenSecret is what the secrets of user tokens are sealed for.
const userTokenSecret = "user token secret"

// UserTokens gives clients the tokens that they sign with in a user's name, by
// OAuth 1.0a.
type UserTokens struct {
	catalog *catalog.Catalog
	keys    *Keys
	now     func() time.Time
	random  io.Reader
}

// NewUserTokens makes UserTokens over a catalogue. Keys must be those under
// which the secrets in it were sealed.
func NewUserTokens(c *catalog.Catalog, k *Keys, now func() time.Time, random io.Reader) *UserTokens {
	return &UserTokens{catalog: c, keys: k, now: now, random: random}
}

// Issue makes a token for a client to sign with in the name of a user. The
// secret is kept sealed and is shown this once. A client that is unknown or
// revoked gives CodeNotFound. Each call makes another token.
func (u *UserTokens) Issue(ctx context.Context, client, user string) (token, secret string, err error) {
	if _, err := media.ParseUserID(user); err != nil {
		return "", "", err
	}
	row, err := u.catalog.Client(ctx, client)
	if err != nil {
		return "", "", fmt.Errorf("look the client up: %w", err)
	}
	// Under another key file than the client's, no signature would ever hold.
	if _, err := u.keys.Open(clientKeySecret, row.ID, row.APISecret); err != nil {
		return "", "", err
	}
	b := make([]byte, 24+32)
	if _, err := io.ReadFull(u.random, b); err != nil {
		return "", "", fmt.Errorf("make a user token: %w", err)
	}
	// The user's id comes first, as in X's.
	token = user + "-" + base64.RawURLEncoding.EncodeToString(b[:24])
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(b[24:])
	err = u.catalog.CreateUserToken(ctx, catalog.UserToken{
		Token: token, Secret: u.keys.Seal(userTokenSecret, token, secret), Client: client, User: user, CreatedAt: u.now(),
	})
	if err != nil {
		return "", "", fmt.Errorf("keep the user token: %w", err)
	}
	return token, secret, nil
}

// List gives the user tokens of a client, or of all for "", the oldest first,
// also those that were revoked.
func (u *UserTokens) List(ctx context.Context, client string) ([]catalog.UserToken, error) {
	return u.catalog.UserTokens(ctx, client)
}

// Revoke ends a user token at once. False means that it had ended already; an
// unknown one is CodeNotFound.
func (u *UserTokens) Revoke(ctx context.Context, token string) (bool, error) {
	return u.catalog.RevokeUserToken(ctx, token, u.now())
}

// signer is whose signature a request claims to have, and what it is made with.
type signer struct {
	user, client      string
	readOnly          bool
	secret, keySecret string
}

// signer finds the user and the secrets that belong to a consumer key and a
// token, in two reads. CodeSignature says that the key is not valid here, and
// CodeUnauthorized that the token is not.
func (u *UserTokens) signer(ctx context.Context, key, token string) (signer, error) {
	client, err := u.catalog.ClientByAPIKey(ctx, key)
	if media.CodeOf(err) == media.CodeNotFound || err == nil && !client.RevokedAt.IsZero() {
		return signer{}, media.Errorf(media.CodeSignature, "The oauth_consumer_key is not known here, or was revoked.")
	}
	if err != nil {
		return signer{}, fmt.Errorf("look the consumer key up: %w", err)
	}
	t, err := u.catalog.UserToken(ctx, token)
	if media.CodeOf(err) == media.CodeNotFound || err == nil && (t.Client != client.ID || !t.RevokedAt.IsZero()) {
		return signer{}, media.Errorf(media.CodeUnauthorized, "The oauth_token is not one of this client's, or was revoked.")
	}
	if err != nil {
		return signer{}, fmt.Errorf("look the user token up: %w", err)
	}
	s := signer{user: t.User, client: client.ID, readOnly: client.ReadOnly}
	if s.keySecret, err = u.keys.Open(clientKeySecret, client.ID, client.APISecret); err != nil {
		return signer{}, err
	}
	s.secret, err = u.keys.Open(userTokenSecret, t.Token, t.Secret)
	return s, err
}
