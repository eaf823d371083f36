package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCIWithoutContainers runs the script of docs/ci.md, with tests that upload a
// picture and ask for a fault.
func TestCIWithoutContainers(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n```bash\n(.*?)\n```\n").FindSubmatch(page)
	if found == nil {
		t.Fatal("the page has no script")
	}
	dir := t.TempDir()
	picture := keep(t, "photo.png", samplePNG())
	for name, text := range map[string]string{
		"job.sh": "set -e\n" + string(found[1]) + "\n",
		"run-the-tests": `#!/bin/bash -e
curl -sf $X_API_URL/2/media/upload -H "Authorization: Bearer $X_API_TOKEN" -F media_category=tweet_image -F media=@` + picture + `
curl -s $X_API_URL/2/media/upload/initialize -X POST -H "Authorization: Bearer $X_API_TOKEN" -H 'X-Magpie-Fault: status=507'
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "job.sh")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"media_key":"3_`) || !strings.Contains(string(out), `"code":507`) {
		t.Fatalf("%v\n%s", err, out)
	}
}
