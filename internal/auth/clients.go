package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// What secrets of clients are sealed and derived for.
const (
	clientKeySecret = "client key secret"
	appOnlyToken    = "app-only token"
)

// AppOnlyScopes are what an app-only token may do.
func AppOnlyScopes() []string { return []string{TweetRead, "users.read"} }

// Clients are the apps that users let act for them, and their app-only tokens.
type Clients struct {
	catalog *catalog.Catalog
	keys    *Keys
	now     func() time.Time
	random  io.Reader
}

// NewClients makes Clients over a catalogue. Keys must be those under which the
// secrets in it were sealed.
func NewClients(c *catalog.Catalog, k *Keys, now func() time.Time, random io.Reader) *Clients {
	return &Clients{catalog: c, keys: k, now: now, random: random}
}

// Registration is what a new client is.
type Registration struct {
	Name         string   // as users read it when they are asked
	Owner        string   // user id, or "" for none
	RedirectURIs []string // see CheckRedirectURI; none for a client that signs or is app-only
	Public       bool     // an app on users' own devices, which keeps no secret
	ReadOnly     bool     // by OAuth 1.0a it may read and no more
}

// Registered is a new client with its secrets, which are shown this once.
type Registered struct {
	Client    catalog.Client
	Secret    string // beside Client.ID, for OAuth 2; "" for a public client
	KeySecret string // beside Client.APIKey, for OAuth 1.0a and app-only tokens
}

const maxName = 100

// Register makes a client.
func (c *Clients) Register(ctx context.Context, r Registration) (Registered, error) {
	if err := r.check(); err != nil {
		return Registered{}, err
	}
	var text [3]string
	for i, n := range []int{28, 25, 50} {
		var err error
		if text[i], err = alphanumeric(c.random, n); err != nil {
			return Registered{}, fmt.Errorf("make a client: %w", err)
		}
	}
	made := Registered{KeySecret: text[2], Client: catalog.Client{
		ID: text[0], APIKey: text[1], Name: r.Name, Owner: r.Owner, Public: r.Public, ReadOnly: r.ReadOnly,
		RedirectURIs: r.RedirectURIs, CreatedAt: c.now(),
	}}
	if !r.Public {
		var err error
		if made.Secret, err = newSecret(c.random); err != nil {
			return Registered{}, fmt.Errorf("make a client: %w", err)
		}
		made.Client.SecretHash = hash(made.Secret)
	}
	made.Client.APISecret = c.keys.Seal(clientKeySecret, made.Client.ID, made.KeySecret)
	if err := c.catalog.CreateClient(ctx, made.Client); err != nil {
		return Registered{}, err
	}
	return made, nil
}

func (r Registration) check() error {
	if r.Name == "" || !utf8.ValidString(r.Name) || utf8.RuneCountInString(r.Name) > maxName || strings.TrimSpace(r.Name) != r.Name ||
		strings.ContainsFunc(r.Name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return media.Invalid("name", "must have 1 to %d printable characters, without blanks around them", maxName)
	}
	if r.Owner != "" {
		if _, err := media.ParseUserID(r.Owner); err != nil {
			return media.Invalid("owner", "A user id is a string of 1 to 19 digits, such as 2244994945.")
		}
	}
	for _, uri := range r.RedirectURIs {
		if err := CheckRedirectURI(uri); err != nil {
			return err
		}
	}
	return nil
}

// CheckRedirectURI refuses a URI that no client may be sent back to: one that
// is not absolute, has a fragment (RFC 6749 §3.1.2) or a user, or whose scheme
// is neither https, http, nor an app's own with a period in it, such as
// com.example.app (RFC 8252 §7.1).
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || len(uri) > 2000 || strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' }):
		return media.Invalid("redirect_uri", "%q is not a URI of at most 2000 ASCII characters", uri)
	case u.Fragment != "" || strings.Contains(uri, "#") || u.User != nil:
		return media.Invalid("redirect_uri", "%q has a fragment or a user, which it must not", uri)
	case u.Scheme == "https" || u.Scheme == "http":
		if u.Hostname() == "" {
			return media.Invalid("redirect_uri", "%q names no host", uri)
		}
		if p := u.Port(); p != "" {
			if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
				return media.Invalid("redirect_uri", "%q has a port that none can have", uri)
			}
		}
	case !strings.Contains(u.Scheme, "."):
		return media.Invalid("redirect_uri", "%q must begin with https://, http://, or a scheme of the app's own with a period in it, such as com.example.app:/", uri)
	}
	return nil
}

// MayRedirect says whether a client may be sent back to a URI: one of those
// that were registered, character by character (RFC 9700 §2.1), but that the
// port of a loopback address may be any (RFC 8252 §7.3).
func MayRedirect(client catalog.Client, uri string) bool {
	return slices.Contains(client.RedirectURIs, uri) ||
		slices.ContainsFunc(client.RedirectURIs, func(registered string) bool { return sameLoopback(registered, uri) })
}

