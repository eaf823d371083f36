package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/auth"
	"magpie/internal/blob"
	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/ownapi"
	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg"
	"magpie/internal/processing/image"
	"magpie/internal/processing/model"
	"magpie/internal/processing/subtitle"
	"magpie/internal/reference"
	"magpie/internal/tus"
	"magpie/internal/upload"
	"magpie/internal/xapi"
)

// app is one running magpie: every room, wired.
type app struct {
	settings settings
	log      *slog.Logger

	catalog  *catalog.Catalog
	blobs    *blob.Store
	bus      *bus.Bus
	keys     *auth.Keys
	signing  *auth.SigningKeys
	places   *delivery.Countries // nil if --geoip is not set
	tokens   *auth.Tokens
	issuer   *auth.Issuer // nil if --oidc-issuer is not set
	sessions *upload.Sessions
	queue    *processing.Queue
	sender   *sender
	counter  *analytics.Counter
	handler  http.Handler

	ending     context.Context // ends when requests that would not end by themselves should
	endStreams func()
	meters     *meters

	transcoder transcoderCheck // of the engine of videos

	close []func() error // in the order things were opened
}

// newApp opens everything and wires it. The caller holds the data folder's
// lock, and calls Close.
func newApp(ctx context.Context, s settings, log *slog.Logger) (a *app, err error) {
	a = &app{settings: s, log: log, meters: newMeters()}
	a.ending, a.endStreams = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.openCatalogue(ctx); err != nil {
		return a, err
	}
	if a.keys, err = auth.OpenKeys(keyIn(s.Data, s.KeyFile), rand.Reader); err != nil {
		return a, fmt.Errorf("--key-file: %w", err)
	}
	if err := a.tryKeys(ctx); err != nil {
		return a, err
	}
	a.signing = auth.NewSigningKeys(a.catalog, a.keys, time.Now, rand.Reader, log)
	if err := a.signing.Open(ctx); err != nil {
		return a, fmt.Errorf("open the signing keys: %w", err)
	}
	if s.GeoIP != "" {
		if a.places, err = delivery.OpenCountries(s.GeoIP, time.Now, log); err != nil {
			return a, fmt.Errorf("--geoip: %w", err)
		}
	}
	if err := a.openBlobs(ctx); err != nil {
		return a, err
	}
	if err := a.openBus(ctx); err != nil {
		return a, err
	}
	a.counter = analytics.NewCounter(a.bus, a.catalog, s.KeepCounts, time.Now, log)
	if s.alone() { // else others publish, and a cluster may be away for now
		if err := a.counter.Prepare(ctx); err != nil {
			return a, fmt.Errorf("see how far playback is counted: %w", err)
		}
	}

	worker, err := a.openQueue(ctx)
	if err != nil {
		return a, err
	}
	a.tokens = auth.NewTokens(a.catalog, time.Now, rand.Reader)
	p := s.profile()
	var aloneSince time.Time
	if s.alone() {
		aloneSince = time.Now() // the caller holds the lock
	}
	a.sessions = upload.New(upload.Config{
		Lifetime: p.lifetime, Brief: p.brief, MaxSegment: p.maxSegment, Limits: p.limits, Retention: p.retention,
		Grace:       max(s.SweepGrace, 1), // 0 would be the default, and means none here
		DeleteGrace: max(s.DeleteGrace, 1),
		PruneAfter:  7*24*time.Hour + s.SweepGrace + s.DeleteGrace, // a row outlives its bytes
		Quota:       int64(s.Quota),
		AloneSince:  aloneSince,
		Watch:       a.meters.uploads(),
	}, a.catalog, a.blobs, time.Now, rand.Reader, log)
	gate, err := a.newGate()
	if err != nil {
		return a, err
	}
	if a.handler, err = a.routes(processing.NewAdmission(worker, inlineAtOnce*runtime.NumCPU(), 64), gate); err != nil {
		return a, err
	}
	return a, a.openMetrics(ctx)
}

func (a *app) openCatalogue(ctx context.Context) (err error) {
	s := a.settings
	place := catalogPlace{databaseFlag: s.databaseFlag, pool: s.poolFlags, data: s.Data, log: a.log}
	if a.catalog, err = place.open(ctx); err != nil {
		return fmt.Errorf("open the catalogue: %w", err)
	}
	a.close = append(a.close, a.catalog.Close)
	if done := a.catalog.Migrated(); len(done) > 0 {
		a.log.Info("schema migrated", "ran", done)
	}
	return nil
}

func (a *app) openBlobs(context.Context) (err error) {
	s := a.settings
	place := blobPlace{blobsFlag: s.blobsFlag, data: s.Data, reserve: s.Reserve, spool: s.Spool, env: os.Getenv, log: a.log}
	if a.blobs, err = place.open(); err != nil {
		return err
	}
	a.close = append(a.close, a.blobs.Close)
	return nil
}

