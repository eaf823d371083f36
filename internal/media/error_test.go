package media

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestErrorMessage(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		want string
	}{
		{Invalid("total_bytes", "must be from 0 to %d", 9), "total_bytes must be from 0 to 9"},
		{Invalid("id", "The upload is empty: no segment has arrived."), "The upload is empty: no segment has arrived."},
		{Invalid("", "must be something"), "must be something"},
		{Invalid("media", "media parameter is missing."), "media parameter is missing."},
		{Invalid("shared", "the member shared is missing"), "the member shared is missing"},
		{Invalid("total_bytes", "$.total_bytes: integer expected"), "$.total_bytes: integer expected"},
		{Invalid("media_type", "`image/jpg` is unknown"), "`image/jpg` is unknown"},
		{Invalid("media_type", "image/jpeg is not video"), "media_type image/jpeg is not video"},
		{Invalid("media_type", ""), "media_type "},
		{Errorf(CodeGone, "gone since %s", "May"), "gone since May"},
		{&Error{Code: CodeFull, Detail: "No room.", Cause: io.ErrShortWrite}, "No room."},
	} {
		if got := c.err.Message(); got != c.want {
			t.Errorf("%#v: %q, want %q", c.err, got, c.want)
		}
	}
}

// The log gets field and cause, which clients may not see or see elsewhere.
func TestErrorForTheLog(t *testing.T) {
	e := &Error{Code: CodeFull, Field: "media", Detail: "No room.", Cause: io.ErrShortWrite}
	if got, want := e.Error(), "media: No room.: short write"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(e, io.ErrShortWrite) {
		t.Error("the cause is not in the chain")
	}
	if got := Errorf(CodeGone, "Gone.").Error(); got != "Gone." {
		t.Errorf("%q", got)
	}
}

func TestCodeOf(t *testing.T) {
	busy := Busy(3*time.Second, "Later, %s.", "please")
	if busy.RetryAfter != 3*time.Second || busy.Detail != "Later, please." {
		t.Errorf("%+v", busy)
	}
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{io.EOF, CodeInternal},
		{busy, CodeBusy},
		{fmt.Errorf("finalize: %w", busy), CodeBusy},
		{errors.Join(io.EOF, fmt.Errorf("x: %w", Errorf(CodeFull, ""))), CodeFull},
		{&Error{Code: CodeNotFound, Cause: busy}, CodeNotFound},
		{NewFailure(InvalidMedia, ""), CodeInternal},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}
