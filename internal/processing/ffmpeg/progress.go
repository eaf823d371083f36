package ffmpeg

import (
	"bytes"
	"strconv"
	"time"
)

// progress is how far ffmpeg is.
type progress struct {
	out    time.Duration // end of what was written
	frames int64         // of the first video output
}

// progressWriter reads what ffmpeg writes for -progress: lines of key=value,
// each round closed by a "progress" line, when report is called.
type progressWriter struct {
	report func(progress)
	line   []byte
	now    progress
}

// Write takes a piece of the stream. It never fails.
func (w *progressWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			if len(w.line)+len(p) <= 1024 { // no key or value of ffmpeg's is this long
				w.line = append(w.line, p...)
			}
			break
		}
		w.take(string(append(w.line, p[:i]...)))
		w.line = w.line[:0]
		p = p[i+1:]
	}
	return n, nil
}

func (w *progressWriter) take(line string) {
	key, value, _ := bytes.Cut([]byte(line), []byte("="))
	switch string(key) {
	case "out_time_us":
		// N/A until the first packet.
		if us, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err == nil && us > 0 && us < maxSeconds*1e6 {
			w.now.out = time.Duration(us) * time.Microsecond
		}
	case "frame":
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err == nil && n >= 0 {
			w.now.frames = n
		}
	case "progress":
		w.report(w.now)
	}
}
