package main

import (
	"bytes"
	"context"
	"fmt"
	"image/gif"
	"image/png"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie/bench/gauge"
	"magpie/bench/picture"
)

const (
	howManyImages = 200
	howManyClips  = 20
	imageClients  = 8
)

// throughput measures what many users see: 200 small pictures by eight clients,
// 20 short clips that arrive together, and both at once.
func (b *bench) throughput(ctx context.Context) error {
	pictures, err := b.smallPictures(ctx)
	if err != nil {
		return err
	}
	clips, err := b.shortClips(ctx)
	if err != nil {
		return err
	}
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	var alone, together crowds
	for round := range b.rounds {
		b.say("200 pictures, 20 clips, and both at once, round %d", round+1)
		if err = b.rush(ctx, s, pictures, clips, &alone, &together); err != nil {
			break
		}
	}
	if stopErr := s.stop(); err == nil {
		err = stopErr
	}
	b.table.Add("upload begun to ready", "a second", "p50", "p95", "slowest")
	alone.pictures.row(b, "200 pictures")
	alone.clips.row(b, "20 clips")
	together.pictures.row(b, "both at once: pictures")
	together.clips.row(b, "both at once: clips")
	return err
}

// crowds is how long the media of two crowds took, in each round.
type crowds struct{ pictures, clips crowd }

// crowd is what each round gave.
type crowd struct{ everything, p50, p95, slowest costs }

func (c *crowd) note(all time.Duration, took []time.Duration) {
	for _, n := range []struct {
		into *costs
		wall time.Duration
	}{{&c.everything, all / time.Duration(len(took))}, {&c.p50, gauge.Percentile(took, 50)}, {&c.p95, gauge.Percentile(took, 95)}, {&c.slowest, gauge.Percentile(took, 100)}} {
		*n.into = append(*n.into, cost{wall: n.wall})
	}
}

func (c *crowd) row(b *bench, title string) {
	b.table.Add(title, fmt.Sprintf("%.1f", gauge.Ratio(time.Second, c.everything.wall())), c.p50.wall(), c.p95.wall(), c.slowest.wall())
}

// rush is one round.
func (b *bench) rush(ctx context.Context, s *server, pictures, clips []sample, alone, together *crowds) error {
	if err := upload(ctx, s, pictures, howManyImages, imageClients, &alone.pictures); err != nil {
		return err
	}
	if err := upload(ctx, s, clips, howManyClips, howManyClips, &alone.clips); err != nil {
		return err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return upload(ctx, s, pictures, howManyImages, imageClients, &together.pictures) })
	both.Go(func() error { return upload(ctx, s, clips, howManyClips, howManyClips, &together.clips) })
	return both.Wait()
}

// upload sends n files, so many at once, and notes how long each took until it
// was ready.
func upload(ctx context.Context, s *server, samples []sample, n, atOnce int, into *crowd) error {
	took := make([]time.Duration, n)
	began := time.Now()
	clients, ctx := errgroup.WithContext(ctx)
	clients.SetLimit(atOnce)
	for i := range n {
		clients.Go(func() error {
			start := time.Now()
			id, err := s.send(ctx, samples[i%len(samples)], 1)
			if err == nil {
				err = s.finish(ctx, id)
			}
			took[i] = time.Since(start)
			return err
		})
	}
	err := clients.Wait()
	into.note(time.Since(began), took)
	return err
}

// smallPictures are of four formats and 320 to 1600 pixels wide, most of them
// JPEGs.
func (b *bench) smallPictures(ctx context.Context) ([]sample, error) {
	var out []sample
	for i, suffix := range []string{"jpg", "jpg", "png", "webp", "jpg", "gif", "jpg", "png", "jpg", "webp"} {
		w := 320 + i*142
		name := fmt.Sprintf("small-%d.%s", i, suffix)
		path, err := b.make(name, func(path string) error {
			img := picture.Landscape(w, w*3/4, uint32(i)*1000)
			var file bytes.Buffer
			switch suffix {
			case "jpg":
				return writeJPEG(path, img, 85)
			case "gif":
				if err := gif.Encode(&file, img, nil); err != nil {
					return err
				}
				return os.WriteFile(path, file.Bytes(), 0o644)
			}
			if err := png.Encode(&file, img); err != nil {
				return err
			}
			if suffix == "png" {
				return os.WriteFile(path, file.Bytes(), 0o644)
			}
			plain := path + ".png"
			if err := os.WriteFile(plain, file.Bytes(), 0o644); err != nil {
				return err
			}
			defer os.Remove(plain)
			_, err := ffmpeg(ctx, "-i", plain, "-c:v", "libwebp", "-f", "webp", path)
			return err
		})
		if err != nil {
			return nil, err
		}
		kind := map[string]string{"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}[suffix]
		out = append(out, sample{path, kind, "tweet_image"})
	}
	return out, nil
}

// shortClips last 3 to 6 seconds; one of them stands upright.
func (b *bench) shortClips(ctx context.Context) ([]sample, error) {
	still, err := b.landscape()
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, size := range []string{"640:360", "1280:720", "720:1280", "854:480"} {
		path, err := b.make(fmt.Sprintf("clip-%d.mp4", i), func(path string) error {
			_, err := ffmpeg(ctx, "-framerate", "30", "-i", still,
				"-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.3:sample_rate=48000:seed=1",
				"-vf", "format=yuv420p,loop=-1:1,setpts=N/30/TB,crop="+size+":x=n*4:y=n*2,noise=c0s=7:c0f=t:all_seed=7", "-t", fmt.Sprint(3+i),
				"-c:v", "libx264", "-preset", "superfast", "-b:v", "12M", "-c:a", "aac", "-ac", "2", "-f", "mp4", path)
			return err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, sample{path, "video/mp4", "tweet_video"})
	}
	return out, nil
}
