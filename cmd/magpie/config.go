package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"magpie/internal/media"
	"magpie/internal/ownapi"
	"magpie/internal/processing/ffmpeg"
)

// settings is everything about a server that can be set: by flag, by the
// environment variable beside it, or under the flag's name in the YAML file, in
// that order of precedence. docs/configuration.md is held against it.
type settings struct {
	Listen string `default:"127.0.0.1:8080" env:"MAGPIE_LISTEN" help:"Address to listen on."`
	Data   string `default:"./data" env:"MAGPIE_DATA" help:"Data folder; made if missing."`
	databaseFlag
	poolFlags
	blobsFlag
	spoolFlag
	deliveryFlag
	busFlags
	KeyFile     string   `name:"key-file" env:"MAGPIE_KEY_FILE" placeholder:"PATH" help:"File with the key that clients' secrets are sealed under; made if missing. Default: key in the data folder."`
	PublicURL   string   `env:"MAGPIE_PUBLIC_URL" placeholder:"URL" help:"Origin of the URLs that answers hand out, such as https://media.example. Default: the host that the request named."`
	MediaOrigin string   `env:"MAGPIE_MEDIA_ORIGIN" placeholder:"URL" help:"Origin for media, apart from the API's. It must lead to this server, which serves nothing else there."`
	CORSOrigins []string `name:"cors-origins" default:"*" env:"MAGPIE_CORS_ORIGINS" placeholder:"ORIGIN" help:"Origins whose pages may call the API, with commas between them; * for all, none for none."`
	TLSCert     string   `name:"tls-cert" env:"MAGPIE_TLS_CERT" placeholder:"FILE" help:"Certificate chain, PEM: speak TLS. Read again when it changes."`
	TLSKey      string   `name:"tls-key" env:"MAGPIE_TLS_KEY" placeholder:"FILE" help:"The certificate's private key, PEM."`
	TLSNames    []string `name:"tls-names" env:"MAGPIE_TLS_NAMES" placeholder:"NAME" help:"Speak TLS as these hosts, with a certificate of the local authority that magpie ca made."`
	RateLimits  string   `default:"off" env:"MAGPIE_RATE_LIMITS" help:"Rate limits of the API: off, or x for X's."`
	Profile     string   `default:"default" env:"MAGPIE_PROFILE" help:"What may be uploaded and how long it lasts: default, or x for X's published limits."`
	Faults      bool     `env:"MAGPIE_FAULTS" help:"Let requests ask for faults by the header X-Magpie-Fault. For tests only."`
	signIn
	whence
	MaxSegment      *size          `env:"MAGPIE_MAX_SEGMENT" placeholder:"SIZE" help:"Largest segment, and largest one-shot upload. Default: by the profile, 64MiB or 5MiB."`
	SessionLifetime *time.Duration `env:"MAGPIE_SESSION_LIFETIME" placeholder:"TIME" help:"How long an upload may stay unfinished. Default: by the profile, 24h or X's."`
	Limits          []string       `env:"MAGPIE_LIMITS" placeholder:"CATEGORY.KEY=VALUE" help:"Limits of media in the place of the profile's, such as tweet_video.max_seconds=600, with commas between them."`
	Retention       *time.Duration `env:"MAGPIE_RETENTION" placeholder:"TIME" help:"How long finished media are kept; 0s keeps them until they are deleted. Default: by the profile, 0s or 24h."`
	KeepCounts      time.Duration  `name:"analytics-retention" default:"0s" env:"MAGPIE_ANALYTICS_RETENTION" help:"How long counts of playback are kept hour by hour; 0s keeps them as long as the media."`
	SweepEvery      time.Duration  `default:"5m" env:"MAGPIE_SWEEP_EVERY" help:"How often expired uploads and unused bytes are looked for."`
	SweepGrace      time.Duration  `default:"1h" env:"MAGPIE_SWEEP_GRACE" help:"How long the bytes of what has ended are kept."`
	DeleteGrace     time.Duration  `default:"24h" env:"MAGPIE_DELETE_GRACE" help:"How long a media that was deleted can be restored; its bytes are kept so long."`
	Quota           size           `default:"0" env:"MAGPIE_QUOTA" placeholder:"SIZE" help:"How much one user may store, originals and what is made of them; 0 for any amount. magpie user quota sets another for one user."`
	Patience        time.Duration  `default:"1m" env:"MAGPIE_PATIENCE" help:"How long a client may keep a request waiting: for the next byte of its body, or until it takes in more of an answer."`
	MinRate         size           `name:"min-rate" default:"1KB" env:"MAGPIE_MIN_RATE" placeholder:"SIZE" help:"Bytes a second that a body must bring on average, and a large answer be taken in with, less any pauses within the patience; 0 for any."`
	Reserve         size           `default:"256MiB" env:"MAGPIE_RESERVE" help:"Disk space that uploads leave free."`
	Workers         int            `default:"0" env:"MAGPIE_WORKERS" help:"Videos processed at once, in each of the two lanes; 0 for one for every two processors."`
	NoWork          bool           `name:"no-work" env:"MAGPIE_NO_WORK" help:"Process no videos and GIFs here: magpie work does, in other processes. What takes no longer than a request is processed here all the same."`
	MaxRung         int            `default:"2160" env:"MAGPIE_MAX_RUNG" help:"The largest size that videos are offered in, by the short side: 180, 360, 720, 1080, 1440 or 2160."`
	FFmpeg          string         `name:"ffmpeg" env:"MAGPIE_FFMPEG" placeholder:"PATH" help:"The ffmpeg program. Default: from PATH."`
	FFprobe         string         `name:"ffprobe" env:"MAGPIE_FFPROBE" placeholder:"PATH" help:"The ffprobe program. Default: from PATH."`
	WebhookAllow    []string       `name:"webhook-allow" env:"MAGPIE_WEBHOOK_ALLOW" placeholder:"NETWORK" help:"Networks that webhooks may lead to beside the public ones, such as 10.0.0.0/8, with commas between them."`
	MetricsListen   string         `name:"metrics-listen" env:"MAGPIE_METRICS_LISTEN" placeholder:"ADDRESS" help:"Address to answer /metrics on, for Prometheus, and /debug/pprof/, apart from the API's. Default: none."`
	Drain           time.Duration  `default:"20s" env:"MAGPIE_DRAIN" help:"How long SIGTERM waits for requests in flight."`
	AccessLog       string         `default:"on" env:"MAGPIE_ACCESS_LOG" help:"A line in the log for each request: on or off."`
	LogLevel        string         `default:"info" env:"MAGPIE_LOG_LEVEL" help:"debug, info, warn or error."`
	LogFormat       string         `default:"text" env:"MAGPIE_LOG_FORMAT" help:"text or json."`

	inForce []ownapi.Setting // what of all this operators are shown
}

