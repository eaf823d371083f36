package catalog

import (
	"context"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
)

// Client is an app that users let act for them. It has two pairs of
// credentials, as on X: ID and a secret for OAuth 2, APIKey and a key secret for
// OAuth 1.0a and for its app-only token.
type Client struct {
	ID           string
	SecretHash   string // SHA-256 of the secret, 64 lower-case hex digits; "" for a public client
	APIKey       string
	APISecret    string // the key secret, sealed: see auth.Keys
	Name         string // as users read it
	Owner        string // user id, or "" for none
	Public       bool   // keeps no secret: an app on users' own devices
	ReadOnly     bool   // OAuth 1.0a signatures of it may read and no more
	RedirectURIs []string
	AppSerial    int64 // counts its app-only tokens
	CreatedAt    time.Time
	RevokedAt    time.Time // zero: not revoked
}

// CreateClient records a client. An id or key that is taken is ErrConflict. A
// SecretHash that is neither empty nor a hash is refused, so that no secret gets
// stored by mistake.
func (c *Catalog) CreateClient(ctx context.Context, client Client) error {
	if client.SecretHash != "" && !tokenHash.MatchString(client.SecretHash) {
		return during(errors.New("the hash of its secret is not 64 lower-case hex digits"), "create client %s", client.ID)
	}
	uris, err := encodeNames(client.RedirectURIs)
	if err != nil {
		return during(err, "create client %s", client.ID)
	}
	err = c.write(ctx, func(q *queries.Queries) error {
		n, err := q.InsertClient(ctx, queries.InsertClientParams{
			ID:           client.ID,
			SecretHash:   client.SecretHash,
			ApiKey:       client.APIKey,
			ApiSecret:    client.APISecret,
			Name:         client.Name,
			Owner:        client.Owner,
			IsPublic:     flag(client.Public),
			ReadOnly:     flag(client.ReadOnly),
			RedirectUris: uris,
			AppSerial:    client.AppSerial,
			CreatedAt:    millis(client.CreatedAt),
			RevokedAt:    millis(client.RevokedAt),
		})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "create client %s", client.ID)
}

// KeepClient records a client that is part of the server. One that is there stays
// as it is, but for a revocation, which is taken back. Of several processes that
// do so at once all succeed.
func (c *Catalog) KeepClient(ctx context.Context, client Client) error {
	kept, err := c.Client(ctx, client.ID)
	if err == nil && kept.RevokedAt.IsZero() {
		return nil
	}
	err = c.CreateClient(ctx, client)
	if !errors.Is(err, ErrConflict) {
		return err
	}
	_, err = c.change(ctx, func(q *queries.Queries) (int64, error) { return q.ReviveClient(ctx, client.ID) })
	return during(err, "keep client %s", client.ID)
}

// Client reads a client, also one that was revoked: the caller looks. An
// unknown id is media.CodeNotFound.
func (c *Catalog) Client(ctx context.Context, id string) (Client, error) {
	r, err := c.read().GetClient(ctx, id)
	if err != nil {
		return Client{}, during(notFound(err, "There is no client with that id."), "read client")
	}
	client, err := clientOf(r)
	return client, during(err, "read client")
}

// ClientByAPIKey reads a client by its key, as Client does.
func (c *Catalog) ClientByAPIKey(ctx context.Context, key string) (Client, error) {
	r, err := c.read().GetClientByAPIKey(ctx, key)
	if err != nil {
		return Client{}, during(notFound(err, "There is no client with that key."), "read client by key")
	}
	client, err := clientOf(r)
	return client, during(err, "read client by key")
}

// Clients reads all clients, the oldest first.
func (c *Catalog) Clients(ctx context.Context) ([]Client, error) {
	rows, err := c.read().ListClients(ctx)
	if err != nil {
		return nil, during(err, "read clients")
	}
	out := make([]Client, len(rows))
	for i, r := range rows {
		if out[i], err = clientOf(r); err != nil {
			return nil, during(err, "read clients")
		}
	}
	return out, nil
}

// RevokeClient ends a client at now and, in the same transaction, everything
// that was given to it: access tokens, consents with their codes and refresh
// tokens, and user tokens. Whatever is being given to it at that moment is
// either among them or refused. False means that it was revoked already, and
// RevokedAt stays. An unknown id is media.CodeNotFound.
func (c *Catalog) RevokeClient(ctx context.Context, id string, now time.Time) (bool, error) {
	at := millis(now)
	revoked, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.RevokeClient(ctx, queries.RevokeClientParams{ID: id, Now: at})
		if err != nil {
			return 0, err
		}
		if n == 0 {
			_, err := q.GetClient(ctx, id)
			return 0, notFound(err, "There is no client with the id %s.", id)
		}
		return n, errors.Join(
			q.RevokeConsentsOfClient(ctx, queries.RevokeConsentsOfClientParams{ClientID: id, Now: at}),
			q.RevokeTokensOfClient(ctx, queries.RevokeTokensOfClientParams{ClientID: id, Now: at}),
			q.RevokeUserTokensOfClient(ctx, queries.RevokeUserTokensOfClientParams{ClientID: id, Now: at}),
		)
	})
	return revoked, during(err, "revoke client %s", id)
}

// KeepAppToken records an app-only token of its client's, if the client is not
// revoked and still at serial; false if not. It may be called again with a
// token of the same hash, which changes nothing, unless that one was revoked by
// itself: then the client moves to the next serial, and the answer is false.
func (c *Catalog) KeepAppToken(ctx context.Context, serial int64, t Token) (bool, error) {
	row, err := newTokenRow(t)
	if err != nil {
		return false, during(err, "keep app-only token %s", t.ID)
	}
	kept, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.LockClientSerial(ctx, queries.LockClientSerialParams{ID: t.Client, AppSerial: serial})
		if err != nil || n == 0 {
			return 0, err
		}
		made, err := q.InsertToken(ctx, row)
		if err != nil || made > 0 {
			return n, err
		}
		there, err := q.GetTokenByHash(ctx, t.Hash)
		if err != nil {
			return 0, errors.Join(ErrConflict, err) // the id is another token's
		}
		if there.RevokedAt != 0 {
			_, err := q.NextClientSerial(ctx, queries.NextClientSerialParams{ID: t.Client, AppSerial: serial})
			return 0, err
		}
		return n, nil
	})
	return kept, during(err, "keep app-only token %s", t.ID)
}

// EndAppToken deletes the app-only tokens of a client at serial, and moves it
// to the next serial. False means that it is revoked, unknown or not at serial.
func (c *Catalog) EndAppToken(ctx context.Context, client string, serial int64) (bool, error) {
	ended, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.NextClientSerial(ctx, queries.NextClientSerialParams{ID: client, AppSerial: serial})
		if err != nil || n == 0 {
			return 0, err
		}
		return n, q.DeleteAppTokens(ctx, client)
	})
	return ended, during(err, "end the app-only token of client %s", client)
}

func clientOf(r queries.Client) (Client, error) {
	uris, err := decodeNames(r.RedirectUris)
	if err != nil {
		return Client{}, during(err, "client %s", r.ID)
	}
	return Client{
		ID:           r.ID,
		SecretHash:   r.SecretHash,
		APIKey:       r.ApiKey,
		APISecret:    r.ApiSecret,
		Name:         r.Name,
		Owner:        r.Owner,
		Public:       r.IsPublic != 0,
		ReadOnly:     r.ReadOnly != 0,
		RedirectURIs: uris,
		AppSerial:    r.AppSerial,
		CreatedAt:    timeOf(r.CreatedAt),
		RevokedAt:    timeOf(r.RevokedAt),
	}, nil
}
