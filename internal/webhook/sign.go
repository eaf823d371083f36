package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins a secret's text form, as Standard Webhooks has it.
const secretPrefix = "whsec_"

// NewSecret makes a secret of 32 random bytes in its text form:
// whsec_<base64>.
func NewSecret(random io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make a webhook's secret: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(b), nil
}

// parseSecret gives the 24 to 64 bytes of a secret's text form.
func parseSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	b, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(b) < 24 || len(b) > 64 {
		return nil, fmt.Errorf("a webhook's secret is not %s and the base64 of 24 to 64 bytes", secretPrefix)
	}
	return b, nil
}

// sign gives the header webhook-signature of a message: for each secret "v1,"
// and the base64 HMAC-SHA256 of "id.timestamp.body", with blanks between them
// (Standard Webhooks, "Signature scheme").
func sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	var out []string
	for _, text := range secrets {
		key, err := parseSecret(text)
		if err != nil {
			return "", err
		}
		h := hmac.New(sha256.New, key)
		fmt.Fprintf(h, "%s.%s.", id, unix(at))
		h.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}

// unix is the header webhook-timestamp.
func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
