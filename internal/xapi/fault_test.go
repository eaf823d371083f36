package xapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/media"
)

// faulty is a server that injects faults.
func faulty(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	s.api.faults = true
	return s
}

// cut sends a request whose connection must be cut, and reports what came before
// that.
func (s *server) cut(method, path string, body any, headers ...string) (w *httptest.ResponseRecorder) {
	s.t.Helper()
	w = httptest.NewRecorder()
	r := s.request(method, path, body, headers...)
	defer func() {
		s.t.Helper()
		if p := recover(); p != http.ErrAbortHandler {
			s.t.Errorf("the connection was not cut: %v, status %d", p, w.Code)
		}
	}()
	s.api.ServeHTTP(w, r)
	return w
}

// everywhere is a request to each kind of endpoint.
func everywhere(id media.ID) map[string][2]string {
	return map[string][2]string{
		"initialize":  {"POST", "/2/media/upload/initialize"},
		"append":      {"POST", at(id, "append")},
		"finalize":    {"POST", at(id, "finalize")},
		"status":      {"GET", "/2/media/upload?media_id=" + id.String()},
		"command":     {"POST", "/2/media/upload?command=FINALIZE&media_id=" + id.String()},
		"metadata":    {"POST", "/2/media/metadata"},
		"lookup":      {"GET", "/2/media/7_" + id.String()},
		"lookups":     {"GET", "/2/media?media_keys=7_" + id.String()},
		"analytics":   {"GET", "/2/media/analytics"},
		"v1.1":        {"POST", "/1.1/media/upload.json?command=FINALIZE&media_id=" + id.String()},
		"v1.1 status": {"GET", "/1.1/media/upload.json?command=STATUS&media_id=" + id.String()},
	}
}

// Where faults are off, the header is refused before anything is done.
func TestFaultsOff(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"total_bytes": 5})
	for what, to := range everywhere(id) {
		for _, header := range []string{"status=503", "delay=5m", "drop", "nonsense"} {
			a := s.call(to[0], to[1], nil, faultHeader, header)
			if a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), "--faults") || a.Header().Get(faultHeader) != "" {
				t.Errorf("%s: status %d %v: %s", what, a.Code, a.Header(), a.Body)
			}
		}
	}
	a := s.call("POST", "/2/media/upload/initialize", map[string]any{}, faultHeader, "delay=1ms")
	a.refused(http.StatusBadRequest, faultHeader, "--faults")
	if session, err := s.catalog.Session(t.Context(), id); err != nil || session.State != media.SessionOpen {
		t.Errorf("%+v, %v", session, err)
	}
	// Who may not ask at all is told that first.
	s.call("POST", at(id, "finalize"), nil, faultHeader, "status=503", "Authorization", "").refused(http.StatusUnauthorized)
}

func TestFaultStatus(t *testing.T) {
	s := faulty(t)
	id := s.open(map[string]any{"total_bytes": 5})
	for what, to := range everywhere(id) {
		for _, status := range []int{400, 401, 403, 404, 409, 410, 413, 418, 429, 499, 500, 502, 503, 504, 507} {
			header := "status=" + strconv.Itoa(status)
			a := s.call(to[0], to[1], "x", faultHeader, header)
			if a.Code != status || a.Header().Get(faultHeader) != header {
				t.Errorf("%s, %s: status %d with %q: %s", what, header, a.Code, a.Header().Get(faultHeader), a.Body)
			}
			if wait := a.Header().Get("Retry-After"); (wait == "1") != (status == 429 || status == 503) {
				t.Errorf("%s, %s: Retry-After %q", what, header, wait)
			}
			if left := a.Header().Get("x-rate-limit-remaining"); (left == "0") != (status == 429) {
				t.Errorf("%s, %s: %s are left", what, header, left)
			}
			if strings.HasPrefix(what, "v1.1") {
				body := decode(t, a.Body.String()).(map[string]any)
				if errs, _ := body["errors"].([]any); len(errs) != 1 || body["title"] != nil {
					t.Errorf("%s, %s: %s", what, header, a.Body)
				}
				continue
			}
			a.refused(status, faultHeader)
		}
	}
	if kept := s.kept(); len(kept) != 0 {
		t.Errorf("the store has %v", kept)
	}
	if session, err := s.catalog.Session(t.Context(), id); err != nil || session.State != media.SessionOpen {
		t.Errorf("nothing should be done, but %+v, %v", session, err)
	}
	a := s.call("GET", "/2/media/7_1", nil, faultHeader, "status=429; retry-after=30s")
	reset := s.clock.Add(30 * time.Second).Unix()
	if a.Header().Get("Retry-After") != "30" || a.Header().Get("x-rate-limit-reset") != strconv.FormatInt(reset, 10) {
		t.Errorf("%v", a.Header())
	}
	s.call("GET", "/2/media/7_1", nil, faultHeader, "status=503", faultHeader, "teapot").refused(http.StatusBadRequest, "teapot", "drop=before")
}

// A cut connection leaves open what was done: nothing, or all.
func TestFaultDrop(t *testing.T) {
	s := faulty(t)
	id := s.open(map[string]any{"total_bytes": len(vtt())})
	body := form("segment_index", "0", "media", vtt())
	for header, kept := range map[string]int{"drop=before": 0, "drop": 0} {
		if s.cut("POST", at(id, "append"), body, "Content-Type", formKind, faultHeader, header); len(s.kept()) != kept {
			t.Errorf("%s: the store has %v", header, s.kept())
		}
	}
	w := s.cut("POST", at(id, "append"), body, "Content-Type", formKind, faultHeader, "drop=after")
	if len(s.kept()) != 1 || w.Body.Len() > 0 {
		t.Errorf("drop=after: the store has %v, the client %q", s.kept(), w.Body)
	}
	s.send(id, 0, vtt()).is(http.StatusOK, `{"data":{"expires_at":%d}}`, s.clock.Add(24*time.Hour).Unix())
	s.cut("POST", at(id, "finalize"), nil, faultHeader, "drop=after")
	if m, err := s.catalog.Media(t.Context(), id); err != nil || m.State != media.Succeeded {
		t.Errorf("finalized without an answer: %+v, %v", m, err)
	}
	s.cut("GET", "/2/media/7_404", nil, faultHeader, "drop=after") // errors as well
}

