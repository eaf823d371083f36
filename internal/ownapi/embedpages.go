package ownapi

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"magpie/internal/delivery"
	"magpie/internal/media"
)

//go:embed embed
var embedFiles embed.FS

// embedPages are the pages for frames on other sites. Their style and scripts are
// within them, and nothing else runs: the policy names them by their hashes.
type embedPages struct {
	templates *template.Template
	style     string
	scripts   []string
	sources   string // of the policy: what may run and how it may look
	media     string // origin of all media; "" for the page's own
}

func newEmbedPages(mediaOrigin string) *embedPages {
	p := &embedPages{templates: template.Must(template.ParseFS(embedFiles, "embed/page.html")), media: mediaOrigin} // part of the program
	p.style = thin(embedFile("player.css"))
	scripts := ""
	for _, text := range []string{embedFile("stream.js"), string(eventsJS), embedFile("player.js")} {
		text = thin(text)
		p.scripts = append(p.scripts, text)
		scripts += " " + hashSource(text)
	}
	p.sources = "script-src" + scripts + "; style-src " + hashSource(p.style)
	return p
}

func embedFile(name string) string {
	b, err := embedFiles.ReadFile("embed/" + name)
	if err != nil {
		panic(err) // part of the program
	}
	return string(b)
}

// thin leaves out what only readers of the source want: indentation, and lines
// that are comments.
func thin(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// hashSource is a text as a source of a Content-Security-Policy (CSP 3 §2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// show sends the player.
func (e *embedPages) show(w http.ResponseWriter, v view, p page) {
	from := "'self'"
	if e.media != "" {
		from += " " + e.media
	}
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; " + e.sources +
		"; img-src data: " + from + "; media-src blob: " + from + "; connect-src " + from
	if p.ancestors != nil {
		policy += "; frame-ancestors " + strings.Join(p.ancestors, " ")
	}
	w.Header().Set("Cache-Control", "private, no-store") // it carries a token of one playback
	e.send(w, http.StatusOK, "page", policy, struct {
		view
		Style   template.CSS
		Scripts []template.JS
	}{v, template.CSS(e.style), e.inline()})
}

func (e *embedPages) inline() []template.JS {
	out := make([]template.JS, len(e.scripts))
	for i, s := range e.scripts {
		out[i] = template.JS(s) //nolint:gosec // part of the program
	}
	return out
}

// refuse sends a page that says why there is nothing to see. Faults of the
// server's own, and what else is for clients that read JSON, go to fail.
func (e *embedPages) refuse(w http.ResponseWriter, r *http.Request, err error, fail delivery.ErrorWriter) {
	var wrong *media.Error
	errors.As(err, &wrong)
	status, title := 0, ""
	switch media.CodeOf(err) {
	case media.CodeNotFound:
		status, title = http.StatusNotFound, "There is nothing here"
	case media.CodeForbidden:
		status, title = http.StatusForbidden, "This can't be shown here"
	case media.CodeGone:
		status, title = http.StatusGone, "Not available any more"
	case media.CodeWithheld:
		status, title = http.StatusUnavailableForLegalReasons, "Not shown in your country"
	default:
		fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	e.send(w, status, "refused", "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "+e.sources, struct {
		head
		Words string
		Style template.CSS
	}{head{title}, wrong.Detail, template.CSS(e.style)})
}

func (e *embedPages) send(w http.ResponseWriter, status int, name, policy string, v any) {
	var b bytes.Buffer
	if err := e.templates.ExecuteTemplate(&b, name, v); err != nil {
		panic(err) // the templates and what they are given are ours
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "origin") // so that media know that this page asks, and the ticket in its URL stays here
	h.Set("Vary", "Authorization, Origin, Referer, Sec-Fetch-Dest")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// embedURL is the page's absolute URL.
func (a *API) embedURL(r *http.Request, key media.Key, ticket string) string {
	u := a.links.API(r) + "/magpie/v1/embed/" + string(key)
	if ticket != "" {
		u += "?ticket=" + url.QueryEscape(ticket)
	}
	return u
}

// oembedURL is where a page is described, without the format.
func (a *API) oembedURL(r *http.Request, m media.Media, ticket string) string {
	return a.links.API(r) + "/magpie/v1/oembed?url=" + url.QueryEscape(a.embedURL(r, m.Key(), ticket))
}
