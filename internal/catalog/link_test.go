package catalog

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func testLink() *link {
	return newLink(PostgresOptions{Now: time.Now, Random: zeros{}, Log: slog.New(slog.DiscardHandler)})
}

// TestLinkTriesAgain counts how often a transaction is tried that fails first.
func TestLinkTriesAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fails int
		err   error
		safe  bool
		tries int
		ends  bool // with the error
	}{
		{"nothing wrong", 0, nil, true, 1, false},
		{"a deadlock", 2, stateError("40P01"), true, 3, false},
		{"a serialization failure for ever", 99, stateError("40001"), true, maxTries, true},
		{"a row that went", 1, stateError("23503"), true, 2, false},
		{"the server stops before the commit", 1, stateError("57P01"), true, 2, false},
		{"the connection breaks while committing", 1, io.ErrUnexpectedEOF, false, 1, true},
		{"a lock that others keep", 1, stateError("55P03"), true, 1, true},
		{"a mistake", 1, stateError("42601"), true, 1, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			l := testLink()
			defer func() { _ = l.close() }()
			err := l.do(t.Context(), func() (bool, error) {
				if tries++; tries <= tc.fails {
					return tc.safe, tc.err
				}
				return true, nil
			})
			if tries != tc.tries || (err != nil) != tc.ends {
				t.Errorf("%s: %d tries, then %v", tc.name, tries, err)
			}
		})
	}
}

// TestLinkGivesWay lets a server be away, and counts who tries.
func TestLinkGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLink()
		defer func() { _ = l.close() }()
		asked := 0
		ask := func(answer error) error {
			return l.do(t.Context(), func() (bool, error) { asked++; return false, answer })
		}
		for range openAfter {
			_ = ask(io.ErrUnexpectedEOF)
		}
		for range 100 {
			if err := ask(nil); !errors.Is(err, errRefused) {
				t.Fatalf("just after the server went away: %v", err)
			}
		}
		if asked != openAfter {
			t.Errorf("it was asked %d times, want %d", asked, openAfter)
		}
		time.Sleep(probeEvery)
		if err := ask(io.ErrUnexpectedEOF); errors.Is(err, errRefused) {
			t.Error("nobody tries whether it is back")
		}
		if err := ask(nil); !errors.Is(err, errRefused) {
			t.Errorf("two try at once: %v", err)
		}
		time.Sleep(probeEvery)
		if err := ask(nil); err != nil {
			t.Errorf("the server is back: %v", err)
		}
		for range 10 {
			if err := ask(nil); err != nil {
				t.Errorf("later: %v", err)
			}
		}
		// Who waited for a connection in vain, or no longer than they wanted, says
		// nothing about the server, neither good nor bad.
		for range openAfter - 1 {
			_ = ask(io.ErrUnexpectedEOF)
		}
		_, _ = ask(errCrowded), ask(context.DeadlineExceeded)
		_ = ask(io.ErrUnexpectedEOF)
		if err := ask(nil); !errors.Is(err, errRefused) {
			t.Errorf("away, crowded, and away: %v", err)
		}
		time.Sleep(probeEvery)
		if err := ask(nil); err != nil {
			t.Errorf("back once more: %v", err)
		}
		// Clients who leave say nothing about the server.
		for range 2 * openAfter {
			_ = ask(context.Canceled)
		}
		if err := ask(nil); err != nil {
			t.Errorf("after clients left: %v", err)
		}
	})
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"postgres://u:hush@h/x":                              "postgres://u:xxxxx@h/x",
		"postgres://u@h/x?sslmode=disable":                   "postgres://u@h/x?sslmode=disable",
		"postgres://h/x?password=hush&user=u&sslpassword=hm": "postgres://h/x?password=xxxxx&sslpassword=xxxxx&user=u",
		"postgres://u:hu%zzsh@h/x":                           "(a URL that can't be read)",
		"hush":                                               "(a URL that can't be read)",
		"u:hush@h":                                           "(a URL that can't be read)",
	} {
		if got := RedactURL(in); got != want {
			t.Errorf("RedactURL(%q) = %q, want %q", in, got, want)
		}
	}
}
