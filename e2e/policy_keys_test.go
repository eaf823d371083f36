package e2e

import (
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
)

// say sets groups of metadata, which must work.
func (c client) say(id string, groups map[string]any) {
	c.t.Helper()
	c.call("POST", "/2/media/metadata", map[string]any{"id": id, "metadata": groups}).data()
}

// forSubscribers restricts a media to subscribers of its creator.
func (c client) forSubscribers(id string) {
	c.t.Helper()
	c.say(id, map[string]any{"audience_policy": map[string]any{"creator_subscriptions": []string{"Any"}, "x_subscriptions": []string{}}})
}

// sign asks for signed URLs, and gives them by name, images by size, and the
// ticket that is in them.
func (c client) sign(id string, body map[string]any) (urls map[string]string, ticket string) {
	c.t.Helper()
	data := c.call("POST", "/magpie/v1/media/"+id+"/urls", body).data()
	urls = map[string]string{}
	for _, u := range data["urls"].([]any) {
		u := u.(map[string]any)
		name := u["name"].(string)
		if u["role"] == "image" {
			name = strings.TrimSuffix(name, path.Ext(name)) // which says what the pixels need
		}
		urls[name] = u["url"].(string)
	}
	return urls, data["ticket"].(string)
}

// statusOf is what anybody gets at a URL.
func (c client) statusOf(url string) int {
	c.t.Helper()
	return c.as("").call("GET", url, nil).status
}

// until polls for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

var creatorsOnly = map[string]any{"subscriptions": []string{"creator"}}

// TestTickets: nothing but a ticket as it was signed opens a media that is
// restricted, and only that media, and only until it ends.
func TestTickets(t *testing.T) {
	t.Parallel()
	s, other := start(t), start(t)
	c := s.client()
	image := func(c client) string {
		id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
		c.forSubscribers(id)
		return id
	}
	id, second := image(c), image(c)
	urls, ticket := c.sign(id, creatorsOnly)
	otherURLs, _ := c.sign(second, creatorsOnly)
	if len(urls) != 5 {
		t.Errorf("an image has the URLs %v", urls)
	}
	for name, url := range urls {
		if got := c.statusOf(url); got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
		bare, _, _ := strings.Cut(url, "?")
		c.as("").call("GET", bare, nil).refused(http.StatusForbidden, "subscribers")
		c.as("").call("GET", bare+"?ticket=", nil).refused(http.StatusForbidden, "subscribers")
		c.as("").call("GET", strings.Split(otherURLs[name], "?")[0]+"?ticket="+ticket, nil).refused(http.StatusForbidden, "another media")
	}
	at, _, _ := strings.Cut(urls["small"], "?")
	if got := c.statusOf(at + "?ticket=" + ticket); got != http.StatusOK {
		t.Fatalf("%s: %d", at, got)
	}
	for i := range len(ticket) {
		forged := []byte(ticket)
		if forged[i]++; forged[i] == '.'+1 {
			continue // the dots are looked at below
		}
		c.as("").call("GET", at+"?ticket="+escaped(string(forged)), nil).refused(http.StatusForbidden, "signed")
	}
	for _, forged := range []string{
		ticket[:len(ticket)-1], ticket[1:], ticket + "A", ticket + "=", ticket + ".", strings.Replace(ticket, ".", "", 1),
		strings.ToLower(ticket), ticket + "\n", "v1...", "x", strings.Repeat(ticket, 40),
	} {
		c.as("").call("GET", at+"?ticket="+escaped(forged), nil).refused(http.StatusForbidden, "signed")
	}

	foreign := other.client()
	_, theirs := foreign.sign(image(foreign), creatorsOnly)
	c.as("").call("GET", at+"?ticket="+theirs, nil).refused(http.StatusForbidden, "signed")
	fan := c.as(s.token("77")).call("POST", "/magpie/v1/grants", map[string]any{"viewer": "fan", "subscriptions": []string{"creator"}}).data()["grant"].(string)
	c.as("").call("GET", at+"?ticket="+fan, nil).refused(http.StatusForbidden, "another media")
	grant := c.call("POST", "/magpie/v1/grants", map[string]any{"viewer": "fan", "subscriptions": []string{"x"}}).data()["grant"].(string)
	c.as("").call("GET", at+"?ticket="+grant, nil).refused(http.StatusForbidden, "creator")
	grant = c.call("POST", "/magpie/v1/grants", map[string]any{"viewer": "fan", "subscriptions": []string{"creator"}}).data()["grant"].(string)
	for _, url := range []string{at, strings.Split(otherURLs["small"], "?")[0]} {
		if got := c.statusOf(url + "?ticket=" + grant); got != http.StatusOK {
			t.Errorf("by a grant: %d", got)
		}
	}

	_, brief := c.sign(id, map[string]any{"subscriptions": []string{"creator"}, "expires_in": 1})
	until(t, "the ticket expires", func() bool { return c.statusOf(at+"?ticket="+brief) == http.StatusForbidden })
	c.as("").call("GET", at+"?ticket="+brief, nil).refused(http.StatusForbidden, "expired")
	_, elsewhere := c.sign(id, map[string]any{"subscriptions": []string{"creator"}, "ip_prefix": "192.0.2.0/24"})
	c.as("").call("GET", at+"?ticket="+elsewhere, nil, "X-Forwarded-For", "192.0.2.1").refused(http.StatusForbidden, "address")
	_, here := c.sign(id, map[string]any{"subscriptions": []string{"creator"}, "ip_prefix": "127.0.0.0/8"})
	if got := c.statusOf(at + "?ticket=" + here); got != http.StatusOK {
		t.Errorf("from the address that it is for: %d", got)
	}
}

