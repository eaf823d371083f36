package media

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Code says what kind of failure an Error is. The edge turns it into a status;
// nothing below the edge knows HTTP.
type Code string

// The codes. Anything without a code is Internal.
const (
	CodeInvalid           Code = "invalid"            // the request cannot be right as it stands
	CodeNoCredentials     Code = "no_credentials"     // none, or none that can be read
	CodeUnauthorized      Code = "unauthorized"       // a token that is unknown, expired or revoked
	CodeSignature         Code = "signature"          // an OAuth 1.0a signature that does not hold, or no longer
	CodeForbidden         Code = "forbidden"          // valid credentials that may not do this
	CodeAppOnly           Code = "app_only"           // an app-only token where a user is needed
	CodeOAuth1Permissions Code = "oauth1_permissions" // a signed request of a client that may only read
	CodeNotFound          Code = "not_found"          // no such thing, or not visible to the caller
	CodeConflict          Code = "conflict"           // what is there stands in the way
	CodeQuota             Code = "quota"              // more than the user may store
	CodeGone              Code = "gone"               // it was there and is not any more
	CodeWithheld          Code = "withheld"           // kept from the country that the caller is in
	CodeTooSlow           Code = "too_slow"           // the request did not come fast enough
	CodeTooLarge          Code = "too_large"          // more bytes than are allowed
	CodePrecondition      Code = "precondition"       // a version of a protocol that is not spoken here
	CodeChecksum          Code = "checksum"           // bytes that are not those their checksum is of
	CodeUnsupported       Code = "unsupported"        // a content type nobody can read here
	CodeBusy              Code = "busy"               // try again after RetryAfter
	CodeFull              Code = "full"               // the store has no room
	CodeRateLimited       Code = "rate_limited"       // too many requests
	CodeNoMethod          Code = "no_method"          // the route exists, the method does not
	CodeInternal          Code = "internal"           // a fault of ours; the cause goes to the log only
)

// Error is a failure a client may read. Detail says what was wrong and what
// would be right, in words; Field names the request member at fault, in the
// spelling the client used, and may be empty; Value is what the client sent
// there, where showing it helps. Cause is for the log alone.
type Error struct {
	Code       Code
	Field      string
	Value      string
	Detail     string
	RetryAfter time.Duration
	Cause      error
}

// Error gives the words and, for the log, the cause.
func (e *Error) Error() string {
	s := e.Detail
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error of code with formatted words.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Invalid makes a CodeInvalid error about a field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// Busy makes a CodeBusy error that asks the client to come back after d.
func Busy(d time.Duration, format string, args ...any) *Error {
	return &Error{Code: CodeBusy, RetryAfter: d, Detail: fmt.Sprintf(format, args...)}
}

// CodeOf gives the code of the first Error in err's chain, CodeInternal if
// there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Message is the words with the field that they are about in front, unless they
// name it themselves.
func (e *Error) Message() string {
	if e.Field == "" || slices.Contains(strings.Fields(e.Detail), e.Field) || startsUpper(e.Detail) {
		return e.Detail
	}
	return e.Field + " " + e.Detail
}

// startsUpper tells whole sentences from the ends of sentences that begin with
// a field's name.
func startsUpper(s string) bool {
	return s != "" && (s[0] >= 'A' && s[0] <= 'Z' || s[0] == '$' || s[0] == '`')
}
