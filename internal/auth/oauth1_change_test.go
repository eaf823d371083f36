package auth

import (
	"cmp"
	"context"
	"crypto/sha1"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// meaning is what a request says once it is decoded: two requests of the same
// meaning have the same base string, and are one to OAuth (RFC 5849 §3.4.1).
func meaning(r *http.Request, body string) (string, bool) {
	params := newPairs()
	_, header, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if params.readHeader(header) != nil || params.readQuery(r.URL.RawQuery) != nil || hasForm(r) && params.readQuery(body) != nil {
		return "", false
	}
	slices.SortFunc(params.list, func(a, b pair) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value)) })
	said := []string{r.Method, r.URL.EscapedPath()}
	for _, p := range params.list {
		said = append(said, percentEncode(p.name), percentEncode(p.value))
	}
	return strings.Join(said, " "), true
}

// changed makes a copy of a request with one byte of it changed; ok is false
// where none can be sent that way.
func changed(r *http.Request, body string, where uint8, at uint, by byte) (_ *http.Request, _ string, ok bool) {
	c := r.Clone(r.Context())
	c.Body = nil
	flip := func(s *string) {
		if ok = len(*s) > 0 && by != 0; ok {
			b := []byte(*s)
			b[at%uint(len(b))] ^= by
			*s = string(b)
		}
	}
	switch where % 5 {
	case 0:
		flip(&c.Method)
	case 1:
		flip(&c.URL.Path)
		c.URL.RawPath = ""
	case 2:
		flip(&c.URL.RawQuery)
	case 3:
		flip(&body)
	case 4:
		header := c.Header.Get("Authorization")[len("OAuth "):]
		flip(&header)
		c.Header.Set("Authorization", "OAuth "+header)
	}
	return c, body, ok
}

// holds checks that a signed request passes, and that a changed one does only
// if it still says the same.
func (s *signing) holds(t interface{ Fatalf(string, ...any) }, q request, where uint8, at uint, by byte) {
	r := q.arrive(context.Background(), "h")
	var body string
	if q.form != nil {
		body = encodeForm(q.form)
	}
	said, _ := meaning(r, body)
	other, otherBody, ok := changed(r, body, where, at, by)
	if ok {
		other.Body = io.NopCloser(strings.NewReader(otherBody))
		says, readable := meaning(other, otherBody)
		who, done, err := s.gate.Request(other)
		done()
		if (err == nil || who.User != "") && (!readable || says != said) {
			t.Fatalf("%s %s\n%s\n%s\npasses as\n%s %s\n%s\n%s", r.Method, r.URL, r.Header, body, other.Method, other.URL, other.Header, otherBody)
		}
		if err == nil {
			return // it says the same, and its nonce is used up
		}
	}
	who, done, err := s.gate.Request(r)
	defer done()
	left, _ := io.ReadAll(r.Body)
	if err != nil || who.User == "" || string(left) != body {
		t.Fatalf("%s %s\n%s\n%s\nis refused: %v", r.Method, r.URL, r.Header, body, err)
	}
}

func TestChangedRequestsAreRefused(t *testing.T) {
	s := newSigning(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.SampledFrom([]string{"", "a", "b", "+", " ", "%20", "%", "~", "&", "=", "☃", "\x00", "oauth", "a=b&c"}),
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.SampledFrom([]string{strings.Repeat("+/A=", longValue/2), strings.Repeat("%", longValue+1)}),
		)
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
			name := text.Draw(t, "name")
			return [2]string{name[:min(len(name), 200)], text.Draw(t, "value")}
		}), 0, 5)
		query := list.Draw(t, "query")
		for i := range query { // a query of long values is refused for its length
			query[i][1] = query[i][1][:min(len(query[i][1]), 1000)]
		}
		var form [][2]string
		if rapid.Bool().Draw(t, "has a form") {
			form = list.Draw(t, "form")
			long := map[string]bool{}
			for i, p := range form { // nor are two of a name where one is long
				if len(p[1]) > longValue && (long[p[0]] || slices.ContainsFunc(slices.Concat(query, form[:i]), func(o [2]string) bool { return o[0] == p[0] })) || long[p[0]] {
					form[i][1] = ""
					form[i][0] = "again" + string(rune('a'+i))
				}
				long[form[i][0]] = long[form[i][0]] || len(form[i][1]) > longValue
			}
		}
		q := s.signed("POST", query, form)
		s.holds(t, q, rapid.Uint8().Draw(t, "where"), rapid.Uint().Draw(t, "at"), rapid.Byte().Draw(t, "by"))
	})
}

// Every byte of a request, changed in every bit.
func TestEveryByteCounts(t *testing.T) {
	s := newSigning(t)
	for where, bytes := range []uint{4, 20, 10, 10, 420} { // method, path, query, form, header
		for at := range bytes {
			q := s.signed("POST", [][2]string{{"a", "b c"}}, [][2]string{{"d", "e+f"}})
			s.holds(t, q, uint8(where), at, 1<<(at%8))
		}
	}
	for name, spoil := range map[string]func(){
		"the key's secret":   func() { s.client.KeySecret = s.client.KeySecret[1:] },
		"the token's secret": func() { s.secret = s.secret[:len(s.secret)-1] },
	} {
		client, secret := s.client, s.secret
		spoil()
		s.refuses(name, s.signed("GET", nil, nil).arrive(t.Context(), "h"), "signature", "does not match")
		s.client, s.secret = client, secret
	}
}

// FuzzSignature throws headers, queries and bodies at the verifier: none passes
// without the secrets, and nothing panics.
func FuzzSignature(f *testing.F) {
	s := newSigning(f)
	q := s.signed("POST", [][2]string{{"a", "1"}}, [][2]string{{"b", "2"}})
	r := q.arrive(f.Context(), "h")
	f.Add("POST", r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), "b=3")
	f.Add("GET", "/%2f", "oauth_signature=AAAA&oauth_consumer_key="+s.client.Client.APIKey, "", "")
	f.Add("POST", "/", "", "OAuth ", "oauth_signature=%&&=&oauth_token=x")
	f.Add("POST", "/", "a=%", `OAuth a="b",`, strings.Repeat("x", longValue+1))
	f.Add("POST", "/", "", `oauth realm="x", oauth_nonce="`, "a="+strings.Repeat("%41", longValue))
	f.Fuzz(func(t *testing.T, method, path, query, header, body string) {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set("Authorization", header)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		who, done, err := s.gate.Request(r)
		done()
		if err == nil || who.User != "" {
			t.Fatalf("passes: %+v", who)
		}
	})
}

// FuzzChange changes one byte of a signed request.
func FuzzChange(f *testing.F) {
	s := newSigning(f)
	f.Add("a", "b", "c", "d e", uint8(3), uint(2), byte(1))
	f.Add("", "", "☃", "%+~", uint8(2), uint(0), byte(32))
	f.Fuzz(func(t *testing.T, a, b, c, d string, where uint8, at uint, by byte) {
		if len(a)+len(b)+len(c)+len(d) > 1000 || strings.HasPrefix(a, "oauth_") || strings.HasPrefix(c, "oauth_") {
			return // refused for other reasons
		}
		q := request{method: "POST", origin: "https://api.x.com", path: "/2/media/upload", query: [][2]string{{a, b}}, form: [][2]string{{c, d}}, header: s.protocol()}
		q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
		s.holds(t, q, where, at, by)
	})
}
