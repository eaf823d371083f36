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
	b.table.add("upload begun to ready", "a second", "p50", "p95", "slowest")
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	for range b.rounds {
		b.say("200 pictures, 20 clips, and both at once")
		if err = b.crowd(ctx, s, "200 pictures", pictures, nil); err != nil {
			break
		}
		if err = b.crowd(ctx, s, "20 clips", nil, clips); err != nil {
			break
		}
		if err = b.crowd(ctx, s, "both at once: ", pictures, clips); err != nil {
			break
		}
	}
	if stopErr := s.stop(); err == nil {
		err = stopErr
	}
	return err
}

// crowd uploads pictures and clips at once and notes how long each took.
func (b *bench) crowd(ctx context.Context, s *server, title string, pictures, clips []sample) error {
	var all errgroup.Group
	lists := []struct {
		name    string
		samples []sample
		n, at   int // how many, and how many at once
	}{{"pictures", pictures, howManyImages, imageClients}, {"clips", clips, howManyClips, howManyClips}}
	rows := make([][]any, len(lists))
	for i, l := range lists {
		if len(l.samples) == 0 {
			continue
		}
		all.Go(func() error {
			took := make([]time.Duration, l.n)
			began := time.Now()
			clients, ctx := errgroup.WithContext(ctx)
			clients.SetLimit(l.at)
			for j := range l.n {
				clients.Go(func() error {
					start := time.Now()
					id, err := s.send(ctx, l.samples[j%len(l.samples)], 1)
					if err == nil {
						err = s.finish(ctx, id)
					}
					took[j] = time.Since(start)
					return err
				})
			}
			if err := clients.Wait(); err != nil {
				return err
			}
			name := title
			if len(pictures) > 0 && len(clips) > 0 {
				name += l.name
			}
			rows[i] = []any{
				name, fmt.Sprintf("%.1f", float64(l.n)/time.Since(began).Seconds()),
				percentile(took, 50), percentile(took, 95), percentile(took, 100),
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	for _, row := range rows {
		if row != nil {
			b.table.add(row...)
		}
	}
	return nil
}

// smallPictures are of four formats and 320 to 1600 pixels wide, most of them
// JPEGs.
func (b *bench) smallPictures(ctx context.Context) ([]sample, error) {
	var out []sample
	for i, suffix := range []string{"jpg", "jpg", "png", "webp", "jpg", "gif", "jpg", "png", "jpg", "webp"} {
		w := 320 + i*142
		name := fmt.Sprintf("small-%d.%s", i, suffix)
		path, err := b.make(name, func(path string) error {
			img := picture(w, w*3/4, uint32(i)*1000)
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
