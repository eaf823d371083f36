package image

import (
	"compress/flate"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/tiff"

	"magpie/internal/media"
)

func TestExplain(t *testing.T) {
	own := unreadable("This is so")
	for _, c := range []struct {
		err  error
		want *media.Failure
	}{
		{io.ErrUnexpectedEOF, media.NewFailure(media.InvalidMedia, "The image can't be decoded: the file ends before the picture does.")},
		{fmt.Errorf("gif: reading frames: %w", io.EOF), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the file ends before the picture does.")},
		{jpeg.FormatError("bad Huffman code"), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the JPEG data is damaged (bad Huffman code).")},
		{jpeg.UnsupportedError("precision"), media.NewFailure(media.UnsupportedMedia, "This JPEG uses a feature that can't be read here: precision.")},
		{png.FormatError("bad filter type"), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the PNG data is damaged (bad filter type).")},
		{png.UnsupportedError("filter method"), media.NewFailure(media.UnsupportedMedia, "This PNG uses a feature that can't be read here: filter method.")},
		{tiff.FormatError("zero-size image"), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the TIFF data is damaged (zero-size image).")},
		{tiff.UnsupportedError("color model"), media.NewFailure(media.UnsupportedMedia, "This TIFF uses a feature that can't be read here: color model.")},
		{flate.CorruptInputError(7), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the X data is damaged.")},
		{errors.New("vp8l: invalid Huffman tree"), media.NewFailure(media.InvalidMedia, "The image can't be decoded: the X data is damaged.")},
		{fmt.Errorf("read: %w", own), own},
	} {
		var got *media.Failure
		if !errors.As(explain("X", c.err), &got) {
			t.Fatalf("%v gives no failure", c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v: %s", c.err, diff)
		}
	}
}
