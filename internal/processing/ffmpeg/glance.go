package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"

	"magpie/internal/media"
	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// clear is the score from which a picture surely shows something.
const clear = 3.0

// largestStill is how many bytes a poster may have: more than such a JPEG ever has.
const largestStill = 8 << 20

// glanceArgs write the beginning's key pictures, in the poster's size and one after
// the other, into the pipe. They say of an original only which stream its pictures are.
func (e *Engine) glanceArgs(src source, stream int) []string {
	// As planPoster and scaled calculate; the sides are even already.
	side := func(s string) string {
		return fmt.Sprintf("'2*max(1,round(%s*min(1,%d/max(iw,ih))/2))'", s, posterSide)
	}
	// What is decoded says what it is; looking for that beforehand takes as long again.
	return append(e.inputArgs(src, "-threads", "1", "-nofind_stream_info", "-skip_frame", "nokey", "-t", fmt.Sprint(posterCandidates+1)),
		"-filter_complex", fmt.Sprintf("[0:%d]select='isnan(prev_selected_t)+gte(t-prev_selected_t,1)',"+
			"scale=%s:%s:flags=bicubic:out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p[poster]", stream, side("iw"), side("ih")),
		"-map", "[poster]", "-frames:v", fmt.Sprint(posterCandidates), "-fps_mode", "passthrough", "-threads", "1",
		"-c:v", "mjpeg", "-q:v", "3", "-flags:v", "+bitexact", "-map_metadata", "-1", "-f", "image2pipe", mediaPipe)
}

// soonPoster is a poster in more of a hurry: of the one key picture of a plain movie
// that stands for its beginning, which ffmpeg gets alone. It need not wait for others
// then, which decoders do whose pictures may be shown in another order. Where that
// doesn't show anything, or can't be read, the others are looked at.
func (e *Engine) soonPoster(ctx context.Context, src source, p plan, movie *hybrid.Movie) (still, error) {
	s, err := e.onePoster(ctx, src, p, movie)
	if err == nil && s.clear || ctx.Err() != nil {
		return s, err
	}
	e.log.DebugContext(ctx, "one picture was not enough", "step", "poster", "err", err)
	return e.firstPoster(ctx, src, p)
}

func (e *Engine) onePoster(ctx context.Context, src source, p plan, movie *hybrid.Movie) (still, error) {
	if e.early.source == nil {
		return still{}, nil // nobody could serve it
	}
	key, err := movie.KeyPicture()
	if err != nil {
		return still{}, err
	}
	src.original, src.size = bytes.NewReader(key), int64(len(key))
	url, withdraw, err := e.early.source.Offer(src.original, src.size)
	if err != nil {
		return still{}, err
	}
	defer withdraw()
	src.url, src.port, src.args = url, e.early.source.Port(), inputOptions("mov")
	p.VideoIndex = 0
	return e.firstPoster(ctx, src, p)
}

// firstPoster is a poster in a hurry: the first key picture that shows something, or
// the richest of the beginning's where none clearly does. The best of all is taken by
// the attempt that makes the lower rungs.
func (e *Engine) firstPoster(ctx context.Context, src source, p plan) (still, error) {
	var best []byte
	var shown *image.YCbCr
	bestScore := -1.0
	err := e.runRender(ctx, src, p, pass{step: "poster", args: e.glanceArgs(src, p.VideoIndex), media: func(r io.Reader) error {
		b := bufio.NewReader(r)
		for range posterCandidates {
			data, err := nextJPEG(b)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			img, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				return fmt.Errorf("read a key picture: %w", err)
			}
			y, ok := img.(*image.YCbCr)
			if !ok || y.Rect.Dx() != p.Poster.Width || y.Rect.Dy() != p.Poster.Height {
				return fmt.Errorf("read a key picture: %T of %v, not a poster", img, img.Bounds().Size())
			}
			if s := score(y); s > bestScore*1.1 || best == nil {
				best, shown, bestScore = data, y, s
			}
			if bestScore >= clear {
				return errEnough
			}
		}
		return errEnough
	}}, func(int) {})
	if err != nil && !errors.Is(err, errEnough) {
		return still{}, err
	}
	if best == nil {
		return still{}, unreadable("no picture in it could be decoded")
	}
	return still{file: file{
		Rendition: media.Rendition{
			Role: media.RolePoster, Name: posterName, ContentType: "image/jpeg",
			Width: p.Poster.Width, Height: p.Poster.Height,
		},
		head: best,
	}, placeholder: processing.Placeholder(shown), clear: bestScore >= clear}, nil
}

// errEnough ends a child of which no more is wanted.
var errEnough = errors.New("enough was seen")

// nextJPEG cuts one picture off a row of them. io.EOF means that there is no more.
func nextJPEG(r *bufio.Reader) ([]byte, error) {
	var out []byte
	take := func(n int) ([]byte, error) {
		if len(out)+n > largestStill {
			return nil, errors.New("a JPEG is too large")
		}
		out = slices.Grow(out, n)[:len(out)+n]
		part := out[len(out)-n:]
		_, err := io.ReadFull(r, part)
		return part, err
	}
	if _, err := take(2); err != nil {
		return nil, err
	}
	if out[0] != 0xFF || out[1] != 0xD8 {
		return nil, errors.New("not a JPEG")
	}
	for scan := false; ; {
		// Outside a scan, segments follow each other, each with its length; inside, FF
		// stands before a marker, a 0 or another FF.
		b, err := take(1)
		if err != nil {
			return nil, cut(err)
		}
		if b[0] != 0xFF {
			if scan {
				continue
			}
			return nil, errors.New("a JPEG's segments don't follow each other")
		}
		if b, err = take(1); err != nil {
			return nil, cut(err)
		}
		switch kind := b[0]; {
		case kind == 0xD9:
			return out, nil
		case scan && (kind == 0 || kind >= 0xD0 && kind <= 0xD7):
			continue
		case kind == 0xFF:
			if err := r.UnreadByte(); err != nil {
				return nil, err
			}
			out = out[:len(out)-1]
			continue
		}
		if b, err = take(2); err != nil {
			return nil, cut(err)
		}
		n := int(b[0])<<8 | int(b[1])
		scan = out[len(out)-3] == 0xDA
		if n < 2 {
			return nil, errors.New("a JPEG's segment has no length")
		}
		if _, err := take(n - 2); err != nil {
			return nil, cut(err)
		}
	}
}

// cut makes an end in the middle an error.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
