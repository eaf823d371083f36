package media

import (
	"fmt"
	"time"
)

// Limits is the one table of what media may be: a Limit for each category. An
// upload of which only the type is known has the row of the category that the
// type stands for. The zero value bounds nothing but what the contract does.
type Limits struct {
	TweetImage, DMImage               Limit
	TweetGIF, DMGIF                   Limit
	TweetVideo, DMVideo, AmplifyVideo Limit
	Subtitles, Model                  Limit
}

// Limit bounds the media of one category. A zero field bounds nothing; of
// MaxBytes it leaves the contract's limit, MaxTotalBytes.
type Limit struct {
	MaxBytes    int64
	MinDuration time.Duration
	MaxDuration time.Duration

	MaxPixels           int64 // width × height of a picture
	MinSide             int   // pixels of either side
	MaxWidth, MaxHeight int
	Turned              bool // MaxWidth and MaxHeight may change places
	MaxRatio            int  // how many times the shorter side the longer one may be

	MaxFrames      int
	MaxFramePixels int64 // width × height × frames
	MaxRate        int   // frames a second
	MaxGOP         int   // frames from one key frame to the next
	MaxChannels    int   // of sound
	Plain          bool  // square pixels, progressive, YUV 4:2:0; sound in AAC-LC
}

// DefaultLimits is what the default profile allows: what the contract does and a
// machine can do.
func DefaultLimits() Limits {
	image := Limit{MaxPixels: 100_000_000}
	video := Limit{MaxPixels: 8192 * 4320, MaxDuration: 12 * time.Hour}
	gif := video
	gif.MaxFrames = 3000
	return Limits{
		TweetImage: image, DMImage: image,
		TweetGIF: gif, DMGIF: gif,
		TweetVideo: video, DMVideo: video, AmplifyVideo: video,
	}
}

// XLimits is what the profile x allows: X as it describes itself, and what the
// default profile allows where X gives no number. amplify_video stands for what
// X lets subscribers upload, about which it says less. A subtitle file has the
// limit of those that read it here.
func XLimits() Limits {
	const megabyte = 1 << 20
	l := DefaultLimits()

	l.TweetImage.MaxBytes = 5 * megabyte
	l.DMImage = l.TweetImage

	gif := &l.TweetGIF
	gif.MaxBytes = 15 * megabyte
	gif.MaxWidth, gif.MaxHeight, gif.MaxFrames, gif.MaxFramePixels = 1280, 1080, 350, 300_000_000
	l.DMGIF = l.TweetGIF

	video := &l.TweetVideo
	video.MaxBytes = 512 * megabyte
	video.MinDuration, video.MaxDuration = 500*time.Millisecond, 140*time.Second
	video.MinSide, video.MaxWidth, video.MaxHeight, video.Turned, video.MaxRatio = 32, 1280, 1024, true, 3
	video.MaxRate, video.MaxGOP, video.MaxChannels, video.Plain = 60, 512, 2, true
	l.DMVideo = l.TweetVideo

	l.AmplifyVideo = l.TweetVideo
	l.AmplifyVideo.MaxBytes, l.AmplifyVideo.MaxDuration = 0, 4*time.Hour
	l.AmplifyVideo.MaxWidth, l.AmplifyVideo.MaxHeight = 1920, 1080

	l.Subtitles.MaxBytes = 10 * megabyte
	return l
}

// Row is the place of a category's limits in the table; nil for no category.
func (l *Limits) Row(c Category) *Limit {
	switch c {
	case TweetImage:
		return &l.TweetImage
	case DMImage:
		return &l.DMImage
	case TweetGIF:
		return &l.TweetGIF
	case DMGIF:
		return &l.DMGIF
	case TweetVideo:
		return &l.TweetVideo
	case DMVideo:
		return &l.DMVideo
	case AmplifyVideo:
		return &l.AmplifyVideo
	case Subtitles:
		return &l.Subtitles
	case Model:
		return &l.Model
	}
	return nil
}

// Of gives a category's limits, or where there is none those of the category
// that X assumes from the type.
func (l Limits) Of(c Category, t Type) Limit {
	if c == "" {
		c = t.DefaultCategory()
	}
	if row := l.Row(c); row != nil {
		return *row
	}
	return Limit{}
}

// Bytes is the most that an upload may have of which this much is known:
// category and type as the client said them, either may be "". A GIF without a
// category counts as an image, as it does on X. Where nothing is known it is the
// most of all.
func (l Limits) Bytes(c Category, t Type) int64 {
	switch {
	case c == "" && t == GIF:
		c = TweetImage
	case c == "":
		c = t.DefaultCategory()
	}
	if row := l.Row(c); row != nil {
		return row.bytes()
	}
	most := l.Model.bytes()
	for _, c := range Categories() {
		most = max(most, l.Row(c).bytes())
	}
	return most
}

func (l Limit) bytes() int64 {
	if l.MaxBytes <= 0 {
		return MaxTotalBytes
	}
	return l.MaxBytes
}

// CheckBytes refuses an upload of more bytes than Bytes allows. field is the
// member that says or carries them. The words begin with X's own, which clients
// of its older API look for.
func (l Limits) CheckBytes(field string, c Category, t Type, size int64) error {
	limit := l.Bytes(c, t)
	if size <= limit {
		return nil
	}
	e := Invalid(field, "File size exceeds %d bytes. That is the most for %s, and this one has %d.", limit, kindOfFile(c, t), size)
	e.Value = fmt.Sprint(size)
	return e
}

// kindOfFile names a file in a message.
func kindOfFile(c Category, t Type) string {
	switch {
	case c != "":
		return string(c)
	case t == GIF:
		return "a GIF without the media_category tweet_gif or dm_gif"
	case t != "":
		return string(t)
	}
	return "any upload"
}
