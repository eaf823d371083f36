package xapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// initialized is the data of an initialize answer. The contract has the first
// three members; the documentation's pages show size and processing_info too.
type initialized struct {
	ID               string          `json:"id"`
	MediaKey         media.Key       `json:"media_key,omitempty"`
	ExpiresAfterSecs int64           `json:"expires_after_secs"`
	Size             *int64          `json:"size,omitempty"`
	ProcessingInfo   *processingInfo `json:"processing_info,omitempty"`
}

// initialize answers POST /2/media/upload/initialize: it opens a session.
func (a *API) initialize(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	o, err := readObject(r)
	if err != nil {
		return err
	}
	request, err := initializeRequest(o)
	if err != nil {
		return inBody(err)
	}
	request.Owner = who.User
	session, err := a.sessions.Initialize(r.Context(), request)
	if err != nil {
		return inBody(err)
	}
	if err := a.keepFault(r.Context(), session.ID); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: newInitialized(session)})
}

// newInitialized describes a session that was just opened.
func newInitialized(session media.Session) initialized {
	data := initialized{
		ID:               session.ID.String(),
		MediaKey:         media.KeyOf(session.Category, session.ID),
		ExpiresAfterSecs: secondsUntil(session.ExpiresAt, session.CreatedAt),
	}
	if session.TotalBytes != media.Undeclared {
		data.Size = &session.TotalBytes
	}
	if processed(session.Category) {
		zero := 0
		data.ProcessingInfo = &processingInfo{State: media.Pending, CheckAfterSecs: 1, ProgressPercent: &zero}
	}
	return data
}

func initializeRequest(o object) (upload.Request, error) {
	var q upload.Request
	if err := o.only("additional_owners", "media_category", "media_type", "shared", "total_bytes"); err != nil {
		return q, err
	}
	category, err := o.text("media_category")
	if err == nil && category != "" {
		q.Category, err = media.ParseCategory(category)
	}
	if err != nil {
		return q, err
	}
	typ, err := o.text("media_type")
	if err == nil && typ != "" {
		q.Type, err = media.ParseType(typ)
	}
	if err != nil {
		return q, err
	}
	if q.TotalBytes, err = o.integer("total_bytes", media.Undeclared); err != nil {
		return q, err
	}
	if o.has("total_bytes") && q.TotalBytes < 0 {
		return q, wrong("total_bytes", o["total_bytes"], "must be from 0 to %d", media.MaxTotalBytes)
	}
	if q.Shared, err = o.boolean("shared"); err != nil {
		return q, err
	}
	q.AdditionalOwners, err = o.texts("additional_owners")
	return q, err
}
