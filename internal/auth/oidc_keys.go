package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"magpie/internal/media"
)

// How often an issuer is asked for its keys at most, whatever tokens come in.
const (
	keysFresh    = 15 * time.Minute // older ones are asked for again
	keysInterval = 10 * time.Second // between two questions that were answered
	keysBackOff  = time.Second      // after one that was not; doubled up to keysSilence
	keysSilence  = time.Minute
	keysTimeout  = 10 * time.Second
	maxKeys      = 100
	maxDocument  = 1 << 20
)

// issuerKeys holds the public keys of an issuer. Keys once learned are good
// while the issuer is away.
type issuerKeys struct {
	issuer string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	keys     []jose.JSONWebKey
	address  string        // of the keys; "" until discovered
	learned  time.Time     // when keys was answered
	asked    time.Time     // when the last question ended
	failures int           // in a row
	asking   chan struct{} // closed once the running question has ended; nil if none runs
}

func newIssuerKeys(issuer string, client *http.Client, now func() time.Time, log *slog.Logger) *issuerKeys {
	bounded := *client
	bounded.Transport = boundedTransport{client.Transport}
	return &issuerKeys{issuer: issuer, client: &bounded, now: now, log: log}
}

// find gives the keys that a token may be signed with: those of its kid, or all
// if it names none. Where there is none, or renew says that none fits, the
// issuer is asked again, if that isn't too soon. CodeBusy says that the issuer
// can't be asked.
func (k *issuerKeys) find(ctx context.Context, kid, alg string, renew bool) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.matching(kid, alg)
	satisfied := len(found) > 0 && !renew
	if satisfied && k.now().Sub(k.learned) < keysFresh {
		return found, nil
	}
	if k.asking == nil && k.wait() == 0 {
		k.asking = make(chan struct{})
		go k.ask(k.asking)
	}
	if satisfied {
		return found, nil // old ones will do while new ones are on their way
	}
	if running := k.asking; running != nil {
		k.mu.Unlock()
		select {
		case <-running:
		case <-ctx.Done():
		}
		k.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("wait for the keys of %s: %w", k.issuer, err)
		}
	}
	found = k.matching(kid, alg)
	if len(found) == 0 && k.failures > 0 {
		return nil, media.Busy(max(k.wait(), time.Second), "The token's issuer, %s, can't be asked for its keys now; try again.", k.issuer)
	}
	return found, nil
}

// wait is how long the issuer is left alone yet.
func (k *issuerKeys) wait() time.Duration {
	if k.asked.IsZero() {
		return 0
	}
	pause := keysInterval
	if k.failures > 0 {
		pause = min(keysBackOff<<min(k.failures-1, 10), keysSilence)
	}
	return max(k.asked.Add(pause).Sub(k.now()), 0)
}

func (k *issuerKeys) matching(kid, alg string) []jose.JSONWebKey {
	var out []jose.JSONWebKey
	for _, key := range k.keys {
		if (kid == "" || key.KeyID == kid) && (key.Algorithm == "" || key.Algorithm == alg) {
			out = append(out, key)
		}
	}
	return out
}

// ask asks the issuer, for everybody who waits, and whether or not they do.
func (k *issuerKeys) ask(done chan struct{}) {
	k.mu.Lock()
	address := k.address
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	address, keys, err := k.fetch(ctx, address)

	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.asking, k.asked = nil, k.now()
	if err != nil {
		k.failures++
		k.address = "" // it may have moved
		k.log.Warn("the issuer's keys can't be had", "issuer", k.issuer, "failures", k.failures, "again_in", k.wait(), "err", err)
		return
	}
	k.failures, k.address, k.keys, k.learned = 0, address, keys, k.asked
	k.log.Debug("the issuer's keys", "issuer", k.issuer, "keys", len(keys))
}

// fetch finds the keys' address, unless it is known, and reads them.
func (k *issuerKeys) fetch(ctx context.Context, address string) (string, []jose.JSONWebKey, error) {
	if address == "" {
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
		if err != nil {
			return "", nil, fmt.Errorf("discover %s: %w", k.issuer, err)
		}
		var document struct {
			Keys string `json:"jwks_uri"`
		}
		if err := provider.Claims(&document); err != nil {
			return "", nil, fmt.Errorf("read the discovery document of %s: %w", k.issuer, err)
		}
		address = document.Keys
		if strings.HasPrefix(k.issuer, "https:") && !strings.HasPrefix(address, "https:") {
			return "", nil, fmt.Errorf("the discovery document of %s has no jwks_uri by https: %q", k.issuer, address)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nil, fmt.Errorf("ask for keys: %w", err)
	}
	a, err := k.client.Do(r)
	if err != nil {
		return "", nil, fmt.Errorf("ask for keys: %w", err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("ask for keys: %s answers %s", address, a.Status)
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return "", nil, fmt.Errorf("read keys: %w", err)
	}
	keys, err := publicKeys(b)
	if err != nil {
		return "", nil, fmt.Errorf("read the keys at %s: %w", address, err)
	}
	return address, keys, nil
}

// publicKeys reads a key set (RFC 7517 §5). Keys of a sort that is not known,
// for encryption, or that are no public keys, are passed over.
func publicKeys(b []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) != nil || key.Use == "enc" || !key.IsPublic() || !key.Valid() {
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("%d usable keys; from 1 to %d were expected", len(keys), maxKeys)
	}
	return keys, nil
}

// boundedTransport ends bodies that are too long for what an issuer says.
type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	a, err := next.RoundTrip(r)
	if err == nil {
		a.Body = &boundedBody{a.Body, maxDocument}
	}
	return a, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errors.New("the answer is too long")
	}
	return n, err
}
