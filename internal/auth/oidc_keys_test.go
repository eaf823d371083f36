package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"magpie/internal/media"
)

// An issuer that is away at the first token is asked again, ever more rarely,
// and nobody is told that the token was bad.
func TestIssuerAwayAtFirst(t *testing.T) {
	i := newIssuer(t)
	i.set(true)
	token := i.token(i.fine())
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		wait *= time.Second
		_, err := i.read.Identify(t.Context(), token)
		var e *media.Error
		if !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter != wait || !strings.Contains(e.Detail, i.URL) {
			t.Fatalf("%+v, want to wait %v", err, wait)
		}
		failures := i.read.keys.failures
		i.pass(wait - time.Millisecond)
		i.refuses("too soon", token, media.CodeBusy, "can't be asked")
		if i.read.keys.failures != failures {
			t.Fatalf("asked again after %v", wait-time.Millisecond)
		}
		i.pass(time.Millisecond)
	}
	if !strings.Contains(i.log.String(), "502 Bad Gateway") {
		t.Errorf("the log says %s", i.log.String())
	}
	i.set(false)
	i.pass(time.Minute)
	i.passes("once it is there", i.token(i.fine()))

	// Away later, its keys go on.
	i.set(true)
	i.pass(keysFresh + time.Second)
	i.passes("away", i.token(i.fine()))
	i.settle()
	i.passes("away", i.token(i.fine()))
	i.refuses("another key while away", i.sign(jose.ES256, i.key, "two", i.fine(), ""), media.CodeBusy, "can't be asked")
}

// settle waits until a question in the background has ended.
func (i *issuer) settle() {
	k := i.read.keys
	k.mu.Lock()
	running := k.asking
	k.mu.Unlock()
	if running != nil {
		<-running
	}
}

func TestKeysRotate(t *testing.T) {
	i := newIssuer(t)
	old := i.token(i.fine())
	i.passes("the first key", old)
	i.pass(keysInterval)
	i.key = i.rotate("two")
	i.passes("the next", i.sign(jose.ES256, i.key, "two", i.fine(), ""))
	i.refuses("the first, withdrawn", old, media.CodeUnauthorized, "doesn't publish")

	// Without names for keys, a signature that doesn't hold may be a new key's.
	i.pass(keysInterval)
	i.key = i.rotate("")
	i.passes("one without a name", i.sign(jose.ES256, i.key, "", i.fine(), ""))
	i.pass(keysInterval)
	i.key = i.rotate("")
	i.passes("the next without a name", i.sign(jose.ES256, i.key, "", i.fine(), ""))

	// A key that is withdrawn ends by itself, though nobody asks for another.
	i.pass(keysInterval)
	i.key = i.rotate("three")
	token := i.sign(jose.ES256, i.key, "three", i.but("exp", i.now().Add(24*time.Hour).Unix()), "")
	i.passes("before", token)
	i.rotate("four")
	i.pass(keysFresh - time.Second)
	i.passes("while its keys are fresh", token)
	i.pass(time.Second)
	_, _ = i.read.Identify(t.Context(), token) // asks in the background
	i.settle()
	i.refuses("after", token, media.CodeUnauthorized, "doesn't publish")
}

// However many tokens come with names of keys that don't exist, the issuer is
// asked once in a while.
func TestUnknownKeysDontHammerTheIssuer(t *testing.T) {
	i := newIssuer(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for n := range 50 {
		tokens = append(tokens, i.sign(jose.ES256, stranger, fmt.Sprint("junk", n), i.fine(), ""))
	}
	tokens = append(tokens, i.sign(jose.ES256, stranger, "", i.fine(), ""))
	for round := range 3 {
		var wg sync.WaitGroup
		for _, token := range tokens {
			wg.Go(func() { i.refuses("junk", token, media.CodeUnauthorized, "The access token") })
		}
		wg.Go(func() { i.passes("a fine one meanwhile", i.token(i.fine())) })
		wg.Wait()
		if got := int(i.asked.Load()); got != round+1 {
			t.Errorf("asked %d times in round %d", got, round)
		}
		i.pass(keysInterval)
	}
	if i.found.Load() != 1 {
		t.Errorf("discovered %d times", i.found.Load())
	}
	foreign := i.sign(jose.ES256, stranger, "junk", i.but("iss", "https://other.example"), "")
	i.refuses("another issuer's", foreign, media.CodeUnauthorized, "another issuer")
	if i.asked.Load() != 3 {
		t.Error("it was asked for another issuer's token")
	}
}

// Many who wait for the first answer cause one question; one who leaves doesn't
// spoil it for the others.
func TestManyWaitForTheKeys(t *testing.T) {
	i := newIssuer(t)
	ctx, gone := context.WithCancel(t.Context())
	gone()
	if _, err := i.read.Identify(ctx, i.token(i.fine())); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { i.passes("who waits", i.token(i.fine())) })
	}
	wg.Wait()
	if i.asked.Load() != 1 {
		t.Errorf("asked %d times", i.asked.Load())
	}
}

func TestBadDiscovery(t *testing.T) {
	for name, spoil := range map[string]func(i *issuer){
		"of another issuer":  func(i *issuer) { i.document["issuer"] = "https://other.example" },
		"without keys":       func(i *issuer) { delete(i.document, "jwks_uri") },
		"keys elsewhere":     func(i *issuer) { i.document["jwks_uri"] = i.URL + "/nothing" },
		"keys that are text": func(i *issuer) { i.document["jwks_uri"] = i.URL + "/.well-known/openid-configuration" },
		"an empty key set":   func(i *issuer) { i.keys = nil },
		"too many keys": func(i *issuer) {
			for range maxKeys {
				i.keys = append(i.keys, i.keys[0])
			}
		},
		"a document without end": func(i *issuer) { i.document["x"] = strings.Repeat("x", maxDocument) },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			spoil(i)
			i.refuses(name, i.token(i.fine()), media.CodeBusy, "can't be asked")
			if !strings.Contains(i.log.String(), "keys can't be had") {
				t.Errorf("the log says %s", i.log.String())
			}
		})
	}
}
