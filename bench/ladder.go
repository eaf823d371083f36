package main

import (
	"context"
	_ "embed"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"magpie/bench/gauge"
)

//go:embed ladder.sh
var ladderScript string

// pieces is how many segments a file has when nothing else is said.
const pieces = 16

// ladder measures a minute of 1080p at far more than a rung's bit rate, so that
// nothing can be copied: as it mostly comes, and in 1000 segments with its index
// at the end.
func (b *bench) ladder(ctx context.Context) error {
	last, err := b.minute(ctx, "heavy-index-last.mp4", "-b:v", "14M", "-maxrate", "20M", "-bufsize", "28M")
	if err != nil {
		return err
	}
	first, err := b.moved(ctx, "heavy.mp4", last)
	if err != nil {
		return err
	}
	plain := sample{first, "video/mp4", "tweet_video"}
	torn := sample{last, "video/mp4", "tweet_video"}
	folder := filepath.Join(b.dir, "ladder")

	var theirs, ours, oursTorn costs
	for round := range b.rounds {
		b.say("ladder, round %d: ffmpeg", round+1)
		c, err := reference(ctx, ladderScript, first, folder)
		if err != nil {
			return err
		}
		theirs = append(theirs, c)
		b.say("ladder, round %d: magpie", round+1)
		if c, err = b.once(ctx, plain, pieces, b.keepRungs(ctx, round == 0)); err != nil {
			return err
		}
		ours = append(ours, c)
		b.say("ladder, round %d: magpie, 1000 segments", round+1)
		if c, err = b.once(ctx, torn, 1000, nil); err != nil {
			return err
		}
		oursTorn = append(oursTorn, c)
	}
	b.table.Add("60 s of 1080p, four rungs", "wall", "÷ ffmpeg's", "processor time", "÷ ffmpeg's")
	b.table.Add("ffmpeg, bench/ladder.sh", theirs.wall(), 1.0, theirs.cpu(), 1.0)
	b.table.Add("magpie, finalize to succeeded", ours.wall(), gauge.Ratio(ours.wall(), theirs.wall()), ours.cpu(), gauge.Ratio(ours.cpu(), theirs.cpu()))
	b.table.Add("… 1000 segments, index last", oursTorn.wall(), gauge.Ratio(oursTorn.wall(), theirs.wall()), oursTorn.cpu(), gauge.Ratio(oursTorn.cpu(), theirs.cpu()))
	b.print()
	return b.rungs(ctx, first, folder)
}

// once measures a sample on a fresh server, and lets then look at what came of
// it before the server is gone.
func (b *bench) once(ctx context.Context, f sample, segments int, then func(s *server, id string) error) (cost, error) {
	s, err := b.start(ctx)
	if err != nil {
		return cost{}, err
	}
	id, c, err := s.measure(ctx, f, segments)
	if err == nil && then != nil {
		err = then(s, id)
	}
	if stopErr := s.stop(); err == nil {
		err = stopErr
	}
	return c, err
}

// total adds up the sizes of the files whose names end in one of the suffixes.
func total(files map[string]int64, suffixes ...string) int64 {
	var sum int64
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, s := range suffixes {
			if strings.HasSuffix(name, s) {
				sum += files[name]
			}
		}
	}
	return sum
}
