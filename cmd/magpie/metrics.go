package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"magpie/internal/bus"
)

// newMetrics makes what answers GET /metrics, in Prometheus's text. Names and
// labels stay as they are once they are in a version. They hold no names of
// users and no ids.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/
func newMetrics(m *meters, queue depths, parts map[string]check, log *slog.Logger) http.Handler {
	all := prometheus.NewRegistry()
	all.MustRegister(m.collectors...)
	all.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&queueMetrics{queue: queue, log: log},
		&partMetrics{parts: parts, log: log},
		buildMetric(),
	)
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})
}

// depths is bus.Bus.Depths.
type depths func(context.Context) (map[bus.Lane]bus.Depth, error)

// queueMetrics tells how many jobs there are when it is asked. Every process on a
// bus tells the same.
type queueMetrics struct {
	queue depths
	log   *slog.Logger
}

var _ prometheus.Collector = (*queueMetrics)(nil)

func queueUp() *prometheus.Desc {
	return prometheus.NewDesc("magpie_queue_up", "Whether the queue could be asked: 1, or 0 while the bus is away.", nil, nil)
}

func queueJobs() *prometheus.Desc {
	return prometheus.NewDesc("magpie_queue_jobs",
		"Media to process, by lane, on the whole bus: waiting, or taken by a worker. Absent while the bus is away.", []string{"lane", "state"}, nil)
}

// Describe is part of prometheus.Collector.
func (m *queueMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- queueUp()
	to <- queueJobs()
}

// Collect is part of prometheus.Collector. What can't be known is left out, so
// that nobody takes it for 0.
func (m *queueMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // a collector is handed none
	defer cancel()
	lanes, err := m.queue(ctx)
	up := 1.0
	if err != nil {
		m.log.Warn("queue not counted", "err", err)
		up = 0
	}
	to <- prometheus.MustNewConstMetric(queueUp(), prometheus.GaugeValue, up)
	for lane, d := range lanes {
		to <- prometheus.MustNewConstMetric(queueJobs(), prometheus.GaugeValue, float64(d.Waiting), string(lane), "waiting")
		to <- prometheus.MustNewConstMetric(queueJobs(), prometheus.GaugeValue, float64(d.Taken), string(lane), "taken")
	}
}

// partMetrics tells whether this process can use what it needs, as GET /readyz
// does, when it is asked.
type partMetrics struct {
	parts map[string]check
	log   *slog.Logger
}

var _ prometheus.Collector = (*partMetrics)(nil)

func partUp() *prometheus.Desc {
	return prometheus.NewDesc("magpie_part_up", "Whether this process can use the catalogue, the blobs and the bus: 1, or 0 while it cannot.", []string{"part"}, nil)
}

// Describe is part of prometheus.Collector.
func (m *partMetrics) Describe(to chan<- *prometheus.Desc) { to <- partUp() }

// Collect is part of prometheus.Collector.
func (m *partMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readyLimit) // a collector is handed none
	defer cancel()
	for name, err := range askParts(ctx, m.parts) {
		up := 1.0
		if err != nil {
			m.log.Warn("not ready", "part", name, "err", err)
			up = 0
		}
		to <- prometheus.MustNewConstMetric(partUp(), prometheus.GaugeValue, up, name)
	}
}

// buildMetric is 1, with the version as its label.
func buildMetric() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "magpie_build_info", Help: "1, with the version that runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	g.Set(1)
	return g
}

// routeAside routes what the operator asks: metrics, and profiles of the process.
// The command line is left out of those, because it may hold passwords.
func (a *app) routeAside(mux *http.ServeMux) {
	mux.Handle("GET /metrics", newMetrics(a.meters, a.bus.Depths, a.parts(), a.log))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
}

// openMetrics answers GET /metrics and /debug/pprof/ on an address of its own until Close, if
// --metrics-listen names one.
func (a *app) openMetrics(ctx context.Context) error {
	if a.settings.MetricsListen == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.settings.MetricsListen)
	if err != nil {
		return fmt.Errorf("--metrics-listen: %w", err)
	}
	mux := http.NewServeMux()
	a.routeAside(mux)
	a.serveAside(listener, mux, func(err error) { a.log.Error("metrics are not told any more", "err", err) })
	a.log.Info("telling metrics", "url", "http://"+listener.Addr().String()+"/metrics")
	return nil
}

// serveAside answers requests of the operator's own on a listener, apart from
// what clients ask, until Close. failed hears of an end before that.
func (a *app) serveAside(listener net.Listener, handler http.Handler, failed func(error)) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	}()
	a.close = append(a.close, func() error {
		err := server.Close()
		<-served
		return err
	})
}
