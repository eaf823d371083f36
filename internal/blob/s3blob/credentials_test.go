package s3blob

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

func TestFindCredentials(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	id, key := file("id", "from-file\n"), file("key", "hidden-1\nmore")
	profiles := file("profiles", "[default]\naws_access_key_id = of-default\naws_secret_access_key = hidden-2\n[two]\naws_access_key_id = of-two\naws_secret_access_key = hidden-3\n")
	for name, c := range map[string]struct {
		env  map[string]string
		want string // the id, or a word of the error
	}{
		"variables":    {map[string]string{"AWS_ACCESS_KEY_ID": "set", "AWS_SECRET_ACCESS_KEY": "hidden-4"}, "set"},
		"files":        {map[string]string{"AWS_ACCESS_KEY_ID_FILE": id, "AWS_SECRET_ACCESS_KEY_FILE": key}, "from-file"},
		"profile":      {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profiles}, "of-default"},
		"other":        {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profiles, "AWS_PROFILE": "two"}, "of-two"},
		"none":         {nil, "error: AWS_ACCESS_KEY_ID"},
		"no secret":    {map[string]string{"AWS_ACCESS_KEY_ID": "set"}, "error: AWS_SECRET_ACCESS_KEY"},
		"no id":        {map[string]string{"AWS_SECRET_ACCESS_KEY": "hidden-5"}, "error: AWS_ACCESS_KEY_ID"},
		"missing file": {map[string]string{"AWS_ACCESS_KEY_ID_FILE": folder + "/none"}, "error: AWS_ACCESS_KEY_ID_FILE"},
		"no profile":   {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profiles, "AWS_PROFILE": "three"}, "error: three"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := findCredentials(func(name string) string { return c.env[name] }, Address{Endpoint: "127.0.0.1:1"})
			if word, bad := strings.CutPrefix(c.want, "error: "); bad {
				if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "hidden") {
					t.Fatalf("got %v, want an error that names %s and no secret", err, word)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			v, err := found.GetWithContext(&credentials.CredContext{})
			if err != nil || v.AccessKeyID != c.want || !strings.HasPrefix(v.SecretAccessKey, "hidden-") || strings.Contains(v.SecretAccessKey, "\n") {
				t.Errorf("got %q, %v; want %q", v.AccessKeyID, err, c.want)
			}
		})
	}
}
