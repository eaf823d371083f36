package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// letter is a webhook's message as it came in.
type letter struct {
	id, timestamp, signature string
	body                     []byte
}

// mailbox is a receiver of webhooks.
type mailbox struct {
	*httptest.Server
	mu      sync.Mutex
	letters []letter
	answer  func(letter) int // the status; nil for 204
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	l := letter{r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), b}
	m.mu.Lock()
	answer := m.answer
	m.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(l)
	}
	m.mu.Lock()
	m.letters = append(m.letters, l)
	m.mu.Unlock()
	w.WriteHeader(status)
}

func (m *mailbox) answers(f func(letter) int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = f
}

func (m *mailbox) got() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.letters)
}

// comes polls a condition.
func comes(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// wait gives the first n letters.
func (m *mailbox) wait(t *testing.T, n int) []letter {
	t.Helper()
	comes(t, fmt.Sprintf("%d messages", n), func() bool { return len(m.got()) >= n })
	return m.got()
}

// verified holds a message against Standard Webhooks, written from its text:
// HMAC-SHA256 of "id.timestamp.body" under the base64 after whsec_, one of the
// signatures after "v1,".
func verified(t *testing.T, l letter, secret string) (kind string, data map[string]any) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 {
		t.Fatalf("the secret %q: %v", secret, err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(l.id + "." + l.timestamp + "."))
	h.Write(l.body)
	want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	if !slices.Contains(strings.Split(l.signature, " "), want) {
		t.Errorf("the signature %q has no %q", l.signature, want)
	}
	if at, err := strconv.ParseInt(l.timestamp, 10, 64); err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		t.Errorf("the timestamp %q", l.timestamp)
	}
	var m struct {
		Type, Timestamp string
		Data            map[string]any
	}
	if err := json.Unmarshal(l.body, &m); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339, m.Timestamp); err != nil {
		t.Error(err)
	}
	return m.Type, m.Data
}

const greeting = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"

// created gives the data of an answer with one of the statuses of success.
func (a answer) created(status int) map[string]any {
	a.t.Helper()
	var v struct{ Data map[string]any }
	if err := json.Unmarshal(a.body, &v); err != nil || a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return v.Data
}

func (c client) webhook(url string, events ...string) (path, secret string) {
	c.t.Helper()
	body := map[string]any{"url": url}
	if len(events) > 0 {
		body["events"] = events
	}
	hook := c.call("POST", "/magpie/v1/webhooks", body).created(201)
	return "/magpie/v1/webhooks/" + hook["id"].(string), hook["secret"].(string)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	s := start(t, "--webhook-allow", "127.0.0.0/8", "--public-url", "https://media.example")
	c, box := s.client(), newMailbox(t)
	c.upload("text/vtt", "subtitles", []byte(greeting), 100) // before there is one
	path, key := c.webhook(box.URL + "/hook")

	c.call("POST", path+"/test", nil).created(202)
	kind, data := verified(t, box.wait(t, 1)[0], key)
	if kind != "webhook.test" || !strings.HasSuffix(path, data["webhook_id"].(string)) {
		t.Errorf("a test: %s %v", kind, data)
	}

	made := c.upload("text/vtt", "subtitles", []byte(greeting), 100)
	kind, data = verified(t, box.wait(t, 2)[1], key)
	urls, _ := data["urls"].([]any)
	if kind != "media.succeeded" || data["id"] != made["id"] || data["media_key"] != made["media_key"] || data["state"] != "succeeded" ||
		data["size"] != float64(len(greeting)) || len(urls) != 1 || !strings.HasPrefix(urls[0].(map[string]any)["url"].(string), "https://media.example/media/") {
		t.Errorf("a success: %s %v", kind, data)
	}

	gif := animation(40, 30, 3, 10, false)
	bad := c.upload("image/gif", "tweet_gif", append(gif[:30:30], make([]byte, 400)...), 1000)["id"].(string)
	kind, data = verified(t, box.wait(t, 3)[2], key)
	fault, _ := data["error"].(map[string]any)
	if kind != "media.failed" || data["id"] != bad || fault["name"] != "InvalidMedia" || len(data) < 6 || data["urls"] != nil {
		t.Errorf("a failure: %s %v", kind, data)
	}

	// Paused, and what happened meanwhile.
	c.call("PATCH", path, map[string]any{"status": "paused", "events": []string{"media.succeeded"}}).created(200)
	waits := c.upload("text/vtt", "subtitles", []byte(greeting), 100)["id"]
	log := c.call("GET", path+"/deliveries?max_results=1", nil)
	var page struct {
		Data []map[string]any
		Meta struct {
			Next string `json:"next_token"`
		}
	}
	if err := json.Unmarshal(log.body, &page); err != nil || len(page.Data) != 1 || page.Data[0]["state"] != "waiting" || page.Data[0]["media_id"] != waits || page.Meta.Next == "" {
		t.Errorf("the log while paused: %s", log.body)
	}
	c.call("PATCH", path, map[string]any{"status": "active"}).created(200)
	if kind, data = verified(t, box.wait(t, 4)[3], key); kind != "media.succeeded" || data["id"] != waits {
		t.Errorf("after the pause: %s %v", kind, data)
	}

	// Once more, by the same id, now signed with both secrets.
	next := c.call("POST", path+"/rotate-secret", nil).created(200)["secret"].(string)
	first := box.got()[1]
	c.call("POST", path+"/deliveries/"+first.id+"/redeliver", nil).created(202)
	again := box.wait(t, 5)[4]
	if again.id != first.id || string(again.body) != string(first.body) || next == key {
		t.Errorf("redelivered: %+v", again)
	}
	verified(t, again, key)
	verified(t, again, next)

	// A receiver that is gone for good.
	box.answers(func(letter) int { return http.StatusGone })
	c.call("POST", path+"/test", nil).created(202)
	comes(t, "a disabled webhook", func() bool { return c.call("GET", path, nil).data()["status"] == "disabled" })
	c.call("DELETE", path, nil)
	c.call("GET", path, nil).refused(404, "webhook")
}

