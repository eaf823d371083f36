package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4/jwt"

	"magpie/internal/media"
)

// RelyingConfig is what magpie is at an issuer that signs people in to the console.
type RelyingConfig struct {
	Client string   // the client's id there
	Secret string   // "" for a public client
	Scopes []string // that are asked for
}

// relyingParty asks an issuer to sign people in: the authorization code flow of
// OpenID Connect with PKCE, at the endpoints that its discovery document names.
type relyingParty struct {
	RelyingConfig
	issuer *Issuer
	ids    *Issuer // as issuer, for the tokens that say who somebody is
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex // held by whoever asks for the endpoints
	known    endpoints
	learned  time.Time
	failed   error
	failedAt time.Time
}

// endpoints are what a discovery document names.
type endpoints struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

func newRelyingParty(i *Issuer, cfg RelyingConfig, now func() time.Time) *relyingParty {
	ids := *i
	ids.cfg.Audience = []string{cfg.Client}
	client := *i.keys.client // whose answers are bounded
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &relyingParty{RelyingConfig: cfg, issuer: i, ids: &ids, client: &client, now: now}
}

// discover gives the endpoints. While the issuer is away those that were had last
// are given, and CodeBusy where there are none.
func (p *relyingParty) discover(ctx context.Context) (endpoints, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.known.Token != "" && now.Sub(p.learned) < keysFresh {
		return p.known, nil
	}
	if p.failed == nil || now.Sub(p.failedAt) >= keysBackOff {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
		defer cancel()
		found, err := p.ask(ctx)
		if p.failed, p.failedAt = err, now; err == nil {
			p.known, p.learned = found, now
		}
	}
	if p.known.Token == "" {
		return endpoints{}, p.away(p.failed)
	}
	return p.known, nil
}

func (p *relyingParty) ask(ctx context.Context) (endpoints, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.issuer.keys.client), p.issuer.cfg.URL)
	if err != nil {
		return endpoints{}, fmt.Errorf("discover %s: %w", p.issuer.cfg.URL, err)
	}
	var e endpoints
	if err := found.Claims(&e); err != nil {
		return endpoints{}, fmt.Errorf("read the discovery document of %s: %w", p.issuer.cfg.URL, err)
	}
	for _, at := range []string{e.Authorization, e.Token} {
		u, err := url.Parse(at)
		if err != nil || u.Host == "" || strings.HasPrefix(p.issuer.cfg.URL, "https:") && u.Scheme != "https" {
			return endpoints{}, fmt.Errorf("the discovery document of %s has an endpoint that can't be used: %q", p.issuer.cfg.URL, at)
		}
	}
	return e, nil
}

// away is CodeBusy; the log says the rest.
func (p *relyingParty) away(err error) error {
	return fmt.Errorf("%w (%w)", media.Busy(keysBackOff, "The sign-in service %s can't be reached now; try again.", p.issuer.cfg.URL), err)
}

// begin is the address of the authorization request (RFC 6749 §4.1.1).
func (p *relyingParty) begin(ctx context.Context, b Begun) (string, error) {
	e, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(e.Authorization)
	if err != nil {
		return "", err
	}
	q := to.Query()
	for name, v := range map[string]string{
		"response_type": "code", "client_id": p.Client, "redirect_uri": b.Callback, "scope": strings.Join(p.Scopes, " "),
		"state": b.State, "nonce": b.Nonce, "code_challenge": b.Challenge(), "code_challenge_method": "S256",
		// Some issuers give a JWT only to who says for whom.
		"audience": p.issuer.cfg.Audience[0],
	} {
		q.Set(name, v)
	}
	to.RawQuery = q.Encode()
	return to.String(), nil
}

// tokenAnswer is what the token endpoint gives (RFC 6749 §5).
type tokenAnswer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
	Words   string `json:"error_description"`
}

func (p *relyingParty) redeem(ctx context.Context, code string, b Begun) (tokenAnswer, error) {
	return p.tokens(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {b.Callback}, "code_verifier": {b.Verifier}})
}

