package ffmpeg

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magpie/internal/media"
)

// What players show while a viewer scrubs: small pictures at a steady distance,
// a hundred to a sheet, and a WebVTT track that says which is when.
const (
	thumbsName    = "thumbnails.vtt"
	spritePattern = "sprite-%d.jpg"

	thumbSide   = 160 // the longest side
	thumbsWide  = 10  // a sheet's columns
	thumbsHigh  = 10  // and rows
	thumbsMost  = 400 // of one film
	thumbsEvery = 2 * time.Second
)

// thumbs is the plan for them. The zero value makes none.
type thumbs struct {
	Size          rung
	Every         time.Duration // whole seconds
	Columns, Rows int           // of a sheet
	Sheets        int
}

// planThumbs plans for a film of this length whose top is t.
func planThumbs(t rung, length time.Duration) thumbs {
	f := min(1, thumbSide/float64(max(t.Width, t.Height)))
	const whole = thumbsMost * time.Second
	every := max(thumbsEvery, (length+whole-1)/whole*time.Second)
	n := max(int((length+every-1)/every), 1)
	return thumbs{
		Size: rung{Width: scaled(t.Width, f), Height: scaled(t.Height, f)}, Every: every,
		Columns: min(n, thumbsWide), Rows: min((n+thumbsWide-1)/thumbsWide, thumbsHigh),
		Sheets: (n + thumbsWide*thumbsHigh - 1) / (thumbsWide * thumbsHigh),
	}
}

// filters take the first picture of each stretch and lay them out. longest is
// where a film that goes on for longer than it says is cut.
func (t thumbs) filters(longest time.Duration) []string {
	stretch := func(at string) string { return fmt.Sprintf("floor((%s+0.001)/%d)", at, int(t.Every.Seconds())) }
	return []string{
		fmt.Sprintf("trim=end=%.3f", longest.Seconds()),
		fmt.Sprintf("select='isnan(prev_selected_t)+gt(%s,%s)'", stretch("t"), stretch("prev_selected_t")),
		fmt.Sprintf("scale=%d:%d:flags=bicubic:out_color_matrix=bt601:out_range=pc", t.Size.Width, t.Size.Height),
		"setsar=1", "format=yuvj420p", fmt.Sprintf("tile=%dx%d", t.Columns, t.Rows),
	}
}

// args write the sheets.
func (t thumbs) args() []string {
	return []string{
		"-map", "[thumbs]", "-frames:v", fmt.Sprint(t.Sheets), "-fps_mode", "passthrough",
		"-c:v", "mjpeg", "-q:v", "5", "-flags:v", "+bitexact", "-map_metadata", "-1", "-f", "image2", spritePattern,
	}
}

// taken is how many pictures there are of a film of so many at this rate.
func (t thumbs) taken(pictures int, rate ratio) int {
	last := float64(max(pictures-1, 0)) / rate.float()
	return int((last+0.001)/t.Every.Seconds()) + 1
}

// scrubbing gives the sheets that rendering left in scratch, and their track.
func scrubbing(p plan, made []rendered, scratch string) ([]file, error) {
	if !p.scrubs() {
		return nil, nil
	}
	t, each := p.Thumbs, p.Thumbs.Columns*p.Thumbs.Rows
	n := t.taken(made[0].track("vide").Samples, p.Rate)
	var out []file
	for i := 1; i <= t.Sheets && (i-1)*each < n; i++ {
		name := fmt.Sprintf(spritePattern, i)
		if _, err := os.Stat(filepath.Join(scratch, name)); err != nil {
			return nil, fmt.Errorf("thumbnails: %w", err)
		}
		out = append(out, file{
			Rendition: media.Rendition{
				Role: media.RoleSprite, Name: name, ContentType: "image/jpeg",
				Width: t.Columns * t.Size.Width, Height: t.Rows * t.Size.Height,
			},
			body: name,
		})
	}
	end := max(made[0].track("vide").Seconds, made[0].track("soun").Seconds)
	return append(out, file{
		Rendition: media.Rendition{
			Role: media.RoleThumbnails, Name: thumbsName, ContentType: "text/vtt; charset=utf-8",
			Width: t.Size.Width, Height: t.Size.Height,
		},
		head: []byte(t.track(min(n, len(out)*each), inTime(end))),
	}), nil
}

// track is the WebVTT of n pictures: each holds from its own time to the
// next one's, and the last to the end.
func (t thumbs) track(n int, end time.Duration) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for i := range n {
		from := time.Duration(i) * t.Every
		to := from + t.Every
		if i == n-1 {
			to = max(end, from+time.Millisecond)
		}
		cell := i % (t.Columns * t.Rows)
		fmt.Fprintf(&b, "\n%s --> %s\n"+spritePattern+"#xywh=%d,%d,%d,%d\n", cueTime(from), cueTime(to), i/(t.Columns*t.Rows)+1,
			cell%t.Columns*t.Size.Width, cell/t.Columns*t.Size.Height, t.Size.Width, t.Size.Height)
	}
	return b.String()
}

// cueTime writes a time as WebVTT does.
func cueTime(d time.Duration) string {
	ms := int64(math.Ceil(float64(d) / float64(time.Millisecond)))
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
