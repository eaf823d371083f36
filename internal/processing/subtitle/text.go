package subtitle

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// maxOpen is how deep tags may be nested; deeper ones are left out.
const maxOpen = 32

// tags are WebVTT's own; true where the tag has an annotation.
var tags = map[string]bool{
	"b": false, "i": false, "u": false, "c": false,
	"ruby": false, "rt": false, "v": true, "lang": true,
}

var (
	lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	escapes  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// cleanText gives cue text in which nothing is markup but WebVTT's own tags,
// each closed and without attributes; other tags are left out and what they
// enclose is kept, <br> becomes a line end, a < that begins no tag is text, and
// character references become characters. Lines are trimmed and blank ones
// left out, since they would end the cue. Cleaning clean text changes nothing.
func cleanText(s string) string {
	s = lineEnds.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	var c cleaner
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		c.text(s[:i])
		s = s[i:]
		if s == "" {
			break
		}
		end := strings.IndexAny(s[1:], "<>") + 1
		if end == 0 || s[end] == '<' || !tagLike.MatchString(s[1:end]) {
			c.out.WriteString("&lt;")
			s = s[1:]
			continue
		}
		c.tag(s[1:end])
		s = s[end+1:]
	}
	c.closeTo(0)
	var kept []string
	for line := range strings.SplitSeq(c.out.String(), "\n") {
		if line = strings.Trim(line, blanks); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// tagLike tells what stands between < and > in a tag: a name, a closed name, a
// comment or declaration, or a time.
var tagLike = regexp.MustCompile(`^(?:/?[a-zA-Z]|/$|[!?]|\d[\d:]*\.\d+$)`)

type cleaner struct {
	out  strings.Builder
	open []string // names of the tags that are open, outermost first
}

func (c *cleaner) text(s string) {
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			c.out.WriteByte('\n')
		}
		c.out.WriteString(escape(line))
	}
}

// tag writes what stood between < and >, if it is WebVTT's.
func (c *cleaner) tag(s string) {
	s, closing := strings.CutPrefix(s, "/")
	end := strings.IndexAny(s, ". \t\f\n/")
	if end < 0 {
		end = len(s)
	}
	name, s := strings.ToLower(s[:end]), s[end:]
	if name == "br" {
		c.out.WriteByte('\n')
		return
	}
	annotated, known := tags[name]
	if !known {
		return
	}
	if closing {
		if at := lastIndex(c.open, name); at >= 0 {
			c.closeTo(at)
		}
		return
	}
	classes, annotation := s, ""
	if i := strings.IndexAny(s, blanks+"\n"); i >= 0 {
		classes, annotation = s[:i], s[i:]
	}
	// A tag may not end in --, because --> is for times alone.
	annotation = strings.TrimRight(strings.Join(strings.Fields(escape(annotation)), " "), "- ")
	if len(c.open) == maxOpen || annotated && annotation == "" ||
		name == "lang" && !language.MatchString(annotation) ||
		name == "rt" && !slices.Contains(c.open, "ruby") {
		return
	}
	c.out.WriteString("<" + name)
	for class := range strings.SplitSeq(classes, ".") {
		if className.MatchString(class) {
			c.out.WriteString("." + class)
		}
	}
	if annotated {
		c.out.WriteString(" " + annotation)
	}
	c.out.WriteByte('>')
	c.open = append(c.open, name)
}

var (
	className = regexp.MustCompile(`^[a-zA-Z0-9_-]*[a-zA-Z0-9_]$`)
	language  = regexp.MustCompile(`^[a-zA-Z0-9-]{1,35}$`)
)

// closeTo closes tags until n are open.
func (c *cleaner) closeTo(n int) {
	for len(c.open) > n {
		last := len(c.open) - 1
		c.out.WriteString("</" + c.open[last] + ">")
		c.open = c.open[:last]
	}
}

func lastIndex(names []string, name string) int {
	for i, n := range slices.Backward(names) {
		if n == name {
			return i
		}
	}
	return -1
}

// escape makes a piece of a line plain text, whatever is in it. --> cannot
// come out of it.
func escape(s string) string {
	s = strings.Map(printable, html.UnescapeString(s))
	return escapes.Replace(s)
}

// printable drops control characters. A line end that comes out of a character
// reference is a blank, and NUL is what WebVTT makes of it.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return r
	case r == '\n' || r == '\r':
		return ' '
	case r == 0:
		return '\uFFFD'
	case r < ' ' || r >= 0x7F && r < 0xA0:
		return -1
	}
	return r
}
