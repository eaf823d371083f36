package s3blob

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// findCredentials looks, in this order, at AWS_ACCESS_KEY_ID with
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; at the files that these names with
// _FILE behind them name; at a profile (AWS_PROFILE) of the file that
// AWS_SHARED_CREDENTIALS_FILE names or ~/.aws/credentials; and, on Amazon's own
// endpoints, at what the machine or the container is given there. They are never
// part of an error.
func findCredentials(env func(string) string, a Address) (*credentials.Credentials, error) {
	var values [3]string
	for i, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		v, err := secret(env, name)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	switch {
	case values[0] != "" && values[1] != "":
		return credentials.NewStaticV4(values[0], values[1], values[2]), nil
	case values[0] != "":
		return nil, errors.New("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")
	case values[1] != "":
		return nil, errors.New("AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not")
	}
	path := env("AWS_SHARED_CREDENTIALS_FILE")
	if home := env("HOME"); path == "" && home != "" {
		path = filepath.Join(home, ".aws", "credentials")
		if _, err := os.Stat(path); err != nil {
			path = ""
		}
	}
	if path != "" {
		profile := env("AWS_PROFILE")
		if profile == "" {
			profile = "default"
		}
		c := credentials.NewFileAWSCredentials(path, profile)
		if _, err := c.GetWithContext(&credentials.CredContext{}); err != nil {
			return nil, fmt.Errorf("the file of credentials %s has no profile %q that can be read", path, profile)
		}
		return c, nil
	}
	if strings.HasSuffix(a.Endpoint, "amazonaws.com") {
		return credentials.NewIAM(""), nil
	}
	return nil, errors.New("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name files that hold them with AWS_ACCESS_KEY_ID_FILE and AWS_SECRET_ACCESS_KEY_FILE")
}

// secret is a variable's value, or the first line of the file that it names with
// _FILE behind it.
func secret(env func(string) string, name string) (string, error) {
	if v := env(name); v != "" {
		return v, nil
	}
	path := env(name + "_FILE")
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 8<<10))
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), nil
}
