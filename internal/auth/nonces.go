package auth

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"sync"
	"time"

	"magpie/internal/media"
)

// maxNonces bounds what is remembered of signed requests: some 50 MB.
const maxNonces = 1 << 20

// nonces remembers the signed requests of which a copy would still be young
// enough to pass. It is in memory only: a restart forgets.
type nonces struct {
	window time.Duration // how far a timestamp may be off
	width  time.Duration // of the timestamps that share a bucket
	most   int

	mu      sync.Mutex
	buckets map[int64]map[nonceID]struct{}
	held    int
	floor   int64 // the bucket before which all is forgotten
}

type nonceID [16]byte

func newNonces(window time.Duration, most int) *nonces {
	return &nonces{window: window, width: max(window/8, time.Second), most: most, buckets: map[int64]map[nonceID]struct{}{}}
}

// inWindow checks a timestamp against the server's clock.
func (n *nonces) inWindow(stamp, now time.Time) error {
	off := now.Sub(stamp)
	side := "behind"
	if off < 0 {
		off, side = -off, "ahead of"
	}
	if off > n.window {
		off = max(off.Truncate(time.Second), time.Second)
		return media.Errorf(media.CodeSignature, "The oauth_timestamp is %s %s this server's clock, which says %d; it may be off by %s.", off, side, now.Unix(), n.window)
	}
	return nil
}

// claim remembers one request, whose timestamp is in the window. One that is
// there already is refused, and so is any while no more fit: forgetting an
// older one would let its copy pass. release forgets it again, for a request
// that proved to be nobody's.
func (n *nonces) claim(key, token, nonce string, stamp, now time.Time) (release func(), err error) {
	bucket := n.bucket(stamp)
	id := nonceIDOf(key, token, nonce, stamp)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(now)
	if bucket < n.floor {
		// The clock was set back: copies of what is forgotten would be young again.
		return nil, media.Errorf(media.CodeSignature, "The oauth_timestamp is from before the time that this server looks back to; sign the request anew.")
	}
	if _, used := n.buckets[bucket][id]; used {
		return nil, media.Errorf(media.CodeSignature, "A request with this oauth_nonce and oauth_timestamp was here already; each request needs a nonce of its own.")
	}
	if n.held >= n.most {
		return nil, &media.Error{
			Code: media.CodeRateLimited, RetryAfter: n.width,
			Detail: fmt.Sprintf("Too many signed requests came in the last %s; try again later.", 2*n.window),
		}
	}
	if n.buckets[bucket] == nil {
		n.buckets[bucket] = map[nonceID]struct{}{}
	}
	n.buckets[bucket][id] = struct{}{}
	n.held++
	return func() { n.drop(bucket, id) }, nil
}

func (n *nonces) drop(bucket int64, id nonceID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, there := n.buckets[bucket][id]; there {
		delete(n.buckets[bucket], id)
		n.held--
	}
}

// forget drops the buckets all of whose timestamps are out of the window.
func (n *nonces) forget(now time.Time) {
	oldest := n.bucket(now.Add(-n.window))
	if oldest <= n.floor {
		return
	}
	n.floor = oldest
	for b, ids := range n.buckets {
		if b < oldest {
			n.held -= len(ids)
			delete(n.buckets, b)
		}
	}
}

func (n *nonces) bucket(t time.Time) int64 { return t.Unix() / int64(n.width/time.Second) }

// nonceIDOf names a request: RFC 5849 §3.3 wants a nonce to be unique among
// those of the same timestamp, client and token.
func nonceIDOf(key, token, nonce string, stamp time.Time) nonceID {
	h := sha256.New()
	for _, s := range []string{key, token, nonce} {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	h.Write([]byte(strconv.FormatInt(stamp.Unix(), 10)))
	return nonceID(h.Sum(nil))
}
