package ffmpeg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// posterName is what the poster is saved as.
const posterName = "poster.jpg"

// still is the poster and its placeholder.
type still struct {
	file
	placeholder string
	clear       bool // it surely shows something; only known of a poster in a hurry
}

// poster chooses one of the candidates that rendering left in scratch.
func poster(ctx context.Context, p plan, scratch string) (still, error) {
	best, bestScore := "", -1.0
	var shown image.Image
	for i := 1; i <= posterCandidates; i++ {
		if err := ctx.Err(); err != nil {
			return still{}, fmt.Errorf("choose poster: %w", err)
		}
		name := fmt.Sprintf(posterPattern, i)
		img, err := candidate(filepath.Join(scratch, name))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return still{}, fmt.Errorf("choose poster: %w", err)
		}
		// An earlier picture wins unless a later one is clearly richer.
		if score := score(img); score > bestScore*1.1 || best == "" {
			best, bestScore, shown = name, score, img
		}
	}
	if best == "" {
		return still{}, unreadable("no picture in it could be decoded")
	}
	return still{file: file{
		Rendition: media.Rendition{
			Role: media.RolePoster, Name: posterName, ContentType: "image/jpeg",
			Width: p.Poster.Width, Height: p.Poster.Height,
		},
		body: best,
	}, placeholder: processing.Placeholder(shown)}, nil
}

func candidate(name string) (*image.YCbCr, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := jpeg.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(name), err)
	}
	y, ok := img.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("read %s: not in colour", filepath.Base(name))
	}
	return y, nil
}

// score says how much there is to see: the entropy of the brightness in bits,
// 0 for one flat colour, less where nearly everything is black or white.
func score(img *image.YCbCr) float64 {
	const grid = 2 // every second pixel of every second line is enough
	var histogram [64]int
	n, extreme := 0, 0
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y += grid {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x += grid {
			v := img.Y[img.YOffset(x, y)]
			histogram[v/4]++
			n++
			if v < 16 || v > 245 {
				extreme++
			}
		}
	}
	bits := 0.0
	for _, c := range histogram {
		if c > 0 {
			p := float64(c) / float64(n)
			bits -= p * math.Log2(p)
		}
	}
	if share := float64(extreme) / float64(max(n, 1)); share > 0.9 {
		bits *= 0.25
	}
	return bits
}
