package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const faultHeader = "X-Magpie-Fault"

// TestFaultsOff: without the setting no header makes the server fail, and what
// asks for it is refused in words before anything is done.
func TestFaultsOff(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	png := samplePNG()
	id := c.initialize("image/png", "tweet_image", len(png))
	body, kind := form(0, png)
	for _, fault := range []string{"status=500", "drop=after", "delay=5m", "processing=InternalError"} {
		for _, to := range [][2]string{
			{"POST", "/2/media/upload/initialize"},
			{"POST", "/2/media/upload/" + id + "/append"},
			{"POST", "/2/media/upload/" + id + "/finalize"},
			{"POST", "/2/media/upload"},
			{"POST", "/2/media/metadata"},
			{"GET", "/2/media/upload?media_id=" + id},
			{"GET", "/2/media/3_" + id},
		} {
			c.call(to[0], to[1], body, "Content-Type", kind, faultHeader, fault).refused(http.StatusBadRequest, faultHeader, "--faults")
		}
		a := c.call("POST", v1Upload, body, "Content-Type", kind, faultHeader, fault)
		if a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "--faults") {
			t.Errorf("v1.1: status %d: %s", a.status, a.body)
		}
	}
	if n := s.segmentsOn(); n != 0 {
		t.Errorf("%d segments were kept", n)
	}
	c.append(id, 0, png).data()
	c.finalize(id).data()
}

// TestFaultStatuses asks for an error on every kind of request, in each dialect's
// shape, and then does what was refused.
func TestFaultStatuses(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	if !strings.Contains(s.log.tail(1<<16), "--faults") {
		t.Error("the log doesn't warn of --faults")
	}
	c := s.client()
	png := samplePNG()
	id := c.initialize("image/png", "tweet_image", len(png))
	body, kind := form(0, png)
	for _, status := range []int{400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504} {
		fault := fmt.Sprintf("status=%d", status)
		for _, to := range [][2]string{
			{"POST", "/2/media/upload/initialize"},
			{"POST", "/2/media/upload/" + id + "/append"},
			{"POST", "/2/media/upload/" + id + "/finalize"},
			{"POST", "/2/media/upload"},
			{"POST", "/2/media/upload?command=APPEND&media_id=" + id},
			{"POST", "/2/media/metadata"},
			{"POST", "/2/media/subtitles"},
			{"DELETE", "/2/media/subtitles"},
			{"GET", "/2/media/upload?command=STATUS&media_id=" + id},
			{"GET", "/2/media?media_keys=3_" + id},
			{"GET", "/2/media/3_" + id},
		} {
			a := c.call(to[0], to[1], body, "Content-Type", kind, faultHeader, fault)
			a.refused(status, faultHeader)
			a.faulted(status, fault)
			var p struct{ Status, Code int }
			if err := json.Unmarshal(a.body, &p); err != nil || p.Status != status || p.Code != status {
				t.Errorf("%s: %s", fault, a.body)
			}
		}
		for _, to := range [][2]string{
			{"POST", v1Upload},
			{"POST", v1Upload + "?command=FINALIZE&media_id=" + id},
			{"GET", v1Upload + "?command=STATUS&media_id=" + id},
			{"POST", "/1.1/media/metadata/create.json"},
		} {
			a := c.call(to[0], to[1], body, "Content-Type", kind, faultHeader, fault)
			a.faulted(status, fault)
			var p struct {
				Errors []struct {
					Code    int
					Message string
				}
			}
			if err := json.Unmarshal(a.body, &p); err != nil || len(p.Errors) != 1 || p.Errors[0].Code == 0 || status != 500 && !strings.Contains(p.Errors[0].Message, faultHeader) {
				t.Errorf("v1.1, %s: %s", fault, a.body)
			}
		}
	}
	before := time.Now().Unix()
	a := c.call("GET", "/2/media/3_"+id, nil, faultHeader, "status=429, retry-after=90s")
	reset, err := strconv.ParseInt(a.header.Get("X-Rate-Limit-Reset"), 10, 64)
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "90" || err != nil || reset < before+90 || reset > time.Now().Unix()+91 {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	// A body that is read by nobody is still let in, so that its sender reads the
	// answer.
	large, kind := form(0, randomBytes(1, 20<<20))
	c.call("POST", "/2/media/upload/"+id+"/append", large, "Content-Type", kind, "Connection", "close", faultHeader, "status=503").refused(http.StatusServiceUnavailable)
	for _, bad := range []string{"status=200", "delay=10m", "nonsense", "drop=now", "status=503,drop"} {
		c.call("GET", "/2/media/3_"+id, nil, faultHeader, bad).refused(http.StatusBadRequest, faultHeader, "status=503", "processing-time=10s")
	}
	c.as("").call("GET", "/2/media/3_"+id, nil, faultHeader, "status=503").refused(http.StatusUnauthorized)

	if n := s.segmentsOn(); n != 0 {
		t.Errorf("%d segments were kept of requests that were refused", n)
	}
	c.append(id, 0, png).data()
	c.finalize(id).data()
	s.checkWhole()
}

// faulted checks the headers of an error that was asked for.
func (a answer) faulted(status int, fault string) {
	a.t.Helper()
	if a.status != status || a.header.Get(faultHeader) != fault || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		a.t.Errorf("%s: status %d with %q: %s", fault, a.status, a.header.Get(faultHeader), a.body)
	}
	if wait := a.header.Get("Retry-After"); (wait != "") != (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		a.t.Errorf("%s: Retry-After %q", fault, wait)
	}
	if left := a.header.Get("X-Rate-Limit-Remaining"); (left == "0") != (status == http.StatusTooManyRequests) {
		a.t.Errorf("%s: %s requests are left", fault, left)
	}
}

