package image

import (
	"bufio"
	"context"
	"fmt"
	std "image"
	"image/jpeg"
	"image/png"
	"io"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// turnedQuality is the JPEG quality of a whole picture that had to be encoded
// again because it was turned.
const turnedQuality = 95

// whole is the picture at its full size, as viewers get it: orig.
type whole struct {
	suffix, contentType string
	width, height       int
	copies              bool // the file, and so is no longer than it, or little

	// write makes the file. It is called once, and reads the source if it
	// copies.
	write func(w io.Writer) error
}

// copier writes the picture of a file of its own format again, bit for bit, and
// nothing else that the file holds. It is called after the picture was decoded.
type copier struct {
	suffix      string
	contentType media.Type
	write       func(w io.Writer) error
}

// whole plans how the picture is written at its full size: copied without loss
// if it is upright and of a format that browsers show, else encoded from its
// pixels. What it keeps of f is as little as that needs.
func (h header) whole(f frame, p *pools) whole {
	width, height := h.orientation.upright(h.width, h.height)
	out := whole{width: width, height: height}
	if h.copy != nil && h.orientation == upright {
		out.copies = true
		out.suffix, out.contentType, out.write = h.copy.suffix, string(h.copy.contentType), h.copy.write
		return out
	}
	img := turned(f, h.orientation)
	if h.lossy && f.opaque {
		out.suffix, out.contentType = ".jpg", string(media.JPEG)
		out.write = func(w io.Writer) error { return p.writeJPEG(w, img, turnedQuality, h.profile) }
		return out
	}
	out.suffix, out.contentType = ".png", string(media.PNG)
	out.write = func(w io.Writer) error { return writePNG(w, img, png.BestSpeed, h.profile) }
	return out
}

// smallWhole is up to which size a file that is copied is put together in memory:
// larger ones are stored while they are written.
const smallWhole = 256 << 10

// saveWhole stores the picture at its full size. A failure that shows only while
// it is written is the file's.
func (e *Engine) saveWhole(ctx context.Context, src *source, p whole, out processing.Output) error {
	name := "orig" + p.suffix
	r := media.Rendition{Role: media.RoleImage, Name: name, ContentType: p.contentType, Width: p.width, Height: p.height}
	if p.copies && src.size <= smallWhole {
		file := e.pools.file()
		defer e.pools.letGo(file)
		_, err := guard(src, func() (struct{}, error) { return struct{}{}, p.write(file) })
		if err == nil {
			err = out.Save(ctx, r, file)
		}
		if err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
		return nil
	}
	from, to := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := guard(src, func() (struct{}, error) {
			w := bufio.NewWriterSize(to, 64<<10)
			if err := p.write(w); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, w.Flush()
		})
		_ = to.CloseWithError(err)
	}()
	err := out.Save(ctx, r, from)
	_ = from.Close() // so that the writer ends where the store did not want all of it
	<-ended
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// writeJPEG writes pixels and colour profile.
func (p *pools) writeJPEG(w io.Writer, img std.Image, quality int, profile []byte) error {
	space := spaceRGB
	if _, grey := img.(*std.Gray); grey {
		space = spaceGrey
	}
	if kept := profileFor(profile, space); kept != nil {
		const startOfImage = 2
		w = &splicer{w: w, at: startOfImage, more: jpegProfileSegments(kept)}
	}
	if done, err := p.encodeJPEG(w, img, quality); done {
		return err
	}
	return jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
}

// writePNG writes pixels and colour profile.
func writePNG(w io.Writer, img std.Image, level png.CompressionLevel, profile []byte) error {
	space := spaceRGB
	switch img.(type) {
	case *std.Gray, *std.Gray16:
		space = spaceGrey
	}
	if p := profileFor(profile, space); p != nil {
		w = &splicer{w: w, at: pngHeaderSize, more: pngProfileChunk(p)}
	}
	return (&png.Encoder{CompressionLevel: level}).Encode(w, img)
}

// splicer passes on what is written to it, with more put in at a place.
type splicer struct {
	w    io.Writer
	at   int // bytes until then
	more []byte
}

func (s *splicer) Write(p []byte) (int, error) {
	n := 0
	if s.more != nil {
		n = min(s.at, len(p))
		if _, err := s.w.Write(p[:n]); err != nil {
			return 0, err
		}
		if s.at -= n; s.at > 0 {
			return n, nil
		}
		if _, err := s.w.Write(s.more); err != nil {
			return n, err
		}
		s.more = nil
	}
	m, err := s.w.Write(p[n:])
	return n + m, err
}
