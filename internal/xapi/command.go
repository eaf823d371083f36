package xapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// command answers POST /2/media/upload: the older way of X's v2, by command,
// and without one a one-shot upload. What is said may be in the query, a form,
// multipart or JSON, and in several of them; the body counts before the query.
func (a *API) command(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
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
	for name, values := range r.URL.Query() {
		if _, said := fields.values[name]; !said {
			fields.values[name] = values[0]
		}
	}
	switch c := fields.values["command"]; c {
	case "":
		return a.oneShot(w, r, who, fields, bytes)
	case "INIT":
		return a.commandInit(w, r, who, fields)
	case "APPEND":
		return a.commandAppend(w, r, who, fields, bytes)
	case "FINALIZE":
		return a.commandFinalize(w, r, who, fields)
	default:
		return wrong("command", quote(c), "does not have a value in the enumeration [\"INIT\", \"APPEND\", \"FINALIZE\"]; STATUS is asked for by GET")
	}
}

// commandInit opens a session: 202.
func (a *API) commandInit(w http.ResponseWriter, r *http.Request, who auth.Identity, fields uploadFields) error {
	request, err := fields.request()
	if err != nil {
		return inBody(err)
	}
	if text := fields.values["total_bytes"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return wrong("total_bytes", quote(text), "must be from 0 to %d", media.MaxTotalBytes)
		}
		request.TotalBytes = n
	}
	return a.open(w, r, who, request, http.StatusAccepted)
}

// commandAppend keeps one segment: 204, and truly nothing with it, since
// clients choke on what they don't expect there.
func (a *API) commandAppend(w http.ResponseWriter, r *http.Request, who auth.Identity, fields uploadFields, bytes *intake) error {
	id, err := fields.id()
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
	if _, err := segment.Append(r.Context(), who.User, id, index); err != nil {
		return err
	}
	keepOut(w.Header())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// commandFinalize makes the media: 201.
func (a *API) commandFinalize(w http.ResponseWriter, r *http.Request, who auth.Identity, fields uploadFields) error {
	id, err := fields.id()
	if err != nil {
		return err
	}
	m, err := a.sessions.Finalize(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	return a.finished(w, r, m, http.StatusCreated)
}

// id reads media_id.
func (f uploadFields) id() (media.ID, error) {
	text, ok := f.values["media_id"]
	if !ok {
		return 0, missing("media_id")
	}
	id, err := media.ParseID(text)
	if err != nil {
		return 0, wrong("media_id", quote(text), "does not match the pattern ^[0-9]{1,19}$ of a media id")
	}
	return id, nil
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
