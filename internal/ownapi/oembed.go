package ownapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// oembedAnswer is what oEmbed 1.0 (https://oembed.com, §2.3.4) says of one URL.
// Title is the alternative text, and ours beyond it is AltText.
type oembedAnswer struct {
	XMLName         xml.Name `json:"-" xml:"oembed"`
	Type            string   `json:"type" xml:"type"` // video, photo or rich
	Version         string   `json:"version" xml:"version"`
	Title           string   `json:"title,omitempty" xml:"title,omitempty"`
	AltText         string   `json:"alt_text,omitempty" xml:"alt_text,omitempty"`
	ProviderName    string   `json:"provider_name" xml:"provider_name"`
	ProviderURL     string   `json:"provider_url" xml:"provider_url"`
	CacheAge        int      `json:"cache_age" xml:"cache_age"` // seconds
	URL             string   `json:"url,omitempty" xml:"url,omitempty"`
	HTML            string   `json:"html,omitempty" xml:"html,omitempty"`
	Width           int      `json:"width" xml:"width"`
	Height          int      `json:"height" xml:"height"`
	ThumbnailURL    string   `json:"thumbnail_url,omitempty" xml:"thumbnail_url,omitempty"`
	ThumbnailWidth  int      `json:"thumbnail_width,omitempty" xml:"thumbnail_width,omitempty"`
	ThumbnailHeight int      `json:"thumbnail_height,omitempty" xml:"thumbnail_height,omitempty"`
}

// oembedAge is how long a description holds, in seconds.
const oembedAge = 300

