package media

import (
	"errors"
	"strings"
	"testing"
)

func TestParseLanguage(t *testing.T) {
	for text, want := range map[string]struct {
		language Language
		code     string
	}{
		"EN": {"en", "EN"}, "en": {"en", "EN"}, "eN": {"en", "EN"}, "eng": {"en", "EN"},
		"SP": {"sp", "SP"}, "ZZ": {"zz", "ZZ"}, "IW": {"iw", "IW"}, "TL": {"tl", "TL"}, "MO": {"mo", "MO"}, // as they are
		"pt-BR": {"pt-BR", "pt-BR"}, "PT-br": {"pt-BR", "pt-BR"}, "pt_BR": {"pt-BR", "pt-BR"},
		"zh-hant": {"zh-Hant", "zh-Hant"}, "ZH-HANT-tw": {"zh-Hant-TW", "zh-Hant-TW"}, "zh-cmn": {"cmn", "cmn"},
		"fil": {"fil", "fil"}, "es-419": {"es-419", "es-419"}, "de-1996": {"de-1996", "de-1996"}, "i-klingon": {"tlh", "tlh"},
		"en-US-X-Twain": {"en-US-x-twain", "en-US-x-twain"}, "x-foo": {"x-foo", "x-foo"},
		// Well-formed, but nothing that is registered.
		"sp-latn-es": {"sp-Latn-ES", "sp-Latn-ES"}, "SP_ES": {"sp-ES", "sp-ES"}, "zz-Qq-X-AB-abcd": {"zz-QQ-x-ab-abcd", "zz-QQ-x-ab-abcd"},
	} {
		got, err := ParseLanguage(text)
		if err != nil || got != want.language || got.Code() != want.code {
			t.Errorf("%q is %q (%s), %v; want %q (%s)", text, got, got.Code(), err, want.language, want.code)
		}
		if again, err := ParseLanguage(string(got)); err != nil || again != got {
			t.Errorf("%q again is %q, %v", got, again, err)
		}
	}
	for _, text := range []string{
		"", "e", "E1", "12", "english language", "EN ", " EN", "EN\n", "en-", "-en", "en--US", "en-\x00", "é1", "ЯЗ", "abcdefghi", "en/..", "en.m3u8",
		"en-a", "x", "123", "en-US-x-" + strings.Repeat("a-", 15) + "b",
	} {
		got, err := ParseLanguage(text)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeInvalid || e.Field != "language_code" || e.Value != text || got != "" {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

// Whatever is taken fits a URL, a playlist and X's shape, and is a fixed point.
func FuzzParseLanguage(f *testing.F) {
	for _, s := range []string{"EN", "pt_BR", "zh-cmn-hans", "SP-latn", "en-u-co-phonebk", "i-klingon", "x-a-b", "und", "sr-Latn-RS-x-\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLanguage(s)
		if err != nil {
			if CodeOf(err) != CodeInvalid || l != "" {
				t.Fatalf("%q: %q, %v", s, l, err)
			}
			return
		}
		if len(l) < 2 || len(l) > maxLanguage || strings.Trim(strings.ToLower(string(l)), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Fatalf("%q became %q", s, l)
		}
		for _, other := range []string{string(l), l.Code(), strings.ToUpper(string(l)), strings.ToLower(string(l))} {
			if again, err := ParseLanguage(other); err != nil || again != l {
				t.Fatalf("%q became %q, and that as %q became %q, %v", s, l, other, again, err)
			}
		}
	})
}

func TestParseDisplayName(t *testing.T) {
	for text, want := range map[string]string{
		"English": "English", " Deutsch \n": "Deutsch", "中文 (繁體)": "中文 (繁體)", `"SDH", louder`: `"SDH", louder`,
		"می\u200cخواهم": "می\u200cخواهم", strings.Repeat("é", 100): strings.Repeat("é", 100),
	} {
		if got, err := ParseDisplayName(text); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for text, words := range map[string]string{
		"": "must be the name", " \t\r\n": "must be the name", strings.Repeat("é", 101): "at most 100 characters",
		"a\nb": "one line", "a\x00": "control characters", "a\u0085b": "one line", "a\u2028b": "one line", "a\u2029b": "one line", "a\x7fb": "control",
	} {
		got, err := ParseDisplayName(text)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeInvalid || e.Field != "display_name" || !strings.Contains(e.Detail, words) || got != "" {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}
