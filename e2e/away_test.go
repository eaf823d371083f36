package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/faultproxy"
)

// outage is a server whose engines are each behind a faulty proxy.
type outage struct {
	*engines
	*server
	database, blobs, bus *faultproxy.Proxy
}

func startOutage(t *testing.T) *outage {
	t.Helper()
	e := startEngines(t)
	o := &outage{
		engines:  e,
		database: faultproxy.New(t, "unix", e.postgres.Socket()),
		blobs:    faultproxy.New(t, "tcp", e.store.Address),
		bus:      faultproxy.New(t, "tcp", e.nats.Nodes[0].Address()),
	}
	e.database = "postgres://magpie@" + o.database.Address() + "/magpie?sslmode=disable"
	e.blobs = strings.Replace(e.blobs, e.store.Address, o.blobs.Address(), 1)
	e.bus = strings.Replace(e.bus, e.nats.Nodes[0].Address(), o.bus.Address(), 1)
	o.server = e.node(t, "--database-timeout", "10s")
	o.run()
	return o
}

// ready waits until /readyz says so, or that just the part away is not.
func (o *outage) ready(away string) {
	o.t.Helper()
	want := map[string]string{"catalogue": "ok", "blobs": "ok", "bus": "ok"}
	status := http.StatusOK
	if away != "" {
		want[away], status = "not ready", http.StatusServiceUnavailable
	}
	c := o.client()
	eventually(o.t, func() string {
		got := c.call("GET", "/readyz", nil)
		var parts map[string]string
		if err := json.Unmarshal(got.body, &parts); err != nil {
			o.t.Fatalf("%v: %s", err, got.body)
		}
		if got.status != status || fmt.Sprint(parts) != fmt.Sprint(want) {
			return fmt.Sprintf("/readyz says %d %s, with %q away", got.status, got.body, away)
		}
		return ""
	})
	if got := c.call("GET", "/healthz", nil); got.status != http.StatusOK {
		o.t.Errorf("/healthz with %q away: %d %s", away, got.status, got.body)
	}
}

// later checks that an answer tells to come back, in the shape of its dialect.
func (a answer) later(what string) {
	a.t.Helper()
	if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 1 {
		a.t.Errorf("%s: %d with Retry-After %q: %s", what, a.status, a.header.Get("Retry-After"), a.body)
	}
	if strings.HasPrefix(what, "1.1 ") {
		a.refusedV1(http.StatusServiceUnavailable, 130, "Over capacity")
		return
	}
	if words := a.refused(http.StatusServiceUnavailable); !strings.Contains(words, "again") {
		a.t.Errorf("%s: no word to try again: %s", what, a.body)
	}
}

// wantOneOf checks a download that may be refused.
func (a answer) wantOneOf(what string, whole []byte) {
	a.t.Helper()
	if a.status == http.StatusOK && bytes.Equal(a.body, whole) {
		return
	}
	a.later(what)
}

