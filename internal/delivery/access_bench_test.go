package delivery

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// BenchmarkRange is what a player does most: a range of an MP4 by HTTP, with the
// catalogue and the file on disk.
func BenchmarkRange(b *testing.B) {
	store, c := onDisk(b), openCatalog(b)
	m := publishedAs(b, c, store, media.Media{
		ID: 7, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "video-video-vide", Manifest: media.Manifest{{Key: "segments/3/000", Size: 1}},
	}, func(string) string { return strings.Repeat("x", 1<<20) }, media.Rendition{Role: media.RoleMP4, Name: "640x360.mp4", ContentType: "video/mp4"})
	ticket := url.QueryEscape(ring().SignTicket(policy.Ticket{Media: m.ID, Owner: m.Owner, Expires: time.Now().Add(time.Hour)}))
	for _, x := range []struct{ name, metadata, query string }{
		{"public", "{}", ""},
		{"geo", `{"geo_restrictions":{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}}`, ""},
		{"ticket", `{"allow_download_status":{"allow_download":false}}`, "?ticket=" + ticket},
	} {
		b.Run(x.name, func(b *testing.B) {
			describe(b, c, m.ID, x.metadata)
			mux := http.NewServeMux()
			mux.Handle("GET /media/{slug}/{name}", NewRenditions(Config{Catalog: c, Blobs: store, Access: access(), Now: time.Now, Fail: plain}))
			server := httptest.NewServer(mux)
			defer server.Close()
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), "GET", server.URL+"/media/video-video-vide/640x360.mp4"+x.query, nil)
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Range", "bytes=1000-66535")
				r.Header.Set("X-Country", "JP")
				a, err := http.DefaultClient.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, a.Body); err != nil || n != 65536 || a.StatusCode != 206 {
					b.Fatal(a.StatusCode, n, err)
				}
				_ = a.Body.Close()
			}
		})
	}
}
