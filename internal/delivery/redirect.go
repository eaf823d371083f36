package delivery

import (
	"net/http"
	"net/url"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// A URL of the store's that a viewer is sent to opens for signedFor and twice the
// media's duration, since players go on asking there for ranges of a film; that is also how
// long who was sent there may go on after the media was deleted or restricted.
const (
	signedFor     = 15 * time.Minute
	signedForMost = 24 * time.Hour
)

// sentAway answers a GET with the address at which the store itself gives the file,
// if it may: where redirects are wanted, nothing restricts the media, and whoever
// asks follows them. All others get the bytes from here.
func (h *Renditions) sentAway(w http.ResponseWriter, r *http.Request, m media.Media, rendition media.Rendition) bool {
	if !h.redirect || r.Method != http.MethodGet || !heavy(rendition.Role) || !h.follows(r) {
		return false
	}
	said, err := h.notes.of(r.Context(), m.ID)
	if err != nil || policy.Restricted(said) {
		return false
	}
	ttl := min(signedFor+2*m.Duration, signedForMost)
	if until := policy.Decide(m, said, policy.Viewer{}, policy.Look, h.now()).Until; !until.IsZero() {
		ttl = min(ttl, until.Sub(h.now()))
	}
	if ttl < time.Second {
		return false
	}
	to, err := h.blobs.Presign(r.Context(), rendition.Blob.Key, ttl, rendition.ContentType, w.Header().Get("Content-Disposition"))
	if err != nil {
		h.log.WarnContext(r.Context(), "no address at the store; the file is sent from here", "media", m.ID, "err", err)
		return false
	}
	// Who asks next may get the bytes instead, and the address ends: it is for
	// this one request.
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Del("Content-Disposition")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
	return true
}

// heavy is whether files of a role are worth another request.
func heavy(role media.Role) bool {
	switch role {
	case media.RoleMP4, media.RoleImage, media.RolePoster, media.RoleSprite, media.RoleModel:
		return true
	}
	return false
}

// follows reports whether who asks can read a file at another origin. The scripts
// of pages can't, unless the bucket has rules for it, which is nothing to rely on;
// nor can the pages of this server, whose policy lets them load nothing from elsewhere.
// And what is sent along to prove who asks is for this server only.
func (h *Renditions) follows(r *http.Request) bool {
	if r.Header.Get("Authorization") != "" || r.Header.Get("Origin") != "" {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "no-cors" && mode != "navigate" {
		return false
	}
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return false
	}
	page, err := url.Parse(r.Referer())
	return err == nil && (page.Host == "" || page.Host != r.Host && page.Host != h.pages)
}
