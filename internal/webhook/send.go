package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/trace"
)

// maxAnswer is how much of an answer is read, and maxWords how much of that the
// log keeps.
const (
	maxAnswer = 4 << 10
	maxWords  = 300
)

// answered is how a try ended.
type answered struct {
	status int           // 0 for no answer
	words  string        // for the owner's eyes
	after  time.Duration // what Retry-After asked for; 0 for nothing
	cut    bool          // we broke off ourselves: it says nothing of the receiver
}

func (a answered) good() bool { return a.status >= 200 && a.status < 300 }

// newClient makes a client that connects to targets only, by no proxy, and
// follows no redirect: where it led would be somebody else's choice.
func newClient(t Targets, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, Control: t.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    perHost,
			MaxIdleConns:           inAll,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send makes one try.
func (d *Dispatcher) send(ctx context.Context, w catalog.Webhook, delivery catalog.Delivery) (answered, error) {
	body, err := d.body(ctx, delivery)
	if err != nil {
		return answered{}, err
	}
	at, id := d.cfg.Now(), MessageID(delivery.Event)
	sealed := []string{w.Secret}
	if w.OldSecret != "" && at.Before(w.OldUntil) {
		sealed = append(sealed, w.OldSecret)
	}
	secrets := make([]string, len(sealed))
	for i, s := range sealed {
		if secrets[i], err = d.cfg.Open(w.ID, s); err != nil {
			return answered{}, err
		}
	}
	signature, err := sign(id, at, body, secrets...)
	if err != nil {
		return answered{}, err
	}
	limited, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(limited, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return answered{words: "the URL cannot be requested"}, nil
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "magpie-webhook/1")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", unix(at))
	r.Header.Set("Webhook-Signature", signature)
	d.passOn(r.Header, delivery.Event.Trace)
	answer, err := d.client.Do(r)
	if err != nil {
		return answered{words: d.why(err), cut: ctx.Err() != nil}, nil
	}
	defer answer.Body.Close()
	begin, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	out := answered{status: answer.StatusCode, words: answer.Status, after: retryAfter(answer.Header)}
	if text := strings.TrimSpace(strings.ToValidUTF8(string(begin), "\uFFFD")); text != "" && !out.good() {
		out.words += ": " + text
	}
	if runes := []rune(out.words); len(runes) > maxWords {
		out.words = string(runes[:maxWords])
	}
	return out, nil
}

// passOn tells a receiver of which trace a message is; each try is a step of its own.
func (d *Dispatcher) passOn(h http.Header, of trace.Context) {
	if of.IsZero() {
		return
	}
	d.chance.Lock()
	defer d.chance.Unlock()
	step, err := of.Child(d.cfg.Random)
	if err != nil {
		return // without it a message is as good
	}
	h.Set(trace.ParentHeader, step.Parent())
	if state := step.State(); state != "" {
		h.Set(trace.StateHeader, state)
	}
}

// why says what kept an answer away, without what the server's own surroundings
// look like: the words are read by whoever made the webhook.
func (d *Dispatcher) why(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, errTarget):
		return errTarget.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s", d.cfg.Timeout)
	case errors.As(err, &name):
		return "the host's name leads nowhere"
	case errors.As(err, &certificate), errors.As(err, &unknown):
		return "the host's certificate is not to be trusted"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the host does not speak TLS"
	}
	return "the connection failed"
}

// retryAfter reads the header as a number of seconds; a date counts as nothing.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
