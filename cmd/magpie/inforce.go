package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"magpie/internal/bus"
	"magpie/internal/ownapi"
)

// shownSettings are the settings whose values operators are shown: none of them is
// ever a secret, or it is written without. One that is not here is hidden, so that
// nobody need think of it for a secret to stay one.
func shownSettings() []string {
	return []string{
		"config", "listen", "data", "database", "database-file", "database-connections", "database-timeout",
		"blobs", "s3-spool", "s3-delivery", "bus", "bus-login", "bus-ca", "bus-cert", "bus-key", "key-file",
		"public-url", "media-origin", "cors-origins", "tls-cert", "tls-key", "tls-names", "rate-limits", "profile", "faults",
		"oauth1-origins", "oauth1-window", "oidc-issuer", "oidc-audience", "oidc-user-claim", "oidc-scope-claim", "oidc-clock-skew", "oidc-ca-file",
		"oidc-console-client", "oidc-console-secret-file", "oidc-console-scopes",
		"trusted-proxies", "forwarded-header", "country-header", "geoip", "max-segment", "session-lifetime", "limits", "retention",
		"analytics-retention", "sweep-every", "sweep-grace", "delete-grace", "quota", "patience", "min-rate", "reserve", "workers", "no-work",
		"max-rung", "ffmpeg", "ffprobe", "webhook-allow", "metrics-listen", "drain", "access-log", "log-level", "log-format",
	}
}

// hiddenSettings are those that were looked at and found to be secrets. A test
// wants each setting in one of the two lists.
func hiddenSettings() []string { return nil }

// inForce lists the settings of the command that was parsed, in the order of the
// page, as they are, and where each comes from.
func inForce(k *kong.Context, s *settings) []ownapi.Setting {
	typed, filed := map[*kong.Flag]bool{}, map[*kong.Flag]bool{}
	for _, p := range k.Path {
		switch {
		case p.Flag == nil:
		case p.Resolved:
			filed[p.Flag] = true
		default:
			typed[p.Flag] = true
		}
	}
	effective := s.effective()
	var out []ownapi.Setting
	for _, f := range k.Flags() {
		if f.Name == "help" {
			continue
		}
		one := ownapi.Setting{Name: f.Name, From: "default", Variable: strings.Join(f.Envs, " "), Help: f.Help}
		switch {
		case typed[f]:
			one.From = "flag"
		case slices.ContainsFunc(f.Tag.Envs, func(name string) bool { return os.Getenv(name) != "" }):
			one.From = "environment"
		case filed[f]:
			one.From = "file"
		}
		value := plainValue(f.Target)
		if as, ok := effective[f.Name]; ok {
			value = as
		}
		if slices.Contains(shownSettings(), f.Name) {
			one.Value = value
		} else {
			one.Hidden = value != ""
		}
		out = append(out, one)
	}
	return out
}

// effective is what settings amount to that are not what was typed: those that
// the profile sets, and those that may hold what to log in with.
func (s *settings) effective() map[string]string {
	p := s.profile()
	return map[string]string{
		"max-segment": size(p.maxSegment).String(), "session-lifetime": p.lifetime.String(), "retention": p.retention.String(),
		"workers": fmt.Sprint(s.slots()), "key-file": keyIn(s.Data, s.KeyFile), "bus": bus.RedactURL(s.Bus),
	}
}

// plainValue writes a setting as it would be typed; "" for none.
func plainValue(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch t := v.Interface().(type) {
	case []string:
		return strings.Join(t, ",")
	case time.Duration:
		return t.String()
	default:
		return fmt.Sprint(t) // what may hold a password prints without
	}
}
