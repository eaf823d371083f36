package oauth

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/media"
)

var (
	//go:embed pages/*.html
	pageFiles embed.FS
	//go:embed pages/style.css
	styleSheet []byte
)

const stylePath = "/2/oauth2/style.css"

// pages are what people see. They work without scripts, and none run in them.
type pages struct{ templates *template.Template }

func newPages() *pages {
	return &pages{template.Must(template.ParseFS(pageFiles, "pages/*.html"))} // part of the program
}

// form is what a page shows.
type form struct {
	Action string // where it is sent
	Token  string
	Client string
	House  bool   // the client is the console, which is part of the server
	Wrong  string // what went wrong the last time
	Code   media.Code

	Username string // as it was typed

	User   string // who is signed in
	Powers []power
	BackTo string
}

// WrongInJapanese is what went wrong the last time, for the console's door.
func (f form) WrongInJapanese() string {
	switch {
	case f.Wrong == "":
		return ""
	case f.Code == media.CodeUnauthorized:
		return "ユーザー名またはパスワードが違います。"
	case f.Code == media.CodeRateLimited:
		return "サインインの失敗が続いています。しばらく待ってから、もう一度お試しください。"
	case f.Code == media.CodeBusy:
		return "ただいま混み合っています。もう一度お試しください。"
	}
	return "ページの有効期限が切れたか、ブラウザーで Cookie が無効になっています。もう一度お試しください。"
}

// power is a scope in words.
type power struct{ Scope, Words string }

// powers says what scopes let a client do here. Those that magpie has nothing
// for say so.
func powers(scopes []string) []power {
	var out []power
	for _, s := range scopes {
		words := "Nothing here; this server doesn't know what it is for."
		switch s {
		case auth.MediaWrite:
			words = "Upload media in your name, describe them, and follow their processing."
		case auth.TweetRead:
			words = "Look at your media and those shared with you, and fetch your originals."
		case "users.read":
			words = "Learn your user id."
		case auth.Admin:
			words = "Operate this server: see everybody's media and tokens, and steer its work."
		case auth.OfflineAccess:
			words = "Go on with this while you are away, until you or the operator end it."
		}
		out = append(out, power{s, words})
	}
	return out
}

// shownOf is where a client is, for people.
func shownOf(redirect *url.URL) string {
	if redirect.Scheme == "https" || redirect.Scheme == "http" {
		return redirect.Host
	}
	return "the app " + redirect.Scheme
}

// signIn shows the form. The console, whose door it is, speaks Japanese, too.
func (p *pages) signIn(w http.ResponseWriter, r *http.Request, status int, f form) {
	name := "signin.html"
	if f.House {
		w.Header().Add("Vary", "Accept-Language")
		if first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ","); strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "ja") {
			name = "signin.ja.html"
		}
	}
	p.show(w, status, name, f, "'self'")
}

// consent shows the page with the two buttons. Browsers hold the redirect that
// answers a form against form-action too.
func (p *pages) consent(w http.ResponseWriter, status int, f form, redirect *url.URL) {
	p.show(w, status, "consent.html", f, "'self' "+redirect.Scheme+":")
}

// refuse shows why a request goes nowhere.
func (p *pages) refuse(w http.ResponseWriter, status int, words string) {
	p.show(w, status, "refused.html", form{Wrong: words}, "'none'")
}

func (p *pages) show(w http.ResponseWriter, status int, name string, f form, formAction string) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, f); err != nil {
		panic(err) // the templates and what they are given are ours
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// style serves the pages' style sheet.
func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(styleSheet)))
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(styleSheet)
}
