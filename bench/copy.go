package main

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"

	"magpie/bench/gauge"
)

//go:embed copy.sh
var copyScript string

// copyShort measures a minute of 1080p that a rung may take over as it is.
func (b *bench) copyShort(ctx context.Context) error {
	name, err := b.fitting(ctx)
	if err != nil {
		return err
	}
	return b.copying(ctx, "60 s of 1080p that fits", name)
}

// copyFilm does so for ten minutes.
func (b *bench) copyFilm(ctx context.Context) error {
	minute, err := b.fitting(ctx)
	if err != nil {
		return err
	}
	name, err := b.make("film.mp4", func(path string) error {
		_, err := ffmpeg(ctx, "-stream_loop", "9", "-i", minute, "-c", "copy", "-f", "mp4", path)
		return err
	})
	if err != nil {
		return err
	}
	return b.copying(ctx, "10 min of 1080p that fits", name)
}

func (b *bench) fitting(ctx context.Context) (string, error) {
	return b.minute(ctx, "fitting.mp4", "-b:v", "6M", "-maxrate", "8M", "-bufsize", "8M", "-g", "60", "-flags", "+cgop")
}

// copying measures up to when the video can be watched. The lower rungs, which
// are made afterwards, are not waited for.
func (b *bench) copying(ctx context.Context, title, name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return err
	}
	folder := filepath.Join(b.dir, "copied")
	var theirs, ours costs
	for round := range b.rounds {
		b.say("%s, round %d", title, round+1)
		c, err := reference(ctx, copyScript, name, folder)
		if err != nil {
			return err
		}
		theirs = append(theirs, c)
		if c, err = b.once(ctx, sample{name, "video/mp4", "tweet_video"}, 1+int(st.Size()>>23), nil); err != nil {
			return err
		}
		ours = append(ours, c)
	}
	b.table.Add(title+", "+gauge.Cell(st.Size()), "wall", "÷ ffmpeg's", "processor time", "÷ ffmpeg's")
	b.table.Add("ffmpeg -c copy, bench/copy.sh", theirs.wall(), 1.0, theirs.cpu(), 1.0)
	b.table.Add("magpie, finalize to the first succeeded", ours.wall(), gauge.Ratio(ours.wall(), theirs.wall()), ours.cpu(), gauge.Ratio(ours.cpu(), theirs.cpu()))
	return nil
}