// TestEngineAway takes each engine away: what needs it is refused with words to
// come back, and nothing else; /readyz names it; and all is well by itself when it
// is there again.
func TestEngineAway(t *testing.T) {
	t.Parallel()
	o := startOutage(t)
	c := o.client()
	o.ready("")
	png, video := samplePNG(), sampleMP4(t)
	done := c.upload("image/png", "tweet_image", png, 1<<20)
	id, key := done["id"].(string), done["media_key"].(string)
	address := c.lookup(key)["url"].(string)
	shown := c.call("GET", address, nil)
	if shown.status != http.StatusOK {
		t.Fatalf("the picture: %d %s", shown.status, shown.body)
	}
	film := c.upload("video/mp4", "tweet_video", video, 1<<20)["id"].(string)
	c.succeeded(film)
	token := c.playback(film)
	begun := func(size int) string {
		t.Helper()
		return c.initialize("image/png", "tweet_image", size)
	}
	oneShot := func() answer {
		return c.call("POST", "/2/media/upload", map[string]any{"media": b64(png), "media_category": "tweet_image"})
	}
	v1 := func(body string) answer {
		return c.call("POST", v1Upload, body, "Content-Type", "application/x-www-form-urlencoded")
	}

	// NATS: uploads go on, and pictures are made; only players are told to come back.
	o.bus.Always(faultproxy.Fault{Refuse: true})
	o.ready("bus")
	c.tell(token, playerEvent{Type: "start"}).later("events without NATS")
	if got := c.upload("image/png", "tweet_image", png, 1<<20); got["processing_info"] != nil {
		info := got["processing_info"].(map[string]any)
		if info["state"] != "succeeded" {
			t.Errorf("a picture without NATS is %v", info)
		}
	}
	waiting := c.upload("video/mp4", "tweet_video", video, 50_000)["id"].(string)
	if info := c.status(waiting).processing(); info["state"] != "pending" {
		t.Errorf("a video without NATS is %v", info)
	}
	o.bus.Heal()
	o.ready("")
	if got := c.tell(token, playerEvent{Type: "start"}); got.status != http.StatusNoContent {
		t.Errorf("events with NATS again: %d %s", got.status, got.body)
	}

	// S3, which refuses by turns and then is gone.
	half := begun(len(png))
	c.append(half, 0, png[:100]).data()
	for name, f := range map[string]faultproxy.Fault{"overloaded": {Says: faultproxy.Unavailable}, "gone": {Refuse: true}} {
		o.blobs.Always(f)
		c.append(half, 1, png[100:]).later("append to S3 that is " + name)
		o.ready("blobs")
		c.finalize(half).later("finalize")
		oneShot().later("one-shot")
		c.original(id).later("original")
		c.call("GET", address, nil).wantOneOf("picture", shown.body)
		v1("command=APPEND&segment_index=1&media_id=" + half + "&media_data=" + url.QueryEscape(b64(png[100:]))).later("1.1 append")
		v1("command=FINALIZE&media_id=" + half).later("1.1 finalize")
		c.status(film).data()
		c.lookup(key)
		begun(10)
		o.blobs.Heal()
		o.ready("")
	}
	o.blobs.Always(faultproxy.Fault{Latency: 10 * time.Millisecond})
	c.append(half, 1, png[100:]).data()
	if got := c.finalize(half).data(); got["id"] != half {
		t.Errorf("finalize with a slow S3: %v", got)
	}
	o.blobs.Heal()

	// PostgreSQL, stopped and started again.
	half = begun(len(png))
	c.append(half, 0, png[:100]).data()
	if err := o.postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	o.ready("catalogue")
	for what, got := range map[string]answer{
		"initialize": c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": 10}),
		"append":     c.append(half, 1, png[100:]),
		"finalize":   c.finalize(half),
		"status":     c.status(film),
		"lookup":     c.call("GET", "/2/media/"+key, nil),
		"one-shot":   oneShot(),
		"metadata":   c.call("POST", "/2/media/metadata", map[string]any{"id": id, "metadata": map[string]any{"alt_text": map[string]any{"text": "a"}}}),
		"library":    c.call("GET", "/magpie/v1/media", nil),
		"original":   c.original(id),
		"1.1 init":   v1("command=INIT&media_type=image%2Fpng&total_bytes=10"),
		"1.1 append": v1("command=APPEND&segment_index=1&media_id=" + half + "&media_data=" + url.QueryEscape(b64(png[100:]))),
		"1.1 finish": v1("command=FINALIZE&media_id=" + half),
		"1.1 status": c.call("GET", v1Upload+"?command=STATUS&media_id="+film, nil),
	} {
		got.later(what)
	}
	c.call("GET", address, nil).wantOneOf("picture", shown.body)
	if err := o.postgres.Run(); err != nil {
		t.Fatal(err)
	}
	o.ready("")

	// Nothing that was acknowledged is lost, and what was begun goes on.
	c.append(half, 1, png[100:]).data()
	c.finalize(half).data()
	if got := c.original(half); got.status != http.StatusOK || !bytes.Equal(got.body, png) {
		t.Errorf("what was begun before: %d with %d bytes of %d", got.status, len(got.body), len(png))
	}
	c.call("GET", address, nil).wantOneOf("picture", shown.body)
	c.succeeded(waiting) // whose job was never sent by the request
	if got := c.original(waiting); got.status != http.StatusOK || !bytes.Equal(got.body, video) {
		t.Errorf("the video: %d with %d bytes of %d", got.status, len(got.body), len(video))
	}
}
