package media

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Subtitle is a subtitle file attached to a video. A video has at most one for
// each language; a file may be attached to many videos.
type Subtitle struct {
	Video       ID
	Language    Language
	DisplayName string // what a player's menu shows
	File        ID     // a media of category Subtitles
	AttachedAt  time.Time
}

// Language is a language of subtitles as a BCP 47 tag in its canonical form,
// such as en, pt-BR or zh-Hant: of letters, digits and hyphens, so that it may
// stand in a URL. ParseLanguage makes it.
type Language string

// maxLanguage is what RFC 5646 §4.4.1 says suffices for every language tag.
const maxLanguage = 35

// ParseLanguage reads a language_code: two letters, as X has it (EN), or any
// well-formed BCP 47 tag in whatever case. Spellings of one tag give the same
// Language. Two letters are taken as they are, also where no language is
// registered by them: X's own example is SP.
func ParseLanguage(s string) (Language, error) {
	if len(s) == 2 && isLetters(s) {
		return Language(strings.ToLower(s)), nil
	}
	tag, err := language.Parse(s)
	var unknown language.ValueError
	switch {
	case len(s) > maxLanguage || s == "":
	case err == nil && len(tag.String()) <= maxLanguage:
		return Language(tag.String()), nil
	case errors.As(err, &unknown): // well-formed; its subtags may be newer than this program
		return Language(caseTag(s)), nil
	}
	e := Invalid("language_code", "must be a language as two letters, such as EN, or as a BCP 47 tag of at most %d characters, such as pt-BR or zh-Hant", maxLanguage)
	e.Value = s
	return "", e
}

// Code is the language as X's API writes it: two letters in capitals, and
// longer tags, for which X has no form, as they are.
func (l Language) Code() string {
	if len(l) == 2 {
		return strings.ToUpper(string(l))
	}
	return string(l)
}

// caseTag writes a well-formed tag in the case that RFC 5646 §2.1.1 recommends.
func caseTag(s string) string {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(s, "_", "-")), "-")
	for i, p := range parts {
		switch {
		case i == 0:
		case len(parts[i-1]) == 1:
			return strings.Join(parts, "-") // extensions and private use stay lower
		case len(p) == 2:
			parts[i] = strings.ToUpper(p)
		case len(p) == 4 && isLetters(p):
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-")
}

func isLetters(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// maxDisplayName is how many characters the name of subtitles may have.
const maxDisplayName = 100

// ParseDisplayName checks the name of subtitles: one line of 1 to 100
// characters. Blanks around it are dropped.
func ParseDisplayName(s string) (string, error) {
	name := strings.TrimSpace(s)
	words := ""
	switch {
	case name == "":
		words = "must be the name that a player's menu shows, such as English"
	case utf8.RuneCountInString(name) > maxDisplayName:
		words = "must have at most 100 characters"
	case strings.ContainsFunc(name, unprintable):
		words = "must be one line without control characters"
	default:
		return name, nil
	}
	e := Invalid("display_name", "%s", words)
	e.Value = s
	return "", e
}

// unprintable are control characters and what ends a line or paragraph.
func unprintable(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }
