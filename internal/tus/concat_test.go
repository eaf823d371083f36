package tus

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// fragments sends a file in so many partial uploads.
func (s *server) fragments(file string, n int) []string {
	s.t.Helper()
	urls := make([]string, n)
	for i := range urls {
		piece := file[i*len(file)/n : (i+1)*len(file)/n]
		urls[i] = s.begin(len(piece), "Upload-Concat", "partial", "Upload-Metadata", "category dHdlZXRfZ2lm")
		a := s.want(s.patch(urls[i], 0, piece), 204, "Magpie-Media-Id", "", "Magpie-State", "")
		if a.Get("Upload-Expires") == "" {
			s.t.Fatal("a partial upload does not say when it expires")
		}
		s.want(s.do("HEAD", urls[i], nil), 200, "Upload-Concat", "partial")
	}
	return urls
}

func (s *server) join(urls []string, pairs ...string) answer {
	return s.do("POST", Path, nil, append([]string{"Upload-Concat", "final;" + strings.Join(urls, " ")}, pairs...)...)
}

func TestConcat(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 100, Quota: 1500}) // which has no room for it twice
	file := gif(1000)
	urls := s.fragments(file, 3)
	whole := []string{urls[0], "https://media.example" + urls[1], "/behind/a/proxy" + urls[2]}
	a := s.want(s.join(whole, "Upload-Metadata", "category dHdlZXRfZ2lm"), 201, "Upload-Offset", "1000", "Magpie-State", "pending")
	url := a.Get("Location")
	if m := s.wantMedia(url, file); m.Category != media.TweetGIF {
		t.Errorf("its category is %s", m.Category)
	}
	s.want(s.do("HEAD", url, nil), 200, "Upload-Concat", "final;"+strings.Join(urls, " "), "Upload-Length", "1000", "Upload-Offset", "1000")
	s.want(s.patch(url, 1000, ""), 403)
	for _, u := range urls {
		s.want(s.do("HEAD", u, nil), 410)
	}
	s.want(s.join(urls), 201, "Location", url) // whose answer was lost
	s.want(s.join([]string{urls[1], urls[0], urls[2]}), 409)
	for info := range s.store.List(t.Context(), "") {
		if !strings.HasPrefix(info.Key, "segments/"+idOf(t, url).String()+"/") {
			t.Errorf("%s is left", info.Key)
		}
	}
	if storage, err := s.catalog.Storage(t.Context(), owner); err != nil || storage.Used() != 1000 || storage.Uploads != 0 {
		t.Errorf("it takes %+v, %v", storage, err)
	}
	if faults, err := s.catalog.CheckStorage(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("%v, %v", faults, err)
	}
}

func TestConcatsAtOnce(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 50})
	file := gif(1000)
	urls := s.fragments(file, 2)
	answers := make([]answer, 5)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.join(urls) })
	}
	wg.Wait()
	var url string
	for _, a := range answers {
		switch {
		case a.status == 201 && (url == "" || url == a.Get("Location")):
			url = a.Get("Location")
		case a.status != 409 && a.status != 503:
			t.Errorf("%d, %s, %s", a.status, a.Get("Location"), a.body)
		}
	}
	s.want(s.join(urls), 201, "Location", url)
	s.wantMedia(url, file)
}

// TestConcatAfterCrash has a server stopped between any two copies.
func TestConcatAfterCrash(t *testing.T) {
	c := upload.Config{MaxSegment: 100}
	s := newServer(t, c)
	file := gif(1000)
	urls := s.fragments(file, 2)
	parts, err := readConcat(http.Header{"Upload-Concat": {"final;" + strings.Join(urls, " ")}})
	if err != nil {
		t.Fatal(err)
	}
	broke := 0
	for after := range 1000 {
		ctx := &ends{Context: context.Background(), after: int64(after % 40)}
		_, err := s.sessions.Join(ctx, upload.Request{Owner: owner}, catalog.Tus{Concat: parts.String()}, parts.joins)
		s.memory.Crash()
		s.open(c)
		if err == nil {
			break
		}
		broke++
	}
	a := s.want(s.join(urls), 201)
	s.wantMedia(a.Get("Location"), file)
	if broke == 0 {
		t.Error("nothing broke it off")
	}
}

// ends is a context that has ended once it was asked so many times.
type ends struct {
	context.Context
	after int64
	asked atomic.Int64
}

func (e *ends) Err() error {
	if e.asked.Add(1) > e.after {
		return context.Canceled
	}
	return nil
}

func TestConcatRefuses(t *testing.T) {
	s := newServer(t, upload.Config{})
	urls := s.fragments(gif(100), 2)
	half := s.begin(10, "Upload-Concat", "partial")
	whole := s.begin(10)
	for _, c := range []struct {
		name   string
		urls   []string
		pairs  []string
		status int
		words  string
	}{
		{"none", nil, nil, 400, "names no upload"},
		{"one twice", []string{urls[0], urls[0]}, nil, 400, "twice"},
		{"one that is not complete", []string{urls[0], half}, nil, 409, "not complete"},
		{"one that is no part", []string{urls[0], whole}, nil, 400, "Upload-Concat: partial"},
		{"one that is not there", []string{urls[0], Path + "12"}, nil, 404, "no upload 12"},
		{"no upload's URL", []string{urls[0], "/other/12"}, nil, 400, "not the URL of an upload"},
		{"a length", urls, []string{"Upload-Length", "100"}, 400, "may not be there"},
		{"a stranger's", urls, []string{"Authorization", s.tokens["stranger"]}, 404, "no upload"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := s.join(c.urls, c.pairs...); a.status != c.status || !strings.Contains(a.body, c.words) {
				t.Errorf("%d, %s", a.status, a.body)
			}
		})
	}
	s.want(s.do("POST", Path, strings.NewReader("x"), "Upload-Concat", "final;"+strings.Join(urls, " ")), 400)
	s.want(s.join(urls), 201)
	if _, err := s.sessions.Finalize(t.Context(), owner, idOf(t, half)); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("a part became a media: %v", err)
	}
}

func FuzzReadConcat(f *testing.F) {
	for _, seed := range []string{"partial", "final;/magpie/v1/tus/1 /magpie/v1/tus/2", "final;https://a.example/magpie/v1/tus/9", "final;", "final; x", "final;/magpie/v1/tus/01", "final;%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readConcat(http.Header{"Upload-Concat": {text}})
		if err != nil {
			if media.CodeOf(err) != media.CodeInvalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := readConcat(http.Header{"Upload-Concat": {c.String()}})
		if err != nil || again.String() != c.String() || again.partial != c.partial {
			t.Fatalf("%q is written %q, which is read %v, %v", text, c, again, err)
		}
	})
}
