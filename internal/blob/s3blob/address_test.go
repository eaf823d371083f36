package s3blob

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]Address{
		"s3://films": {Bucket: "films", Endpoint: amazon, Region: "us-east-1"},
		"s3://films/a/b/?region=eu-central-1": {
			Bucket: "films", Prefix: "a/b/", Endpoint: amazon, Region: "eu-central-1",
		},
		"s3://films?endpoint=http://127.0.0.1:7070": {
			Bucket: "films", Endpoint: "127.0.0.1:7070", Plain: true, Region: "us-east-1", PathStyle: true,
		},
		"s3://films/x?endpoint=https://s3.example/&path-style=false": {
			Bucket: "films", Prefix: "x/", Endpoint: "s3.example", Region: "us-east-1",
		},
		"s3://films?endpoint=https://s3.eu-west-1.amazonaws.com&region=eu-west-1": {
			Bucket: "films", Endpoint: "s3.eu-west-1.amazonaws.com", Region: "eu-west-1",
		},
		"s3://my.films-1?endpoint=http://[::1]:9000": {
			Bucket: "my.films-1", Endpoint: "[::1]:9000", Plain: true, Region: "us-east-1", PathStyle: true,
		},
	} {
		got, err := ParseAddress(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s, diff)
		}
	}
}

// TestParseAddressNamesThePart: an error begins with the part at fault.
func TestParseAddressNamesThePart(t *testing.T) {
	for s, part := range map[string]string{
		"":                                         "scheme",
		"http://films":                             "scheme",
		"s3:films":                                 "scheme",
		"s3://":                                    "bucket",
		"s3://ab":                                  "bucket",
		"s3://Films":                               "bucket",
		"s3://-films":                              "bucket",
		"s3://films-":                              "bucket",
		"s3://fi..lms":                             "bucket",
		"s3://127.0.0.1":                           "bucket",
		"s3://films:80":                            "bucket",
		"s3://key:secret@films":                    "user",
		"s3://films#x":                             "fragment",
		"s3://films/A":                             "prefix",
		"s3://films/a/../b":                        "prefix",
		"s3://films/a//b":                          "prefix",
		"s3://films?end=x":                         "query",
		"s3://films?a=%zz":                         "query",
		"s3://films?region=":                       "region",
		"s3://films?region=a&region=b":             "region",
		"s3://films?region=EU":                     "region",
		"s3://films?path-style=maybe":              "path-style",
		"s3://films?endpoint=host:9000":            "endpoint",
		"s3://films?endpoint=ftp://host":           "endpoint",
		"s3://films?endpoint=http://host/path":     "endpoint",
		"s3://films?endpoint=http://a:b@host":      "endpoint",
		"s3://films?endpoint=http://host:0":        "endpoint",
		"s3://films?endpoint=http://host:65536":    "endpoint",
		"s3://films?endpoint=http://host:":         "endpoint",
		"s3://films?endpoint=http://:80":           "endpoint",
		"s3://films?endpoint=http://ho%2520st:900": "endpoint",
	} {
		a, err := ParseAddress(s)
		if err == nil {
			t.Errorf("%s is read as %+v", s, a)
			continue
		}
		if !strings.HasPrefix(err.Error(), part+":") {
			t.Errorf("%s: %q does not begin with %s", s, err, part)
		}
		if strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: the error %q shows it", s, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"s3://films/a/b?endpoint=http://127.0.0.1:7070&region=x&path-style=1", "s3://films", "s3://films?endpoint=https://[::1]", "s3://a@b", "s3://films?;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Fatalf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil {
			t.Fatalf("%s, of %q, is not read again: %v", a, s, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%s is read as another (-first +second):\n%s", a, diff)
		}
	})
}
