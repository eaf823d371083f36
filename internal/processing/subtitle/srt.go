package subtitle

import (
	"regexp"
	"strings"
)

// srt reads cues of a number, a timing and lines of text. What follows the
// timing (places on the screen) is left out, as are {\an8} and its like, which
// some programs put into the text.
func (p *parser) srt() error {
	for {
		line, ok := p.nextFilled()
		if !ok {
			return nil
		}
		if isNumber(line) {
			number, at := line, p.number
			if line, ok = p.nextFilled(); !ok {
				return p.fail(at, "the cue number %s has no timing after it", number)
			}
		}
		start, end, _, words := parseTiming(line, ',')
		if words != "" {
			return p.fail(p.number, "%s", words)
		}
		at := p.number
		text := p.text()
		if next, ok := p.peek(); ok && isTiming(next) && len(text) > 0 && isNumber(strings.Trim(text[len(text)-1], blanks)) {
			text = text[:len(text)-1] // the next cue's number
		}
		c := Cue{Start: start, End: end, Text: cleanText(override.ReplaceAllString(strings.Join(text, "\n"), ""))}
		if err := p.add(at, c); err != nil {
			return err
		}
	}
}

var override = regexp.MustCompile(`\{\\[^{}]*\}`)

func isNumber(s string) bool {
	return s != "" && len(s) <= 18 && strings.Trim(s, "0123456789") == ""
}
