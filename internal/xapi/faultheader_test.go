package xapi

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestParseFault(t *testing.T) {
	failure := func(name, message string) *media.Fault {
		return &media.Fault{Failure: media.NewFailure(name, message)}
	}
	for text, want := range map[string]fault{
		"status=400":                                    {status: 400},
		"status=599":                                    {status: 599},
		"status=503":                                    {status: 503, retryAfter: time.Second},
		"status=429;retry-after=30s":                    {status: 429, retryAfter: 30 * time.Second},
		"status=503, retry-after=0s":                    {status: 503},
		" delay = 2s ,, status=500;":                    {status: 500, delay: 2 * time.Second},
		"delay=5m":                                      {delay: 5 * time.Minute},
		"delay=1.0004s":                                 {delay: time.Second},
		"drop":                                          {drop: dropBefore},
		"drop=before":                                   {drop: dropBefore},
		"drop=after, delay=1s":                          {drop: dropAfter, delay: time.Second},
		"processing=InvalidMedia":                       {upload: failure("InvalidMedia", "Unsupported video format")},
		"processing=UnsupportedMedia":                   {upload: failure("UnsupportedMedia", "file is currently unsupported")},
		"processing=InternalError:":                     {upload: failure("InternalError", "Internal error")},
		"processing=InvalidMedia:no: really":            {upload: failure("InvalidMedia", "no: really")},
		`processing="InvalidMedia:one, two; three"`:     {upload: failure("InvalidMedia", "one, two; three")},
		"processing-time=10s":                           {upload: &media.Fault{Processing: 10 * time.Second}},
		"processing-time=1s, drop=after":                {drop: dropAfter, upload: &media.Fault{Processing: time.Second}},
		"processing-time=1s,processing=InvalidMedia:ja": {upload: &media.Fault{Processing: time.Second, Failure: media.NewFailure("InvalidMedia", "ja")}},
	} {
		got, err := parseFault(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if diff := cmp.Diff(want, got, cmp.AllowUnexported(fault{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for text, words := range map[string]string{
		"":                          "asks for nothing",
		" ,; ,":                     "asks for nothing",
		"status":                    "status= is not a number from 400 to 599",
		"status=200":                "from 400 to 599",
		"status=399":                "from 400 to 599",
		"status=600":                "from 400 to 599",
		"status=0503":               "from 400 to 599",
		"status=+503":               "from 400 to 599",
		"status=503 ok":             "from 400 to 599",
		"delay":                     "delay= is not a time from 0s to 5m0s",
		"delay=2":                   "delay=2 is not a time",
		"delay=-1s":                 "not a time from 0s",
		"delay=5m1ms":               "not a time from 0s to 5m0s",
		"delay=999999999999h":       "not a time",
		"processing-time=6m":        "processing-time=6m is not a time from 0s to 5m0s",
		"retry-after=1s":            "goes with status=429 or status=503",
		"status=500,retry-after=1s": "goes with status=429 or status=503",
		"drop=":                     "drop= is not drop=before or drop=after",
		"drop=now":                  "drop=now is not",
		"processing":                "is not InvalidMedia, UnsupportedMedia or InternalError",
		"processing=invalidmedia":   "processing=invalidmedia is not InvalidMedia",
		"processing=InvalidMedia:" + strings.Repeat("x", 501): "at most 500 bytes",
		"processing=InvalidMedia:\xff":                        "at most 500 bytes",
		`processing="InvalidMedia:x`:                          "quote is not closed",
		"teapot":                                              `"teapot" is not known`,
		"Status=503":                                          `"Status" is not known`,
		"status=503,status=503":                               "status is there twice",
		"delay=1s;delay=2s":                                   "delay is there twice",
		"status=503,drop":                                     "only delay and retry-after go with it",
		"status=503,processing=InvalidMedia":                  "only delay and retry-after go with it",
		"drop,delay=1s":                                       "nothing goes with it",
		"drop,processing-time=1s":                             "nothing goes with it",
		"status=503" + strings.Repeat(",", 2000):              "more than 2000 bytes",
	} {
		_, err := parseFault(text)
		if media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for _, w := range []string{faultHeader, words, "status=503"} {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v lacks %q", text, err, w)
			}
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, text := range []string{"status=503, delay=2s", `processing="InvalidMedia:a,b";processing-time=1s`, "drop", `"`, "=,=", "status=429,retry-after=5m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFault(text)
		if err != nil {
			if media.CodeOf(err) != media.CodeInvalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if got.status != 0 && (got.status < 400 || got.status > 599) || got.delay < 0 || got.delay > media.MaxFaultTime || got.retryAfter > media.MaxFaultTime {
			t.Fatalf("%q: %+v", text, got)
		}
		if u := got.upload; u != nil && (u.Processing < 0 || u.Processing > media.MaxFaultTime || u.Failure != nil && (u.Failure.Code == 0 || len(u.Failure.Message) > maxFaultMessage)) {
			t.Fatalf("%q: %+v", text, u)
		}
	})
}