// escaped writes a text into a query, byte by byte.
func escaped(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
	return b.String()
}

// TestSignedVideo: every URL that is signed of a video opens, and none opens
// without its ticket.
func TestSignedVideo(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.upload("video/mp4", "tweet_video", sampleVideo(t, "64x48", "1"), 1<<20)["id"].(string)
	c.forSubscribers(id)
	c.succeeded(id)
	urls, _ := c.sign(id, creatorsOnly)
	if urls["master.m3u8"] == "" || urls["64x48.mp4"] == "" || urls["poster.jpg"] == "" {
		t.Fatalf("URLs: %v", urls)
	}
	for name, url := range urls {
		bare, _, _ := strings.Cut(url, "?")
		if got := c.statusOf(url); got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
		c.as("").call("GET", bare, nil).refused(http.StatusForbidden, "subscribers")
	}
	c.say(id, map[string]any{"audience_policy": nil, "allow_download_status": map[string]any{"allow_download": false}})
	kept, _ := c.sign(id, map[string]any{})
	if kept["64x48.mp4"] != "" || kept["master.m3u8"] == "" {
		t.Errorf("without downloads: %v", kept)
	}
	until(t, "the change acts", func() bool { return c.statusOf(kept["master.m3u8"]) == http.StatusOK })
}

// keys lists the signing keys of the server's folder: lines of columns.
func (s *server) keys() [][]string {
	s.t.Helper()
	out, errs, code := magpie(s.t, "key", "list", "--data", s.data)
	if code != 0 {
		s.t.Fatalf("key list: exit %d: %s", code, errs)
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		rows = append(rows, strings.Fields(line))
	}
	return rows[1:]
}

// TestKeysAreRotatedWhileItRuns: a new key signs, the old one holds until it is
// retired, and all of it outlives a start.
func TestKeysAreRotatedWhileItRuns(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	c.forSubscribers(id)
	signed := func() (url, key string) {
		urls, ticket := c.sign(id, creatorsOnly)
		return urls["small"], strings.Split(ticket, ".")[1]
	}
	old, oldKey := signed()
	if rows := s.keys(); len(rows) != 1 || rows[0][0] != oldKey || rows[0][2] != "signs" {
		t.Fatalf("keys %v, and %s signs", rows, oldKey)
	}
	out, errs, code := magpie(t, "key", "rotate", "--data", s.data)
	made := strings.TrimSpace(out)
	if code != 0 || len(made) != 8 {
		t.Fatalf("key rotate: exit %d: %q %s", code, out, errs)
	}
	until(t, "the new key signs", func() bool { _, key := signed(); return key == made })
	young, _ := signed()
	for name, url := range map[string]string{"the old key's": old, "the new key's": young} {
		if got := c.statusOf(url); got != http.StatusOK {
			t.Errorf("%s URL: %d", name, got)
		}
	}
	if rows := s.keys(); len(rows) != 2 || rows[0][0] != made || rows[0][2] != "signs" || rows[1][2] != "accepted" {
		t.Errorf("keys %v", rows)
	}
	s.kill()
	s.run()
	if got := c.statusOf(old); got != http.StatusOK {
		t.Errorf("the old key's URL after a crash: %d", got)
	}
	if out, errs, code := magpie(t, "key", "retire", oldKey, "--data", s.data); code != 0 || out != "retired "+oldKey+"\n" {
		t.Fatalf("key retire: exit %d: %q %s", code, out, errs)
	}
	until(t, "the old key is refused", func() bool { return c.statusOf(old) == http.StatusForbidden })
	if got := c.statusOf(young); got != http.StatusOK {
		t.Errorf("the new key's URL: %d", got)
	}
	for id, words := range map[string]string{oldKey: "retired already", "nokey": "no signing key"} {
		if _, errs, code := magpie(t, "key", "retire", id, "--data", s.data); code == 0 || !strings.Contains(errs, words) {
			t.Errorf("key retire %s: exit %d: %s", id, code, errs)
		}
	}
	if rows := s.keys(); len(rows) != 2 || rows[1][0] != oldKey || rows[1][2] != "retired" {
		t.Errorf("keys %v", rows)
	}
}
