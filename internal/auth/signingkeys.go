package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/policy"
)

const (
	signingKey      = "signing key" // what their secrets are sealed for
	signingKeyBytes = 32
)

// ringFresh is how long a server may sign and accept with keys that it read: how
// long after a rotation or a retirement it may still go by the keys before.
const ringFresh = 2 * time.Second

// SigningKeys are the keys that URLs and playback tokens are signed with. The
// newest signs; all hold until they are retired. They are rows of the catalogue,
// sealed under the key file, and may be rotated and retired by another process
// meanwhile. Its methods may be used from many goroutines.
type SigningKeys struct {
	catalog *catalog.Catalog
	keys    *Keys
	now     func() time.Time
	random  io.Reader
	log     *slog.Logger

	current atomic.Pointer[ringRead]
	mu      sync.Mutex // held by whoever reads them anew
	said    string     // the last complaint, which is not repeated
}

// ringRead is a keyring and when it was read.
type ringRead struct {
	ring policy.Keyring
	at   time.Time
}

// NewSigningKeys makes SigningKeys over a catalogue. Keys must be those under
// which the secrets in it were sealed; a signing key that they do not open is
// passed over, and logged.
func NewSigningKeys(c *catalog.Catalog, k *Keys, now func() time.Time, random io.Reader, log *slog.Logger) *SigningKeys {
	return &SigningKeys{catalog: c, keys: k, now: now, random: random, log: log}
}

// Open reads the keys, and makes the first if there is none that holds. It is
// called before Ring, and may be called at every start; of several servers that
// start at once one makes a key.
func (s *SigningKeys) Open(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(ctx)
}

// Ring gives the keys as they were at most two seconds ago. While the catalogue
// can't be read it gives those that were read last.
func (s *SigningKeys) Ring() policy.Keyring {
	if c := s.current.Load(); s.fresh(c) {
		return c.ring
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.current.Load(); s.fresh(c) { // somebody else was faster
		return c.ring
	}
	// Whoever asks waits for this, but the keys are everybody's.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.read(ctx); err != nil {
		s.complain("signing keys not read; the last ones stay", err)
		if c := s.current.Load(); c != nil {
			s.current.Store(&ringRead{c.ring, s.now()}) // one try in two seconds
			return c.ring
		}
		return policy.Keyring{}
	}
	return s.current.Load().ring
}

func (s *SigningKeys) fresh(c *ringRead) bool {
	if c == nil {
		return false
	}
	age := s.now().Sub(c.at)
	return age >= 0 && age < ringFresh
}

// read reads the keys. The caller holds mu.
func (s *SigningKeys) read(ctx context.Context) error {
	for range 3 {
		at := s.now() // before reading: what is committed later isn't in it
		rows, err := s.catalog.SigningKeys(ctx)
		if err != nil {
			return err
		}
		ring, unreadable := s.unseal(rows)
		if !ring.Empty() {
			s.current.Store(&ringRead{ring, at})
			if unreadable == nil {
				s.said = ""
			} else {
				s.complain("a signing key was passed over: the key file is not the one that it was sealed under", unreadable)
			}
			return nil
		}
		if unreadable != nil {
			s.complain("no signing key can be read: the key file is not the one that they were sealed under; a new one is made, and what the old ones signed does not hold", unreadable)
			_, err = s.Rotate(ctx)
		} else {
			err = s.makeFirst(ctx)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the signing key that was made is retired already")
}

// unseal makes a keyring of the rows that hold and can be read, and says why
// others can't.
func (s *SigningKeys) unseal(rows []catalog.SigningKey) (policy.Keyring, error) {
	var keys []policy.Key
	var failed error
	for _, row := range rows {
		if !row.RetiredAt.IsZero() {
			continue
		}
		secret, err := s.keys.Open(signingKey, row.ID, row.Secret)
		if err != nil {
			failed = err
			continue
		}
		keys = append(keys, policy.Key{ID: row.ID, Secret: []byte(secret)})
	}
	return policy.NewKeyring(keys...), failed
}

func (s *SigningKeys) makeFirst(ctx context.Context) error {
	k, err := s.newKey()
	if err != nil {
		return err
	}
	_, err = s.catalog.CreateFirstSigningKey(ctx, k)
	return err
}

// Rotate makes a new key, which signs from now on: here with the next call of
// Ring, in other processes within two seconds. What older keys signed holds
// until they are retired. Of two rotations at once both keys hold.
func (s *SigningKeys) Rotate(ctx context.Context) (catalog.SigningKey, error) {
	for {
		k, err := s.newKey()
		if err != nil {
			return catalog.SigningKey{}, err
		}
		if err = s.catalog.CreateSigningKey(ctx, k); err == nil {
			s.current.Store(nil)
			return k, nil
		}
		if !errors.Is(err, catalog.ErrConflict) {
			return catalog.SigningKey{}, err
		}
	}
}

func (s *SigningKeys) newKey() (catalog.SigningKey, error) {
	b := make([]byte, 4+signingKeyBytes)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return catalog.SigningKey{}, fmt.Errorf("make a signing key: %w", err)
	}
	id := hex.EncodeToString(b[:4])
	return catalog.SigningKey{ID: id, Secret: s.keys.Seal(signingKey, id, string(b[4:])), CreatedAt: s.now()}, nil
}

// complain logs a trouble once. The caller holds mu.
func (s *SigningKeys) complain(message string, err error) {
	if err.Error() != s.said {
		s.said = err.Error()
		s.log.Warn(message, "err", err)
	}
}
