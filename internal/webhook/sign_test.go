package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// The vector that the libraries of Standard Webhooks are tested with.
func TestSignIsStandardWebhooks(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	got, err := sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), secret, secret)
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if err != nil || got != want+" "+want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSecrets(t *testing.T) {
	made, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := parseSecret(made); err != nil || len(key) != 32 {
		t.Errorf("%q: %d bytes, %v", made, len(key), err)
	}
	if _, err := NewSecret(strings.NewReader("too little")); err == nil {
		t.Error("a secret of ten bytes")
	}
	of := func(n int) string { return secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, wrong := range []string{"", "whsec_", "whsec_%", of(23), of(65), strings.TrimPrefix(of(32), secretPrefix)} {
		if _, err := sign("a", time.Unix(0, 0), nil, wrong); err == nil {
			t.Errorf("%q is a secret", wrong)
		}
	}
}
