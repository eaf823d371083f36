package subtitle

import (
	"regexp"
	"strings"
)

const percent = `(?:100(?:\.0{1,9})?|\d{1,2}(?:\.\d{1,9})?)%`

// settingPatterns are WebVTT's cue settings. Regions are left out: what they
// would name was dropped.
var settingPatterns = map[string]*regexp.Regexp{
	"vertical": regexp.MustCompile(`^(?:rl|lr)$`),
	"line":     regexp.MustCompile(`^(?:-?\d{1,4}|` + percent + `)(?:,(?:start|center|end))?$`),
	"position": regexp.MustCompile(`^` + percent + `(?:,(?:line-left|center|line-right))?$`),
	"size":     regexp.MustCompile(`^` + percent + `$`),
	"align":    regexp.MustCompile(`^(?:start|center|end|left|right)$`),
}

// cleanSettings keeps the settings that are valid, the last of each name, as a
// player would.
func cleanSettings(s string) string {
	var names []string
	values := make(map[string]string)
	for _, setting := range strings.Fields(s) {
		name, value, _ := strings.Cut(setting, ":")
		if pattern := settingPatterns[name]; pattern == nil || !pattern.MatchString(value) {
			continue
		}
		if _, seen := values[name]; !seen {
			names = append(names, name)
		}
		values[name] = value
	}
	for i, name := range names {
		names[i] = name + ":" + values[name]
	}
	return strings.Join(names, " ")
}
