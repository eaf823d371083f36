package tus

import (
	"context"
	"mime"
	"net/http"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// create answers POST: it begins an upload, and takes the bytes that come along
// (creation-with-upload), or joins uploads that are here (concatenation).
func (a *API) create(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if err := a.Count(w.Header(), who); err != nil {
		return err
	}
	said, err := readMetadata(r.Header)
	if err != nil {
		return err
	}
	request, err := said.request(who.User)
	if err != nil {
		return err
	}
	notes, err := said.notes()
	if err != nil {
		return err
	}
	parts, err := readConcat(r.Header)
	if err != nil {
		return err
	}
	u := upload.Serial{Said: catalog.Tus{Metadata: said.text, Concat: parts.String()}}
	if len(parts.joins) > 0 {
		u, err = a.join(r, request, u.Said, parts)
	} else {
		u.Session, err = a.begin(r, request, u.Said, parts)
	}
	if err == nil && len(notes) > 0 && u.State == media.SessionOpen {
		_, err = a.Catalog.MergeMetadata(r.Context(), u.ID, notes, nil, who.Actor(), a.Now())
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", a.location(u.ID))
	h.Set("Magpie-Media-Id", u.ID.String())
	if hasBytes(r) {
		if u, err = a.receive(r, u); err != nil {
			if code := media.CodeOf(err); code == media.CodeInvalid || code == media.CodeChecksum || code == media.CodeTooLarge {
				a.giveUp(r.Context(), who, u.ID)
			}
			return err
		}
	}
	m, err := a.finish(r.Context(), who, u)
	if err != nil {
		return err
	}
	a.describe(h, u, m)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// begin opens the upload that a request asks for.
func (a *API) begin(r *http.Request, request upload.Request, said catalog.Tus, parts concat) (media.Session, error) {
	length, told, err := number(r.Header, "Upload-Length")
	if err != nil {
		return media.Session{}, err
	}
	deferred := r.Header.Get("Upload-Defer-Length")
	switch {
	case deferred != "" && deferred != "1":
		e := media.Invalid("Upload-Defer-Length", "The header Upload-Defer-Length must be 1, or not be there.")
		e.Value = shorten(deferred)
		return media.Session{}, e
	case told == (deferred != ""):
		return media.Session{}, media.Invalid("Upload-Length", "The request needs one of the headers Upload-Length and Upload-Defer-Length: 1, and not both.")
	case told:
		request.TotalBytes = length
	}
	way := media.Serial
	if parts.partial {
		way, request.Category, request.Type = media.Fragment, "", ""
	}
	if err := a.fits(request.Category, request.Type, length); err != nil {
		return media.Session{}, err
	}
	if hasBytes(r) {
		if err := offsetStream(r); err != nil {
			return media.Session{}, err
		}
		if told && r.ContentLength > length {
			return media.Session{}, media.Errorf(media.CodeTooLarge, "The request has %d bytes, and the upload %d by its Upload-Length.", r.ContentLength, length)
		}
		if _, err := readChecksum(r.Header); err != nil {
			return media.Session{}, err
		}
	}
	return a.Sessions.InitializeSerial(r.Context(), request, way, said)
}

// join makes one upload of partial ones.
func (a *API) join(r *http.Request, request upload.Request, said catalog.Tus, parts concat) (upload.Serial, error) {
	for _, name := range []string{"Upload-Length", "Upload-Defer-Length"} {
		if r.Header.Get(name) != "" {
			return upload.Serial{}, media.Invalid(name, "The header %s may not be there with Upload-Concat: final, whose length is that of its parts.", name)
		}
	}
	if hasBytes(r) {
		return upload.Serial{}, media.Invalid("body", "The body must be empty with Upload-Concat: final, whose bytes are those of its parts.")
	}
	return a.Sessions.Join(context.WithoutCancel(r.Context()), request, said, parts.joins)
}

// fits refuses what is longer than any such file may be.
func (a *API) fits(c media.Category, t media.Type, length int64) error {
	if most := a.Sessions.MaxBytes(c, t); length > most {
		return media.Errorf(media.CodeTooLarge, "Upload-Length is %d, and such a file may have %d bytes.", length, most)
	}
	return nil
}

// giveUp ends an upload that its client has not heard of.
func (a *API) giveUp(ctx context.Context, who auth.Identity, id media.ID) {
	if err := a.Sessions.Abort(context.WithoutCancel(ctx), who.Actor(), id); err != nil {
		a.Log.WarnContext(ctx, "refused upload left until it expires", "upload", id, "err", err)
	}
}

func hasBytes(r *http.Request) bool { return r.ContentLength != 0 }

// offsetStream refuses bodies that are not the file's bytes as they are.
func offsetStream(r *http.Request) error {
	got := r.Header.Get("Content-Type")
	if t, _, err := mime.ParseMediaType(got); err != nil || t != bytesType {
		e := media.Errorf(media.CodeUnsupported, "The header Content-Type must be %s.", bytesType)
		e.Field, e.Value = "Content-Type", shorten(got)
		return e
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		e := media.Errorf(media.CodeUnsupported, "The bytes must come as they are, without a Content-Encoding.")
		e.Field, e.Value = "Content-Encoding", shorten(coding)
		return e
	}
	return nil
}
