package main

import (
	"fmt"
	"html"
	"io"
	"time"
)

// frame is what the screen showed from a moment on.
type frame struct {
	at    time.Duration
	lines []string
}

// writeSVG draws frames as a film that begins anew after length. Each row is drawn once
// for every text that it had, and shown as long as it had it. Who asked for no motion sees
// the last frame.
func writeSVG(w io.Writer, title string, columns, rows int, frames []frame, length time.Duration) error {
	const advance, line, margin, bar = 8.4, 19, 16, 34
	width, height := int(float64(columns)*advance)+2*margin, rows*line+2*margin+bar
	out := &printer{w: w}
	out.f(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="t">`+"\n", width, height, width, height)
	out.f(`<title id="t">%s</title>`+"\n", html.EscapeString(title))
	out.f("<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}.c{fill:#79b8ff}" +
		"@media(prefers-reduced-motion:reduce){.f{animation:none!important;visibility:hidden}.l{visibility:visible}}</style>\n")
	out.f(`<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/><g fill="#30363d"><circle cx="20" cy="18" r="6"/><circle cx="40" cy="18" r="6"/><circle cx="60" cy="18" r="6"/></g>` + "\n")
	n := 0
	for y := range rows {
		for i := 0; i < len(frames); {
			text, from := frames[i].lines[y], frames[i].at
			for i < len(frames) && frames[i].lines[y] == text {
				i++
			}
			to, class := length, "f l"
			if i < len(frames) {
				to, class = frames[i].at, "f"
			}
			if text == "" {
				continue
			}
			n++
			if len(text) > 1 && text[:2] == "$ " {
				class += " c"
			}
			a, b := percent(from, length), percent(to, length)
			out.f("<style>@keyframes k%d{0%%{visibility:hidden}%s%%{visibility:visible}%s%%{visibility:hidden}}#r%d{animation:k%d %.1fs step-end infinite}</style>", n, a, b, n, n, length.Seconds())
			out.f(`<text id="r%d" class="%s" x="%d" y="%d" xml:space="preserve">%s</text>`+"\n", n, class, margin, bar+margin+y*line+4, html.EscapeString(text))
		}
	}
	out.f("</svg>\n")
	return out.err
}

// percent is how far a moment is, of which the beginning and the end are just within.
func percent(at, length time.Duration) string {
	return fmt.Sprintf("%.2f", min(99.99, max(0.01, 100*at.Seconds()/length.Seconds())))
}

// printer writes until something goes wrong.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
