package ownapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// view is what the page's template shows.
type view struct {
	head
	Kind          string // video, animated_gif or photo, as in lookups
	Noun          string
	Alt           string
	Warning       string // what to warn of before anything is loaded; "" for nothing
	Credit        string
	Width, Height int
	Seconds       float64
	Poster        string
	Image, Sizes  string
	Stickers      []stickerView
	Tracks        []trackView
	Download      string
	OEmbed        string
	Data          playData
}

// head is what all pages have.
type head struct{ Title string }

type trackView struct{ Language, Label, URL string }

type stickerView struct {
	URL           string
	Width, Height string
	Matrix        string
}

// playData is what the scripts are told.
type playData struct {
	Master   string  `json:"master,omitempty"` // HLS
	File     string  `json:"file,omitempty"`   // an MP4, where that may be played
	Seconds  float64 `json:"seconds,omitempty"`
	Start    float64 `json:"start,omitempty"`
	Autoplay bool    `json:"autoplay,omitempty"`
	Lang     string  `json:"lang,omitempty"`
	Color    string  `json:"color,omitempty"`
	Token    string  `json:"token,omitempty"` // under which playback events are taken
}

// view puts together what the page shows.
func (a *API) view(r *http.Request, p page) (view, error) {
	ctx, m := r.Context(), p.media
	v := view{Width: m.Width, Height: m.Height, Warning: warning(p.notes.SensitiveMediaWarning), OEmbed: a.oembedURL(r, m, p.token)}
	if o := p.notes.FoundMediaOrigin; o != nil {
		v.Credit = o.Provider
	}
	switch m.Category.Kind() {
	case media.KindVideo:
		v.Kind, v.Noun = "video", "video"
	case media.KindGIF:
		v.Kind, v.Noun = "animated_gif", "GIF"
	default:
		v.Kind, v.Noun = "photo", "image"
	}
	v.Title = altText(p.notes)
	if v.Title == "" {
		v.Title = strings.ToUpper(v.Noun[:1]) + v.Noun[1:]
	}
	v.Alt = v.Title
	var err error
	if v.Kind == "photo" {
		a.fillPhoto(&v, r, p)
		v.Stickers, err = a.stickers(r, p)
	} else {
		err = a.fillVideo(ctx, &v, r, p)
	}
	if err != nil {
		return view{}, fmt.Errorf("embed %s: %w", m.ID, err)
	}
	if v.Warning == "" {
		v.Data.Color = averageColor(m.Placeholder)
	}
	if a.random != nil {
		if v.Data.Token, err = analytics.Mint(a.access.Ring(), m.ID, a.now(), a.random); err != nil {
			return view{}, err
		}
	}
	return v, nil
}

func (a *API) fillPhoto(v *view, r *http.Request, p page) {
	var sizes []string
	for _, f := range p.renditions {
		if f.Role != media.RoleImage {
			continue
		}
		u := a.fileURL(r, p.media, f.Name, p.ticket)
		switch strings.TrimSuffix(f.Name, path.Ext(f.Name)) {
		case "small", "medium":
			sizes = append(sizes, fmt.Sprintf("%s %dw", u, f.Width))
		case "large":
			v.Image = u
			sizes = append(sizes, fmt.Sprintf("%s %dw", u, f.Width))
		case "orig":
			if p.may(policy.Download, a.now()) {
				v.Download = withParameter(u, "download", "1")
			}
		}
	}
	v.Sizes = strings.Join(sizes, ", ")
}

func (a *API) fillVideo(ctx context.Context, v *view, r *http.Request, p page) error {
	m, now := p.media, a.now()
	v.Seconds = math.Round(m.Duration.Seconds()*1000) / 1000
	download := p.may(policy.Download, now)
	var largest media.Rendition
	for _, f := range p.renditions {
		switch f.Role {
		case media.RoleMaster:
			v.Data.Master = a.fileURL(r, m, f.Name, p.ticket)
		case media.RolePoster:
			v.Poster = a.fileURL(r, m, f.Name, p.ticket)
		case media.RoleMP4:
			if f.Width*f.Height >= largest.Width*largest.Height {
				largest = f
			}
		}
	}
	if largest.Name != "" {
		u := a.fileURL(r, m, largest.Name, p.ticket)
		if download || v.Data.Master == "" {
			v.Data.File = u
		}
		if download {
			v.Download = withParameter(u, "download", "1")
		}
	}
	query := r.URL.Query()
	v.Data.Seconds = v.Seconds
	v.Data.Start = startAt(query.Get("t"), m.Duration)
	v.Data.Autoplay = query.Get("autoplay") == "1" || query.Get("autoplay") == "true" || v.Kind == "animated_gif"
	if err := a.fillTracks(ctx, v, r, p, query.Get("lang")); err != nil {
		return err
	}
	poster, err := a.chosenPoster(r, p)
	if poster != "" {
		v.Poster = poster
	}
	return err
}

func (a *API) fillTracks(ctx context.Context, v *view, r *http.Request, p page, lang string) error {
	attached, err := a.catalog.Subtitles(ctx, []media.ID{p.media.ID})
	if err != nil {
		return err
	}
	wanted, _ := media.ParseLanguage(lang) // what is none is not there
	for _, s := range attached[p.media.ID] {
		v.Tracks = append(v.Tracks, trackView{string(s.Language), s.DisplayName, a.fileURL(r, p.media, "subtitles-"+string(s.Language)+".vtt", p.ticket)})
		if s.Language == wanted {
			v.Data.Lang = string(wanted)
		}
	}
	return nil
}

