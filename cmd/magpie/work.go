package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
)

// workCommand processes media and does nothing else: one of any number of
// processes beside those that serve. It needs no key file, because it knows no
// secrets of users.
type workCommand struct {
	Listen string `env:"MAGPIE_WORK_LISTEN" placeholder:"ADDRESS" help:"Address to answer /healthz, /readyz, /metrics and /debug/pprof/ on. Default: none."`
	Data   string `default:"./data" env:"MAGPIE_DATA" help:"Folder of this process's own, for scratch files; made if missing."`
	databaseFlag
	poolFlags
	blobsFlag
	spoolFlag
	busFlags
	Profile   string   `default:"default" env:"MAGPIE_PROFILE" help:"What media may be: default, or x for X's published limits. As at those that serve."`
	Limits    []string `env:"MAGPIE_LIMITS" placeholder:"CATEGORY.KEY=VALUE" help:"Limits of media in the place of the profile's, with commas between them. As at those that serve."`
	Reserve   size     `default:"256MiB" env:"MAGPIE_RESERVE" help:"Disk space to leave free."`
	Workers   int      `default:"0" env:"MAGPIE_WORKERS" help:"Videos processed at once, in each of the two lanes; 0 for one for every two processors."`
	MaxRung   int      `default:"2160" env:"MAGPIE_MAX_RUNG" help:"The largest size that videos are offered in, by the short side: 180, 360, 720, 1080, 1440 or 2160."`
	FFmpeg    string   `name:"ffmpeg" env:"MAGPIE_FFMPEG" placeholder:"PATH" help:"The ffmpeg program. Default: from PATH."`
	FFprobe   string   `name:"ffprobe" env:"MAGPIE_FFPROBE" placeholder:"PATH" help:"The ffprobe program. Default: from PATH."`
	LogLevel  string   `default:"info" env:"MAGPIE_LOG_LEVEL" help:"debug, info, warn or error."`
	LogFormat string   `default:"text" env:"MAGPIE_LOG_FORMAT" help:"text or json."`
}

// settings are those of a server that only works.
func (c *workCommand) settings() settings {
	return settings{
		Listen: c.Listen, Data: c.Data, databaseFlag: c.databaseFlag, poolFlags: c.poolFlags, blobsFlag: c.blobsFlag, spoolFlag: c.spoolFlag, busFlags: c.busFlags,
		Profile: c.Profile, Limits: c.Limits, Reserve: c.Reserve, Workers: c.Workers, MaxRung: c.MaxRung,
		FFmpeg: c.FFmpeg, FFprobe: c.FFprobe, LogLevel: c.LogLevel, LogFormat: c.LogFormat,
	}
}

// Validate refuses settings that can't be meant, naming each (kong calls it).
func (c *workCommand) Validate() error {
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			wrong("listen", "%q is not host:port, such as 127.0.0.1:8081", c.Listen)
		}
	}
	if c.Bus == "" {
		wrong("bus", "name the NATS servers that bring jobs; a server that does its own work needs no other process")
	}
	s := c.settings()
	s.checkWork(wrong)
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// Run works until ctx ends; running jobs are given back then.
func (c *workCommand) Run(ctx context.Context, s surroundings) error {
	log, err := newLogger(s.err, c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	release, err := lockData(c.Data) // two would empty each other's scratch folder
	if err != nil {
		return err
	}
	defer release()
	a, err := newWorkApp(context.WithoutCancel(ctx), c.settings(), log)
	if err != nil {
		return err
	}
	return errors.Join(work(ctx, a), a.Close())
}

// newWorkApp opens what processing needs. The caller holds the data folder's
// lock, and calls Close.
func newWorkApp(ctx context.Context, s settings, log *slog.Logger) (a *app, err error) {
	a = &app{settings: s, log: log, meters: newMeters()}
	a.ending, a.endStreams = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	for _, open := range []func(context.Context) error{a.openCatalogue, a.openBlobs, a.openBus} {
		if err := open(ctx); err != nil {
			return a, err
		}
	}
	_, err = a.openQueue(ctx)
	return a, err
}

// work works the queue until ctx ends, and says how it is on settings.Listen, if
// that is set.
func work(ctx context.Context, a *app) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if a.settings.Listen != "" {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.settings.Listen)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		mux := http.NewServeMux()
		mux.HandleFunc("GET /healthz", healthy)
		mux.HandleFunc("GET /readyz", a.ready)
		a.routeAside(mux)
		a.serveAside(listener, mux, stop)
		a.log.Info("working", "url", "http://"+listener.Addr().String())
	} else {
		a.log.Info("working")
	}
	if err := a.queue.Work(ctx, a.settings.slots()); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