// oembed answers GET /magpie/v1/oembed?url=…, of the address of an embed page or of
// anything under /media. It asks for no credentials, as those who ask have none:
// what is for subscribers only is 401 unless the URL brings a ticket, what is
// not here or not any more 404, and a format that is neither json nor xml 501,
// as oEmbed §2.3.5 has it. Which page may show it, and in which country, is held
// against whoever opens the frame; such media have no thumbnail here.
func (a *API) oembed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	query := r.URL.Query()
	format := query.Get("format")
	if format != "" && format != "json" && format != "xml" {
		a.noFormat(w, r, format)
		return
	}
	out, err := a.describe(r, query)
	switch media.CodeOf(err) {
	case "":
	case media.CodeNotFound, media.CodeGone:
		a.fail(w, r, media.Errorf(media.CodeNotFound, "There is no video, GIF or image to embed at %.300s.", query.Get("url")))
		return
	case media.CodeForbidden, media.CodeWithheld:
		a.fail(w, r, media.Errorf(media.CodeUnauthorized, "What is at %.300s is not public: it takes a ticket of whoever offers it.", query.Get("url")))
		return
	default:
		a.fail(w, r, err)
		return
	}
	var b []byte
	kind := "application/json; charset=utf-8"
	if format == "xml" {
		kind = "text/xml; charset=utf-8"
		b, err = xml.Marshal(out)
		b = append([]byte(xml.Header), b...)
	} else {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false) // some copy html out of it as it is written
		err = e.Encode(out)
		b = bytes.TrimSpace(text.Bytes())
	}
	if err != nil {
		a.fail(w, r, fmt.Errorf("write oEmbed of %.300s: %w", query.Get("url"), err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(b, '\n'))
}

// noFormat answers with a status that oEmbed asks for and media.Error has no code
// for, in the shape of all errors.
func (a *API) noFormat(w http.ResponseWriter, r *http.Request, format string) {
	const status = http.StatusNotImplemented
	words := fmt.Sprintf("There is no format %.40q here, only json and xml.", format)
	err := a.answer(w, r, status, map[string]any{
		"code": status, "message": words, "title": http.StatusText(status), "detail": words, "type": "about:blank", "status": status,
	})
	if err != nil {
		a.fail(w, r, err)
	}
}

// describe makes the answer for a URL.
func (a *API) describe(r *http.Request, query url.Values) (oembedAnswer, error) {
	maxWidth, err := atMost(query, "maxwidth")
	if err != nil {
		return oembedAnswer{}, err
	}
	maxHeight, err := atMost(query, "maxheight")
	if err != nil {
		return oembedAnswer{}, err
	}
	m, notes, ticket, err := a.oembedded(r, query.Get("url"))
	if err != nil {
		return oembedAnswer{}, err
	}
	list, err := a.catalog.Renditions(r.Context(), []media.ID{m.ID})
	if err != nil {
		return oembedAnswer{}, fmt.Errorf("describe %s: %w", m.ID, err)
	}
	files := list[m.ID]
	width, height := fit(m.Width, m.Height, maxWidth, maxHeight)
	out := oembedAnswer{
		Type: "video", Version: "1.0", Title: altText(notes), AltText: altText(notes), CacheAge: oembedAge,
		ProviderName: "magpie", ProviderURL: a.links.API(r) + "/", Width: width, Height: height,
	}
	photo := m.Category.Kind() == media.KindImage
	warned := warning(notes.SensitiveMediaWarning) != ""
	if !policy.Restricted(notes) && !warned {
		a.thumbnail(&out, r, m, files, maxWidth, maxHeight)
		// A plain address would show neither stickers nor a warning.
		if f, ok := largest(files, maxWidth, maxHeight); photo && ok && notes.StickerInfo == nil {
			out.Type, out.URL = "photo", a.links.Rendition(r, m, f.Name)
			out.Width, out.Height = fit(f.Width, f.Height, maxWidth, maxHeight)
			return out, nil
		}
	}
	if photo {
		out.Type = "rich"
	}
	out.HTML = iframe(a.embedURL(r, m.Key(), ticket), altText(notes), width, height)
	return out, nil
}

// oembedded finds the media that a URL of this server is about, and the ticket in
// the URL that opens it.
func (a *API) oembedded(r *http.Request, raw string) (m media.Media, notes media.Metadata, ticket string, err error) {
	if raw == "" {
		return m, notes, "", media.Invalid("url", "is required: the address of an embed page or of a media here")
	}
	none := media.Errorf(media.CodeNotFound, "There is nothing to embed at this address.")
	u, err := url.Parse(raw)
	if err != nil || !a.isHere(r, u) {
		return m, notes, "", none
	}
	key, embed := strings.CutPrefix(u.Path, "/magpie/v1/embed/")
	if !embed {
		rest, ok := strings.CutPrefix(u.Path, "/media/")
		slug, _, _ := strings.Cut(rest, "/")
		if at := strings.IndexAny(slug, ".:"); at >= 0 {
			slug = slug[:at]
		}
		if !ok || slug == "" {
			return m, notes, "", none
		}
		if m, err = a.catalog.MediaBySlug(r.Context(), slug); err != nil {
			return m, notes, "", err
		}
		key = string(m.Key())
	}
	if m, notes, err = a.embeddable(r.Context(), key); err != nil {
		return m, notes, "", err
	}
	if m.Published == 0 && m.GoneAt.IsZero() {
		return m, notes, "", none
	}
	asking := *r
	asking.URL = &url.URL{RawQuery: u.RawQuery}
	v, token := policy.Viewer{}, ""
	if policy.Restricted(notes) {
		if v, token, err = a.access.Read(withGrant(&asking), a.now()); err != nil {
			return m, notes, "", err
		}
	}
	// Whoever asks isn't the viewer, nor the page that will hold the frame.
	asked := notes
	asked.DomainRestrictions, asked.GeoRestrictions = nil, nil
	v = policy.Viewer{Ticket: anywhere(v.Ticket)}
	return m, notes, token, a.access.Tell(policy.Decide(m, asked, v, policy.Look, a.now()))
}

// anywhere is a ticket without where it is good from.
func anywhere(t *policy.Ticket) *policy.Ticket {
	if t == nil {
		return nil
	}
	return &policy.Ticket{Media: t.Media, Owner: t.Owner, Viewer: t.Viewer, Expires: t.Expires, Creator: t.Creator, X: t.X, Full: t.Full}
}

// isHere reports whether a URL is one of this server's.
func (a *API) isHere(r *http.Request, u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	for _, origin := range []string{a.links.API(r), a.links.Media} {
		if o, err := url.Parse(origin); err == nil && o.Host != "" && strings.EqualFold(o.Host, u.Host) {
			return true
		}
	}
	return false
}

// thumbnail adds the still of a media that fits.
func (a *API) thumbnail(out *oembedAnswer, r *http.Request, m media.Media, files []media.Rendition, maxWidth, maxHeight int) {
	for _, f := range files {
		if f.Role != media.RolePoster && !(f.Role == media.RoleImage && f.Name == "small"+path.Ext(f.Name)) {
			continue
		}
		if w, h := fit(f.Width, f.Height, maxWidth, maxHeight); w == f.Width && h == f.Height && w > 0 {
			out.ThumbnailURL, out.ThumbnailWidth, out.ThumbnailHeight = a.links.Rendition(r, m, f.Name), w, h
		}
	}
}

// largest is the largest size of an image that fits as it is, or else the small
// one.
func largest(files []media.Rendition, maxWidth, maxHeight int) (media.Rendition, bool) {
	var best media.Rendition
	for _, f := range files {
		name := strings.TrimSuffix(f.Name, path.Ext(f.Name))
		if f.Role != media.RoleImage || name != "small" && name != "medium" && name != "large" {
			continue
		}
		w, _ := fit(f.Width, f.Height, maxWidth, maxHeight)
		if best.Name == "" || w == f.Width && f.Width > best.Width {
			best = f
		}
	}
	return best, best.Name != ""
}

// fit makes a size smaller until it fits, in its shape. A maximum of 0 is none.
func fit(width, height, maxWidth, maxHeight int) (int, int) {
	if maxWidth > 0 && width > maxWidth {
		width, height = maxWidth, max(1, (height*maxWidth+width/2)/width)
	}
	if maxHeight > 0 && height > maxHeight {
		width, height = max(1, (width*maxHeight+height/2)/height), maxHeight
	}
	return width, height
}

// atMost reads a maximum in pixels; 0 where there is none.
func atMost(query url.Values, name string) (int, error) {
	s := query.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, sent(name, s, "must be a number of pixels above 0")
	}
	return n, nil
}

// iframe is the HTML that holds an embed page.
func iframe(address, title string, width, height int) string {
	if title == "" {
		title = "Media"
	}
	return fmt.Sprintf(`<iframe src="%s" width="%d" height="%d" title="%s" style="border:0" allow="autoplay; fullscreen" allowfullscreen loading="lazy" referrerpolicy="origin"></iframe>`,
		template.HTMLEscapeString(address), width, height, template.HTMLEscapeString(title))
}