func (p *relyingParty) refresh(ctx context.Context, token string) (tokenAnswer, error) {
	return p.tokens(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// tokens asks the token endpoint. What it refuses is CodeForbidden, and CodeBusy
// that it can't answer now.
func (p *relyingParty) tokens(ctx context.Context, form url.Values) (tokenAnswer, error) {
	e, err := p.discover(ctx)
	if err != nil {
		return tokenAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	answer, status, err := p.post(ctx, e, e.Token, form)
	switch {
	case err != nil:
		return tokenAnswer{}, p.away(err)
	case status == http.StatusOK && answer.Access != "":
		return answer, nil
	case status == http.StatusOK, answer.Error == "invalid_grant":
		return tokenAnswer{}, media.Errorf(media.CodeForbidden, "The issuer gives no access token: %.100q %.200q", answer.Error, answer.Words)
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return tokenAnswer{}, p.away(fmt.Errorf("its token endpoint answers %d", status))
	}
	// Such as a wrong secret: the operator's to mend, and no reason to end sessions.
	return tokenAnswer{}, fmt.Errorf("the token endpoint of %s answers %d: %.100q %.200q", p.issuer.cfg.URL, status, answer.Error, answer.Words)
}

// revoke gives a refresh token back (RFC 7009), where the issuer takes that.
func (p *relyingParty) revoke(ctx context.Context, token string) error {
	e, err := p.discover(ctx)
	if err != nil || e.Revocation == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keysTimeout/2)
	defer cancel()
	_, status, err := p.post(ctx, e, e.Revocation, url.Values{"token": {token}, "token_type_hint": {"refresh_token"}})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the revocation endpoint answers %d", status)
	}
	return err
}

// post sends a form as the client, whose secret goes in the header unless the
// issuer takes it in the form only.
func (p *relyingParty) post(ctx context.Context, e endpoints, to string, form url.Values) (a tokenAnswer, status int, err error) {
	inForm := len(e.Methods) > 0 && !slices.Contains(e.Methods, "client_secret_basic") && slices.Contains(e.Methods, "client_secret_post")
	if p.Secret == "" || inForm {
		form.Set("client_id", p.Client)
	}
	if p.Secret != "" && inForm {
		form.Set("client_secret", p.Secret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenAnswer{}, 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if p.Secret != "" && !inForm {
		r.SetBasicAuth(url.QueryEscape(p.Client), url.QueryEscape(p.Secret))
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return tokenAnswer{}, 0, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil && answer.StatusCode == http.StatusOK && to == e.Token {
		return tokenAnswer{}, 0, fmt.Errorf("read the answer of %s: %w", to, err)
	}
	return a, answer.StatusCode, nil
}

// nameIn checks an ID token, which must answer the sign-in with this nonce, and
// gives the name in it that people know, or "".
func (p *relyingParty) nameIn(ctx context.Context, token, nonce string) (string, error) {
	refused := func(err error) error {
		return media.Errorf(media.CodeForbidden, "The issuer's ID token can't be taken: %s", err)
	}
	t, err := jwt.ParseSigned(token, asymmetric())
	if err != nil || len(token) > maxJWT {
		return "", refused(errors.New("it can't be read, or is not signed by a public key"))
	}
	c, err := p.ids.verify(ctx, t, t.Headers[0].KeyID, t.Headers[0].Algorithm)
	if media.CodeOf(err) == media.CodeUnauthorized {
		return "", refused(err)
	}
	if err != nil {
		return "", err
	}
	if got, _ := c.text("nonce"); got != nonce {
		return "", refused(errors.New("its nonce is another sign-in's"))
	}
	for _, name := range []string{"preferred_username", "email", "name"} {
		if v, ok := c.text(name); ok && v != "" && len(v) <= maxUserClaim {
			return v, nil
		}
	}
	return "", nil
}

// expiryOf is when a JWT that was checked ends.
func expiryOf(token string) (time.Time, error) {
	t, err := jwt.ParseSigned(token, asymmetric())
	if err != nil {
		return time.Time{}, err
	}
	var c jwt.Claims
	if err := t.UnsafeClaimsWithoutVerification(&c); err != nil {
		return time.Time{}, err
	}
	return c.Expiry.Time(), nil
}
