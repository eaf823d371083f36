package subtitle

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxTime is the last instant of four digits of hours.
const maxTime = 10_000*time.Hour - time.Millisecond

// isTiming reports whether a line is a timing, if perhaps a backward one.
func isTiming(line string) bool {
	from, to, found := strings.Cut(line, "-->")
	if !found {
		return false
	}
	_, begins := parseTime(strings.Trim(from, blanks))
	to, _ = cutBlank(to)
	_, ends := parseTime(to)
	return begins && ends
}

// cutBlank cuts s behind its first word.
func cutBlank(s string) (word, rest string) {
	s = strings.Trim(s, blanks)
	if i := strings.IndexAny(s, blanks); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// parseTiming reads a line such as 00:00:01,000 --> 00:00:02,000 and gives what
// follows it on the line. words say what is wrong with it and are "" if
// nothing is; point is how the format writes its decimals, for these words.
func parseTiming(line string, point byte) (start, end time.Duration, rest, words string) {
	from, to, found := strings.Cut(line, "-->")
	if !found {
		return 0, 0, "", fmt.Sprintf("expected a timing, such as %s --> %s, found %s",
			formatTime(time.Second, point), formatTime(2*time.Second, point), quote(line))
	}
	from = strings.Trim(from, blanks)
	to, rest = cutBlank(to)
	start, ok := parseTime(from)
	if !ok {
		return 0, 0, "", badTime("begins", from, point)
	}
	if end, ok = parseTime(to); !ok {
		return 0, 0, "", badTime("ends", to, point)
	}
	if end < start {
		return 0, 0, "", fmt.Sprintf("the cue ends (%s) before it begins (%s)", formatTime(end, point), formatTime(start, point))
	}
	return start, end, rest, ""
}

func badTime(what, found string, point byte) string {
	return fmt.Sprintf("the time when the cue %s should be written like %s, found %s", what, formatTime(time.Second, point), quote(found))
}

// parseTime reads [hours:]minutes:seconds[.fraction], with a comma or a dot,
// down to the millisecond.
func parseTime(s string) (time.Duration, bool) {
	var fraction string
	if i := strings.IndexAny(s, ",."); i >= 0 {
		s, fraction = s[:i], s[i+1:]
		if fraction == "" || len(fraction) > 9 {
			return 0, false
		}
	}
	parts := strings.Split(s, ":")
	if len(parts) == 2 {
		parts = append([]string{"0"}, parts...)
	}
	if len(parts) != 3 {
		return 0, false
	}
	hours, ok1 := digits(parts[0], 4)
	minutes, ok2 := digits(parts[1], 2)
	seconds, ok3 := digits(parts[2], 2)
	millis, ok4 := digits((fraction + "000")[:3], 3)
	_, ok5 := digits(fraction+"0", 10)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	return hours*time.Hour + minutes*time.Minute + seconds*time.Second + millis*time.Millisecond, true
}

// digits reads 1 to limit decimal digits.
func digits(s string, limit int) (time.Duration, bool) {
	if s == "" || len(s) > limit || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Duration(n), err == nil
}

func formatTime(d time.Duration, point byte) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, point, ms%1000)
}

// quote shows the beginning of what was found.
func quote(s string) string {
	const limit = 60
	s = strings.Trim(s, blanks)
	if s == "" {
		return "nothing"
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return strconv.Quote(s)
}
