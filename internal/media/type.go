package media

// Type is a media type as X's contract writes it. The zero value means that
// nobody has said yet.
type Type string

// The fifteen types of X's contract.
const (
	MP4       Type = "video/mp4"
	WebM      Type = "video/webm"
	MPEGTS    Type = "video/mp2t"
	QuickTime Type = "video/quicktime"
	SRT       Type = "text/srt"
	VTT       Type = "text/vtt"
	JPEG      Type = "image/jpeg"
	GIF       Type = "image/gif"
	BMP       Type = "image/bmp"
	PNG       Type = "image/png"
	WebP      Type = "image/webp"
	PJPEG     Type = "image/pjpeg"
	TIFF      Type = "image/tiff"
	GLB       Type = "model/gltf-binary"
	USDZ      Type = "model/vnd.usdz+zip"
)

// Types lists the fifteen in the order the contract does.
func Types() []Type {
	return []Type{MP4, WebM, MPEGTS, QuickTime, SRT, VTT, JPEG, GIF, BMP, PNG, WebP, PJPEG, TIFF, GLB, USDZ}
}

// ParseType reads one of the contract's fifteen types.
func ParseType(s string) (Type, error) {
	for _, t := range Types() {
		if string(t) == s {
			return t, nil
		}
	}
	e := Invalid("media_type", "is not one of %s", joinNames(Types()))
	e.Value = s
	return "", e
}

// Fits reports whether files of this type may carry category c. A GIF may be
// an image (then its first frame is shown) or a GIF; an MP4 may be a GIF
// because clients that convert before they upload send it so. Either being
// unknown fits.
func (t Type) Fits(c Category) bool {
	if t == "" || c == "" {
		return true
	}
	for _, k := range t.kinds() {
		if c.Kind() == k {
			return true
		}
	}
	return false
}

// DefaultCategory is what X assumes when a client names a type and no
// category: tweet_image, tweet_video, tweet_gif (or subtitles, or magpie's
// model).
func (t Type) DefaultCategory() Category {
	kinds := t.kinds()
	if len(kinds) == 0 {
		return ""
	}
	switch kinds[0] {
	case KindImage:
		return TweetImage
	case KindVideo:
		return TweetVideo
	case KindGIF:
		return TweetGIF
	case KindSubtitle:
		return Subtitles
	}
	return Model
}

// SameFamily reports whether bytes of type t satisfy a declaration of type d:
// image formats stand in for each other (a PNG declared as JPEG is taken for
// what it is), and so do the video containers and the two subtitle formats.
func (t Type) SameFamily(d Type) bool {
	a, b := t.kinds(), d.kinds()
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// kinds gives what a file of the type may be, the usual one first.
func (t Type) kinds() []Kind {
	switch t {
	case MP4:
		return []Kind{KindVideo, KindGIF}
	case WebM, MPEGTS, QuickTime:
		return []Kind{KindVideo}
	case SRT, VTT:
		return []Kind{KindSubtitle}
	case GIF:
		return []Kind{KindGIF, KindImage}
	case JPEG, BMP, PNG, WebP, PJPEG, TIFF:
		return []Kind{KindImage}
	case GLB, USDZ:
		return []Kind{KindModel}
	}
	return nil
}