// Validate refuses settings that can't be meant, naming each (kong calls it).
func (s *settings) Validate() error {
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		wrong("listen", "%q is not host:port, such as 127.0.0.1:8080", s.Listen)
	}
	if s.MetricsListen != "" {
		if _, _, err := net.SplitHostPort(s.MetricsListen); err != nil {
			wrong("metrics-listen", "%q is not host:port, such as 127.0.0.1:9090", s.MetricsListen)
		}
	}
	if s.Data == "" {
		wrong("data", "name a folder")
	}
	for name, v := range map[string]*string{"public-url": &s.PublicURL, "media-origin": &s.MediaOrigin} {
		origin, ok := originOf(*v)
		if !ok {
			wrong(name, "%q is not an origin, such as https://media.example", *v)
		}
		*v = origin
	}
	for i, v := range s.CORSOrigins {
		if origin, ok := originOf(v); ok && v != "" {
			s.CORSOrigins[i] = origin
		} else if v != "*" && v != "none" {
			wrong("cors-origins", "%q is not an origin, such as https://app.example, nor * nor none", v)
		}
	}
	if p := s.profile(); p.maxSegment < 64<<10 || p.maxSegment > 16<<30 {
		wrong("max-segment", "%s is not between 64KiB and 16GiB", size(p.maxSegment))
	}
	for name, d := range map[string]time.Duration{"session-lifetime": s.profile().lifetime, "sweep-every": s.SweepEvery} {
		if d < time.Second {
			wrong(name, "%s is less than a second", d)
		}
	}
	for name, d := range map[string]time.Duration{"retention": s.profile().retention, "analytics-retention": s.KeepCounts, "sweep-grace": s.SweepGrace, "delete-grace": s.DeleteGrace, "drain": s.Drain} {
		if d < 0 {
			wrong(name, "%s is negative", d)
		}
	}
	if s.Patience < time.Second || s.Patience > time.Hour {
		wrong("patience", "%s is not between 1s and 1h", s.Patience)
	}
	if s.MinRate > 1<<30 {
		wrong("min-rate", "%s a second is faster than any client", s.MinRate)
	}
	s.checkWork(wrong)
	if s.NoWork && s.Bus == "" {
		wrong("no-work", "jobs would be done by nobody: other processes get them over --bus")
	}
	s.deliveryFlag.check(wrong, s.Blobs)
	s.signIn.check(wrong)
	s.webhookTargets(wrong)
	s.whence.check(wrong)
	if kinds := []string{"off", "x"}; !slices.Contains(kinds, s.RateLimits) {
		wrong("rate-limits", "%q is not one of %s", s.RateLimits, strings.Join(kinds, ", "))
	}
	if s.AccessLog != "on" && s.AccessLog != "off" {
		wrong("access-log", "%q is not one of on, off", s.AccessLog)
	}
	errs = append(errs, s.checkTLS()...)
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// checkWork looks at the settings that magpie work has too.
func (s *settings) checkWork(wrong func(name, format string, args ...any)) {
	if !slices.Contains(profiles(), s.Profile) {
		wrong("profile", "%q is not one of %s", s.Profile, strings.Join(profiles(), ", "))
	}
	if s.Workers < 0 {
		wrong("workers", "%d is negative", s.Workers)
	}
	if steps := ffmpeg.Steps(); !slices.Contains(steps, s.MaxRung) {
		wrong("max-rung", "%d is not one of %v", s.MaxRung, steps)
	}
	for _, rule := range s.Limits {
		if err := setLimit(&media.Limits{}, rule); err != nil {
			wrong("limits", "%s", err)
		}
	}
	s.databaseFlag.check(wrong)
	s.poolFlags.check(wrong)
	s.blobsFlag.check(wrong)
	if s.Blobs != "" {
		s.spoolFlag.check(wrong, s.profile().maxSegment)
	}
	if levels := []string{"debug", "info", "warn", "error"}; !slices.Contains(levels, s.LogLevel) {
		wrong("log-level", "%q is not one of %s", s.LogLevel, strings.Join(levels, ", "))
	}
	if formats := []string{"text", "json"}; !slices.Contains(formats, s.LogFormat) {
		wrong("log-format", "%q is not one of %s", s.LogFormat, strings.Join(formats, ", "))
	}
	s.busFlags.check(wrong)
	s.busFlags.together(s.ownDatabase(), s.Blobs == "", wrong)
}

