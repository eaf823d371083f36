package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
	"magpie/internal/processing"
	"magpie/internal/upload"
)

// meters is everything that is counted while it happens; what is counted when
// somebody asks is beside it in metrics.go. Names and labels stay as they are once
// they are in a version: docs/monitoring.md lists them. No label holds anything
// that a client chose, so that there are so many series and no more. Adding to one
// allocates nothing.
//
// The rooms know nothing of it: each is handed functions of it.
type meters struct {
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec   // route, class
	received *prometheus.CounterVec   // route
	sent     *prometheus.CounterVec   // route
	answer   *prometheus.HistogramVec // route

	mu     sync.RWMutex
	routes map[string]*routeMeters

	uploaded     *prometheus.CounterVec // state, dialect
	segments     prometheus.Gauge
	segmentBytes prometheus.Counter
	append       prometheus.Histogram

	waited *prometheus.HistogramVec // kind
	ran    *prometheus.HistogramVec // kind, rung
	engine *prometheus.CounterVec   // engine, result

	denied      *prometheus.CounterVec // reason
	credentials *prometheus.CounterVec // kind, reason
	webhooks    *prometheus.CounterVec // state

	sweeps     *prometheus.CounterVec // result
	sweepTook  prometheus.Counter
	sweptAway  *prometheus.CounterVec // what
	lastSweep  prometheus.Gauge
	collectors []prometheus.Collector
}

// routeMeters are the series of one route, found once.
type routeMeters struct {
	classes        [len(statusClasses)]prometheus.Counter
	received, sent prometheus.Counter
	took           prometheus.Observer
}

// statusClasses are the classes of statuses; an answer that broke off before it had
// one is the first.
var statusClasses = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

func newMeters() *meters {
	m := &meters{routes: map[string]*routeMeters{}}
	m.inFlight = add(m, prometheus.NewGauge(prometheus.GaugeOpts{Name: "magpie_http_requests_in_flight", Help: "Requests that are being answered."}))
	m.requests = m.counters("magpie_http_requests_total", "Requests that were answered, by the pattern of their route and the class of their status; none for answers that broke off before they had one.", "route", "class")
	m.received = m.counters("magpie_http_received_bytes_total", "Bytes of requests' bodies that were read.", "route")
	m.sent = m.counters("magpie_http_sent_bytes_total", "Bytes of answers' bodies.", "route")
	m.answer = m.histograms("magpie_http_request_seconds", "From a request's headers to the end of its answer, which for uploads and downloads is up to their clients.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}, "route")

	m.uploaded = m.counters("magpie_uploads_total", "Uploads that came to a state, by the dialect that the client speaks: opened, then finalized; refused and failed are finalizes that may come again.", "state", "dialect")
	m.segments = add(m, prometheus.NewGauge(prometheus.GaugeOpts{Name: "magpie_segments_in_flight", Help: "Segments and whole files that are on their way in."}))
	m.segmentBytes = add(m, prometheus.NewCounter(prometheus.CounterOpts{Name: "magpie_segment_bytes_total", Help: "Bytes of segments that were acknowledged, and so are on stable storage."}))
	m.append = add(m, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "magpie_append_seconds", Help: "From a segment's last byte to its acknowledgement: what durable storage takes.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}))

	m.waited = m.histograms("magpie_processing_wait_seconds", "From finalize to the beginning of the attempt by which a media was ready or refused.",
		[]float64{.01, .1, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400}, "kind")
	m.ran = m.histograms("magpie_processing_run_seconds", "How long engines ran for media that succeeded, by the largest size of a video that they made, none for other media.",
		[]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400}, "kind", "rung")
	m.engine = m.counters("magpie_engine_runs_total", "Runs of engines, by how they ended: faulted and suspected ones are tried again, refused is the file's fault.", "engine", "result")

	m.denied = m.counters("magpie_policy_denials_total", "Requests of viewers that a rule refused.", "reason")
	m.credentials = m.counters("magpie_credentials_refused_total", "Requests whose credentials were refused, by their kind: oauth1 is signatures, none requests without any.", "kind", "reason")
	m.webhooks = m.counters("magpie_webhook_tries_total", "Tries at deliveries of webhooks, by where the delivery stands then: waiting is for another try, failed given up.", "state")

	m.sweeps = m.counters("magpie_sweeps_total", "Sweeps that this process made.", "result")
	m.sweepTook = add(m, prometheus.NewCounter(prometheus.CounterOpts{Name: "magpie_sweep_seconds_total", Help: "Time that sweeps took."}))
	m.sweptAway = m.counters("magpie_swept_total", "What sweeps ended and removed.", "what")
	m.lastSweep = add(m, prometheus.NewGauge(prometheus.GaugeOpts{Name: "magpie_last_sweep_timestamp_seconds", Help: "When this process's last sweep that went well ended, 0 for none."}))
	m.begin()
	return m
}

// add makes a collector one of those that are told.
func add[C prometheus.Collector](m *meters, c C) C {
	m.collectors = append(m.collectors, c)
	return c
}

func (m *meters) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return add(m, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
}

func (m *meters) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return add(m, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels))
}

