package auth

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	gohash "hash"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/media"
)

// SignatureConfig says how signed requests are checked.
type SignatureConfig struct {
	// Origins are scheme and host of the URLs that clients may have signed,
	// beside the one that the request came to: those that libraries are wired to.
	Origins []string
	// Window is how far a timestamp may be off either way.
	Window time.Duration
	// Scratch is a folder for the bodies of signed forms.
	Scratch string
	// MaxForm is the most bytes that the body of a signed form may have.
	MaxForm int64
	// Reserve is how much of the scratch folder's disk stays free.
	Reserve int64
}

// Signatures checks requests that are signed by OAuth 1.0a (RFC 5849) with
// HMAC-SHA1 or HMAC-SHA256. What is signed: method, URL, the query's parameters
// and those of an urlencoded body; not multipart and JSON. oauth_body_hash is
// taken and not looked at.
type Signatures struct {
	cfg    SignatureConfig
	tokens *UserTokens
	nonces *nonces
	now    func() time.Time
	log    *slog.Logger
}

// NewSignatures makes Signatures for the clients and tokens of u.
func NewSignatures(cfg SignatureConfig, u *UserTokens, now func() time.Time, log *slog.Logger) *Signatures {
	return &Signatures{cfg: cfg, tokens: u, nonces: newNonces(cfg.Window, maxNonces), now: now, log: log}
}

// protocol is what a signed request says of its signature (RFC 5849 §3.1).
type protocol struct {
	key, token, nonce string
	stamp             time.Time
	hash              func() gohash.Hash
	signature         []byte
}

// request tells who signed a request. found is false if nobody did. The
// parameters of the protocol may be in the header, in the query or in an
// urlencoded body that fits into memory (RFC 5849 §3.5); text is what follows
// "OAuth " in the header. With an urlencoded body, r.Body is replaced by one
// that reads the same bytes until done is called.
func (s *Signatures) request(r *http.Request, text string) (who Identity, done func(), found bool, err error) {
	body := &spool{folder: s.cfg.Scratch, limit: s.cfg.MaxForm, reserve: s.cfg.Reserve}
	done = body.close
	defer func() {
		if err != nil || !found {
			body.close()
		}
	}()
	params := newPairs()
	if err := params.readHeader(text); err != nil {
		return who, done, true, err
	}
	if err := params.readQuery(r.URL.RawQuery); err != nil {
		if text == "" {
			err = nil // it is no signed request
		}
		return who, done, text != "", err
	}
	form := hasForm(r)
	if text == "" && !params.signed() && form {
		// Nobody is known yet, so no more is taken in than memory holds.
		body.limit = min(spoolMemory, s.cfg.MaxForm)
		if err := params.readBody(r, body); err != nil || !params.signed() {
			return who, done, false, nil
		}
		form = false
	}
	if text == "" && !params.signed() {
		return who, done, false, nil
	}
	who, err = s.check(r, params, body, form)
	if err == nil && body.size > 0 {
		r.Body = body.body()
	}
	return who, done, true, err
}

// signed reports whether the parameters are those of a signed request.
func (p *pairs) signed() bool {
	return slices.ContainsFunc(p.list, func(v pair) bool { return v.name == "oauth_signature" || v.name == "oauth_consumer_key" })
}

// check checks everything about a signed request, what costs least first. The
// body is read into the spool if unread says so.
func (s *Signatures) check(r *http.Request, params *pairs, body *spool, unread bool) (who Identity, err error) {
	p, err := params.protocol()
	if err != nil {
		return who, err
	}
	// The clock is asked before the body is read, which may take its time.
	now := s.now()
	if err := s.nonces.inWindow(p.stamp, now); err != nil {
		return who, err
	}
	by, err := s.tokens.signer(r.Context(), p.key, p.token)
	if err != nil {
		return who, err
	}
	release, err := s.nonces.claim(p.key, p.token, p.nonce, p.stamp, now)
	if err != nil {
		return who, err
	}
	defer func() {
		if err != nil {
			release() // it was nobody's, or never got here whole
		}
	}()
	if unread {
		if err := params.readBody(r, body); err != nil {
			return who, err
		}
		if _, err := params.protocol(); err != nil {
			return who, err // the body has one of its parameters again
		}
	}
	if err := s.verify(r, p, by, params, body.bytes()); err != nil {
		return who, err
	}
	return by.identity(p.token), nil
}