func TestWebhooksAreTheirOwners(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	path, _ := c.webhook("https://app.example/hook")
	other := c.as(s.token("7"))
	for _, call := range [][2]string{
		{"GET", path},
		{"PATCH", path},
		{"DELETE", path},
		{"POST", path + "/test"},
		{"POST", path + "/rotate-secret"},
		{"GET", path + "/deliveries"},
		{"POST", path + "/deliveries/evt_1_1/redeliver"},
	} {
		var body any
		if call[0] == "PATCH" {
			body = map[string]any{"status": "paused"}
		}
		other.call(call[0], call[1], body).refused(404, "no webhook")
		c.as("").call(call[0], call[1], body).refused(401)
		c.as(s.token("1", "--scopes", "tweet.read")).call(call[0], call[1], body).refused(403, "media.write")
	}
	for _, url := range []string{
		"", "app.example", "ftp://app.example/", "http://", "http://u:p@app.example/", "http://app.example/#x", "http://app.example/ x",
		"http://127.0.0.1/", "http://10.1.2.3/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest", "http://100.64.0.1/",
	} {
		c.call("POST", "/magpie/v1/webhooks", map[string]any{"url": url}).refused(400, "url")
		c.call("PATCH", path, map[string]any{"url": url}).refused(400, "url")
	}
	for name, body := range map[string]any{
		"url":    map[string]any{"events": []string{"media.failed"}},
		"events": map[string]any{"url": "https://app.example/", "events": []string{"media.succeeded, media.failed"}},
		"secret": map[string]any{"url": "https://app.example/", "secret": "x"},
		"body":   "[",
	} {
		c.call("POST", "/magpie/v1/webhooks", body).refused(400, name)
	}
	c.call("PATCH", path, map[string]any{"events": []string{}}).refused(400, "events")
	c.call("PATCH", path, map[string]any{"status": "disabled"}).refused(400, "status")
	c.call("GET", path+"/deliveries?max_results=0", nil).refused(400, "max_results")
	c.call("GET", path+"/deliveries?pagination_token=1", nil).refused(400, "pagination_token")
	for range 19 {
		c.webhook("https://app.example/hook")
	}
	c.call("POST", "/magpie/v1/webhooks", map[string]any{"url": "https://app.example/"}).refused(403, "20 webhooks")
	other.webhook("https://app.example/hook")
}

// A name that leads to this machine is refused when it is connected to.
func TestWebhookToPrivateAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, box := s.client(), newMailbox(t)
	path, _ := c.webhook(strings.Replace(box.URL, "127.0.0.1", "localhost", 1))
	c.call("POST", path+"/test", nil).created(202)
	comes(t, "a try", func() bool {
		return strings.Contains(string(c.call("GET", path+"/deliveries", nil).body), "no public one")
	})
	if got := box.got(); len(got) > 0 {
		t.Errorf("it got through: %v", got)
	}
}

// A receiver that fails for a while, one that answers when the server is dead,
// and a server that is killed: each event arrives, by its id once.
func TestWebhooksOutliveCrashes(t *testing.T) {
	t.Parallel()
	s := start(t, "--webhook-allow", "127.0.0.0/8")
	c, box := s.client(), newMailbox(t)
	box.answers(func(letter) int { return http.StatusServiceUnavailable })
	_, key := c.webhook(box.URL)
	media := map[string]bool{}
	for range 5 {
		media[c.upload("text/vtt", "subtitles", []byte(greeting), 100)["id"].(string)] = true
	}
	box.wait(t, 2) // tried, and refused
	reached, release := make(chan letter, 10), make(chan struct{})
	box.answers(func(l letter) int {
		reached <- l
		<-release
		return http.StatusNoContent
	})
	held := <-reached
	s.kill()
	close(release) // the receiver has it, and the server never heard
	box.answers(nil)
	before := len(box.got())
	s.run()

	taken := func() map[string]string {
		out := map[string]string{}
		for _, l := range box.got()[before:] {
			kind, data := verified(t, l, key)
			if old, twice := out[l.id]; kind != "media.succeeded" || twice && old != data["id"] {
				t.Fatalf("%s is %s of %v, and was of %s", l.id, kind, data["id"], old)
			}
			out[l.id] = data["id"].(string)
		}
		return out
	}
	comes(t, "every event", func() bool { return len(taken()) >= len(media) })
	got := taken()
	for id, m := range got {
		if !media[m] {
			t.Errorf("%s is of %s", id, m)
		}
		delete(media, m)
	}
	if len(media) > 0 || got[held.id] == "" {
		t.Errorf("missing %v of %v, with %s among them", media, got, held.id)
	}
	s.checkWhole()
}

// One receiver that never answers holds no other up.
func TestSlowWebhookReceiver(t *testing.T) {
	t.Parallel()
	s := start(t, "--webhook-allow", "127.0.0.0/8")
	c, dead, box := s.client(), newMailbox(t), newMailbox(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the mailbox is closed
	dead.answers(func(letter) int { <-release; return http.StatusOK })
	for range 5 {
		c.webhook(dead.URL)
	}
	_, key := c.webhook(box.URL)
	for range 10 {
		c.upload("text/vtt", "subtitles", []byte(greeting), 100)
	}
	for _, l := range box.wait(t, 10) {
		verified(t, l, key)
	}
}
