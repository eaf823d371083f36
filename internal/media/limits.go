package media

import "fmt"

// Limits is how many bytes an upload may have, by what it is for. A zero field
// leaves the contract's limit, MaxTotalBytes.
type Limits struct {
	Image     int64 // tweet_image, dm_image, and a GIF without a category
	GIF       int64 // tweet_gif, dm_gif
	Video     int64 // tweet_video, dm_video
	Amplify   int64 // amplify_video
	Subtitles int64
	Model     int64
}

// Bytes is the most that an upload may have of which this much is known:
// category and type as the client said them, either may be "". A GIF without a
// category counts as an image, as it does on X. Where nothing is known it is the
// most of all.
func (l Limits) Bytes(c Category, t Type) int64 {
	if c == "" && t == GIF {
		return most(l.Image)
	}
	if c == "" {
		c = t.DefaultCategory()
	}
	switch {
	case c == AmplifyVideo:
		return most(l.Amplify)
	case c.Kind() == KindVideo:
		return most(l.Video)
	case c.Kind() == KindGIF:
		return most(l.GIF)
	case c.Kind() == KindImage:
		return most(l.Image)
	case c.Kind() == KindSubtitle:
		return most(l.Subtitles)
	case c.Kind() == KindModel:
		return most(l.Model)
	}
	return max(most(l.Image), most(l.GIF), most(l.Video), most(l.Amplify), most(l.Subtitles), most(l.Model))
}

func most(limit int64) int64 {
	if limit <= 0 {
		return MaxTotalBytes
	}
	return limit
}

// Check refuses an upload of more bytes than Bytes allows. field is the member
// that says or carries them. The words begin with X's own, which clients of its
// older API look for.
func (l Limits) Check(field string, c Category, t Type, size int64) error {
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
