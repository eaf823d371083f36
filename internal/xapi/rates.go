package xapi

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// rates counts requests in fixed windows, one for each user and one for each
// app at each limit. A window begins with its first request. Counts are exact,
// whoever comes at the same time; they are in memory alone, so that a restart
// forgets them and several servers count apart.
type rates struct {
	on  bool // else nothing is counted, and all may be shown
	now func() time.Time

	mu    sync.Mutex
	users windows
	apps  windows
}

// maxWindows bounds each kind of windows, some 20 MiB of them. Past it the
// oldest is forgotten, which is the one that would end first.
const maxWindows = 1 << 17

func newRates(on bool, now func() time.Time) *rates {
	return &rates{on: on, now: now, users: newWindows(userWindow, maxWindows), apps: newWindows(appWindow, maxWindows)}
}

// take counts a request, or refuses it with CodeRateLimited and counts nothing.
// It sets the answer's headers in either case.
func (r *rates) take(h http.Header, l limit, who auth.Identity) error {
	return r.count(h, l, who, true)
}

// Begin counts an upload that is begun by another protocol than X's against the
// limit of initialize, or refuses it with CodeRateLimited. Where nothing is limited
// it does nothing.
func (a *API) Begin(h http.Header, who auth.Identity) error {
	if !a.rates.on {
		return nil
	}
	return a.rates.take(h, limitInitialize, who)
}

// show sets the answer's headers for a request that isn't counted: of nobody,
// or of somebody who may not make it.
func (r *rates) show(h http.Header, l limit, who auth.Identity) {
	_ = r.count(h, l, who, false)
}

func (r *rates) count(h http.Header, l limit, who auth.Identity, counted bool) error {
	now := r.now()
	user, app := l.allowance()
	if !r.on {
		tell(h, user, user, now.Add(userWindow))
		return nil
	}
	userKey, appKey := keys(l, who)
	r.mu.Lock()
	defer r.mu.Unlock()
	usedByUser, userEnds := r.users.look(userKey, now)
	usedByApp, appEnds := r.apps.look(appKey, now)
	var refusal error
	switch {
	case !counted:
	case usedByApp >= app: // the longer wait of the two
		refusal = tooMany("app", app, appWindow, appEnds, now)
	case usedByUser >= user:
		refusal = tooMany("user", user, userWindow, userEnds, now)
	default:
		r.users.add(userKey, now)
		r.apps.add(appKey, now)
		usedByUser, usedByApp = usedByUser+1, usedByApp+1
	}
	// The tighter of the two is what the client has to go by.
	if left := app - usedByApp; left == 0 || left < user-usedByUser {
		tell(h, app, left, appEnds)
	} else {
		tell(h, user, user-usedByUser, userEnds)
	}
	return refusal
}

func tooMany(whose string, most int, window time.Duration, ends, now time.Time) error {
	return &media.Error{
		Code: media.CodeRateLimited, RetryAfter: ends.Sub(now),
		Detail: "The " + whose + " has made " + strconv.Itoa(most) + " requests to this endpoint, which is all that it may in " +
			window.String() + "; the next can be made at " + roundUp(ends).UTC().Format(time.RFC3339) + ".",
	}
}

// tell writes X's three headers; X and its clients write them in lower case,
// and HTTP does not mind.
func tell(h http.Header, most, left int, ends time.Time) {
	h.Set("x-rate-limit-limit", strconv.Itoa(most))
	h.Set("x-rate-limit-remaining", strconv.Itoa(left))
	h.Set("x-rate-limit-reset", strconv.FormatInt(roundUp(ends).Unix(), 10))
}

// roundUp gives the first full second that is not before t: a client that waits
// until then is not refused again.
func roundUp(t time.Time) time.Time {
	if full := t.Truncate(time.Second); full.Before(t) {
		return full.Add(time.Second)
	}
	return t
}

// windowKey names one window. Whose it is is hashed, so that long names take no
// more room than short ones.
type windowKey struct {
	limit limit
	whose [16]byte
}

// keys names the windows that a request counts in. An app-only token has the
// app in the user's place. A token that an operator made is an app of its own.
func keys(l limit, who auth.Identity) (user, app windowKey) {
	appName := "client " + who.Client
	switch {
	case who.Client != "":
	case who.Token != "":
		appName = "token " + who.Token
	default:
		appName = "user " + who.User
	}
	userName := "user " + who.User
	if who.AppOnly {
		userName = appName
	}
	return keyOf(l, userName), keyOf(l, appName)
}

func keyOf(l limit, whose string) windowKey {
	sum := sha256.Sum256([]byte(whose))
	return windowKey{l, [16]byte(sum[:])}
}

// windows are open windows of one length. It is not safe for concurrent use.
type windows struct {
	length time.Duration
	most   int
	open   map[windowKey]*window
	queue  []*window // all that are open, by when they end
}

type window struct {
	key  windowKey
	used int
	ends time.Time
}

func newWindows(length time.Duration, most int) windows {
	return windows{length: length, most: most, open: map[windowKey]*window{}}
}

// look gives what a window has counted and when it ends; one that isn't open
// would begin now.
func (w *windows) look(k windowKey, now time.Time) (used int, ends time.Time) {
	w.drop(now)
	if open, ok := w.open[k]; ok {
		return open.used, open.ends
	}
	return 0, now.Add(w.length)
}

// add counts a request, and opens its window if need be.
func (w *windows) add(k windowKey, now time.Time) {
	open, ok := w.open[k]
	if !ok {
		if len(w.queue) >= w.most {
			w.forgetFirst()
		}
		open = &window{key: k, ends: now.Add(w.length)}
		w.open[k] = open
		w.queue = append(w.queue, open)
	}
	open.used++
}

// drop forgets the windows that have ended.
func (w *windows) drop(now time.Time) {
	for len(w.queue) > 0 && !now.Before(w.queue[0].ends) {
		w.forgetFirst()
	}
}

func (w *windows) forgetFirst() {
	delete(w.open, w.queue[0].key)
	w.queue[0] = nil // or the array would hold it
	w.queue = w.queue[1:]
}
