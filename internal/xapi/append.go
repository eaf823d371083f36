package xapi

import (
	"errors"
	"net/http"
	"strconv"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/media"
)

// append answers POST /2/media/upload/{id}/append: it keeps one segment,
// durably before it answers. The bytes go from the request's one buffer to the
// store as they come in.
func (a *API) append(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	hint, err := a.announced(r)
	if err != nil {
		return err
	}
	segment, err := a.sessions.Append(r.Context(), who.User, id, hint)
	if err != nil {
		return err
	}
	defer segment.Abort()
	if r.Header.Get(faultHeader) == "" { // else the answer may come as late as was asked for
		delivery.Unwatched(r)
	}
	fields, err := a.readUpload(r, segment)
	if err != nil {
		return err
	}
	index, err := segmentIndex(fields)
	if err != nil {
		return err
	}
	if !fields.media {
		return missing("media")
	}
	expires, err := segment.Commit(r.Context(), index)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: appended{ExpiresAt: expires.Unix()}})
}

type appended struct {
	ExpiresAt int64 `json:"expires_at"` // unix seconds
}

// announced is how many bytes of media a request announces, 0 where it doesn't.
// It refuses at once what can't hold a segment of the allowed size, in whatever
// way that is written.
func (a *API) announced(r *http.Request) (int64, error) {
	// Base64 with every letter escaped is eight times as long.
	const longest, envelope = 8, 1 << 20
	limit := a.sessions.MaxSegment()
	if r.ContentLength > longest*limit+envelope {
		return 0, media.Errorf(media.CodeTooLarge, "The request announces %d bytes, and one may carry a segment of at most %d; send smaller segments.", r.ContentLength, limit)
	}
	return min(max(0, r.ContentLength), limit), nil
}

// segmentIndex reads segment_index, which clients send as a number or a string.
func segmentIndex(f uploadFields) (int, error) {
	text, ok := f.values["segment_index"]
	if !ok {
		return 0, missing("segment_index")
	}
	n, err := strconv.ParseUint(text, 10, 16) // no signs
	if err != nil || len(text) > 3 || n > media.MaxSegmentIndex {
		e := media.Invalid("segment_index", "SegmentIndex must be between 0 and %d.", media.MaxSegmentIndex)
		e.Value = shorten(text)
		return 0, e
	}
	return int(n), nil
}

// errMissing is the cause of errors about something that was not sent, for
// which v1.1 has a code of its own.
var errMissing = errors.New("missing")

func missing(name string) error {
	e := media.Invalid("$."+name, "$.%s: is missing but it is required", name)
	e.Cause = errMissing
	return e
}