// TestFaultLostAnswers cuts connections and lets clients lose patience: what was
// done without an answer is done, and asking again is answered.
func TestFaultLostAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client()
	png := samplePNG()
	id := c.initialize("image/png", "tweet_image", len(png))
	body, kind := form(0, png)
	path := "/2/media/upload/" + id + "/append"
	lost := func(ctx context.Context, path string, body any, fault string) {
		t.Helper()
		if a, err := c.try(ctx, "POST", path, body, "Content-Type", kind, faultHeader, fault); err == nil {
			t.Errorf("%s was answered: %d %s", fault, a.status, a.body)
		}
	}
	lost(t.Context(), path, body, "drop=before")
	if n := s.segmentsOn(); n != 0 {
		t.Errorf("%d segments were kept of a request that was dropped before", n)
	}
	lost(t.Context(), path, body, "drop=after")
	if n := s.segmentsOn(); n != 1 {
		t.Errorf("%d segments were kept of a request that was dropped after", n)
	}
	c.append(id, 0, png).data()
	lost(t.Context(), "/2/media/upload/"+id+"/finalize", "", "drop=after")
	c.succeeded(id)
	c.finalize(id).data()

	// A client that waits less than the answer takes gets none, and the server
	// doesn't wait for it.
	id = c.initialize("image/png", "tweet_image", len(png))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	lost(ctx, "/2/media/upload/"+id+"/append", body, "delay=5m")
	eventually(t, func() string {
		if log := s.log.tail(1 << 20); !strings.Contains(log, "path=/2/media/upload/"+id+"/append") {
			return "the server still waits for a client that has left"
		}
		return ""
	})
	c.finalize(id).data()
	a := c.call("POST", "/2/media/upload/initialize", map[string]any{}, faultHeader, "delay=50ms")
	if a.data(); a.header.Get(faultHeader) != "delay=50ms" {
		t.Errorf("%v", a.header)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// TestFaultProcessing asks for failures of processing on every way to begin or
// finish an upload.
func TestFaultProcessing(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client()
	mp4, png := clip(t, "32x32", 10, "0.5"), samplePNG()
	failed := func(what, id, name, words string, code float64) {
		t.Helper()
		info := c.await(id)
		e, _ := info["error"].(map[string]any)
		if info["state"] != "failed" || e["name"] != name || e["message"] != words || e["code"] != code {
			t.Errorf("%s: %v", what, info)
		}
	}
	id := c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "video/mp4", "media_category": "tweet_video"},
		faultHeader, `processing="UnsupportedMedia:Duration too long, maximum:30000, actual:77000"`).data()["id"].(string)
	c.append(id, 0, mp4).data()
	c.finalize(id).data()
	failed("initialize", id, "UnsupportedMedia", "Duration too long, maximum:30000, actual:77000", 3)

	id = c.initialize("video/mp4", "tweet_video", len(mp4))
	c.append(id, 0, mp4).data()
	c.call("POST", "/2/media/upload/"+id+"/finalize", nil, faultHeader, "processing=InvalidMedia").data()
	failed("finalize", id, "InvalidMedia", "Unsupported video format", 1)

	body, kind := form(0, sampleGIF())
	id = c.call("POST", "/2/media/upload?media_category=tweet_gif", body, "Content-Type", kind, faultHeader, "processing=InternalError").data()["id"].(string)
	failed("one-shot", id, "InternalError", "Internal error", 2)

	a := c.call("POST", v1Upload+"?command=INIT&media_type=video/mp4&media_category=tweet_video&total_bytes="+fmt.Sprint(len(mp4)), nil, faultHeader, "processing=InvalidMedia:as asked")
	id = a.v1(http.StatusAccepted).Text
	c.append(id, 0, mp4).data()
	if m := c.call("POST", v1Upload+"?command=FINALIZE&media_id="+id, nil).v1(http.StatusCreated); m.Info == nil {
		t.Errorf("FINALIZE says %+v", m)
	}
	failed("INIT", id, "InvalidMedia", "as asked", 1)

	// What is processed while the client waits fails at once.
	body, kind = form(0, png)
	c.call("POST", "/2/media/upload", body, "Content-Type", kind, faultHeader, "processing=InvalidMedia:a broken image").refused(http.StatusBadRequest, "a broken image")
	c.call("POST", "/2/media/upload/"+id+"/append", body, "Content-Type", kind, faultHeader, "processing=InvalidMedia").refused(http.StatusBadRequest, "finalize")
	s.checkWhole()
}

