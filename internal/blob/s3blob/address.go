package s3blob

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/blob"
)

// Address says where blobs are kept.
type Address struct {
	Bucket    string
	Prefix    string // before every key: "" or ends in "/"
	Endpoint  string // host or host:port
	Plain     bool   // HTTP instead of HTTPS
	Region    string
	PathStyle bool // the bucket is in the path, not in the host's name
}

// amazon is the endpoint of an address that names none.
const amazon = "s3.amazonaws.com"

// defaultRegion is what stores that know no regions answer to.
const defaultRegion = "us-east-1"

// ParseAddress reads
//
//	s3://bucket/prefix?endpoint=https://host:port&region=eu-central-1&path-style=true
//
// Without an endpoint it is Amazon's; without path-style, the path is used for
// every other endpoint than Amazon's, whose servers seldom have a certificate for
// the bucket's own host. What is wrong with s is said by the part's name, and
// never with the whole of s, which may hold what somebody took for a place for
// secrets.
func ParseAddress(s string) (Address, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Address{}, errors.New("it is not a URL, such as s3://bucket/prefix?endpoint=https://host:port")
	}
	if u.Scheme != "s3" || u.Opaque != "" {
		return Address{}, errors.New("scheme: it does not begin with s3://")
	}
	if u.User != nil {
		return Address{}, errors.New("user: credentials do not belong here; they are read from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or from files")
	}
	if u.Fragment != "" || strings.HasSuffix(s, "#") {
		return Address{}, errors.New("fragment: nothing may follow a #")
	}
	a := Address{Bucket: u.Host, Region: defaultRegion, Endpoint: amazon}
	if err := checkBucket(a.Bucket); err != nil {
		return Address{}, fmt.Errorf("bucket: %w", err)
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if err := blob.CheckKey(prefix); err != nil {
			return Address{}, fmt.Errorf("prefix: %w", err)
		}
		a.Prefix = prefix + "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Address{}, errors.New("query: it can't be read: is a % not followed by two digits, or a ; where a & belongs?")
	}
	if err := a.set(query); err != nil {
		return Address{}, err
	}
	return a, nil
}

// set takes the query's values.
func (a *Address) set(query url.Values) error {
	known := []string{"endpoint", "path-style", "region"}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("query: %.40q is not one of %s", name, strings.Join(known, ", "))
		}
		if len(values) != 1 || values[0] == "" {
			return fmt.Errorf("%s: give it one value", name)
		}
	}
	if v := query.Get("endpoint"); v != "" {
		if err := a.setEndpoint(v); err != nil {
			return fmt.Errorf("endpoint: %w", err)
		}
		a.PathStyle = !strings.HasSuffix(a.Endpoint, ".amazonaws.com")
	}
	if v := query.Get("region"); v != "" {
		if len(v) > 64 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("region: %.64q is not a name such as eu-central-1", v)
		}
		a.Region = v
	}
	if v := query.Get("path-style"); v != "" {
		pathStyle, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("path-style: %.20q is not true or false", v)
		}
		a.PathStyle = pathStyle
	}
	return nil
}

func (a *Address) setEndpoint(v string) error {
	const want = "it is not an origin, such as https://host:port"
	u, err := url.Parse(strings.TrimSuffix(v, "/"))
	if err != nil || u.Opaque != "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New(want)
	}
	if u.User != nil {
		return errors.New("credentials do not belong here")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return errors.New(want)
	}
	host := u.Hostname()
	if net.ParseIP(host) == nil && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" || host == "" {
		return errors.New(want)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("the port %.8q is not between 1 and 65535", port)
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return errors.New(want)
	}
	a.Endpoint, a.Plain = u.Host, u.Scheme == "http"
	return nil
}

// String writes the address so that ParseAddress reads it again. It has no
// secrets.
func (a Address) String() string {
	scheme := "https://"
	if a.Plain {
		scheme = "http://"
	}
	query := url.Values{
		"endpoint": {scheme + a.Endpoint}, "region": {a.Region},
		"path-style": {strconv.FormatBool(a.PathStyle)},
	}
	u := url.URL{Scheme: "s3", Host: a.Bucket, Path: "/" + strings.TrimSuffix(a.Prefix, "/"), RawQuery: query.Encode()}
	return u.String()
}

// checkBucket holds a name against Amazon's rules for buckets ("General purpose
// bucket naming rules" in the S3 User Guide), which other stores took over.
func checkBucket(name string) error {
	if len(name) < 3 || len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" ||
		strings.Trim(name[:1]+name[len(name)-1:], "-.") != name[:1]+name[len(name)-1:] ||
		strings.Contains(name, "..") || net.ParseIP(name) != nil {
		return fmt.Errorf("%.70q is not 3 to 63 of a-z, 0-9, - and ., with a letter or digit at both ends", name)
	}
	return nil
}
