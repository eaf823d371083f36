package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
)

// TestRedirects: with --s3-delivery=redirect curl and a real browser get the files
// of public media from the bucket, ranges too, and HLS plays; what is restricted,
// originals and playlists come from magpie.
func TestRedirects(t *testing.T) {
	t.Parallel()
	store, err := s3test.Start("..")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.MakeBucket("films"); err != nil {
		t.Fatal(err)
	}
	s := prepare(t, "--s3-delivery", "redirect", "--blobs", "s3://films/here?endpoint=http://"+store.Address)
	s.env = append(s.env, "AWS_ACCESS_KEY_ID="+s3test.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3test.SecretKey)
	s.run()
	c := s.client()
	file := film(t, "mp4", slices.Concat(picture("320x180", 4), sound(4), h264(), []string{"-c:a", "aac"})...)
	up := c.upload("video/mp4", "tweet_video", file, 1<<20)
	id := up["id"].(string)
	c.succeeded(id)
	m := c.lookup(up["media_key"].(string))
	shown := map[string]string{"poster": m["preview_image_url"].(string), "api": c.url, "token": c.token, "spoken": "en", "plain": "yes"}
	for _, e := range m["variants"].([]any) {
		v := e.(map[string]any)
		shown[map[any]string{"video/mp4": "mp4", "application/x-mpegURL": "hls"}[v["content_type"]]] = v["url"].(string)
	}
	bytesOf := c.call("GET", shown["mp4"], nil) // by a bearer of a token, and so from magpie
	if bytesOf.status != http.StatusOK || len(bytesOf.body) < 1000 {
		t.Fatalf("%d with %d bytes", bytesOf.status, len(bytesOf.body))
	}

	anybody := c.as("")
	anybody.web = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, name := range []string{"mp4", "poster"} {
		a := anybody.call("GET", shown[name], nil)
		to, err := url.Parse(a.header.Get("Location"))
		if err != nil || a.status != http.StatusFound || to.Host != store.Address || a.header.Get("Cache-Control") != "no-store" || strings.Contains(to.String(), s3test.SecretKey) {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
	if a := anybody.call("GET", shown["hls"], nil); a.status != http.StatusOK || !bytes.HasPrefix(a.body, []byte("#EXTM3U")) {
		t.Errorf("the playlist: %d %s", a.status, a.body)
	}
	if a := c.original(id); a.status != http.StatusOK || !bytes.Equal(a.body, file) {
		t.Errorf("the original: %d with %d bytes", a.status, len(a.body))
	}
	curl := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sSL", "--max-time", "60"}, args...)...).Output()
		if err != nil {
			t.Errorf("curl %v: %v", args, err)
		}
		return string(out)
	}
	if got := curl(shown["mp4"]); got != string(bytesOf.body) {
		t.Errorf("curl -L gets %d bytes of %d", len(got), len(bytesOf.body))
	}
	if got := curl("-r", "100-299", shown["mp4"]); got != string(bytesOf.body[100:300]) {
		t.Errorf("curl -L -r gets %d bytes of 200", len(got))
	}
	head := strings.ToLower(curl("-o", "/dev/null", "-D", "-", "-r", "5-", shown["mp4"]+"?download=1"))
	for _, want := range []string{" 302 ", " 206 ", "content-type: video/mp4\r\n", `content-disposition: attachment; filename="` + id} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in the heads of a range to save:\n%s", want, head)
		}
	}
	if got := strings.ToLower(curl("-I", shown["mp4"])); !strings.HasPrefix(got, "http/1.1 200") || !strings.Contains(got, "accept-ranges: bytes") {
		t.Errorf("HEAD: %s", got)
	}

	saw := playPage(t, shown)
	for name, readable := range map[string]bool{"hls": true, "mp4": false, "poster": false} {
		if got := saw[name]; got.Fault != "" || got.Width == 0 || got.Readable != readable || name != "poster" && got.Reached <= 2 && !got.Ended {
			t.Errorf("in the browser %s: %+v", name, got)
		}
	}
	// To scripts everything comes from magpie, without rules for CORS at the bucket.
	delete(shown, "plain")
	for name, got := range playPage(t, shown) {
		if got.Fault != "" || !got.Readable {
			t.Errorf("in the browser, readable, %s: %+v", name, got)
		}
	}

	c.forSubscribers(id)
	until(t, "nothing is public of it any more", func() bool { return anybody.call("GET", shown["mp4"], nil).status == http.StatusForbidden })
	signed, _ := c.sign(id, creatorsOnly)
	for name, link := range signed {
		if a := anybody.call("GET", link, nil); a.status != http.StatusOK || a.header.Get("Location") != "" {
			t.Errorf("%s with a ticket: %d %v", name, a.status, a.header)
		}
	}
}

// TestDeliveryFlag: a redirect needs a bucket.
func TestDeliveryFlag(t *testing.T) {
	t.Parallel()
	wantExit(t, nil, 1, "--s3-delivery: there is no bucket", "serve", "--data", t.TempDir(), "--s3-delivery", "redirect")
	wantExit(t, nil, 1, `--s3-delivery: "direct" is not one of`, "serve", "--data", t.TempDir(), "--s3-delivery", "direct")
}