// originOf gives scheme and host of a URL that has nothing else, or "" for "".
func originOf(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
	if !ok {
		return "", false
	}
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme] // browsers leave it out
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, port), true
}

// slots is how many videos each lane processes at once.
func (s *settings) slots() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return max(1, runtime.NumCPU()/2)
}

// paths below the data folder.
func (s *settings) queue() string   { return filepath.Join(s.Data, "queue") }
func (s *settings) scratch() string { return filepath.Join(s.Data, "scratch") }

func databaseIn(data string) string { return filepath.Join(data, "magpie.db") }

// keyIn is the key file: the one that is named, else the data folder's.
func keyIn(data, named string) string {
	if named != "" {
		return named
	}
	return filepath.Join(data, "key")
}

// size is a number of bytes, written 64MiB, 1.5GB or 1048576.
type size int64

// UnmarshalText reads a size.
func (b *size) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > 1<<62 {
		return fmt.Errorf("%q is not a size, such as 64MiB", text)
	}
	*b = size(n)
	return nil
}

// String writes a size as people do.
func (b size) String() string { return humanize.IBytes(uint64(b)) }

// passOverEmpty takes environment variables that are empty for not set, as
// those who write compose files expect; kong takes them for values.
func passOverEmpty(k *kong.Kong) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			flag.Tag.Envs = slices.DeleteFunc(flag.Tag.Envs, func(name string) bool {
				v, set := os.LookupEnv(name)
				return set && v == ""
			})
		}
		return next(nil)
	})
}

// fileSettings answers kong's questions from the YAML file.
type fileSettings map[string]any

// readSettings reads a settings file: one mapping from flag names to values.
func readSettings(r io.Reader) (kong.Resolver, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var f fileSettings
	if err := yaml.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("the settings file is not a YAML mapping: %w", err)
	}
	return f, nil
}

// Validate refuses names that are no setting, so that a slip of the pen isn't
// a default.
func (f fileSettings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, command := range app.Leaves(false) {
		for _, flag := range command.Flags {
			known[flag.Name] = true
		}
	}
	for name := range f {
		if !known[name] {
			return fmt.Errorf("the settings file sets %q, which is not a setting", name)
		}
	}
	return nil
}

// Resolve gives a flag's value, unless the environment sets it.
func (f fileSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if os.Getenv(name) != "" {
			return nil, nil
		}
	}
	v := f[flag.Name]
	if v == nil { // not there, or there without a value
		return nil, nil
	}
	if table, ok := v.(map[string]any); ok && flag.Name == "limits" {
		return limitRules(table)
	}
	if list, ok := v.([]any); ok { // as good as one text with commas
		texts := make([]string, len(list))
		for i, e := range list {
			texts[i] = fmt.Sprint(e)
		}
		return strings.Join(texts, ","), nil
	}
	return fmt.Sprint(v), nil
}
