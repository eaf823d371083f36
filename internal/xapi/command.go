package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// dialect is how one of X's two APIs with commands shows what they came to:
// v2's older way, or v1.1. Everything else about a command is alike in both.
type dialect struct {
	begun func(session media.Session, said uploadFields) any // of INIT
	made  func(done uploadResult, said uploadFields) any     // of FINALIZE, and of a whole file
}

// v2 wraps what the newer endpoints answer.
func v2() dialect {
	return dialect{
		begun: func(s media.Session, _ uploadFields) any { return envelope{Data: newInitialized(s)} },
		made:  func(u uploadResult, _ uploadFields) any { return envelope{Data: u} },
	}
}

// command answers POST /2/media/upload and /1.1/media/upload.json: X's older
// way, by command, and without one an upload in one request. What is said may
// be in the query, a form, multipart or JSON, and in several of them; the body
// counts before the query. Parameters that nobody knows here pass.
func (a *API) command(d dialect) handler {
	return func(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
		hint, err := a.announced(r)
		if err != nil {
			return err
		}
		bytes := &intake{begin: func() (*upload.OneShot, error) { return a.sessions.OneShot(r.Context(), hint) }}
		defer bytes.Abort()
		fields, err := a.readUpload(r, bytes)
		if err != nil {
			return err
		}
		if err := fields.addQuery(r); err != nil {
			return err
		}
		switch c := fields.values["command"]; c {
		case "":
			done, err := a.oneShot(r, who, fields, bytes)
			if err != nil {
				return err
			}
			return a.answer(w, r, http.StatusOK, d.made(done, fields))
		case "INIT":
			session, err := a.commandInit(r, who, fields)
			if err != nil {
				return err
			}
			return a.answer(w, r, http.StatusAccepted, d.begun(session, fields))
		case "APPEND":
			if err := a.commandAppend(r, who, fields, bytes); err != nil {
				return err
			}
			// Truly nothing: clients choke on what they don't expect here.
			keepOut(w.Header())
			w.WriteHeader(http.StatusNoContent)
			return nil
		case "FINALIZE":
			done, err := a.commandFinalize(r, who, fields)
			if err != nil {
				return err
			}
			return a.answer(w, r, http.StatusCreated, d.made(done, fields))
		case "STATUS":
			return noMedia("media parameter is missing. STATUS is asked for by GET.")
		default:
			return wrong("command", quote(c), "does not have a value in the enumeration [\"INIT\", \"APPEND\", \"FINALIZE\"], which are in capitals; STATUS is asked for by GET")
		}
	}
}

// addQuery adds what the query says and the body does not. Only a list may be
// there several times.
func (f uploadFields) addQuery(r *http.Request) error {
	query, err := readQuery(r)
	if err != nil {
		return err
	}
	for name, values := range query {
		switch _, said := f.values[name]; {
		case name == "additional_owners" && !said:
			f.values[name] = strings.Join(values, ",")
		case len(values) > 1 && slices.Contains(commandParameters(), name):
			return twice(name)
		case !said:
			f.values[name] = values[0]
		}
	}
	return nil
}

// commandParameters lists what may be said of an upload in the query.
func commandParameters() []string {
	return []string{
		"additional_owners", "command", "media_category", "media_id", "media_key", "media_type", "segment_index", "shared", "total_bytes",
	}
}

// commandInit opens a session.
func (a *API) commandInit(r *http.Request, who auth.Identity, fields uploadFields) (media.Session, error) {
	request, err := fields.request()
	if err != nil {
		return media.Session{}, inBody(err)
	}
	if text := fields.values["total_bytes"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return media.Session{}, wrong("total_bytes", quote(text), "must be from 0 to %d", media.MaxTotalBytes)
		}
		request.TotalBytes = n
	}
	// X answers the longer life of its newer endpoints for amplify_video here too.
	request.Owner, request.Brief = who.User, request.Category != media.AmplifyVideo
	session, err := a.sessions.Initialize(r.Context(), request)
	if err != nil {
		return session, inBody(err)
	}
	return session, a.keepFault(r.Context(), session.ID)
}

// commandAppend keeps one segment.
func (a *API) commandAppend(r *http.Request, who auth.Identity, fields uploadFields, bytes *intake) error {
	if asksProcessing(r.Context()) {
		return notProcessed()
	}
	id, err := a.target(r.Context(), who, fields)
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
	segment, err := bytes.get()
	if err != nil {
		return err
	}
	_, err = segment.Append(r.Context(), who.User, id, index)
	return aboutMedia(err, id)
}

// commandFinalize makes the media.
func (a *API) commandFinalize(r *http.Request, who auth.Identity, fields uploadFields) (uploadResult, error) {
	id, err := a.target(r.Context(), who, fields)
	if err != nil {
		return uploadResult{}, err
	}
	m, err := a.sessions.Finalize(r.Context(), who.User, id)
	if err != nil {
		return uploadResult{}, aboutMedia(err, id)
	}
	return a.finished(r.Context(), m)
}

// target reads which upload a command is about: media_id, or in its place
// media_key, which must then be that upload's.
func (a *API) target(ctx context.Context, who auth.Identity, f uploadFields) (media.ID, error) {
	text, hasID := f.values["media_id"]
	key, hasKey := f.values["media_key"]
	if !hasID && !hasKey {
		return 0, missing("media_id")
	}
	var id media.ID
	var err error
	if hasID {
		if id, err = media.ParseID(text); err != nil {
			return 0, wrong("media_id", quote(text), "does not match the pattern ^[0-9]{1,19}$ of a media id")
		}
	}
	if !hasKey {
		return id, nil
	}
	keyed, err := media.ParseKey(key)
	if err != nil {
		return 0, wrong("media_key", quote(key), "does not match the pattern ^[0-9]+_[0-9]+$ of a media key")
	}
	if hasID && keyed != id {
		return 0, wrong("media_key", quote(key), "is not the key of the media_id %s", id)
	}
	u, err := a.stands(ctx, who, keyed)
	if err == nil && string(u.MediaKey) != key {
		err = unknownUpload(keyed)
	}
	return keyed, aboutMedia(err, keyed)
}

// aboutMedia says of an error about a whole upload that media_id names it.
func aboutMedia(err error, id media.ID) error {
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeNotFound && e.Code != media.CodeGone {
		return err
	}
	named := *e
	named.Field, named.Value = "media_id", id.String()
	return &named
}

// quote is text as JSON.
func quote(text string) json.RawMessage {
	b, _ := json.Marshal(text) // a string always can be
	return b
}

// intake is the bytes of a request that may have none: they are taken in from
// the first one on.
type intake struct {
	begin func() (*upload.OneShot, error)
	taken *upload.OneShot
}

// get gives the bytes taken in so far, none if there were none.
func (i *intake) get() (*upload.OneShot, error) {
	var err error
	if i.taken == nil {
		i.taken, err = i.begin()
	}
	return i.taken, err
}

func (i *intake) Write(p []byte) (int, error) {
	b, err := i.get()
	if err != nil {
		return 0, err
	}
	return b.Write(p)
}

// Abort drops the bytes unless they were kept.
func (i *intake) Abort() {
	if i.taken != nil {
		i.taken.Abort()
	}
}