func (a *app) openBus(ctx context.Context) (err error) {
	if a.bus, err = a.settings.busFlags.open(ctx, a.settings.queue(), a.log); err != nil {
		return err
	}
	a.close = append(a.close, func() error { a.bus.Close(); return nil })
	return nil
}

// openQueue makes the worker and the queue that brings it work.
func (a *app) openQueue(ctx context.Context) (*processing.Worker, error) {
	worker, err := a.newWorker(ctx)
	if err != nil {
		return nil, err
	}
	a.queue = processing.NewQueue(a.bus, a.catalog, worker, time.Now, a.log)
	a.sender = &sender{app: a}
	a.close = append(a.close, a.sender.Close) // before the bus is
	return worker, nil
}

// newWorker makes the worker with an engine for each kind.
func (a *app) newWorker(ctx context.Context) (*processing.Worker, error) {
	limits := a.settings.profile().limits
	source, err := processing.NewSource(ctx)
	if err != nil {
		return nil, err
	}
	a.close = append(a.close, source.Close)
	video, err := ffmpeg.New(ffmpeg.Config{
		FFmpeg: a.settings.FFmpeg, FFprobe: a.settings.FFprobe, Limits: limits, MaxRung: a.settings.MaxRung, Source: source, Logger: a.log,
	})
	if err != nil {
		return nil, fmt.Errorf("set ffmpeg up (--ffmpeg, --ffprobe; magpie doctor tells more): %w", err)
	}
	a.close = append(a.close, video.Close)
	a.transcoder.engine = video
	engines := map[media.Kind]processing.Engine{
		media.KindVideo:    video,
		media.KindGIF:      video,
		media.KindImage:    image.New(image.Config{Limits: limits}),
		media.KindSubtitle: subtitle.Engine{},
		media.KindModel:    model.New(a.log),
	}
	if a.settings.Faults {
		a.log.Warn("--faults is on: requests may ask for errors by the header X-Magpie-Fault")
		engines = processing.WithFaults(engines, a.catalog, 2*a.settings.slots(), time.Now)
	}
	return processing.NewWorker(processing.Config{Scratch: a.settings.scratch(), Watch: a.meters.processing()}, a.catalog, a.blobs, engines, source, time.Now, a.log)
}

// routes puts the surfaces together.
func (a *app) routes(inline *processing.Admission, gate *auth.Gate) (http.Handler, error) {
	fail := xapi.WriteProblem(a.log, a.sessions.MaxSegment())
	links := delivery.Links{Public: a.settings.PublicURL, Media: a.settings.MediaOrigin}
	access := a.access(gate)
	renditions := delivery.NewRenditions(delivery.Config{
		Catalog: a.catalog, Blobs: a.blobs, Access: access, Now: time.Now, Fail: fail, Log: a.log,
		Redirect: a.settings.redirects(), Pages: links.Public,
	})
	shown := http.NewServeMux()
	routeMedia(shown, renditions)
	shown.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s; this address serves media only.", r.Method, r.URL.Path))
	})

	handout := delivery.Handout{Links: links, Ring: access.Ring, Now: time.Now}
	all := http.NewServeMux()
	api := xapi.New(xapi.Config{
		Sessions: a.sessions, Catalog: a.catalog, Gate: gate,
		Process: xapi.Processing{Now: inline.Run, Make: inline.Make, Later: a.sender.send},
		Handout: handout, Now: time.Now, Log: a.log,
		RateLimits: a.settings.RateLimits == "x", Faults: a.settings.Faults,
	})
	all.Handle("/", crossOrigin(api, a.settings.CORSOrigins))
	resumable := crossOrigin(tus.New(tus.Config{
		Catalog: a.catalog, Sessions: a.sessions, Gate: gate, Public: a.settings.PublicURL,
		Start: api.Start, Count: api.Begin, Fail: fail, Now: time.Now, Log: a.log,
	}), a.settings.CORSOrigins)
	all.Handle(tus.Path, resumable)
	all.Handle(tus.Path+"{$}", resumable) // named, so that requests are counted under them
	all.Handle(tus.Path+"{id}", resumable)
	all.Handle(strings.TrimSuffix(tus.Path, "/"), resumable)
	all.Handle("/magpie/v1/", crossOrigin(ownapi.New(ownapi.Config{
		Catalog: a.catalog, Sessions: a.sessions, Later: a.sender.send, Gate: gate, Originals: delivery.NewOriginals(a.catalog, a.blobs, time.Now, a.log),
		Links: links, Handout: handout, Access: access, Random: rand.Reader,
		Fail: fail, Now: time.Now, Log: a.log,
		Webhooks: a.webhooks(), Ending: a.ending,
		Intake:   analytics.NewIntake(a.bus, access.Ring, time.Now),
		Operator: a.operator(),
	}), a.settings.CORSOrigins))
	signIn := a.routeOAuth(all, fail)
	routeMedia(all, renditions)
	reference.New(fail).Route(all)
	if err := a.routeConsole(all, signIn, links, fail); err != nil {
		return nil, err
	}
	all.HandleFunc("GET /healthz", healthy)
	all.HandleFunc("GET /readyz", a.ready)
	patience := xapi.Patience{Stall: a.settings.Patience, MinRate: int64(a.settings.MinRate), Now: time.Now, Sleep: time.Sleep}
	return patience.Handler(observed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect these, and few clients send a body twice.
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
			fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s, whose path has doubled slashes or dots; %s has none.", r.Method, r.URL.Path, clean))
			return
		}
		if links.OnMediaOrigin(r) {
			shown.ServeHTTP(w, r)
			return
		}
		all.ServeHTTP(w, r)
	}), observing{log: a.log, access: a.settings.AccessLog == "on", meters: a.meters, now: time.Now, fail: fail})), nil
}

