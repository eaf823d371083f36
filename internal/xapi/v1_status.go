package xapi

import (
	"errors"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// v1Status answers GET /1.1/media/upload.json?command=STATUS&media_id=…, from
// INIT on and for images as well: X has 404 for those, and clients that ask take
// it for a failed upload. As on X, expires_after_secs is not among the members.
func (a *API) v1Status(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	fields := uploadFields{values: map[string]string{}}
	if err := fields.addQuery(r); err != nil {
		return err
	}
	if c := fields.values["command"]; c != "" && c != "STATUS" {
		return wrong("command", quote(c), "does not have a value in the enumeration [\"STATUS\"], which is in capitals; the others are sent by POST")
	}
	id, err := a.target(r.Context(), who, fields)
	if err != nil {
		return nowhere(err)
	}
	out, err := a.stands(r.Context(), who, id)
	if err != nil {
		return err
	}
	shown := newV1Result(out)
	shown.ExpiresAfterSecs = 0
	return a.answer(w, r, http.StatusOK, shown)
}

// nowhere says of an unknown upload what v1.1's STATUS does: that there is no
// such page, rather than that a parameter is wrong.
func nowhere(err error) error {
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeNotFound && e.Code != media.CodeGone {
		return err
	}
	plain := *e
	plain.Field, plain.Value = "", ""
	return &plain
}