// chosenPoster is the URL of the image that the uploader set as poster, or "" if
// there is none, it is gone, the video's owner may not use it any more, or this
// viewer may not see it.
func (a *API) chosenPoster(r *http.Request, p page) (string, error) {
	if p.notes.PreviewImage == nil {
		return "", nil
	}
	id := p.notes.PreviewImage.MediaKey.Media
	m, err := a.catalog.Media(r.Context(), id)
	if media.CodeOf(err) == media.CodeNotFound || err == nil && !m.VisibleTo(p.media.Owner) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	list, err := a.catalog.Renditions(r.Context(), []media.ID{id})
	if err != nil {
		return "", err
	}
	for _, f := range list[id] {
		if f.Role == media.RoleImage && f.Name == "large"+path.Ext(f.Name) {
			return a.partURL(r, p, m, f.Name)
		}
	}
	return "", nil
}

// partURL is the URL of a file of another media that the page shows too, or "" if
// that is gone or its own rules keep it from this viewer.
func (a *API) partURL(r *http.Request, p page, m media.Media, name string) (string, error) {
	notes, err := a.notes(r.Context(), m.ID)
	if err != nil {
		return "", err
	}
	v, token := p.brought, ""
	if policy.Restricted(notes) && !p.restricted { // then nobody has asked who it is
		v = a.access.Viewer(r)
	}
	v.Site, v.Own, v.SignedIn = "", true, "" // it is the page that will ask
	if v.Ticket != nil && (v.Ticket.Media != 0 && v.Ticket.Media != m.ID || v.Ticket.Owner != m.Owner) {
		v.Ticket = nil
	}
	if v.Ticket != nil {
		token = p.token
	}
	if policy.Decide(m, notes, v, policy.Look, a.now()).Err != nil {
		return "", nil
	}
	return a.fileURL(r, m, name, token), nil
}

// stickers places what lies on a photo. The matrix works on the photo's pixels,
// from its upper left corner; before it a sticker is there in its own size, or
// as high as its aspect ratio says.
func (a *API) stickers(r *http.Request, p page) ([]stickerView, error) {
	list, err := delivery.Stickers(r.Context(), a.catalog, p.notes, p.media.Owner)
	if err != nil {
		return nil, err
	}
	var out []stickerView
	for _, s := range list {
		width, height := float64(s.Media.Width), float64(s.Media.Height)
		if ratio := number(string(s.AspectRatio), 0); ratio > 0 {
			height = width / ratio
		}
		matrix := []float64{
			number(string(s.TransformA), 1), number(string(s.TransformB), 0), number(string(s.TransformC), 0),
			number(string(s.TransformD), 1), number(string(s.TransformTX), 0), number(string(s.TransformTY), 0),
		}
		u, err := a.partURL(r, p, s.Media, s.Image.Name)
		if err != nil {
			return nil, err
		}
		if u == "" || math.IsInf(height, 0) {
			continue
		}
		words := make([]string, len(matrix))
		for i, n := range matrix {
			words[i] = decimal(n)
		}
		out = append(out, stickerView{URL: u, Width: decimal(width), Height: decimal(height), Matrix: strings.Join(words, " ")})
	}
	return out, nil
}

// number reads one that was checked to be one; what is none, or beyond a float,
// is otherwise.
func number(s string, otherwise float64) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return otherwise
	}
	return n
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'g', 10, 64) }

// fileURL is the URL of a file as the page names it: by its path alone where
// media have no origin of their own, since a proxy may know another scheme.
func (a *API) fileURL(r *http.Request, m media.Media, name, ticket string) string {
	full := a.links.Rendition(r, m, name)
	if ticket != "" {
		full = a.links.Signed(r, m, name, ticket)
	}
	if a.links.Media != "" {
		return full
	}
	u, err := url.Parse(full)
	if err != nil {
		return full
	}
	return u.RequestURI()
}

func withParameter(u, name, value string) string {
	between := "?"
	if strings.Contains(u, "?") {
		between = "&"
	}
	return u + between + name + "=" + url.QueryEscape(value)
}

func altText(notes media.Metadata) string {
	if notes.AltText == nil {
		return ""
	}
	return notes.AltText.Text
}

// warning says what viewers are to be warned of.
func warning(w *media.SensitiveMediaWarning) string {
	if w == nil {
		return ""
	}
	var of []string
	if w.AdultContent {
		of = append(of, "adult content")
	}
	if w.GraphicViolence {
		of = append(of, "graphic violence")
	}
	if w.Other {
		of = append(of, "something else that may upset")
	}
	switch len(of) {
	case 0:
		return ""
	case 1:
		return of[0]
	}
	return strings.Join(of[:len(of)-1], ", ") + " and " + of[len(of)-1]
}

// startAt reads where to begin: seconds, or 1h2m3s. What can't be read, or is past
// the end, is the beginning.
func startAt(t string, length time.Duration) float64 {
	d, err := time.ParseDuration(t)
	if seconds, err2 := strconv.ParseFloat(t, 64); err2 == nil && seconds >= 0 && seconds < 1e6 {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d <= 0 || d >= length {
		return 0
	}
	return d.Seconds()
}

// averageColor is the first thing that a ThumbHash says, as CSS, or "".
func averageColor(placeholder string) string {
	b, err := base64.StdEncoding.DecodeString(placeholder)
	if err != nil || len(b) < 3 {
		return ""
	}
	bits := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	light := float64(bits&63) / 63
	yellow := float64(bits>>6&63)/31.5 - 1
	red := float64(bits>>12&63)/31.5 - 1
	blue := light - 2./3*yellow
	r := (3*light - blue + red) / 2
	channel := func(c float64) int { return int(math.Round(255 * max(0, min(1, c)))) }
	return fmt.Sprintf("#%02x%02x%02x", channel(r), channel(r-red), channel(blue))
}
