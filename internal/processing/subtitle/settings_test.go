package subtitle

import "testing"

func TestCleanSettings(t *testing.T) {
	tests := map[string]string{
		"":                                   "",
		"  ":                                 "",
		"line:0":                             "line:0",
		"line:-12":                           "line:-12",
		"line:50%,end":                       "line:50%,end",
		"line:50.5%":                         "line:50.5%",
		"line:5%,left":                       "",
		"line:-5%":                           "",
		"line:12345":                         "",
		"size:100%":                          "size:100%",
		"size:100.1%":                        "",
		"size:100":                           "",
		"size:5%,start":                      "",
		"position:10%,line-left align:start": "position:10%,line-left align:start",
		"position:10%,start":                 "",
		"align:middle":                       "",
		"align:left align:right line:1":      "align:right line:1",
		"vertical:rl vertical:up":            "vertical:rl",
		"region:fred":                        "",
		"Line:0 line=0 line: 0 :0 line":      "",
		"\tline:0   size:5%\t":               "line:0 size:5%",
	}
	for given, want := range tests {
		if got := cleanSettings(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