// begin sets what can happen and has not to 0, so that the first time shows as a
// change.
func (m *meters) begin() {
	for _, dialect := range []string{"v2", "v2-command", "v1.1", "tus"} {
		for _, state := range []string{"opened", "finalized", "refused", "failed"} {
			m.uploaded.WithLabelValues(state, dialect)
		}
	}
	for _, engine := range []string{"ffmpeg", "image", "model", "subtitle"} {
		for _, result := range processing.Results() {
			m.engine.WithLabelValues(engine, string(result))
		}
	}
	for _, reason := range policy.Reasons() {
		m.denied.WithLabelValues(string(reason))
	}
	for _, kind := range []string{"bearer", "jwt", "oauth1"} {
		m.credentials.WithLabelValues(kind, "invalid")
	}
	for _, state := range []catalog.DeliveryState{catalog.DeliveryWaiting, catalog.Delivered, catalog.DeliveryFailed} {
		m.webhooks.WithLabelValues(string(state))
	}
	for _, result := range []string{"done", "failed"} {
		m.sweeps.WithLabelValues(result)
	}
	for _, what := range []string{"sessions_expired", "media_expired", "blobs_deleted", "rows_pruned"} {
		m.sweptAway.WithLabelValues(what)
	}
}

// answered counts a request that is over.
func (m *meters) answered(route string, status int, received, sent int64, took time.Duration) {
	s := m.of(route)
	class := status / 100
	if class < 0 || class >= len(s.classes) {
		class = 0
	}
	s.classes[class].Inc()
	s.received.Add(float64(received))
	s.sent.Add(float64(sent))
	s.took.Observe(took.Seconds())
}

