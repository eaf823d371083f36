package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/media"
)

// limitKey is one limit of a category as the settings name it.
type limitKey struct {
	name  string
	kinds []media.Kind // that have it
	set   func(l *media.Limit, value string) error
}

// limitKeys are all limits that can be set, in the order of
// docs/configuration.md, which is held against them.
func limitKeys() []limitKey {
	all := []media.Kind{media.KindImage, media.KindGIF, media.KindVideo, media.KindSubtitle, media.KindModel}
	pictures, moving, video := all[:3], all[1:3], all[2:3]
	// Past these, products would not fit in 64 bits.
	const side, count, area = 1 << 20, 1 << 30, 1 << 40
	return []limitKey{
		{"max_bytes", all, func(l *media.Limit, v string) error {
			var n size
			if err := n.UnmarshalText([]byte(v)); err != nil {
				return err
			}
			if n < 1 || int64(n) > media.MaxTotalBytes {
				return errors.New("it must be from 1 to 16GiB")
			}
			l.MaxBytes = int64(n)
			return nil
		}},
		{"max_pixels", pictures, number(1, area, func(l *media.Limit, n int64) { l.MaxPixels = n })},
		{"min_side", pictures, number(0, side, func(l *media.Limit, n int64) { l.MinSide = int(n) })},
		{"max_width", pictures, number(0, side, func(l *media.Limit, n int64) { l.MaxWidth = int(n) })},
		{"max_height", pictures, number(0, side, func(l *media.Limit, n int64) { l.MaxHeight = int(n) })},
		{"turned", pictures, yes(func(l *media.Limit, b bool) { l.Turned = b })},
		{"max_ratio", pictures, number(0, side, func(l *media.Limit, n int64) { l.MaxRatio = int(n) })},
		{"min_seconds", moving, seconds(func(l *media.Limit, d time.Duration) { l.MinDuration = d })},
		{"max_seconds", moving, seconds(func(l *media.Limit, d time.Duration) { l.MaxDuration = d })},
		{"max_frames", moving, number(0, count, func(l *media.Limit, n int64) { l.MaxFrames = int(n) })},
		{"max_frame_pixels", moving, number(0, 1<<62, func(l *media.Limit, n int64) { l.MaxFramePixels = n })},
		{"max_rate", moving, number(0, side, func(l *media.Limit, n int64) { l.MaxRate = int(n) })},
		{"max_gop", video, number(0, count, func(l *media.Limit, n int64) { l.MaxGOP = int(n) })},
		{"max_channels", video, number(0, side, func(l *media.Limit, n int64) { l.MaxChannels = int(n) })},
		{"plain", video, yes(func(l *media.Limit, b bool) { l.Plain = b })},
	}
}

// limited lists the categories that have limits.
func limited() []media.Category { return append(media.Categories(), media.Model) }

// setLimit sets one limit, written as tweet_video.max_seconds=600. Its errors
// name the rule and what would be right.
func setLimit(l *media.Limits, rule string) error {
	name, value, ok := strings.Cut(rule, "=")
	category, key, dot := strings.Cut(strings.TrimSpace(name), ".")
	if !ok || !dot {
		return fmt.Errorf("%q is not category.key=value, such as tweet_video.max_seconds=600", rule)
	}
	row := l.Row(media.Category(category))
	if row == nil {
		return fmt.Errorf("%q: %q is not one of %s", rule, category, names(limited()))
	}
	var keys []string
	for _, k := range limitKeys() {
		if !slices.Contains(k.kinds, media.Category(category).Kind()) {
			continue
		}
		if k.name == key {
			if err := k.set(row, strings.TrimSpace(value)); err != nil {
				return fmt.Errorf("%q: %w", rule, err)
			}
			return nil
		}
		keys = append(keys, k.name)
	}
	return fmt.Errorf("%q: %s has no limit %q, but %s", rule, category, key, names(keys))
}

func number(from, to int64, set func(*media.Limit, int64)) func(*media.Limit, string) error {
	return func(l *media.Limit, v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < from || n > to {
			return fmt.Errorf("it must be a whole number from %d to %d", from, to)
		}
		set(l, n)
		return nil
	}
}

func seconds(set func(*media.Limit, time.Duration)) func(*media.Limit, string) error {
	const most = 1_000_000
	return func(l *media.Limit, v string) error {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || !(n >= 0 && n <= most) {
			return fmt.Errorf("it must be a number of seconds from 0 to %d, such as 600 or 0.5", most)
		}
		set(l, time.Duration(n*float64(time.Second)).Round(time.Microsecond))
		return nil
	}
}

func yes(set func(*media.Limit, bool)) func(*media.Limit, string) error {
	return func(l *media.Limit, v string) error {
		if v != "true" && v != "false" {
			return errors.New("it must be true or false")
		}
		set(l, v == "true")
		return nil
	}
}

func names[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, ", ")
}

// limitRules writes the file's mapping, from categories to mappings from keys to
// values, as the flag has it.
func limitRules(table map[string]any) (string, error) {
	var rules []string
	for category, v := range table {
		if v == nil {
			continue
		}
		keys, ok := v.(map[string]any)
		if !ok {
			return "", fmt.Errorf("limits: %s has %v, and must have a mapping such as {max_seconds: 600}", category, v)
		}
		for key, value := range keys {
			if value != nil {
				rules = append(rules, fmt.Sprintf("%s.%s=%s", category, key, plainly(value)))
			}
		}
	}
	slices.Sort(rules)
	return strings.Join(rules, ","), nil
}

// plainly writes a value of YAML as it would be typed: fmt writes a large
// number with an exponent.
func plainly(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