// An answer that is held back comes late, once the work is done, or not at all
// where nobody waits for it any more.
func TestFaultDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			delay, leaves, want time.Duration
			drop                bool
		}{
			{2 * time.Second, time.Hour, 2 * time.Second, false},
			{5 * time.Minute, time.Second, time.Second, false},
			{2 * time.Second, time.Hour, 2 * time.Second, true},
			{0, time.Hour, 0, true},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), c.leaves)
			began := time.Now()
			w := httptest.NewRecorder()
			h := &heldBack{ResponseWriter: w, ctx: ctx, delay: c.delay, drop: c.drop}
			var cut any
			func() {
				defer func() { cut = recover() }()
				h.WriteHeader(http.StatusAccepted)
				_, _ = h.Write([]byte("late"))
			}()
			if took := time.Since(began); took != c.want {
				t.Errorf("%+v took %s", c, took)
			}
			if dropped := cut == http.ErrAbortHandler; dropped != c.drop || c.drop && w.Body.Len() > 0 || !c.drop && (w.Code != http.StatusAccepted || w.Body.String() != "late") {
				t.Errorf("%+v: %v, status %d, %q", c, cut, w.Code, w.Body)
			}
			cancel()
		}
	})
	s := faulty(t)
	began := time.Now()
	a := s.call("POST", "/2/media/upload/initialize", map[string]any{}, faultHeader, "delay=20ms")
	if took := time.Since(began); a.id() == 0 || took < 20*time.Millisecond || a.Header().Get(faultHeader) != "delay=20ms" {
		t.Errorf("after %s: %d %s", took, a.Code, a.Body)
	}
}

// What is asked of processing is kept with the upload, by whichever request.
func TestFaultOfProcessing(t *testing.T) {
	s := faulty(t)
	want := media.Fault{Failure: media.NewFailure(media.InvalidMedia, "no: really"), Processing: 10 * time.Second}
	header := []string{faultHeader, "processing=InvalidMedia:no: really, processing-time=10s"}
	kept := func(what string, id media.ID) {
		t.Helper()
		got, err := s.catalog.Fault(t.Context(), id)
		if err != nil || got.Failure == nil || *got.Failure != *want.Failure || got.Processing != want.Processing {
			t.Errorf("%s: kept is %+v, %v", what, got, err)
		}
	}
	kept("initialize", s.open(map[string]any{}, header...))
	kept("INIT", s.call("POST", "/2/media/upload?command=INIT&total_bytes=5&media_type=video/mp4", nil, header...).id())

	id := s.open(map[string]any{})
	s.send(id, 0, vtt())
	// A subtitle file is ready at once; one that is to take its time is not.
	a := s.finalize(id, header...)
	kept("finalize", id)
	body := decode(t, a.Body.String()).(map[string]any)["data"].(map[string]any)
	if info, _ := body["processing_info"].(map[string]any); info["state"] != "pending" || len(s.queued) != 1 {
		t.Errorf("finalize says %v; queued are %v", body, s.queued)
	}
	s.finalize(id) // again, without asking again
	kept("finalize again", id)
	if len(s.queued) != 2 {
		t.Errorf("queued are %v", s.queued)
	}

	id = s.open(map[string]any{})
	s.send(id, 0, vtt())
	s.call("POST", "/2/media/upload?command=FINALIZE&media_id="+id.String(), nil, header...)
	kept("FINALIZE", id)
	id = s.call("POST", "/2/media/upload", form("media", vtt()), append([]string{"Content-Type", formKind}, header...)...).id()
	kept("one-shot", id)

	// Without a time it runs while the client waits.
	var ran media.Fault
	s.now = func(ctx context.Context, id media.ID) (err error) {
		ran, err = s.catalog.Fault(ctx, id)
		s.publish(id, media.Outcome{Failure: ran.Failure})
		return err
	}
	s.call("POST", "/2/media/upload", form("media", vtt()), "Content-Type", formKind, faultHeader, "processing=UnsupportedMedia").refused(http.StatusBadRequest, "file is currently unsupported")
	if ran.Failure == nil {
		t.Error("the fault was not kept when processing began")
	}
	s.now = nil

	for what, to := range everywhere(id) {
		if what == "initialize" || what == "finalize" || what == "command" || what == "v1.1" {
			continue
		}
		if a := s.call(to[0], to[1], nil, header...); a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), "initialize, finalize, INIT, FINALIZE") {
			t.Errorf("%s: status %d: %s", what, a.Code, a.Body)
		}
	}
	open := s.open(map[string]any{})
	s.call("POST", "/2/media/upload", form("command", "APPEND", "media_id", open.String(), "segment_index", "0", "media", vtt()),
		append([]string{"Content-Type", formKind}, header...)...).refused(http.StatusBadRequest, "initialize, finalize, INIT, FINALIZE")
}

// The work goes on where the answer is only late or lost, and its own errors are
// errors.
func TestFaultKeepsErrors(t *testing.T) {
	s := faulty(t)
	s.call("GET", "/2/media/7_404", nil, faultHeader, "delay=1ms").refused(http.StatusNotFound)
	err := askedFor(fault{status: 502})
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeBusy || !strings.Contains(err.Error(), "502") {
		t.Errorf("%v", err)
	}
}
