package tus

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// finish makes a media of an upload once its last byte is here, and brings it on
// its way; before, and of a part, it gives none. It may be called again: a request
// that comes after a crash goes on where that was. A file that can't be a media is
// refused each time, until it expires or is deleted.
func (a *API) finish(ctx context.Context, who auth.Identity, u upload.Serial) (media.Media, error) {
	m := u.Media
	if m.ID == 0 {
		if u.Way != media.Serial || !u.Complete() {
			return m, nil
		}
		var err error
		if m, err = a.Sessions.Finalize(ctx, who.User, u.ID); err != nil {
			return m, err
		}
	}
	if !m.GoneAt.IsZero() {
		return m, media.Errorf(media.CodeGone, "The media %s is not there any more.", m.ID)
	}
	if m.State != media.Pending {
		return m, nil
	}
	m, err := a.Start(ctx, m)
	if err == nil && u.Media.ID == 0 && m.State == media.Failed {
		err = media.Invalid("media", "%s", m.Failure.Message)
	}
	return m, err
}

// describe sets the headers that tell how an upload stands, and what it became.
func (a *API) describe(h http.Header, u upload.Serial, m media.Media) {
	h.Set("Upload-Offset", strconv.FormatInt(u.Bytes, 10))
	h.Set("Magpie-Media-Id", u.ID.String())
	key := media.KeyOf(u.Category, u.ID)
	state := "uploading"
	if m.ID != 0 {
		key, state = media.KeyOf(m.Category, m.ID), string(m.State)
	} else {
		h.Set("Upload-Expires", u.ExpiresAt.UTC().Format(http.TimeFormat))
	}
	if u.Way == media.Fragment {
		h.Del("Magpie-Media-Id") // it becomes none
		return
	}
	if key != "" {
		h.Set("Magpie-Media-Key", string(key))
	}
	h.Set("Magpie-State", state)
}

// isJoined reports whether an upload was made of partial ones.
func isJoined(u upload.Serial) bool { return strings.HasPrefix(u.Said.Concat, "final;") }
