package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"magpie/internal/auth"
)

// signIn is the settings of the credentials that are not magpie's own tokens.
type signIn struct {
	OAuth1Origins         []string      `name:"oauth1-origins" default:"https://api.x.com,https://upload.x.com,https://api.twitter.com,https://upload.twitter.com" env:"MAGPIE_OAUTH1_ORIGINS" placeholder:"ORIGIN" help:"Origins that OAuth 1.0a clients may have signed, beside the one that they asked and --public-url, with commas between them; or none."`
	OAuth1Window          time.Duration `name:"oauth1-window" default:"5m" env:"MAGPIE_OAUTH1_WINDOW" help:"How far the timestamp of an OAuth 1.0a signature may be off."`
	OIDCIssuer            string        `name:"oidc-issuer" env:"MAGPIE_OIDC_ISSUER" placeholder:"URL" help:"OpenID Connect issuer whose JWTs are taken as access tokens."`
	OIDCAudience          []string      `name:"oidc-audience" env:"MAGPIE_OIDC_AUDIENCE" placeholder:"NAME" help:"Audience that such a token must be for; with several, any of them."`
	OIDCUserClaim         string        `name:"oidc-user-claim" default:"sub" env:"MAGPIE_OIDC_USER_CLAIM" help:"Claim that says who the user is."`
	OIDCScopeClaim        string        `name:"oidc-scope-claim" default:"scope" env:"MAGPIE_OIDC_SCOPE_CLAIM" help:"Claim with the token's scopes."`
	OIDCClockSkew         time.Duration `name:"oidc-clock-skew" default:"60s" env:"MAGPIE_OIDC_CLOCK_SKEW" help:"How far the issuer's clock may be off."`
	OIDCConsoleClient     string        `name:"oidc-console-client" env:"MAGPIE_OIDC_CONSOLE_CLIENT" placeholder:"ID" help:"Client that magpie is at the issuer: people sign in to the console there, and not with passwords of magpie's own."`
	OIDCConsoleSecretFile string        `name:"oidc-console-secret-file" env:"MAGPIE_OIDC_CONSOLE_SECRET_FILE" placeholder:"FILE" help:"File whose first line is that client's secret. Default: none, for a public client."`
	OIDCConsoleScopes     []string      `name:"oidc-console-scopes" default:"openid,profile,media.write,tweet.read" env:"MAGPIE_OIDC_CONSOLE_SCOPES" placeholder:"SCOPE" help:"Scopes that the issuer is asked for when somebody signs in to the console, with commas between them."`
	OIDCCAFile            string        `name:"oidc-ca-file" env:"MAGPIE_OIDC_CA_FILE" placeholder:"FILE" help:"PEM file with the authorities that the issuer's certificate may come from. Default: the system's."`
}

// check brings origins into the form that is signed, and names what is wrong.
func (s *signIn) check(wrong func(name, format string, args ...any)) {
	if slices.Equal(s.OAuth1Origins, []string{"none"}) {
		s.OAuth1Origins = nil
	}
	for i, v := range s.OAuth1Origins {
		origin, ok := auth.OriginToSign(v)
		if !ok {
			wrong("oauth1-origins", "%q is not an origin, such as https://api.x.com, nor none", v)
		}
		s.OAuth1Origins[i] = origin
	}
	if s.OAuth1Window < time.Second || s.OAuth1Window > 24*time.Hour {
		wrong("oauth1-window", "%s is not between 1s and 24h", s.OAuth1Window)
	}
	if s.OIDCClockSkew < 0 || s.OIDCClockSkew > time.Hour {
		wrong("oidc-clock-skew", "%s is not between 0s and 1h", s.OIDCClockSkew)
	}
	for name, v := range map[string]string{"oidc-user-claim": s.OIDCUserClaim, "oidc-scope-claim": s.OIDCScopeClaim} {
		if v == "" {
			wrong(name, "name a claim")
		}
	}
	if s.OIDCIssuer == "" {
		if len(s.OIDCAudience) > 0 || s.OIDCCAFile != "" {
			wrong("oidc-issuer", "name it, since --oidc-audience or --oidc-ca-file is set")
		}
		if s.OIDCConsoleClient != "" {
			wrong("oidc-issuer", "name it, since --oidc-console-client is set")
		}
		return
	}
	if s.OIDCConsoleClient == "" && s.OIDCConsoleSecretFile != "" {
		wrong("oidc-console-client", "name it, since --oidc-console-secret-file is set")
	}
	if slices.ContainsFunc(s.OIDCConsoleScopes, func(v string) bool { return v == "" || strings.ContainsAny(v, " \t\n") }) {
		wrong("oidc-console-scopes", "a scope is neither empty nor has it blanks; there are commas between them")
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		wrong("oidc-issuer", "%q is not the URL of an issuer, such as https://login.example/realms/main", s.OIDCIssuer)
	}
	if len(s.OIDCAudience) == 0 || slices.Contains(s.OIDCAudience, "") {
		wrong("oidc-audience", "name what the issuer's tokens for this server have in their claim aud; those for others must not pass")
	}
}

// newGate makes the gate with all kinds of credentials that are configured.
func (a *app) newGate() (*auth.Gate, error) {
	s := a.settings
	origins := s.OAuth1Origins
	if origin, ok := auth.OriginToSign(s.PublicURL); ok {
		origins = append([]string{origin}, origins...)
	}
	signatures := auth.NewSignatures(auth.SignatureConfig{
		Origins: origins, Window: s.OAuth1Window,
		Scratch: s.scratch(), Reserve: int64(s.Reserve),
		MaxForm: 4*a.sessions.MaxSegment() + 64<<10, // base64 with every character escaped, and what is beside it
	}, auth.NewUserTokens(a.catalog, a.keys, time.Now, rand.Reader), time.Now, a.log)
	if s.OIDCIssuer == "" {
		return auth.NewGate(a.tokens, signatures, nil).Watched(a.meters.identified), nil
	}
	client, err := issuerClient(s.OIDCCAFile)
	if err != nil {
		return nil, fmt.Errorf("--oidc-ca-file: %w", err)
	}
	if strings.HasPrefix(s.OIDCIssuer, "http:") {
		a.log.Warn("the issuer's keys come by plain http: whoever can change them on the way can be anybody", "issuer", s.OIDCIssuer)
	}
	a.issuer = auth.NewIssuer(auth.IssuerConfig{
		URL: s.OIDCIssuer, Audience: s.OIDCAudience, UserClaim: s.OIDCUserClaim, ScopeClaim: s.OIDCScopeClaim,
		Skew: s.OIDCClockSkew, Client: client,
	}, time.Now, a.log)
	return auth.NewGate(a.tokens, signatures, a.issuer).Watched(a.meters.identified), nil
}

// issuerClient asks an issuer whose certificate comes from the authorities in a
// PEM file, or from the system's for "".
func issuerClient(caFile string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}
