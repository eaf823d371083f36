package image

import (
	std "image"

	"magpie/internal/media"
)

// header is what a file says of its picture before any pixel is decoded.
type header struct {
	width, height int // as stored, before it is turned upright
	orientation   orientation
	profile       []byte // colour profile as found, not checked yet
	memory        int64  // the most bytes that decoding and turning will hold
	least         int64  // a whole file has at least so many bytes; 0 where none can be told

	// decode makes the pixels; of a picture that is copied it may be the largest
	// size alone. It may panic on a damaged file: decoders that are not ours have
	// done so.
	decode func() (frame, error)

	copy  *copier // nil for a format that browsers don't show
	lossy bool    // so that encoding it as a JPEG is in its kind
}

// peak is the most bytes that are held while a picture is decoded, or turned
// once it is. Decoding takes decoding bytes and leaves a frame of kept bytes;
// turning takes turning beside that.
func (o orientation) peak(decoding, kept, turning int64) int64 {
	if o == upright {
		return decoding
	}
	return max(decoding, kept+turning)
}

// frame is a decoded picture and how it is to be read.
type frame struct {
	img           std.Image
	width, height int   // of the canvas, which img may cover only in part
	opaque        bool  // every pixel of the canvas is
	grey          bool  // red, green and blue are equal everywhere
	studio        bool  // a YCbCr of luma 16–235 and chroma 16–240, not 0–255
	inks          *inks // what a CMYK looks like; nil where nothing tells
}

// newFrame makes the frame of an image at its place on a canvas.
func newFrame(img std.Image, width, height int) frame {
	o, ok := img.(interface{ Opaque() bool })
	fills := img.Bounds() == std.Rect(0, 0, width, height)
	return frameOf(img, width, height, ok && fills && o.Opaque())
}

// frameOf is newFrame where it is known whether every pixel of the canvas is opaque,
// which takes a look at each.
func frameOf(img std.Image, width, height int, opaque bool) frame {
	f := frame{img: img, width: width, height: height, opaque: opaque}
	switch img.(type) {
	case *std.Gray, *std.Gray16:
		f.grey = opaque
	}
	return f
}

// probe reads the header of a file of the given type. It gives a
// *media.Failure for a file that can't be read, or the source's fault.
func probe(src *source, kind media.Type) (header, error) {
	switch kind {
	case media.JPEG, media.PJPEG:
		return probeJPEG(src)
	case media.PNG:
		return probePNG(src)
	case media.WebP:
		return probeWebP(src)
	case media.BMP:
		return probeBMP(src)
	case media.TIFF:
		return probeTIFF(src)
	case media.GIF:
		return probeGIF(src)
	}
	return header{}, unreadable("%s is not a type of image that can be read here; JPEG, PNG, WebP, BMP, TIFF and GIF are", kind)
}

// area is w×h, as the sizes in memory are counted.
func area(w, h int) int64 { return int64(w) * int64(h) }
