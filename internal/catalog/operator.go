package catalog

import (
	"context"
	"math"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Place is where a page of an operator's list ended: what the list is in order of,
// and the id that tells apart those of which it is the same. The zero Place is
// before the first page.
type Place struct {
	Number int64
	ID     string
}

// bounds are what a list goes on after.
func (p Place) bounds() (int64, string) {
	if p == (Place{}) {
		return math.MaxInt64, ""
	}
	return p.Number, p.ID
}

// UserStorage is what one user stores.
type UserStorage struct {
	Owner string
	Storage
}

// Place is where a page ends that this is the last of.
func (s UserStorage) Place() Place { return Place{s.Used(), s.Owner} }

// StorageByUse lists at most limit users who store something, or have a quota,
// by what they use, the most first.
func (c *Catalog) StorageByUse(ctx context.Context, after Place, limit int) ([]UserStorage, error) {
	used, owner := after.bounds()
	rows, err := c.read().StorageByUse(ctx, queries.StorageByUseParams{Used: used, Owner: owner, AtMost: atMost(limit)})
	out := make([]UserStorage, len(rows))
	for i, r := range rows {
		out[i] = UserStorage{r.Owner, storageOf(r)}
	}
	return out, during(err, "list storage by use")
}

// StorageOf reads what users store, by their ids; those who have nothing, and no
// quota of their own, are left out.
func (c *Catalog) StorageOf(ctx context.Context, owners []string) (map[string]Storage, error) {
	rows, err := c.read().ListStorage(ctx, owners)
	out := make(map[string]Storage, len(rows))
	for _, r := range rows {
		out[r.Owner] = storageOf(r)
	}
	return out, during(err, "read the storage of %d users", len(owners))
}

// UploadsOfAll lists the sessions that have not ended, of all users, the newest
// first, at most limit of them and of those before an id (0: all).
func (c *Catalog) UploadsOfAll(ctx context.Context, before media.ID, limit int) ([]media.Session, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := c.read().OpenUploadsOfAll(ctx, queries.OpenUploadsOfAllParams{Before: int64(before), AtMost: atMost(limit)})
	if err != nil {
		return nil, during(err, "list all uploads")
	}
	out := make([]media.Session, len(rows))
	for i, r := range rows {
		if out[i], err = sessionOf(r); err != nil {
			return nil, during(err, "list all uploads")
		}
	}
	return out, nil
}

// TokenQuery says which tokens to list.
type TokenQuery struct {
	User  string // only this user's; "" for everybody's
	Given bool   // those that clients were given, in the place of those that an operator made
	After Place
	Limit int
}

// Place is where a page ends that this is the last of.
func (t Token) Place() Place { return Place{millis(t.CreatedAt), t.ID} }

// TokensByAge lists tokens, also expired and revoked ones, the newest first.
func (c *Catalog) TokensByAge(ctx context.Context, l TokenQuery) ([]Token, error) {
	at, id := l.After.bounds()
	q, most := c.read(), atMost(l.Limit)
	var rows []queries.Token
	var err error
	switch {
	case l.User == "" && !l.Given:
		rows, err = q.TokensMade(ctx, queries.TokensMadeParams{CreatedAt: at, ID: id, AtMost: most})
	case l.User == "":
		rows, err = q.TokensGiven(ctx, queries.TokensGivenParams{CreatedAt: at, ID: id, AtMost: most})
	case !l.Given:
		rows, err = q.TokensMadeFor(ctx, queries.TokensMadeForParams{UserID: l.User, CreatedAt: at, ID: id, AtMost: most})
	default:
		rows, err = q.TokensGivenFor(ctx, queries.TokensGivenForParams{UserID: l.User, CreatedAt: at, ID: id, AtMost: most})
	}
	out := make([]Token, len(rows))
	for i, r := range rows {
		if err == nil {
			out[i], err = tokenOf(r)
		}
	}
	return out, during(err, "list tokens")
}

// Place is where a page ends that this is the last of.
func (c Client) Place() Place { return Place{millis(c.CreatedAt), c.ID} }

// ClientsByAge lists clients, also revoked ones, the newest first.
func (c *Catalog) ClientsByAge(ctx context.Context, after Place, limit int) ([]Client, error) {
	at, id := after.bounds()
	rows, err := c.read().ClientsByAge(ctx, queries.ClientsByAgeParams{CreatedAt: at, ID: id, AtMost: atMost(limit)})
	out := make([]Client, len(rows))
	for i, r := range rows {
		if err == nil {
			out[i], err = clientOf(r)
		}
	}
	return out, during(err, "list clients")
}

// Place is where a page ends that this is the last of.
func (a Account) Place() Place { return Place{millis(a.CreatedAt), a.ID} }

// AccountsByAge lists accounts, the newest first.
func (c *Catalog) AccountsByAge(ctx context.Context, after Place, limit int) ([]Account, error) {
	at, id := after.bounds()
	rows, err := c.read().AccountsByAge(ctx, queries.AccountsByAgeParams{CreatedAt: at, ID: id, AtMost: atMost(limit)})
	out := make([]Account, len(rows))
	for i, r := range rows {
		out[i] = accountOf(r)
	}
	return out, during(err, "list accounts")
}

// Usernames reads the names under which users sign in, by their ids; those
// without an account are left out.
func (c *Catalog) Usernames(ctx context.Context, ids []string) (map[string]string, error) {
	rows, err := c.read().ListAccountNames(ctx, ids)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Username
	}
	return out, during(err, "read the names of %d users", len(ids))
}

// ClientNames reads the names of clients by their ids.
func (c *Catalog) ClientNames(ctx context.Context, ids []string) (map[string]string, error) {
	rows, err := c.read().ListClientNames(ctx, ids)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, during(err, "read the names of %d clients", len(ids))
}