func sameLoopback(registered, uri string) bool {
	if CheckRedirectURI(uri) != nil {
		return false
	}
	a, err1 := url.Parse(registered)
	b, err2 := url.Parse(uri)
	if err1 != nil || err2 != nil || a.Scheme != "http" || b.Scheme != "http" || !isLoopback(a.Hostname()) || a.Hostname() != b.Hostname() {
		return false
	}
	// What follows the host is compared as it is written.
	after := func(s string) string {
		rest := s[len("http://"):]
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			return rest[i:]
		}
		return ""
	}
	return strings.HasPrefix(registered, "http://") && strings.HasPrefix(uri, "http://") && after(registered) == after(uri)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Authenticate gives the client that an id and a secret are of. A public client
// has the empty secret. Anything else is CodeUnauthorized.
func (c *Clients) Authenticate(ctx context.Context, id, secret string) (catalog.Client, error) {
	client, err := c.live(c.catalog.Client(ctx, id))
	if err != nil {
		return catalog.Client{}, err
	}
	if client.Public && secret == "" {
		return client, nil
	}
	if client.Public || subtle.ConstantTimeCompare([]byte(hash(secret)), []byte(client.SecretHash)) != 1 {
		return catalog.Client{}, errWrongClient()
	}
	return client, nil
}

// ByID gives a client that has not been revoked, unproven. One that is unknown
// or revoked is CodeUnauthorized.
func (c *Clients) ByID(ctx context.Context, id string) (catalog.Client, error) {
	return c.live(c.catalog.Client(ctx, id))
}

// AuthenticateKey gives the client that a key and a key secret are of. Anything
// else is CodeUnauthorized.
func (c *Clients) AuthenticateKey(ctx context.Context, key, secret string) (catalog.Client, error) {
	client, err := c.live(c.catalog.ClientByAPIKey(ctx, key))
	if err != nil {
		return catalog.Client{}, err
	}
	kept, err := c.keys.Open(clientKeySecret, client.ID, client.APISecret)
	if err != nil {
		return catalog.Client{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hash(secret)), []byte(hash(kept))) != 1 {
		return catalog.Client{}, errWrongClient()
	}
	return client, nil
}

func (c *Clients) live(client catalog.Client, err error) (catalog.Client, error) {
	if media.CodeOf(err) == media.CodeNotFound || err == nil && !client.RevokedAt.IsZero() {
		return catalog.Client{}, errWrongClient()
	}
	return client, err
}

func errWrongClient() error {
	return media.Errorf(media.CodeUnauthorized, "There is no such client, or its secret is wrong.")
}

// AppToken gives the app-only token of a client: the same one at every call
// until EndAppToken. It is derived from the key file, so nothing that would
// bring it back is stored.
func (c *Clients) AppToken(ctx context.Context, client catalog.Client) (string, error) {
	for range 3 {
		secret := c.appToken(client)
		id, err := alphanumeric(c.random, 12)
		if err != nil {
			return "", fmt.Errorf("name an app-only token: %w", err)
		}
		kept, err := c.catalog.KeepAppToken(ctx, client.AppSerial, catalog.Token{
			ID: id, Hash: hash(secret), User: client.Owner, Scopes: AppOnlyScopes(), AppOnly: true,
			Label: client.Name, Client: client.ID, CreatedAt: c.now(),
		})
		if err != nil && !errors.Is(err, catalog.ErrConflict) {
			return "", err
		}
		if kept {
			return secret, nil
		}
		// It was ended since the client was read, or the client was.
		if client, err = c.ByID(ctx, client.ID); err != nil {
			return "", err
		}
	}
	return "", media.Busy(time.Second, "The token is being ended by somebody else at the moment; try again.")
}

// EndAppToken ends the app-only token of a client, if it is token; the next
// AppToken gives another. Anything else is CodeNotFound.
func (c *Clients) EndAppToken(ctx context.Context, client catalog.Client, token string) error {
	ended := false
	if subtle.ConstantTimeCompare([]byte(hash(token)), []byte(hash(c.appToken(client)))) == 1 {
		var err error
		if ended, err = c.catalog.EndAppToken(ctx, client.ID, client.AppSerial); err != nil {
			return err
		}
	}
	if !ended {
		return media.Errorf(media.CodeNotFound, "That is not the client's app-only token.")
	}
	return nil
}

// Unreadable counts the clients whose key secret was sealed under another key
// file than this one, but for the console, whose nobody needs.
func (c *Clients) Unreadable(ctx context.Context) (int, error) {
	all, err := c.catalog.Clients(ctx)
	n := 0
	for _, client := range all {
		if _, err := c.keys.Open(clientKeySecret, client.ID, client.APISecret); err != nil && client.RevokedAt.IsZero() && client.ID != ConsoleClient {
			n++
		}
	}
	return n, err
}

func (c *Clients) appToken(client catalog.Client) string {
	derived := c.keys.Derive(appOnlyToken, client.ID+" "+strconv.FormatInt(client.AppSerial, 10))
	return secretPrefix + base64.RawURLEncoding.EncodeToString(derived)
}

// alphanumeric makes n random letters and digits, each of which adds 5.9 bits.
func alphanumeric(random io.Reader, n int) (string, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", err
		}
		if i := int(b[0] >> 2); i < len(letters) {
			out = append(out, letters[i])
		}
	}
	return string(out), nil
}
