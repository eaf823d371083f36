package tus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// patch answers PATCH: it takes bytes behind those that are here. What came of a
// body that breaks off is kept, unless a checksum was to be held against it.
func (a *API) patch(w http.ResponseWriter, r *http.Request, who auth.Identity, id media.ID) error {
	if err := offsetStream(r); err != nil {
		return err
	}
	offset, told, err := number(r.Header, "Upload-Offset")
	if err != nil {
		return err
	}
	if !told {
		return media.Invalid("Upload-Offset", "The header Upload-Offset is missing; it must say where in the file the bytes belong.")
	}
	u, err := a.Sessions.Serial(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	if isJoined(u) {
		return media.Errorf(media.CodeForbidden, "The upload %s is joined of others; no bytes can be sent to it.", id)
	}
	if offset != u.Bytes {
		return a.Sessions.Behind(id, u.Bytes, offset)
	}
	if u, err = a.declare(r, who, u); err != nil {
		return err
	}
	if u.TotalBytes != media.Undeclared && r.ContentLength > u.TotalBytes-offset {
		return media.Errorf(media.CodeTooLarge, "The request has %d bytes for the offset %d, and the upload %d in all by its Upload-Length.", r.ContentLength, offset, u.TotalBytes)
	}
	if hasBytes(r) {
		if u, err = a.receive(r, u); err != nil {
			return err
		}
	}
	m, err := a.finish(r.Context(), who, u)
	if err != nil {
		return err
	}
	a.describe(w.Header(), u, m)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// declare takes the length of an upload whose client did not know it before.
func (a *API) declare(r *http.Request, who auth.Identity, u upload.Serial) (upload.Serial, error) {
	length, told, err := number(r.Header, "Upload-Length")
	if err != nil || !told {
		return u, err
	}
	if err := a.fits(u.Category, u.Type, length); err != nil {
		return u, err
	}
	if err := a.Sessions.Declare(r.Context(), u, length); err != nil {
		return u, err
	}
	u.TotalBytes = length
	return u, nil
}

// bufferSize is the memory of one request for what it brings.
const bufferSize = 256 << 10

// keepTime is how long what a client has sent that is gone may take to be kept.
const keepTime = time.Minute

// receive takes a request's bytes behind those of an upload, and gives it as it
// is then.
func (a *API) receive(r *http.Request, u upload.Serial) (upload.Serial, error) {
	sum, err := readChecksum(r.Header)
	if err != nil {
		return u, err
	}
	// A client that is gone ends its request, and what it has sent is kept all the
	// same.
	ctx := context.WithoutCancel(r.Context())
	stream := a.Sessions.Stream(u, max(r.ContentLength, 0), sum != nil)
	defer stream.Drop(ctx)
	broken, err := a.pump(ctx, r.Body, stream, sum)
	if sum != nil {
		// Of bytes that can't be held against it none counts.
		switch {
		case err != nil:
			return u, err
		case broken != nil:
			return u, brokenBody(broken)
		}
		if err := sum.check(); err != nil {
			return u, err
		}
	}
	if media.CodeOf(err) != media.CodeConflict {
		ctx, cancel := context.WithTimeout(ctx, keepTime)
		defer cancel()
		if kept := stream.Keep(ctx); err == nil {
			err = kept
		}
	}
	u.End = stream.End()
	if err == nil && broken != nil {
		err = brokenBody(broken)
	}
	return u, err
}

// pump brings a body's bytes to a stream, through one buffer that is filled before
// it is written. broken is why the body ended before its end.
func (a *API) pump(ctx context.Context, body io.Reader, to *upload.Stream, sum *checksum) (broken, err error) {
	buffer := a.buffers.Get().(*[bufferSize]byte)
	defer a.buffers.Put(buffer)
	for {
		n, ended := 0, error(nil)
		for n < len(buffer) && ended == nil {
			var k int
			k, ended = body.Read(buffer[n:])
			n += k
		}
		if sum != nil {
			_, _ = sum.Write(buffer[:n])
		}
		if err := to.Write(ctx, buffer[:n]); err != nil {
			return nil, err
		}
		if errors.Is(ended, io.EOF) && !errors.Is(ended, io.ErrUnexpectedEOF) {
			return nil, nil
		}
		if ended != nil {
			return ended, nil
		}
	}
}

// brokenBody says that a body ended before its end. A client that is too slow is
// told so.
func brokenBody(err error) error {
	var e *media.Error
	if errors.As(err, &e) {
		return err
	}
	return &media.Error{
		Code: media.CodeInvalid, Field: "body", Cause: err,
		Detail: "The request body broke off before its end. Ask with HEAD how many bytes have come, and go on from there.",
	}
}
