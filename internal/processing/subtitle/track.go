package subtitle

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Track is a subtitle file as its cues. Parse gives them in the order in which
// they begin.
type Track struct {
	Cues []Cue
}

// Cue is a text and when it is shown. Times count from the start of the video
// in whole milliseconds.
type Cue struct {
	ID       string // WebVTT's identifier; "" where there is none
	Start    time.Duration
	End      time.Duration // not before Start
	Settings string        // WebVTT's, separated by single spaces: "line:0 align:start"
	Text     string        // WebVTT cue text, lines separated by "\n"
}

// End is when the last cue disappears.
func (t *Track) End() time.Duration {
	var end time.Duration
	for _, c := range t.Cues {
		end = max(end, c.End)
	}
	return end
}

// WriteVTT writes the track as a WebVTT file. Whatever a cue holds, what is
// written is well formed: times are clamped, invalid settings and identifiers
// are left out, and of the text only WebVTT's own tags stay markup. Parsing
// what was written gives an equal track if t was made by Parse.
func (t *Track) WriteVTT(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("WEBVTT\n") // bufio keeps the first error for Flush
	for _, c := range t.Cues {
		b.WriteByte('\n')
		if id := cleanID(c.ID); id != "" {
			b.WriteString(id + "\n")
		}
		start := min(max(c.Start, 0), maxTime)
		end := min(max(c.End, start), maxTime)
		b.WriteString(formatTime(start, '.') + " --> " + formatTime(end, '.'))
		if s := cleanSettings(c.Settings); s != "" {
			b.WriteString(" " + s)
		}
		b.WriteByte('\n')
		if text := cleanText(c.Text); text != "" {
			b.WriteString(text + "\n")
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write WebVTT: %w", err)
	}
	return nil
}

// cleanID drops an identifier that would read as something else.
func cleanID(id string) string {
	id = strings.Trim(strings.Map(printable, strings.ToValidUTF8(id, "\uFFFD")), blanks)
	if strings.Contains(id, "-->") || isNote(id) || isBlock(id) {
		return ""
	}
	return id
}
