package xapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestObjectInteger(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "17179869184": 17179869184, "1e3": 1000, "1E+2": 100, "12.0": 12, "120e-1": 12,
		"9223372036854775807": 9223372036854775807, "-9223372036854775808": -9223372036854775808,
		"9007199254740992.0": 1 << 53, "null": -1,
	} {
		if got, err := (object{"n": json.RawMessage(text)}).integer("n", -1); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for text, words := range map[string]string{
		"9223372036854775808": "is larger than any number", "-1e19": "is larger", "1e400": "is larger", "9007199254740994.0": "is larger",
		"0.5": "number found, integer expected", "1e-400": "", `"1"`: "string found", "true": "boolean found", "[]": "array found", "{}": "object found",
	} {
		got, err := (object{"n": json.RawMessage(text)}).integer("n", -1)
		if words != "" && (media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "$.n: "+words)) {
			t.Errorf("%s: %d, %v, want %q", text, got, err, words)
		}
	}
}

// What readObject takes is what encoding/json takes for an object, but for
// members that are there twice.
func TestReadObjectAsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.OneOf(
			rapid.StringMatching(`[ \[\]{}:,"a0-9.e\\u-]{0,12}`),
			rapid.StringMatching(`\{"[a-c]":(null|1|"x"|\[\]|\{\})(,"[a-c]":(true|\[\[1\]\]))?\} ?`),
		).Draw(t, "body")
		r := httptest.NewRequest(http.MethodPost, "/", iotest.OneByteReader(strings.NewReader(body)))
		r.Header.Set("Content-Type", jsonKind)
		got, err := readObject(r)
		var want object
		wrong := json.Unmarshal([]byte(body), &want)
		if err != nil && wrong == nil && strings.Contains(err.Error(), "is there twice") {
			return
		}
		if (err == nil) != (wrong == nil && want != nil) {
			t.Fatalf("%q: %v, encoding/json: %v", body, err, wrong)
		}
		if err == nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		} else if media.CodeOf(err) != media.CodeInvalid {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

func TestReadObjectThatBreaksOff(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(io.ErrUnexpectedEOF)))
	r.Header.Set("Content-Type", jsonKind)
	if _, err := readObject(r); media.CodeOf(err) != media.CodeInvalid || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("%v", err)
	}
}

func TestInBody(t *testing.T) {
	for _, c := range []struct {
		err  *media.Error
		want string // field: words
	}{
		{media.Invalid("total_bytes", "must be small"), "$.total_bytes|$.total_bytes: must be small"},
		{media.Invalid("$.id", "$.id: is missing"), "$.id|$.id: is missing"},
		{media.Invalid("", "Not JSON."), "|Not JSON."},
		{media.Errorf(media.CodeNotFound, "Nothing."), "|Nothing."},
	} {
		before := *c.err
		var got *media.Error
		if !errors.As(inBody(c.err), &got) || got.Field+"|"+got.Detail != c.want {
			t.Errorf("%v: %v, want %s", c.err, got, c.want)
		}
		if *c.err != before {
			t.Errorf("the error itself was changed to %v", c.err)
		}
	}
	if err := inBody(io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("io.EOF became %v", err)
	}
}

func TestShorten(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "short": "short", strings.Repeat("x", 200): strings.Repeat("x", 200),
		strings.Repeat("x", 201): strings.Repeat("x", 200) + "…", strings.Repeat("x", 199) + "éé": strings.Repeat("x", 199) + "…",
	} {
		if got := shorten(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