// inlineAtOnce is how many requests to a processor may have their file processed
// at once: most of a small one's time goes by waiting for the disk. The image engine
// itself takes no more than one to a processor.
const inlineAtOnce = 4

// routeMedia puts what viewers see under /media. An image has addresses without a
// file's name too.
func routeMedia(mux *http.ServeMux, renditions *delivery.Renditions) {
	for _, path := range []string{"/media/{slug}/{name}", "/media/{slug}"} {
		mux.Handle("GET "+path, renditions)
		mux.HandleFunc("OPTIONS "+path, renditions.Preflight)
	}
}

// idlers is how many media, in each lane, may be in progress for as long as a
// request asked, and hold nothing else up.
const idlers = 32

// background works until ctx ends: the queue, and the sweeping of what ended.
//
// Each part is right in any number of processes at once: what is swept, sent,
// counted or queued is claimed in the catalogue, or may be done twice. Those that
// would cost in each what they cost in one are led by one at a time, as long as
// it lives. A process that is alone does not need the bus to say so: a full disk
// stops the bus, and sweeping is what makes room.
func (a *app) background(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	lead := func(duty bus.Duty, do func(context.Context)) {
		if a.settings.alone() {
			do(ctx)
			return
		}
		_ = a.bus.Lead(ctx, duty, do) // ends with ctx, or with the bus
	}
	wg.Go(func() { lead(bus.Housekeeping, a.sweep) })
	wg.Go(func() { lead(bus.Counting, func(ctx context.Context) { _ = a.counter.Run(ctx) }) })
	wg.Go(func() { a.sendWebhooks(ctx) })
	if a.settings.NoWork {
		<-ctx.Done()
		return nil
	}
	slots := a.settings.slots()
	if a.settings.Faults {
		slots += idlers
	}
	return a.queue.Work(ctx, slots)
}

// How long a media may wait, and a running attempt be silent, before its job is
// sent again: ten times the bus's lease.
const (
	pendingFor = 30 * time.Second
	silentFor  = 5 * time.Minute
)

// sweep sends again what stalled, tells what was done on the command line, and sweeps beside that, which takes as long as
// the store is large.
func (a *app) sweep(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { a.sweepStore(ctx) })
	resend := time.NewTicker(10 * time.Second)
	defer resend.Stop()
	wait, silence := pendingFor, silentFor
	if a.settings.alone() {
		// Nobody else has this data folder: what was under way when it was left is
		// stalled already, and its job may be lost with a queue that wasn't restored.
		wait, silence = 0, 0
	}
	for {
		if err := a.queue.Resend(ctx, wait, silence); err != nil && ctx.Err() == nil {
			a.log.Warn("stalled media not queued", "err", err)
		}
		if err := tellDeeds(ctx, a.catalog, a.log, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Warn("what was done on the command line is not in the log", "err", err)
		}
		wait, silence = pendingFor, silentFor
		select {
		case <-ctx.Done():
			return
		case <-resend.C:
		}
	}
}

// sweepShare is how many times as long as a sweep took nothing is swept
// afterwards, at least: so a large store is looked at less often.
const sweepShare = 4

// sweepStore sweeps every now and then, the first time at once: what a crash left.
func (a *app) sweepStore(ctx context.Context) {
	tick := time.NewTicker(a.settings.SweepEvery)
	defer tick.Stop()
	var next time.Time
	for {
		sweep, began := a.sessions.Expire, time.Now()
		if !began.Before(next) {
			sweep = a.sessions.Sweep
			a.pruneGrants(ctx)
		}
		done, err := sweep(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("sweep broke off", "err", err)
		}
		a.meters.swept(done, err, time.Since(began), time.Now())
		if done != (upload.Swept{}) {
			a.log.Info("swept", "sessions_expired", done.SessionsExpired, "media_expired", done.MediaExpired,
				"blobs_deleted", done.BlobsDeleted, "rows_pruned", done.RowsPruned)
		}
		if !began.Before(next) {
			next = time.Now().Add(sweepShare * time.Since(began))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close closes what newApp opened, last first.
func (a *app) Close() error {
	a.endStreams()
	var errs []error
	for i := len(a.close) - 1; i >= 0; i-- {
		errs = append(errs, a.close[i]())
	}
	return errors.Join(errs...)
}
