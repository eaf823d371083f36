package main

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"

	"magpie/bench/gauge"
)

//go:embed thumbnails.sh
var thumbnailsScript string

// images measures a JPEG of 12 megapixels to all its sizes. A picture is
// processed within finalize, so that is what is timed.
func (b *bench) images(ctx context.Context) error {
	name, err := b.landscape()
	if err != nil {
		return err
	}
	folder := filepath.Join(b.dir, "thumbnails")
	var theirs, ours, rest costs
	for round := range max(b.rounds, 7) { // these are short
		b.say("12 megapixels, round %d", round+1)
		c, err := reference(ctx, thumbnailsScript, name, folder)
		if err != nil {
			return err
		}
		theirs = append(theirs, c)
		if c, err = b.once(ctx, sample{name, "image/jpeg", "tweet_image"}, 1, b.keepRungs(ctx, round == 0)); err != nil {
			return err
		}
		ours, rest = append(ours, c), append(rest, cost{rss: c.rest})
	}
	b.table.Add("JPEG of 12 megapixels", "wall", "÷ vips'", "processor time", "peak memory", "÷ vips'")
	b.table.Add("vipsthumbnail, four sizes, bench/thumbnails.sh", theirs.wall(), 1.0, theirs.cpu(), theirs.rss(), 1.0)
	b.table.Add("magpie, the same four and orig", ours.wall(), gauge.Ratio(ours.wall(), theirs.wall()), ours.cpu(), ours.rss(), gauge.Ratio(ours.rss(), theirs.rss()))
	b.table.Add("… of its memory, beyond what it has at rest", "", "", "", ours.rss()-rest.rss(), gauge.Ratio(ours.rss()-rest.rss(), theirs.rss()))
	b.print()

	b.table.Add("size", "pixels", "SSIM to vips'")
	for _, s := range []struct{ name, pixels string }{
		{"large", "2048x1536"}, {"medium", "1200x900"}, {"small", "680x510"}, {"thumb", "150x150"},
	} {
		like, _, err := alike(ctx, filepath.Join(b.kept(), s.name+".jpg"), filepath.Join(folder, s.name+".jpg"), s.pixels)
		if err != nil {
			return err
		}
		b.table.Add(s.name, s.pixels, fmt.Sprintf("%.4f", like))
	}
	return nil
}
