package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// client speaks to one server as one user. It is what the tests use where no
// real client is the point.
type client struct {
	t     *testing.T
	url   string
	token string
	web   *http.Client // nil for the default
}

func (s *server) client() client { return client{s.t, s.url, secret, s.web} }

// as is the same client with another token; "" sends none.
func (c client) as(token string) client { c.token = token; return c }

// answer is a response, read to its end.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// call sends a request. body is nil, bytes, a string, an io.Reader, or anything
// else to be sent as JSON.
func (c client) call(method, path string, body any, headers ...string) answer {
	c.t.Helper()
	a, err := c.try(c.t.Context(), method, path, body, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// try is call for requests that may not be answered. headers are names and
// values in turn.
func (c client) try(ctx context.Context, method, path string, body any, headers ...string) (answer, error) {
	var reader io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(b)
	case string:
		reader = strings.NewReader(b)
	case io.Reader:
		reader = b
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		reader, kind = bytes.NewReader(j), "application/json"
	}
	if strings.HasPrefix(path, "/") {
		path = c.url + path
	}
	r, err := http.NewRequestWithContext(ctx, method, path, reader)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := orDefault(c.web).Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{c.t, response.StatusCode, response.Header, got}
	a.holdAgainstContract(r)
	return a, nil
}

// data gives the data member of an answer that must have status 200.
func (a answer) data() map[string]any {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d, want 200: %s", a.status, a.body)
	}
	var v struct{ Data map[string]any }
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v.Data
}

// refused checks that an answer refuses, in JSON and in words that hold every
// one of the given pieces, and gives the words.
func (a answer) refused(status int, pieces ...string) string {
	a.t.Helper()
	var p struct{ Message, Detail string }
	if a.status != status {
		a.t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Errorf("not JSON: %v: %q", err, a.body)
	}
	for _, piece := range pieces {
		if !strings.Contains(p.Message+" "+p.Detail, piece) {
			a.t.Errorf("the words do not name %q: %s", piece, a.body)
		}
	}
	if len(p.Message) < 9 {
		a.t.Errorf("no words: %s", a.body)
	}
	return p.Message
}

// initialize opens an upload; empty strings and a negative total are left out.
func (c client) initialize(kind, category string, total int) string {
	c.t.Helper()
	body := map[string]any{}
	if kind != "" {
		body["media_type"] = kind
	}
	if category != "" {
		body["media_category"] = category
	}
	if total >= 0 {
		body["total_bytes"] = total
	}
	return c.call("POST", "/2/media/upload/initialize", body).data()["id"].(string)
}

// append sends one segment as most clients do.
func (c client) append(id string, index int, segment []byte) answer {
	c.t.Helper()
	body, kind := form(index, segment)
	return c.call("POST", "/2/media/upload/"+id+"/append", body, "Content-Type", kind)
}

// form is the multipart body of one segment.
func form(index int, segment []byte) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("segment_index", strconv.Itoa(index))
	p, _ := w.CreateFormFile("media", "blob")
	_, _ = p.Write(segment)
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// upload sends a file in segments of step bytes and finalizes it.
func (c client) upload(kind, category string, file []byte, step int) map[string]any {
	c.t.Helper()
	id := c.initialize(kind, category, len(file))
	for i, off := 0, 0; off < len(file); i, off = i+1, off+step {
		c.append(id, i, file[off:min(off+step, len(file))]).data()
	}
	return c.finalize(id).data()
}

func (c client) finalize(id string) answer {
	c.t.Helper()
	return c.call("POST", "/2/media/upload/"+id+"/finalize", nil)
}

func (c client) status(id string) answer {
	c.t.Helper()
	return c.call("GET", "/2/media/upload?command=STATUS&media_id="+id, nil)
}

// processing is an answer's processing_info; nil where it has none.
func (a answer) processing() map[string]any {
	a.t.Helper()
	info, _ := a.data()["processing_info"].(map[string]any)
	return info
}

// await polls until processing has ended and gives the last processing_info.
func (c client) await(id string) map[string]any {
	c.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; {
		info := c.status(id).processing()
		switch info["state"] {
		case "succeeded", "failed":
			return info
		}
		if after, _ := info["check_after_secs"].(float64); after < 1 {
			c.t.Fatalf("unfinished without check_after_secs: %v", info)
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s is still %v", id, info)
		}
		time.Sleep(200 * time.Millisecond) // polls oftener than it is asked to
	}
}

// succeeded awaits and fails the test unless the media succeeded.
func (c client) succeeded(id string) {
	c.t.Helper()
	if info := c.await(id); info["state"] != "succeeded" {
		c.t.Fatalf("%s: %v", id, info)
	}
}

const allFields = "?media.fields=media_key,type,url,preview_image_url,variants,duration_ms,width,height,alt_text"

func (c client) lookup(key string) map[string]any {
	c.t.Helper()
	return c.call("GET", "/2/media/"+key+allFields, nil).data()
}

// original fetches the exact upload.
func (c client) original(id string, headers ...string) answer {
	c.t.Helper()
	return c.call("GET", "/magpie/v1/media/"+id+"/original", nil, headers...)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// contract is api/openapi.yaml, read once.
var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	for _, page := range []string{"text/html", "text/css", "text/javascript", "text/xml"} { // which kin-openapi does not know
		openapi3filter.RegisterBodyDecoder(page, openapi3filter.RegisteredBodyDecoder("text/plain"))
	}
	doc.OpenAPI, doc.Components.Schemas["Bytes"].Value.Format = "3.0.3", "binary" // as the tests of api do
	return gorillamux.NewRouter(doc)
})

// holdAgainstContract checks an answer on a route of the contract.
func (a answer) holdAgainstContract(r *http.Request) {
	a.t.Helper()
	if a.status == http.StatusRequestHeaderFieldsTooLarge {
		return // said by the HTTP server itself, to a request that it did not read
	}
	if a.header.Get("X-Magpie-Fault") != "" {
		return // somebody asked for an answer that need not fit
	}
	router, err := contract()
	if err != nil {
		a.t.Fatal(err)
	}
	bare := r.Clone(context.Background())
	bare.URL.Scheme, bare.URL.Host, bare.Host = "", "", ""
	route, params, err := router.FindRoute(bare)
	if err != nil {
		return // not a route: its 404 is nothing the contract knows
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: bare, PathParams: params, Route: route},
		Status:                 a.status,
		Header:                 a.header,
		Body:                   io.NopCloser(bytes.NewReader(a.body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		a.t.Errorf("%s %s: the answer breaks the contract: %.2000v\n%.2000s", r.Method, r.URL.Path, err, a.body)
	}
	if path.Clean(r.URL.Path) != r.URL.Path {
		return // refused before the API saw it
	}
	if strings.HasPrefix(route.Path, "/2/media") || strings.HasPrefix(route.Path, "/1.1/") {
		a.countsDown(r)
	}
}

// countsDown checks the three headers that tell of rate limits, which clients
// read on every answer of X's API.
func (a answer) countsDown(r *http.Request) {
	a.t.Helper()
	limit, err1 := strconv.Atoi(a.header.Get("X-Rate-Limit-Limit"))
	remaining, err2 := strconv.Atoi(a.header.Get("X-Rate-Limit-Remaining"))
	reset, err3 := strconv.ParseInt(a.header.Get("X-Rate-Limit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || limit < 1 || remaining < 0 || remaining > limit || reset < 1_700_000_000 {
		a.t.Errorf("%s %s: %d without the x-rate-limit headers, or wrong ones: %v", r.Method, r.URL.Path, a.status, a.header)
	}
}