// verify computes the signature for every origin that the client may have
// meant, in one pass over the parameters.
func (s *Signatures) verify(r *http.Request, p protocol, by signer, params *pairs, body io.ReaderAt) error {
	signingKey := []byte(percentEncode(by.keySecret) + "&" + percentEncode(by.secret))
	origins := s.origins(r)
	sums := make([]gohash.Hash, len(origins))
	writers := make([]io.Writer, len(origins))
	for i, origin := range origins {
		sums[i] = hmac.New(p.hash, signingKey)
		_, _ = io.WriteString(sums[i], baseHead(r.Method, origin, r.URL.EscapedPath())) // a hash takes everything
		writers[i] = sums[i]
	}
	if err := writeBase(io.MultiWriter(writers...), params.list, body); err != nil {
		return err
	}
	for _, sum := range sums {
		if hmac.Equal(sum.Sum(nil), p.signature) {
			return nil
		}
	}
	s.log.InfoContext(r.Context(), "oauth signature does not match", "client", by.client, "user", by.user,
		"base", baseHead(r.Method, origins[0], r.URL.EscapedPath()), "origins", origins, "parameters", len(params.list))
	return media.Errorf(media.CodeSignature, "The oauth_signature does not match. Signed are the method, the URL without its query, and the parameters of the header, the query and an urlencoded body; not a multipart or JSON body.")
}

// origins lists scheme and host of the URLs that the client may have signed:
// the one it asked, by either scheme, since a proxy may have taken TLS off; and
// the configured ones.
func (s *Signatures) origins(r *http.Request) []string {
	host := strings.ToLower(r.Host)
	own := []string{"http://" + strings.TrimSuffix(host, ":80"), "https://" + strings.TrimSuffix(host, ":443")}
	if r.TLS != nil {
		slices.Reverse(own)
	}
	for _, o := range s.cfg.Origins {
		if !slices.Contains(own, o) {
			own = append(own, o)
		}
	}
	return own
}

// identity is who a signature stands for. A client that may only read has no
// scope to write.
func (b signer) identity(token string) Identity {
	scopes := xScopes()
	if b.readOnly {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return strings.HasSuffix(s, ".write") })
	}
	return Identity{User: b.user, Scopes: scopes, Token: token, Client: b.client, OAuth1: true}
}

// protocol reads the protocol's own parameters.
func (p *pairs) protocol() (q protocol, err error) {
	text := map[string]string{}
	for _, name := range []string{"oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature", "oauth_timestamp", "oauth_nonce", "oauth_version"} {
		v, found, err := p.get(name)
		if err != nil {
			return q, err
		}
		if v == "" && (name != "oauth_version" || found) {
			return q, media.Errorf(media.CodeNoCredentials, "The signed request lacks %s.%s", name, more(name))
		}
		text[name] = v
	}
	q.key, q.token, q.nonce = text["oauth_consumer_key"], text["oauth_token"], text["oauth_nonce"]
	switch text["oauth_signature_method"] {
	case "HMAC-SHA1":
		q.hash = sha1.New
	case "HMAC-SHA256":
		q.hash = sha256.New
	default:
		return q, media.Errorf(media.CodeNoCredentials, "The oauth_signature_method must be HMAC-SHA1 or HMAC-SHA256.")
	}
	if v := text["oauth_version"]; v != "" && v != "1.0" {
		return q, media.Errorf(media.CodeNoCredentials, "The oauth_version must be 1.0, if it is there.")
	}
	seconds, err := strconv.ParseUint(text["oauth_timestamp"], 10, 40)
	if err != nil {
		return q, media.Errorf(media.CodeNoCredentials, "The oauth_timestamp must be the seconds since 1970, in digits.")
	}
	q.stamp = time.Unix(int64(seconds), 0)
	q.signature, err = base64.StdEncoding.Strict().DecodeString(text["oauth_signature"])
	if err != nil || strings.ContainsAny(text["oauth_signature"], "\r\n") {
		return q, media.Errorf(media.CodeNoCredentials, "The oauth_signature must be base64.")
	}
	return q, nil
}

func more(name string) string {
	if name == "oauth_token" {
		return " This API is used in a user's name: the client needs a token of the user's."
	}
	return ""
}

// hasForm reports whether a request has a body whose parameters are signed. One
// that comes with GET says nothing to anybody.
func hasForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded" && r.Body != nil && r.Body != http.NoBody &&
		r.Method != http.MethodGet && r.Method != http.MethodHead
}

// readBody adds the parameters of an urlencoded body, and keeps the body.
func (p *pairs) readBody(r *http.Request, keep *spool) error {
	body := io.TeeReader(r.Body, keep)
	err := p.read(bufio.NewReaderSize(body, 32<<10))
	if err == nil || keep.failed != nil || media.CodeOf(err) != media.CodeInternal {
		if keep.failed != nil {
			return keep.failed
		}
		return err
	}
	return &media.Error{
		Code: media.CodeInvalid, Field: "body", Cause: err,
		Detail: "The request body broke off before its end, or came too slowly; send the request again.",
	}
}

// OriginToSign brings an origin into the form that RFC 5849 §3.4.1.2 signs: in
// lower case, without a default port. ok is false if it is no origin.
func OriginToSign(text string) (origin string, ok bool) {
	u, err := url.Parse(strings.ToLower(strings.TrimSuffix(text, "/")))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", false
	}
	switch u.Scheme {
	case "http":
		return "http://" + strings.TrimSuffix(u.Host, ":80"), true
	case "https":
		return "https://" + strings.TrimSuffix(u.Host, ":443"), true
	}
	return "", false
}
