package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"magpie/internal/media"
)

// base is the whole base string of a request, as tests can hold it.
func base(t *testing.T, origin string, r *http.Request) string {
	t.Helper()
	params, body := newPairs(), &spool{folder: t.TempDir(), limit: 64 << 20}
	t.Cleanup(body.close)
	_, header, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if err := params.readHeader(header); err != nil {
		t.Fatal(err)
	}
	if err := params.readQuery(r.URL.RawQuery); err != nil {
		t.Fatal(err)
	}
	if hasForm(r) {
		if err := params.readBody(r, body); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	b.WriteString(baseHead(r.Method, origin, r.URL.EscapedPath()))
	if err := writeBase(&b, params.list, body.bytes()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The example of RFC 5849 §3.4.1.1, whose parameters §3.4.1.3 works out.
func TestBaseOfTheRFCsExample(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", strings.NewReader("c2&a3=2+q"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", `OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", `+
		`oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"`)
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D" +
		"%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1" +
		"%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := base(t, "http://example.com", r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The three signatures of RFC 5849 §1.2, and the one of Appendix A of OAuth
// Core 1.0, from which it came; and X's own.
func TestPublishedSignatures(t *testing.T) {
	for _, c := range []struct{ origin, method, target, header, keys, want string }{
		{ // from X's page on creating a signature; the form's parameter stands in the query here
			"https://api.twitter.com", "POST", "/1/statuses/update.json?include_entities=true&status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21",
			`OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", oauth_version="1.0"`,
			"kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw&LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE", "tnnArxj06cWHq44gCs1OSKk/jLY=",
		},
		{
			"https://photos.example.net", "POST", "/initiate",
			`OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131200", oauth_nonce="wIjqoS", oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", oauth_signature="x"`,
			"kd94hf93k423kf44&", "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
		},
		{
			"https://photos.example.net", "POST", "/token",
			`OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="hh5s93j4hdidpola", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="walatlh", oauth_verifier="hfdp7dh39dks9884"`,
			"kd94hf93k423kf44&hdhd0244k9j7ao03", "gKgrFCywp7rO0OXSjdot/IHF7IU=",
		},
		{
			"http://photos.example.net", "GET", "/photos?file=vacation.jpg&size=original",
			`OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH"`,
			"kd94hf93k423kf44&pfkkdhi9sl3r4s00", "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
		},
		{
			"http://photos.example.net", "GET", "/photos?file=vacation.jpg&size=original",
			`OAuth oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1191242096", oauth_nonce="kllo9940pd9333jh", oauth_version="1.0"`,
			"kd94hf93k423kf44&pfkkdhi9sl3r4s00", "tR3+Ty81lMeYAr/Fid0kMTYa/WM=",
		},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil)
		r.Header.Set("Authorization", c.header)
		mac := hmac.New(sha1.New, []byte(c.keys))
		mac.Write([]byte(base(t, c.origin, r)))
		if got := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.target, got, c.want)
		}
	}
}

// The path is signed as it was sent (RFC 5849 §3.4.1.2).
func TestBaseHead(t *testing.T) {
	for _, c := range [][4]string{
		{"GET", "http://example.com", "/r%20v/X", "GET&http%3A%2F%2Fexample.com%2Fr%2520v%2FX&"},
		{"GET", "https://www.example.net:8080", "/", "GET&https%3A%2F%2Fwww.example.net%3A8080%2F&"},
		{"GET", "http://example.com", "", "GET&http%3A%2F%2Fexample.com%2F&"},
	} {
		if got := baseHead(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%v: %s", c, got)
		}
	}
}

// A value is written the same, whether it was kept or stayed in the body.
func TestBaseOfLongValues(t *testing.T) {
	var data []byte
	for i := range 3 * longValue {
		data = append(data, byte(i))
	}
	var wants, gots []string
	for _, n := range []int{longValue, longValue + 1, 3 * longValue} {
		value := percentEncode(string(data[:n]))
		body := "z=1&media_data=" + strings.ReplaceAll(value, "%20", "+") + "&a=2"
		wants = append(wants, "POST&http%3A%2F%2Fh%2F&a%3D2%26media_data%3D"+percentEncode(value)+"%26z%3D1")
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		gots = append(gots, base(t, "http://h", r))
	}
	if !slices.Equal(gots, wants) {
		t.Error("they differ")
	}
	for _, body := range []string{"a=1&m=%s&m=2", "m=2&m=%s", "m=%s&m=%s"} {
		params, keep := newPairs(), &spool{folder: t.TempDir(), limit: 1 << 20}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(strings.ReplaceAll(body, "%s", strings.Repeat("x", longValue+1))))
		if err := params.readBody(r, keep); err != nil {
			t.Fatal(err)
		}
		if err := writeBase(&bytes.Buffer{}, params.list, keep.bytes()); media.CodeOf(err) != media.CodeInvalid || err.Error() != "m: is there twice" {
			t.Errorf("%s: %v", body, err)
		}
	}
}
