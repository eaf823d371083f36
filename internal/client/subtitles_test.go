package client

import (
	"strings"
	"testing"
)

func TestParseSubtitle(t *testing.T) {
	for in, want := range map[string]Subtitle{
		"en.srt:en":               {"en.srt", "en", "EN"},
		"en.srt:en:English":       {"en.srt", "en", "English"},
		"a:b/en.srt:pt-BR":        {"a:b/en.srt", "pt-BR", "pt-BR"},
		"a:b.srt:pt-br:Português": {"a:b.srt", "pt-BR", "Português"},
		"x:en:de":                 {"x", "en", "de"},
	} {
		if got, err := ParseSubtitle(in); got != want || err != nil {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "en.srt", ":en", "en.srt:", "en.srt:not a language", "::", "en.srt:en:", ":en:English"} {
		if got, err := ParseSubtitle(in); err == nil {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func FuzzParseSubtitle(f *testing.F) {
	for _, seed := range []string{"en.srt:en", "a:b:c:d", "en.srt:zh-Hant:中文", ":::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseSubtitle(s)
		if err == nil && (got.Path == "" || got.Language == "" || got.Name == "" || !strings.HasPrefix(s, got.Path+":")) {
			t.Errorf("%q: %+v", s, got)
		}
	})
}
