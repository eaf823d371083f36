package main

import (
	"bytes"
	"testing"
	"time"
)

func TestListing(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600))
	rows := [][]any{
		{"1", []string{"a", "b"}, at, percent(40), "x\x1b[31m\ty"},
		{"", []string(nil), time.Time{}, 7, ""},
	}
	for want, flags := range map[string]listFlags{
		"ID  SCOPES  CREATED AT            DONE  NAME\n" +
			"1   a,b     2026-11-22T11:00:00Z  40%   x[31m y\n" +
			"-   -       -                     7     -\n": {},
		`{"id":"1","scopes":["a","b"],"created_at":"2026-11-22T11:00:00Z","done":40,"name":"x\u001b[31m\ty"}` + "\n" +
			`{"id":"","scopes":[],"created_at":null,"done":7,"name":""}` + "\n": {JSON: true},
	} {
		var out bytes.Buffer
		l := flags.list(&out, "ID", "SCOPES", "CREATED AT", "DONE", "NAME")
		for _, row := range rows {
			if err := l.row(row...); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.end(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%+v:\n%s\nwant\n%s", flags, out.String(), want)
		}
	}
}
