package ownapi

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// routeLibrary adds the endpoints of the library, uploads and storage.
func (a *API) routeLibrary() {
	read := need{scopes: []string{auth.TweetRead, auth.MediaWrite}, appOnly: true}
	write := need{scopes: []string{auth.MediaWrite}}
	a.mux.Handle("GET /magpie/v1/media", a.endpoint(read, a.libraryList))
	a.mux.Handle("GET /magpie/v1/media/{id}", a.endpoint(read, a.libraryGet))
	a.mux.Handle("DELETE /magpie/v1/media/{id}", a.endpoint(write, a.libraryDelete))
	a.mux.Handle("POST /magpie/v1/media/{id}/restore", a.endpoint(write, a.libraryRestore))
	a.mux.Handle("GET /magpie/v1/uploads", a.endpoint(read, a.uploadList))
	a.mux.Handle("GET /magpie/v1/uploads/{id}", a.endpoint(read, a.uploadGet))
	a.mux.Handle("DELETE /magpie/v1/uploads/{id}", a.endpoint(write, a.uploadAbort))
	a.mux.Handle("GET /magpie/v1/storage", a.endpoint(read, a.storage))
	a.mux.Handle("GET /magpie/v1/limits", a.endpoint(read, a.limits))
}

// libraryItem is a media as the library's list shows it.
type libraryItem struct {
	ID              string         `json:"id"`
	MediaKey        media.Key      `json:"media_key"`
	Category        media.Category `json:"category"`
	Type            media.Type     `json:"media_type"`
	State           media.State    `json:"state"`
	Progress        int            `json:"progress_percent"`
	Error           *failure       `json:"error,omitempty"`
	Bytes           int64          `json:"bytes"` // of the exact upload
	Width           int            `json:"width,omitempty"`
	Height          int            `json:"height,omitempty"`
	DurationMS      int64          `json:"duration_ms,omitempty"`
	Shared          bool           `json:"shared"`
	AltText         string         `json:"alt_text,omitempty"`
	Source          string         `json:"upload_source,omitempty"`
	Placeholder     string         `json:"placeholder,omitempty"`
	PreviewURL      string         `json:"preview_url,omitempty"`
	CreatedAt       time.Time      `json:"created_at"`
	ExpiresAt       *time.Time     `json:"expires_at,omitempty"`
	DeletedAt       *time.Time     `json:"deleted_at,omitempty"`
	RestorableUntil *time.Time     `json:"restorable_until,omitempty"`

	Model *media.ModelFacts `json:"model,omitempty"` // of a 3D model, once it was checked
}

// failure is why processing failed.
type failure struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// item describes a media. What is deleted has no URLs.
func (a *API) item(r *http.Request, m media.Media, notes media.Metadata, files []media.Rendition, who auth.Identity) libraryItem {
	out := libraryItem{
		ID: m.ID.String(), MediaKey: m.Key(), Category: m.Category, Type: m.Type, State: m.State, Progress: m.Progress,
		Bytes: m.Size(), Width: m.Width, Height: m.Height, Shared: m.Shared, Placeholder: m.Placeholder, Model: m.Facts.Model, CreatedAt: m.CreatedAt,
		ExpiresAt: moment(m.ExpiresAt), DeletedAt: moment(m.GoneAt), RestorableUntil: moment(m.RestorableUntil(a.sessions.DeleteGrace())),
	}
	if f := m.Failure; f != nil {
		out.Error = &failure{Code: f.Code, Name: f.Name, Message: f.Message}
	}
	if m.State.Done() {
		out.DurationMS = m.Duration.Milliseconds() // before that it is a guess
	}
	if notes.AltText != nil {
		out.AltText = notes.AltText.Text
	}
	if notes.UploadSource != nil {
		out.Source = notes.UploadSource.UploadSource
	}
	if m.GoneAt.IsZero() {
		if shown, ok := preview(files); ok {
			out.PreviewURL = a.handout.For(r, m, notes, who.User).Of(shown)
		}
	}
	return out
}

