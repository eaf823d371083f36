package subtitle

import "strings"

// vtt reads the signature and then blocks: cues, and notes, styles and regions,
// which are left out. A line of nothing but blanks counts as empty.
func (p *parser) vtt() error {
	line, _ := p.next()
	if rest, ok := strings.CutPrefix(line, "WEBVTT"); !ok || rest != "" && !strings.ContainsAny(rest[:1], blanks) {
		return p.fail(1, "a WebVTT file begins with the line WEBVTT, found %s", quote(line))
	}
	p.text() // the header's
	for {
		line, ok := p.nextFilled()
		if !ok {
			return nil
		}
		next, _ := p.peek()
		if isNote(line) || isBlock(line) && !isTiming(next) {
			p.skipBlock()
			continue
		}
		var id string
		if !strings.Contains(line, "-->") {
			if !strings.Contains(next, "-->") {
				return p.fail(p.number, "expected a cue's timing, such as 00:00:01.000 --> 00:00:02.000, or a NOTE, STYLE or REGION, found %s", quote(line))
			}
			id = cleanID(line)
			line, _ = p.next()
		}
		start, end, settings, words := parseTiming(line, '.')
		if words != "" {
			return p.fail(p.number, "%s", words)
		}
		at := p.number
		text := strings.Join(p.text(), "\n")
		c := Cue{ID: id, Start: start, End: end, Settings: cleanSettings(settings), Text: cleanText(text)}
		if err := p.add(at, c); err != nil {
			return err
		}
	}
}

func (p *parser) skipBlock() {
	for line, ok := p.next(); ok && strings.Trim(line, blanks) != ""; {
		line, ok = p.next()
	}
}

// isNote reports whether a block that begins with the line is a comment.
func isNote(line string) bool {
	return line == "NOTE" || strings.HasPrefix(line, "NOTE ") || strings.HasPrefix(line, "NOTE\t")
}

// isBlock reports whether a block that begins with the line is a style sheet
// or a region.
func isBlock(line string) bool { return line == "STYLE" || line == "REGION" }
