package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tokens lists the tokens of the server's folder: lines of columns.
func (s *server) tokens() [][]string {
	s.t.Helper()
	out, errs, code := magpie(s.t, "token", "list", "--data", s.data)
	if code != 0 {
		s.t.Fatalf("token list: exit %d: %s", code, errs)
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		rows = append(rows, strings.Fields(line))
	}
	return rows
}

// tokenOf gives the id of the only token of a user.
func (s *server) tokenOf(user string) string {
	s.t.Helper()
	id := ""
	for _, row := range s.tokens()[1:] {
		if row[1] == user {
			id = row[0]
		}
	}
	if id == "" {
		s.t.Fatalf("user %s has no token in the list", user)
	}
	return id
}

func TestTokensBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.token("2244994945", "--label", "for the test")
	c := s.client().as(made)
	c.initialize("image/png", "tweet_image", 1)

	found := ""
	for _, row := range s.tokens() {
		if line := strings.Join(row, " "); strings.Contains(line, "2244994945") {
			found = line
		}
		if strings.Contains(strings.Join(row, " "), made) {
			t.Error("the list shows the secret")
		}
	}
	for _, piece := range []string{"media.write,tweet.read,users.read", "user", "valid", "for the test"} {
		if !strings.Contains(found, piece) {
			t.Errorf("the list does not say %q: %s", piece, found)
		}
	}
	id := s.tokenOf("2244994945")
	if out, errs, code := magpie(t, "token", "revoke", "--data", s.data, id); code != 0 || !strings.Contains(out, id) {
		t.Fatalf("token revoke: exit %d: %s%s", code, out, errs)
	}
	c.call("POST", "/2/media/upload/initialize", map[string]any{}).refused(http.StatusUnauthorized, "revoked")
	if _, errs, code := magpie(t, "token", "revoke", "--data", s.data, id); code == 0 || !strings.Contains(errs, id) {
		t.Errorf("revoked twice: exit %d: %s", code, errs)
	}
	if line := strings.Join(s.tokens()[len(s.tokens())-1], " ") + strings.Join(s.tokens()[1], " "); !strings.Contains(line, "revoked") {
		t.Errorf("the list does not say revoked: %s", line)
	}
	s.secretsAreNotKept(made)
}

// secretsAreNotKept looks for secrets in every file of the data folder.
func (s *server) secretsAreNotKept(secrets ...string) {
	s.t.Helper()
	err := filepath.WalkDir(s.data, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		for _, one := range append(secrets, secret) {
			if bytes.Contains(b, []byte(one)) {
				s.t.Errorf("%s holds a token's secret", name)
			}
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	if strings.Contains(s.log.tail(1<<20), secrets[0]) {
		s.t.Error("the log shows a token's secret")
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client().as(s.token("7", "--lifetime", "1s"))
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		a := c.call("GET", "/2/media/7_1", nil)
		if a.status == http.StatusUnauthorized {
			a.refused(http.StatusUnauthorized, "expired")
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a token of one second still works: %d", a.status)
		}
	}
}

func TestTokenCreateRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for words, args := range map[string][]string{
		"--user":   {},
		"1 to 19":  {"--user", "bird"},
		"fly":      {"--user", "1", "--scopes", "tweet.read,fly"},
		"lifetime": {"--user", "1", "--lifetime=-1h"},
	} {
		out, errs, code := magpie(t, append([]string{"token", "create", "--data", folder}, args...)...)
		if code == 0 || out != "" || !strings.Contains(errs, words) {
			t.Errorf("%q: exit %d, %q, %q", args, code, out, errs)
		}
	}
}

// refusesToStart runs a server that is not meant to start and gives its words.
func (s *server) refusesToStart() string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), binary, "serve", "--listen", strings.TrimPrefix(s.url, "http://"), "--data", s.data)
	cmd.Env = append(os.Environ(), s.env...)
	ended := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	out, err := cmd.CombinedOutput()
	if !ended.Stop() || err == nil {
		s.t.Errorf("the server started: %v\n%s", err, out)
	}
	return string(out)
}

func TestBootstrapToken(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	s.env = []string{"MAGPIE_BOOTSTRAP_TOKEN=too-short-by-one-character-aaaa"} // 31
	if words := s.refusesToStart(); !strings.Contains(words, "MAGPIE_BOOTSTRAP_TOKEN") || !strings.Contains(words, "32") {
		t.Errorf("the words are %q", words)
	}
	first := "long-enough-by-one-character-aaaa"
	s.env = []string{"MAGPIE_BOOTSTRAP_TOKEN=" + first}
	s.run()
	c := s.client()
	c.as(first).initialize("", "", -1)
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	// The same again is no news; another one is not let in by the back door.
	s.run()
	c.as(first).initialize("", "", -1)
	s.stop()
	s.env = []string{"MAGPIE_BOOTSTRAP_TOKEN=" + secret}
	s.run()
	c.call("GET", "/2/media/7_1", nil).refused(http.StatusUnauthorized, "not known")
	c.as(first).initialize("", "", -1)
	if n := len(s.tokens()); n != 2 {
		t.Errorf("%d lines in the list, want a head and one token", n)
	}
	if !strings.Contains(s.log.tail(1<<20), "MAGPIE_BOOTSTRAP_TOKEN") {
		t.Error("the log does not say that the bootstrap token was passed over")
	}
}

func TestBootstrapTokenIsOnlyForEmptyFolders(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	mine := s.token("7", "--scopes", "tweet.read")
	s.run()
	c := s.client()
	c.call("GET", "/2/media/7_1", nil).refused(http.StatusUnauthorized)
	c.as(mine).call("GET", "/2/media/7_1", nil).refused(http.StatusNotFound)
	if _, errs, code := magpie(t, "token", "revoke", "--data", s.data, s.tokenOf("7")); code != 0 {
		t.Fatal(errs)
	}
	s.kill()
	s.run()
	c.call("GET", "/2/media/7_1", nil).refused(http.StatusUnauthorized) // revoked is not empty
	c.as(mine).call("GET", "/2/media/7_1", nil).refused(http.StatusUnauthorized, "revoked")
}
