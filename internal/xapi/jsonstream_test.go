package xapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestReadJSONUploadGivesWhatEncodingJSONWrote(t *testing.T) {
	encodings := []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "data")
		other := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Map(rapid.Int(), func(v int) any { return v }),
			rapid.Map(rapid.String(), func(v string) any { return v }),
			rapid.Map(rapid.SliceOf(rapid.String()), func(v []string) any { return v }),
		)).Draw(t, "other")
		delete(other, "media")
		whole := maps.Clone(other)
		whole["media"] = rapid.SampledFrom(encodings).Draw(t, "encoding").EncodeToString(data)
		body, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		members, _, err := readJSONUpload(aheadOf(iotest.HalfReader(bytes.NewReader(body)), 64), &got)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if !bytes.Equal(got.Bytes(), data) {
			t.Fatalf("media: got %d bytes, sent %d", got.Len(), len(data))
		}
		for k, v := range other {
			sent, _ := json.Marshal(v)
			if !bytes.Equal(members[k], sent) && len(members) == len(other) {
				t.Fatalf("%q: got %s, sent %s", k, members[k], sent)
			}
		}
	})
}

func TestReadJSONUploadTakes(t *testing.T) {
	for name, body := range map[string]string{
		"plain":                `{"media":"aGk/","segment_index":0}`,
		"escaped slash":        `{"media":"aGk\/","segment_index":0}`,
		"escaped by code":      `{"media":"aGk\u002f","segment_index":0}`,
		"line breaks":          "{\"media\":\"aG\\r\\nk/\",\"segment_index\":0}",
		"white space all over": " { \"segment_index\" : 0 ,\n\"media\" : \"aGk/\" } \n",
		"URL alphabet":         `{"media":"aGk_","segment_index":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			members, _, err := readJSONUpload(aheadOf(strings.NewReader(body), 64), &got)
			if err != nil || got.String() != "hi?" || string(members["segment_index"]) != "0" {
				t.Errorf("got %q, %s, %v", got.String(), members, err)
			}
		})
	}
}

func TestReadJSONUploadRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"white space":        " ",
		"an array":           `[]`,
		"cut":                `{"media":"aG`,
		"two media":          `{"media":"aGk/","media":"aGk/"}`,
		"two objects":        `{"media":"aGk/"}{}`,
		"no colon":           `{"media" "aGk/"}`,
		"a trailing comma":   `{"media":"aGk/",}`,
		"no comma":           `{"media":"aGk/" "x":1}`,
		"a number as media":  `{"media":1}`,
		"garbage":            `{"media":"a*k/"}`,
		"one base64 digit":   `{"media":"a"}`,
		"data after padding": `{"media":"aGk=aGk="}`,
		"a bad escape":       `{"media":"\q"}`,
		"half a code":        `{"media":"\u00"}`,
		"a bare new line":    "{\"media\":\"aG\nk/\"}",
		"a bad value":        `{"x":nope}`,
		"an unclosed value":  `{"x":[1,2}`,
		"an endless value":   `{"x":"` + strings.Repeat("y", maxFields+1) + `"}`,
		"an endless name":    `{"` + strings.Repeat("y", maxFields+1) + `":1}`,
		"endless members":    `{` + strings.Repeat(`"x":1,`, maxFields) + `"y":1}`,
		"a member twice":     `{"x":1,"x":2}`,
	} {
		t.Run(name, func(t *testing.T) {
			if m, _, err := readJSONUpload(aheadOf(strings.NewReader(body), 64), &strings.Builder{}); err == nil {
				t.Errorf("took %s", m)
			}
		})
	}
}

func FuzzReadJSONUpload(f *testing.F) {
	f.Add([]byte(`{"media":"aGk/","segment_index":0}`))
	f.Add([]byte(`{"a":{"b":["c\"]"]},"media":"\/\/"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got bytes.Buffer
		if _, _, err := readJSONUpload(aheadOf(bytes.NewReader(body), 64), &got); err == nil && len(body) > 0 && !json.Valid(body) {
			t.Errorf("took what encoding/json refuses: %q", body)
		}
	})
}