// preview picks a small picture to show of a media.
func preview(files []media.Rendition) (media.Rendition, bool) {
	for _, f := range files {
		if f.Role == media.RolePoster || f.Role == media.RoleImage && f.Name == "small"+path.Ext(f.Name) {
			return f, true
		}
	}
	return media.Rendition{}, false
}

// moment is a time for JSON, nil for never.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// actor is who a change is by.
func actor(who auth.Identity) catalog.Actor { return catalog.Actor{User: who.User, Client: who.Client} }

// named reads the id in the path, and the media that has it, if there is one: a
// deleted one too.
func (a *API) named(r *http.Request) (id media.ID, m media.Media, found bool, err error) {
	if id, err = media.ParseID(r.PathValue("id")); err != nil {
		return id, m, false, err
	}
	m, err = a.catalog.Media(r.Context(), id)
	if media.CodeOf(err) == media.CodeNotFound {
		return id, m, false, nil
	}
	return id, m, err == nil, err
}

// own gives the media in the path, if the caller owns it, also when it is
// deleted and can be restored.
func (a *API) own(r *http.Request, who auth.Identity, verb string) (media.Media, error) {
	id, m, found, err := a.named(r)
	if err != nil {
		return media.Media{}, err
	}
	switch {
	case !found, !m.UsableBy(who.User), m.Owner != who.User && !m.GoneAt.IsZero():
		return media.Media{}, unknownMedia(id)
	case m.Owner != who.User:
		return media.Media{}, media.Errorf(media.CodeForbidden, "Only the owner of %s may %s it.", id, verb)
	}
	return m, nil
}

func unknownMedia(id media.ID) error {
	return media.Errorf(media.CodeNotFound, "There is no finalized media %s here that this user may use.", id)
}

// restorable reports whether a media is deleted and can be brought back.
func (a *API) restorable(m media.Media) bool {
	return a.now().Before(m.RestorableUntil(a.sessions.DeleteGrace()))
}

// How many things a list answers.
const (
	pageDefault = 20
	pageMost    = 100
)

// paging reads limit and cursor. before 0 is the beginning.
func paging(query map[string]string) (limit int, before media.ID, err error) {
	limit = pageDefault
	if text, said := query["limit"]; said {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > pageMost {
			return 0, 0, shown(media.Invalid("limit", "must be from 1 to %d", pageMost), text)
		}
	}
	text, said := query["cursor"]
	if !said {
		return limit, 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 8 || binary.BigEndian.Uint64(b)>>63 != 0 || binary.BigEndian.Uint64(b) == 0 {
		return 0, 0, shown(media.Invalid("cursor", "must be a next_cursor of this list"), text)
	}
	return limit, media.ID(binary.BigEndian.Uint64(b)), nil
}

func cursor(id media.ID) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// shown adds to an error what the client sent.
func shown(e *media.Error, value string) *media.Error {
	e.Value = fmt.Sprintf("%.200s", value)
	return e
}

// truth reads a parameter that is true or false; false where it is not there.
func truth(query map[string]string, name string) (bool, error) {
	switch text := query[name]; text {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	default:
		return false, shown(media.Invalid(name, "must be true or false"), text)
	}
}

// listAnswer is how lists are answered.
type listAnswer[T any] struct {
	Data []T      `json:"data"`
	Meta listMeta `json:"meta"`
}

type listMeta struct {
	Count int    `json:"result_count"`
	Next  string `json:"next_cursor,omitempty"` // there exactly while there may be more
}

// listed makes an answer of one page; next 0 is the end.
func listed[T any](page []T, next media.ID) listAnswer[T] {
	out := listAnswer[T]{Data: page, Meta: listMeta{Count: len(page)}}
	if next != 0 {
		out.Meta.Next = cursor(next)
	}
	return out
}