// watched polls a media until it is in progress.
func (c client) watched(id string) {
	c.t.Helper()
	eventually(c.t, func() string {
		info, _ := c.status(id).data()["processing_info"].(map[string]any)
		if p, _ := info["progress_percent"].(float64); info["state"] == "in_progress" && p > 0 {
			return ""
		}
		return fmt.Sprintf("%s is %v", id, info)
	})
}

// TestFaultProcessingTime keeps media in progress, videos and images, more than
// there are workers, and lets the server be killed meanwhile: each still ends as
// was asked.
func TestFaultProcessingTime(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults", "--workers", "1")
	c := s.client()
	mp4, png := clip(t, "32x32", 10, "0.5"), samplePNG()
	upload := func(kind, category string, file []byte, fault string) string {
		t.Helper()
		id := c.initialize(kind, category, len(file))
		c.append(id, 0, file).data()
		d := c.call("POST", "/2/media/upload/"+id+"/finalize", nil, faultHeader, fault).data()
		if info, _ := d["processing_info"].(map[string]any); info["state"] != "pending" && info["state"] != "in_progress" {
			t.Errorf("finalize says %v", d)
		}
		return id
	}
	stream, leave := c.listen("")
	if m := next(t, stream); m.kind != "ready" {
		t.Fatalf("the stream begins with %+v", m)
	}
	const lasting = "processing-time=8s"
	goesOn := upload("video/mp4", "tweet_video", mp4, lasting)
	fails := upload("video/mp4", "tweet_video", mp4, lasting+", processing=UnsupportedMedia:as asked")
	image := upload("image/png", "tweet_image", png, lasting)
	broken := upload("image/png", "tweet_image", png, lasting+", processing=InvalidMedia")
	all := []string{goesOn, fails, image, broken}
	// What the stream tells waits for whoever reads it late.
	told := map[string][]float64{} // the percentages of what is on its way
	over := map[string]bool{}
	hear := func(done func() bool) {
		t.Helper()
		for !done() {
			m := next(t, stream)
			id, _ := m.data["id"].(string)
			if p, _ := m.data["progress_percent"].(float64); m.kind == "media.progress" && m.data["state"] == "in_progress" && p > 0 {
				told[id] = append(told[id], p)
			}
			over[id] = over[id] || m.kind == "media.succeeded" || m.kind == "media.failed"
		}
	}
	hear(func() bool {
		for _, id := range all {
			if over[id] && len(told[id]) == 0 {
				t.Fatalf("%s is over before it was in progress", id)
			}
			if len(told[id]) == 0 {
				return false
			}
		}
		return true
	})
	// Who asked for nothing is not held up by those that wait.
	c.succeeded(c.upload("video/mp4", "tweet_video", mp4, len(mp4))["id"].(string))
	hear(func() bool { // progress does not stand still
		moved, ended := false, true
		for _, id := range all {
			moved = moved || slices.Max(told[id]) > told[id][0]
			ended = ended && over[id]
		}
		if ended && !moved {
			t.Fatalf("progress stands still: %v", told)
		}
		return moved
	})

	late := upload("video/mp4", "tweet_video", mp4, "processing-time=5s, processing=InvalidMedia:after all")
	hear(func() bool { return len(told[late]) > 0 || over[late] })
	leave()
	s.kill()
	s.run()
	for id, want := range map[string]string{goesOn: "", image: "", fails: "as asked", broken: "Unsupported video format", late: "after all"} {
		info := c.await(id)
		e, _ := info["error"].(map[string]any)
		if words, _ := e["message"].(string); words != want || (info["state"] == "succeeded") != (want == "") {
			t.Errorf("%s, which should end with %q: %v", id, want, info)
		}
	}
	if m := c.lookup("7_" + goesOn); len(m["variants"].([]any)) == 0 {
		t.Errorf("%v", m)
	}
	s.checkWhole()
}

// Without the setting, what was asked for before a restart does not happen.
func TestFaultsSwitchedOff(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client()
	mp4 := clip(t, "32x32", 10, "0.5")
	id := c.initialize("video/mp4", "tweet_video", len(mp4))
	c.append(id, 0, mp4).data()
	c.call("POST", "/2/media/upload/"+id+"/finalize", nil, faultHeader, "processing-time=5m, processing=InvalidMedia").data()
	c.watched(id)
	s.kill()
	s.args = nil
	s.run()
	c.succeeded(id)
}

// A page of another origin may ask for faults and read that it got one.
func TestFaultsAcrossOrigins(t *testing.T) {
	t.Parallel()
	c := start(t, "--faults").client()
	a := c.call("OPTIONS", "/2/media/upload/initialize", nil, "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, x-magpie-fault")
	if allowed := strings.ToLower(a.header.Get("Access-Control-Allow-Headers")); a.status/100 != 2 || !strings.Contains(allowed, "x-magpie-fault") {
		t.Errorf("status %d, %q", a.status, allowed)
	}
	a = c.call("POST", "/2/media/upload/initialize", map[string]any{}, "Origin", "https://app.example", faultHeader, "status=503")
	if !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), faultHeader) {
		t.Errorf("exposed are %q", a.header.Get("Access-Control-Expose-Headers"))
	}
}
