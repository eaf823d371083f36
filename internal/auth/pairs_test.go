package auth

import (
	"bufio"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

func readPairs(text string) ([]pair, error) {
	p := newPairs()
	err := p.read(bufio.NewReader(strings.NewReader(text)))
	return p.list, err
}

func TestReadPairs(t *testing.T) {
	long := strings.Repeat("A", longValue)
	for _, c := range []struct {
		text string
		want []pair
	}{
		{"", nil},
		{"&&", nil},
		{"a", []pair{{name: "a"}}},
		{"a=", []pair{{name: "a"}}},
		{"=a", []pair{{value: "a"}}},
		{"=", []pair{{}}},
		{"a=1&b=2", []pair{{name: "a", value: "1"}, {name: "b", value: "2"}}},
		{"&a=1&&b=2&", []pair{{name: "a", value: "1"}, {name: "b", value: "2"}}},
		{"a=1=2", []pair{{name: "a", value: "1=2"}}},
		{"a%3D=1%262", []pair{{name: "a=", value: "1&2"}}},
		{"a+b=c+d%2B", []pair{{name: "a b", value: "c d+"}}},
		{"a=1;b=2", []pair{{name: "a", value: "1;b=2"}}},
		{"a=1&a=2&a=1", []pair{{name: "a", value: "1"}, {name: "a", value: "2"}, {name: "a", value: "1"}}},
		{"%E2%98%83=\xff", []pair{{name: "☃", value: "\xff"}}},
		{"a=" + long, []pair{{name: "a", value: long}}},
		{"x=%31&a=" + long + "+&b=2", []pair{{name: "x", value: "1"}, {name: "a", long: true, from: 8, to: int64(9 + len(long))}, {name: "b", value: "2"}}},
		{"a=" + long + "%41", []pair{{name: "a", long: true, from: 2, to: int64(5 + len(long))}}},
	} {
		got, err := readPairs(c.text)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(pair{})); diff != "" || err != nil {
			t.Errorf("%.40q: %v (-want +got):\n%s", c.text, err, diff)
		}
	}
}

func TestReadPairsAsURLDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := url.Values{}
		for range rapid.IntRange(0, 20).Draw(t, "parameters") {
			values.Add(string(rapid.SliceOf(rapid.Byte()).Draw(t, "name")), string(rapid.SliceOf(rapid.Byte()).Draw(t, "value")))
		}
		got, err := readPairs(values.Encode())
		if err != nil {
			t.Fatal(err)
		}
		back := url.Values{}
		for _, v := range got {
			back.Add(v.name, v.value)
		}
		if diff := cmp.Diff(values, back); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestReadPairsIsBounded(t *testing.T) {
	many := strings.Repeat("a=1&", maxPairs)
	if list, err := readPairs(many); err != nil || len(list) != maxPairs {
		t.Errorf("as many as may be: %d, %v", len(list), err)
	}
	for name, text := range map[string]string{
		"many":   many + "b",
		"names":  strings.Repeat("a", maxPairBytes+1),
		"values": strings.Repeat("a="+strings.Repeat("b", longValue-1)+"&", maxPairBytes/longValue+1),
	} {
		if _, err := readPairs(text); media.CodeOf(err) != media.CodeTooLarge || !strings.Contains(err.Error(), "1000 parameters and 65536 bytes") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"%", "a=%4", "a%zz=1", "a=" + strings.Repeat("b", longValue-1) + "%x0"} {
		if _, err := readPairs(text); media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "hexadecimal") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestReadHeader(t *testing.T) {
	three := []pair{{name: "oauth_a", value: "1"}, {name: "b", value: "+ =\","}, {name: "c"}}
	for _, text := range []string{
		`oauth_a="1", b="%2B%20%3d%22%2C", c=""`,
		`realm="http://example.com/", oauth_a="1",b="%2B%20%3D%22%2C",c=""`,
		"  oauth_a=\"1\"\t,\tb=\"+%20%3D%22%2C\" , c=\"\" ,",
		`oauth_a=1, Realm="x", b = "%2B%20%3D%22%2C",c=`,
	} {
		p := newPairs()
		if err := p.readHeader(text); err != nil || !slices.Equal(p.list, three) {
			t.Errorf("%s: %v, %v", text, p.list, err)
		}
	}
	for text, words := range map[string]string{
		`a`:                               "not a list",
		`a="1" b="2"`:                     "comma between",
		`a="1`:                            "quote doesn't end",
		`a=1 2`:                           "without quotes",
		`a=1"2"`:                          "without quotes",
		`,a="1"`:                          "not a list",
		`a="1",,b="2"`:                    "not a list",
		`a="%4"`:                          "hexadecimal",
		`%z="1"`:                          "hexadecimal",
		`a="` + strings.Repeat("x", 9000): "longer than 8192",
	} {
		if err := newPairs().readHeader(text); media.CodeOf(err) != media.CodeNoCredentials || !strings.Contains(fmt.Sprint(err), words) {
			t.Errorf("%.30s: %v, want %q", text, err, words)
		}
	}
}
