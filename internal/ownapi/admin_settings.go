package ownapi

import (
	"net/http"

	"magpie/internal/auth"
)

// Setting is one setting of the server as it is in force. What may be secret is
// not in it.
type Setting struct {
	Name     string `json:"name"`
	Value    string `json:"value"`  // "" where it is hidden or there is none
	Hidden   bool   `json:"hidden"` // it is set, and not shown
	From     string `json:"from"`   // flag, environment, file or default
	Variable string `json:"variable,omitempty"`
	Help     string `json:"help"`
}

// adminSettings answers GET /magpie/v1/admin/settings.
func (a *API) adminSettings(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	out := a.operator.Settings
	if out == nil {
		out = []Setting{}
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}
