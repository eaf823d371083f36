package bus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// FuzzCheckURL: whatever a list is, what is said of it tells no password.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"", "nats://a", "tls://a:1,nats://b", "a", "nats://x y", "nats://a/b?c#d", "http://a", "nats://%zz", ",,", "nats://[::1]:4222"} {
		f.Add(s)
	}
	const secret = "s3cr3tpass"
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, secret) {
			return
		}
		for _, list := range []string{s, "nats://user:" + secret + "@" + s, s + ",nats://user:" + secret + "@b", strings.Replace(s, "//", "//u:"+secret+"@", 1)} {
			if err := CheckURL(list); err != nil && strings.Contains(err.Error(), secret) {
				t.Fatalf("%q: %v", list, err)
			}
			if shown := RedactURL(list); strings.Contains(shown, secret) {
				t.Fatalf("%q is shown as %q", list, shown)
			}
		}
	})
}

func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"", "a:b", "a:", ":b", "token", "two\nlines", " spaced \n", "-----BEGIN NATS USER JWT-----", "SUAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind, text := parseLogin(s)
		switch kind {
		case loginPassword:
			if user, password, _ := strings.Cut(text, ":"); user == "" || password == "" {
				t.Fatalf("%q has no user or no password", s)
			}
		case loginToken:
			if text == "" || strings.ContainsAny(text, ":\n") {
				t.Fatalf("%q is the token %q", s, text)
			}
		default:
			if text != "" {
				t.Fatalf("%q gives %q", s, text)
			}
		}
	})
}

// TestLogins: each kind of login opens a server that asks for it, and a file that
// changes counts from the next connection on.
func TestLogins(t *testing.T) {
	t.Parallel()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ask  func(*server.Options)
		file string
	}{
		"password": {func(o *server.Options) { o.Username, o.Password = "magpie", "pa:ss" }, "magpie:pa:ss\n"},
		"token":    {func(o *server.Options) { o.Authorization = "a-token" }, "a-token"},
		"nkey":     {func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} }, string(seed) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := &server.Options{
				Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
				JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 1 << 30,
			}
			c.ask(opts)
			_, url := serve(t, opts)
			if i := strings.Index(url, "@"); i >= 0 { // the server tells its own
				url = "nats://" + url[i+1:]
			}
			file := filepath.Join(t.TempDir(), "login")
			if err := os.WriteFile(file, []byte("wrong:wrong"), 0o600); err != nil {
				t.Fatal(err)
			}
			if b, err := Open(t.Context(), Config{URL: url, Login: Login{File: file}}); err == nil {
				b.Close()
				t.Error("a wrong login was taken")
			}
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			b := open(t, Config{URL: url, Login: Login{File: file}})
			if err := b.Send(t.Context(), 7, Fast); err != nil {
				t.Error(err)
			}
			b.Close()
		})
	}
}
