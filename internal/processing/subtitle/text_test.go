package subtitle

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCleanText(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"<c.x-->a", "<c>a</c>"},
		{"<v Bob-->a", "<v Bob>a</v>"},
		{"plain", "plain"},
		{"a\r\nb\rc\n\n \t\nd ", "a\nb\nc\nd"},
		{"<b>a</b><i>b</i><u>c</u>", "<b>a</b><i>b</i><u>c</u>"},
		{"<B onclick=x>a</B>", "<b>a</b>"},
		{"<b>a", "<b>a</b>"},
		{"a</b>", "a"},
		{"<b><i>a</b></i>", "<b><i>a</i></b>"},
		{"<script>alert(1)</script>", "alert(1)"},
		{"<img src=x onerror=alert(1)>a", "a"},
		{"<scr<b>ipt>", "&lt;scr<b>ipt&gt;</b>"},
		{"<!-- a -->b", "b"},
		{"a<br>b<br/>c<BR />d", "a\nb\nc\nd"},
		{"a < b > c", "a &lt; b &gt; c"},
		{"<3", "&lt;3"},
		{"<", "&lt;"},
		{"<>", "&lt;&gt;"},
		{"</>a", "a"},
		{"<日本>", "&lt;日本&gt;"},
		{"-->", "--&gt;"},
		{"&lt;b&gt; &amp;amp; & &nbsp;&#65;&#x42;", "&lt;b&gt; &amp;amp; &amp; \u00A0AB"},
		{"a&#10;b&#13;c&#0;d\x07e\x7F", "a b c\uFFFDde"},
		{"<v Ann\nBee  &lt;x&gt;>a", "<v Ann Bee &lt;x&gt;>a</v>"},
		{"<v>a</v>", "a"},
		{"<v.a.b!.c-d Ann>x", "<v.a.c-d Ann>x</v>"},
		{"<c.red x=y>a</c>", "<c.red>a</c>"},
		{"<lang en>a</lang> <lang e'n>b</lang> <lang>c</lang>", "<lang en>a</lang> b c"},
		{"<rt>a</rt> <ruby>b<rt>c</ruby>", "a <ruby>b<rt>c</rt></ruby>"},
		{"<00:01.000>a <00:00:01.500>b", "a b"},
		{strings.Repeat("<b>", 40) + "a", strings.Repeat("<b>", 32) + "a" + strings.Repeat("</b>", 32)},
	}
	for _, test := range tests {
		if got := cleanText(test.text); got != test.want {
			t.Errorf("%q became %q, want %q", test.text, got, test.want)
		}
		if got := cleanText(test.want); got != test.want {
			t.Errorf("clean %q became %q", test.want, got)
		}
	}
}

// Of any text only the tags that are allowed are left, and those are balanced.
func TestCleanTextProperty(t *testing.T) {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"<", ">", "/", "<b>", "</b>", "<c.x", " y>", "<ruby>", "<rt>", "</ruby>", "&", "&lt", ";", "lt;", "#60;",
		"<v ", "<lang en>", "<script>", "<br>", "\n", "\r", " ", "\x00", "--", "!--",
	}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
		clean := cleanText(text)
		if again := cleanText(clean); again != clean {
			t.Fatalf("%q is not stable: %q", clean, again)
		}
		var open []string
		for rest := clean; ; {
			_, after, found := strings.Cut(rest, "<")
			if !found {
				break
			}
			tag, after, closed := strings.Cut(after, ">")
			name, closing := strings.CutPrefix(tag, "/")
			if i := strings.IndexAny(name, ". "); i >= 0 {
				name = name[:i]
			}
			if _, known := tags[name]; !known || !closed {
				t.Fatalf("the tag %q is in %q", tag, clean)
			}
			if !closing {
				open = append(open, name)
			} else if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("%q is closed and not open in %q", name, clean)
			} else {
				open = open[:len(open)-1]
			}
			rest = after
		}
		if len(open) > 0 || strings.Contains(clean, "-->") || strings.Contains(clean, "\n\n") {
			t.Fatalf("open %v in %q", open, clean)
		}
	})
}
