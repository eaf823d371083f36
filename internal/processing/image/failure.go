package image

import (
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/tiff"

	"magpie/internal/media"
)

// damaged says that a file's bytes are not a whole picture.
func damaged(format string, args ...any) *media.Failure {
	return media.NewFailure(media.InvalidMedia, "The image can't be decoded: "+fmt.Sprintf(format, args...)+".")
}

// unreadable says that a file may be whole but is of a form nobody reads here.
func unreadable(format string, args ...any) *media.Failure {
	return media.NewFailure(media.UnsupportedMedia, fmt.Sprintf(format, args...)+".")
}

// cutShort is what a truncated file gets.
func cutShort() *media.Failure { return damaged("the file ends before the picture does") }

// explain turns what a decoder of the named format says about a file into
// words for the uploader.
func explain(format string, err error) error {
	var (
		failure *media.Failure
		jf      jpeg.FormatError
		ju      jpeg.UnsupportedError
		pf      png.FormatError
		pu      png.UnsupportedError
		tf      tiff.FormatError
		tu      tiff.UnsupportedError
	)
	switch {
	case errors.As(err, &failure):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return cutShort()
	case errors.As(err, &ju):
		return unreadable("This JPEG uses a feature that can't be read here: %s", string(ju))
	case errors.As(err, &pu):
		return unreadable("This PNG uses a feature that can't be read here: %s", string(pu))
	case errors.As(err, &tu):
		return unreadable("This TIFF uses a feature that can't be read here: %s", string(tu))
	case errors.As(err, &jf):
		return damaged("the JPEG data is damaged (%s)", string(jf))
	case errors.As(err, &pf):
		return damaged("the PNG data is damaged (%s)", string(pf))
	case errors.As(err, &tf):
		return damaged("the TIFF data is damaged (%s)", string(tf))
	}
	return damaged("the %s data is damaged", format)
}
