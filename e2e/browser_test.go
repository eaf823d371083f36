package e2e

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// browser is a person's: it keeps cookies and stops at redirects.
type browser struct {
	t    *testing.T
	http *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is what a browser got.
type page struct {
	status int
	header http.Header
	body   string
	at     string // its URL
}

func (b *browser) open(at string) page {
	b.t.Helper()
	return b.send(http.MethodGet, at, nil)
}

func (b *browser) send(method, at string, form url.Values, headers ...string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{a.StatusCode, a.Header, string(body), at}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	formToken  = regexp.MustCompile(`name="form_token" value="([^"]*)"`)
)

// press sends a page's form with one of its buttons and more fields.
func (b *browser) press(p page, button string, fields ...string) page {
	b.t.Helper()
	action, token := formAction.FindStringSubmatch(p.body), formToken.FindStringSubmatch(p.body)
	if action == nil || token == nil || !strings.Contains(p.body, `name="action" value="`+button+`"`) {
		b.t.Fatalf("no form with %q at %s: %d\n%s", button, p.at, p.status, p.body)
	}
	form := url.Values{"form_token": {html.UnescapeString(token[1])}, "action": {button}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	at, err := url.Parse(p.at)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, to.String(), form)
}

// follow opens the page that an answer leads to, which must be on the server.
func (b *browser) follow(p page) page {
	b.t.Helper()
	at, err := url.Parse(p.at)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := at.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusSeeOther || to.Host != at.Host {
		b.t.Fatalf("%s leads to %d %q, %v\n%s", p.at, p.status, p.header.Get("Location"), err, p.body)
	}
	return b.open(to.String())
}

// consentPage signs in as a user and comes to the page with the question.
func (b *browser) consentPage(at, user string) page {
	b.t.Helper()
	p := b.open(at)
	if strings.Contains(p.body, `name="password"`) {
		p = b.follow(b.press(p, "sign_in", "username", user, "password", password))
	}
	return p
}

// cameBack reads what a client is told at its redirect URI.
func (b *browser) cameBack(p page, redirect string) url.Values {
	b.t.Helper()
	to := p.header.Get("Location")
	if (p.status != http.StatusSeeOther && p.status != http.StatusFound) || !strings.HasPrefix(to, redirect) {
		b.t.Fatalf("%d, to %q, want %s…\n%s", p.status, to, redirect, p.body)
	}
	u, err := url.Parse(to)
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query()
}

// code has a user allow what a client asks, and gives the code.
func (b *browser) code(c oauth2.Config, user string, options ...oauth2.AuthCodeOption) string {
	b.t.Helper()
	got := b.cameBack(b.press(b.consentPage(c.AuthCodeURL("the state", options...), user), "allow"), c.RedirectURL)
	if got.Get("code") == "" || got.Get("state") != "the state" {
		b.t.Fatalf("came back with %v", got)
	}
	return got.Get("code")
}

// tokens has a user allow what a client asks, and gives its tokens.
func (b *browser) tokens(c oauth2.Config, user string) *oauth2.Token {
	b.t.Helper()
	v := oauth2.GenerateVerifier()
	got, err := c.Exchange(b.t.Context(), b.code(c, user, oauth2.S256ChallengeOption(v)), oauth2.VerifierOption(v))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func wantPageHeaders(t *testing.T, p page) {
	t.Helper()
	for name, piece := range map[string]string{
		"Content-Type": "text/html", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'",
	} {
		if !strings.Contains(p.header.Get(name), piece) {
			t.Errorf("%s is %q, want %q in it", name, p.header.Get(name), piece)
		}
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy is %q", csp)
	}
	if strings.Contains(p.body, "<script") {
		t.Error("the page has a script")
	}
}

// cookie is the browser's cookie for a server.
func (b *browser) cookie(at string) string {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}
