package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"magpie/bench/gauge"
)

// keepRungs fetches the renditions of a media to where rungs finds them; nil
// where they are not wanted.
func (b *bench) keepRungs(ctx context.Context, wanted bool) func(*server, string) error {
	if !wanted {
		return nil
	}
	return func(s *server, id string) error {
		if err := os.RemoveAll(b.kept()); err != nil {
			return err
		}
		if err := os.MkdirAll(b.kept(), 0o755); err != nil {
			return err
		}
		var shown struct {
			Data struct {
				Renditions []struct{ Name, URL string }
			}
		}
		if err := s.call(ctx, http.MethodGet, "/magpie/v1/media/"+id, "", nil, &shown); err != nil {
			return err
		}
		for _, r := range shown.Data.Renditions {
			if err := fetch(ctx, r.URL, filepath.Join(b.kept(), r.Name)); err != nil {
				return fmt.Errorf("fetch %s: %w", r.Name, err)
			}
		}
		return nil
	}
}

func (b *bench) kept() string { return filepath.Join(b.dir, "kept") }

// fetch reads what is public into a file.
func fetch(ctx context.Context, url, to string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, answer.Body)
	return errors.Join(err, file.Close())
}

// rungs compares what magpie stored with ffmpeg's MP4s in theirs: bytes, and
// how like each is to the source.
func (b *bench) rungs(ctx context.Context, source, theirs string) error {
	ours, err := sizes(b.kept())
	if err != nil {
		return err
	}
	plain, err := sizes(theirs)
	if err != nil {
		return err
	}
	both, alone := total(ours, ".mp4", ".m3u8"), total(plain, ".mp4")
	b.table.Add("bytes stored", "bytes", "÷ the MP4s'")
	b.table.Add("ffmpeg's four MP4s, no HLS", alone, 1.0)
	b.table.Add("magpie's MP4 and HLS", both, gauge.Ratio(both, alone))
	b.table.Add("… poster, thumbnails and tracks beside them", total(ours, "")-both, gauge.Ratio(total(ours, "")-both, alone))
	b.print()

	b.table.Add("rung, x264 veryfast", "kb/s", "SSIM", "PSNR", "ffmpeg's kb/s", "SSIM", "PSNR")
	for _, rung := range []string{"320x180", "640x360", "1280x720", "1920x1080"} {
		b.say("quality of %s", rung)
		row := []any{rung}
		for _, folder := range []string{b.kept(), theirs} {
			name := filepath.Join(folder, rung+".mp4")
			st, err := os.Stat(name)
			if err != nil {
				return err
			}
			like, noise, err := alike(ctx, name, source, rung)
			if err != nil {
				return err
			}
			row = append(row, fmt.Sprint(st.Size()*8/60/1000), fmt.Sprintf("%.4f", like), fmt.Sprintf("%.2f dB", noise))
		}
		b.table.Add(row...)
	}
	return nil
}

// sizes gives the sizes of a folder's files by name.
func sizes(folder string) (map[string]int64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		out[e.Name()] = info.Size()
	}
	return out, nil
}

// alike compares pictures with a source that is scaled to their size by ffmpeg's
// filters: structural similarity up to 1, and peak signal to noise in dB.
func alike(ctx context.Context, name, source, size string) (ssim, psnr float64, err error) {
	said, err := ffmpeg(ctx, "-v", "info", "-i", name, "-i", source, "-filter_complex", fmt.Sprintf(
		"[1:v]settb=AVTB,scale=%s:flags=bicubic,format=yuv420p,split[a][b];[0:v]settb=AVTB,format=yuv420p,split[c][d];[c][a]ssim;[d][b]psnr",
		strings.Replace(size, "x", ":", 1)), "-an", "-f", "null", "-")
	if err != nil {
		return 0, 0, err
	}
	return readAlike(said)
}

// readAlike finds the figures in what ffmpeg says.
func readAlike(said string) (ssim, psnr float64, err error) {
	for _, f := range []struct {
		pattern string
		into    *float64
	}{{`SSIM .*All:([0-9.]+)`, &ssim}, {`PSNR .*average:(inf|[0-9.]+)`, &psnr}} {
		m := regexp.MustCompile(f.pattern).FindStringSubmatch(said)
		if m == nil {
			return 0, 0, fmt.Errorf("ffmpeg says nothing like %s: %s", f.pattern, said)
		}
		if *f.into, err = strconv.ParseFloat(m[1], 64); err != nil {
			return 0, 0, err
		}
	}
	return ssim, psnr, nil
}