// of finds a route's series.
func (m *meters) of(route string) *routeMeters {
	m.mu.RLock()
	s := m.routes[route]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	s = &routeMeters{received: m.received.WithLabelValues(route), sent: m.sent.WithLabelValues(route), took: m.answer.WithLabelValues(route)}
	for i, class := range statusClasses {
		s.classes[i] = m.requests.WithLabelValues(route, class)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.routes[route] = s
	return s
}

// uploads counts for package upload.
func (m *meters) uploads() *upload.Watch {
	return &upload.Watch{
		Opened:   func(ctx context.Context) { m.uploaded.WithLabelValues("opened", dialectOf(ctx)).Inc() },
		Closed:   func(ctx context.Context, err error) { m.uploaded.WithLabelValues(closedAs(err), dialectOf(ctx)).Inc() },
		InFlight: func(change int) { m.segments.Add(float64(change)) },
		Appended: func(_ context.Context, bytes int64, took time.Duration) {
			m.segmentBytes.Add(float64(bytes))
			m.append.Observe(took.Seconds())
		},
	}
}

// closedAs is the state of an upload after a finalize.
func closedAs(err error) string {
	if err == nil {
		return "finalized"
	}
	switch media.CodeOf(err) {
	case media.CodeInternal, media.CodeBusy, media.CodeFull:
		return "failed"
	}
	return "refused"
}

// dialectOf is the way in which the client of a context's request uploads, told by
// its route.
func dialectOf(ctx context.Context) string {
	rec := requestOf(ctx)
	if rec == nil {
		return "other"
	}
	_, path, method := strings.Cut(rec.request.Pattern, " ")
	if !method {
		path = rec.request.Pattern
	}
	switch {
	case path == "/2/media/upload":
		return "v2-command"
	case strings.HasPrefix(path, "/2/"):
		return "v2"
	case strings.HasPrefix(path, "/1.1/"):
		return "v1.1"
	case strings.HasPrefix(path, "/magpie/v1/tus"):
		return "tus"
	}
	return "other"
}

// processing counts for package processing.
func (m *meters) processing() processing.Watch {
	return processing.Watch{
		Ran: func(kind media.Kind, rung int, result processing.Result, took time.Duration) {
			m.engine.WithLabelValues(engineOf(kind), string(result)).Inc()
			if result == processing.ResultGood {
				m.ran.WithLabelValues(string(kind), rungLabel(rung)).Observe(took.Seconds())
			}
		},
		Waited: func(kind media.Kind, waited time.Duration) {
			m.waited.WithLabelValues(string(kind)).Observe(waited.Seconds())
		},
	}
}

// engineOf is the engine that newWorker gives a kind.
func engineOf(kind media.Kind) string {
	if kind == media.KindVideo || kind == media.KindGIF {
		return "ffmpeg"
	}
	return string(kind)
}

// rungLabel is the step that a video's shorter side is nearest above: a video of
// an unusual shape has a side of its own, and labels are few.
func rungLabel(side int) string {
	if side == 0 {
		return "none"
	}
	steps := []int{180, 360, 720, 1080, 1440, 2160}
	for _, step := range steps {
		if side <= step {
			return strconv.Itoa(step)
		}
	}
	return strconv.Itoa(steps[len(steps)-1])
}

// viewerDenied is told why a viewer gets nothing.
func (m *meters) viewerDenied(reason policy.Reason) { m.denied.WithLabelValues(string(reason)).Inc() }

// identified notes who sent a request, and counts credentials that were refused.
func (m *meters) identified(r *http.Request, kind string, who auth.Identity, err error) {
	if rec := requestOf(r.Context()); rec != nil {
		rec.who = who
	}
	if err == nil {
		return
	}
	reason := "invalid"
	switch media.CodeOf(err) {
	case media.CodeNoCredentials:
		reason = "unreadable"
		if kind == "none" {
			reason = "missing"
		}
	case media.CodeUnauthorized, media.CodeSignature:
	default: // the store is away, a body came too slowly
		reason = "other"
	}
	m.credentials.WithLabelValues(kind, reason).Inc()
}

// webhookTried counts a try at a delivery.
func (m *meters) webhookTried(state catalog.DeliveryState) {
	m.webhooks.WithLabelValues(string(state)).Inc()
}

// swept counts a sweep.
func (m *meters) swept(done upload.Swept, err error, took time.Duration, now time.Time) {
	m.sweepTook.Add(took.Seconds())
	for what, n := range map[string]int{
		"sessions_expired": done.SessionsExpired, "media_expired": done.MediaExpired,
		"blobs_deleted": done.BlobsDeleted, "rows_pruned": done.RowsPruned,
	} {
		m.sweptAway.WithLabelValues(what).Add(float64(n))
	}
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		m.sweeps.WithLabelValues("failed").Inc()
	default:
		m.sweeps.WithLabelValues("done").Inc()
		m.lastSweep.Set(float64(now.UnixMilli()) / 1000)
	}
}
