package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	metadataPath   = "/2/media/metadata"
	v1MetadataPath = "/1.1/media/metadata/create.json"
)

// noted is a request body that sets groups of metadata.
func noted(id, groups string) []byte { return []byte(`{"id":"` + id + `","metadata":` + groups + `}`) }

// A managed media is changed by the app that manages it and by no other, in
// whatever dialect.
func TestManagedMedia(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	studio, other := s.signingClient("1"), s.signingClient("1")
	movie := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	file := c.upload("text/vtt", "subtitles", []byte("WEBVTT\n\n00:00.500 --> 00:01.500\nGood morning\n"), 1<<20)["id"].(string)
	c.succeeded(movie)
	attached := `{"id":"` + movie + `","media_category":"TweetVideo","subtitles":{"id":"` + file + `","language_code":"EN","display_name":"English"}}`
	detached := `{"id":"` + movie + `","media_category":"TweetVideo","language_code":"EN"}`
	v1Attached := `{"media_id":"` + movie + `","media_category":"TweetVideo","subtitle_info":{"subtitles":[{"media_id":"` + file + `","language_code":"EN","display_name":"English"}]}}`

	other.send("POST", metadataPath, "application/json", noted(movie, `{"alt_text":{"text":"before"}}`)).data()
	studio.send("POST", metadataPath, "application/json", noted(movie, `{"management_info":{"managed":true}}`)).data()
	studio.send("POST", "/2/media/subtitles", "application/json", []byte(attached)).data()
	seen := c.lookup("7_" + movie)

	type change struct{ method, path, body string }
	changes := []change{
		{"POST", metadataPath, string(noted(movie, `{"alt_text":{"text":"taken"}}`))},
		{"POST", metadataPath, string(noted(movie, `{"management_info":{"managed":false}}`))},
		{"POST", metadataPath, string(noted(movie, `{"management_info":null}`))},
		{"POST", metadataPath, string(noted(movie, `{"management_info":{"managed":true}}`))},
		{"POST", "/2/media/subtitles", attached},
		{"DELETE", "/2/media/subtitles", detached},
		{"DELETE", "/magpie/v1/media/" + movie, ""},
	}
	v1Changes := []change{
		{"POST", v1MetadataPath, `{"media_id":"` + movie + `","alt_text":{"text":"taken"}}`},
		{"POST", "/1.1/media/subtitles/create.json", v1Attached},
		{"POST", "/1.1/media/subtitles/delete.json", v1Attached},
	}
	for name, send := range map[string]func(change) answer{
		"another app": func(x change) answer { return other.send(x.method, x.path, "application/json", []byte(x.body)) },
		"an operator's token": func(x change) answer {
			return c.call(x.method, x.path, x.body, "Content-Type", "application/json")
		},
	} {
		for _, x := range changes {
			words := send(x).refused(http.StatusForbidden, movie, "managed by the app "+studio.id, "management_info")
			if name == "another app" && !strings.Contains(words, other.id) {
				t.Errorf("the words do not say whose token it is: %s", words)
			}
		}
		for _, x := range v1Changes {
			send(x).refusedV1(http.StatusForbidden, 220, "managed by the app "+studio.id)
		}
	}
	if now := c.lookup("7_" + movie); !reflect.DeepEqual(now, seen) || now["alt_text"] != "before" {
		t.Errorf("refused calls changed it: %v, before %v", now, seen)
	}
	if groups := s.trail(movie); len(groups) != 2 {
		t.Errorf("refused calls are in the audit trail: %v", groups)
	}

	// The app itself goes on, by another of its tokens too.
	again := s.signingClientOf(studio.id, studio.key, studio.keySecret, "1")
	for _, x := range v1Changes {
		again.send(x.method, x.path, "application/json", []byte(x.body)).empty(http.StatusOK)
	}
	studio.send("POST", metadataPath, "application/json", noted(movie, `{"management_info":{"managed":false}}`)).data()
	other.send("POST", metadataPath, "application/json", noted(movie, `{"management_info":{"managed":true}}`)).data()
	studio.send("POST", metadataPath, "application/json", noted(movie, `{"alt_text":null}`)).refused(http.StatusForbidden, "the app "+other.id)

	// A revoked app manages nothing; what no app has is the operator's tokens'.
	if _, errs, code := magpie(t, "client", "revoke", other.id, "--data", s.data); code != 0 {
		t.Fatal(errs)
	}
	c.describe(movie, `{"management_info":{"managed":true}}`)
	studio.send("POST", metadataPath, "application/json", noted(movie, `{"alt_text":null}`)).refused(http.StatusForbidden, "an operator")
	c.as(s.token("1")).describe(movie, `{"alt_text":{"text":"another token"}}`)
	if gone := c.call("DELETE", "/magpie/v1/media/"+movie, nil); gone.status/100 != 2 {
		t.Errorf("its manager deletes it: %d %s", gone.status, gone.body)
	}
}

type audited struct {
	At                         time.Time
	User, Client, Token, Group string
	Before, After              map[string]any
}

// trail reads a media's whole audit trail as user 1, the newest first, in pages
// of a size that divides nothing.
func (s *server) trail(id string) []audited {
	s.t.Helper()
	var all []audited
	for cursor := ""; ; {
		var page struct {
			Data []audited
			Meta struct {
				Count int    `json:"result_count"`
				Next  string `json:"next_cursor"`
			}
		}
		s.client().call("GET", "/magpie/v1/media/"+id+"/audit?limit=7"+cursor, nil).is(http.StatusOK).decode(&page)
		if page.Meta.Count != len(page.Data) {
			s.t.Errorf("result_count %d of %d", page.Meta.Count, len(page.Data))
		}
		all = append(all, page.Data...)
		if page.Meta.Next == "" {
			return all
		}
		cursor = "&cursor=" + page.Meta.Next
	}
}

func TestAuditTrail(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	began := time.Now().Add(-time.Second)
	app := s.signingClient("1")
	id := c.initialize("image/png", "tweet_image", len(samplePNG()))
	c.describe(id, `{"alt_text":{"text":"early"},"upload_source":{"upload_source":"gallery"}}`)
	c.append(id, 0, samplePNG()).data()
	c.finalize(id).data()
	app.send("POST", v1MetadataPath, "text/plain", []byte(`{"media_id":"`+id+`","alt_text":{"text":"by v1.1"}}`)).empty(http.StatusOK)
	c.describe(id, `{"alt_text":{"text":"by v1.1"},"upload_source":{"upload_source":"gallery"}}`) // changes nothing
	c.describe(id, `{"upload_source":null,"alt_text":{"text":"late"}}`)
	c.call("POST", metadataPath, string(noted(id, `{"alt_text":{"text":"lost"},"colour":{}}`)), "Content-Type", "application/json").refused(400, "colour")

	got := s.trail(id)
	text := func(s string) map[string]any { return map[string]any{"text": s} }
	source := map[string]any{"upload_source": "gallery"}
	want := []audited{
		{Group: "upload_source", Before: source},
		{Group: "alt_text", Before: text("by v1.1"), After: text("late")},
		{Group: "alt_text", Before: text("early"), After: text("by v1.1"), Client: app.id},
		{Group: "upload_source", After: source},
		{Group: "alt_text", After: text("early")},
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries: %+v", len(got), got)
	}
	for i, e := range got {
		if e.User != "1" || e.At.Before(began) || e.At.After(time.Now()) || e.Token == "" {
			t.Errorf("entry %d: %+v", i, e)
		}
		e.User, e.Token, e.At = "", "", time.Time{}
		if !reflect.DeepEqual(e, want[i]) {
			t.Errorf("entry %d: %+v, want %+v", i, e, want[i])
		}
	}

	// It is the owner's alone.
	path := "/magpie/v1/media/" + id + "/audit"
	c.as(s.token("7")).call("GET", path, nil).refused(http.StatusNotFound, id)
	c.as("").call("GET", path, nil).is(http.StatusUnauthorized)
	ours := c.call("POST", "/2/media/upload/initialize", map[string]any{"additional_owners": []string{"7"}, "shared": true}).data()["id"].(string)
	c.as(s.token("7")).call("GET", "/magpie/v1/media/"+ours+"/audit", nil).refused(http.StatusForbidden, "owner")
	c.call("GET", path+"?limit=1000", nil).refused(400, "limit")
	c.call("GET", path+"?cursor=x", nil).refused(400, "cursor")
	c.call("GET", path+"?page=1", nil).refused(400, "page")

	// It survives a restart, and goes when the user is erased.
	s.kill()
	s.run()
	if again := s.trail(id); !reflect.DeepEqual(again, got) {
		t.Errorf("after a crash: %+v", again)
	}
	out, errs, code := magpie(t, "user", "erase", "1", "--data", s.data)
	if code != 0 || !strings.Contains(out, "audit entries 5") {
		t.Errorf("user erase: %s%s", out, errs)
	}
	var rest struct{ Data []audited }
	c.as(s.token("1")).call("GET", path, nil).is(http.StatusOK).decode(&rest)
	if len(rest.Data) > 0 {
		t.Errorf("after the erasure: %+v", rest)
	}
}

// shared_info and what initialize says of sharing are one and the same: any
// signed-in user may then look the media up and use it.
func TestSharedInfo(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	stranger := c.as(s.token("7"))
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	file := c.upload("text/vtt", "subtitles", []byte("WEBVTT\n\n00:00.500 --> 00:01.500\nGood morning\n"), 1<<20)["id"].(string)
	theirs := stranger.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	stranger.succeeded(theirs)
	// What a stranger gets: of lookups, of a poster, of subtitles.
	uses := func() (statuses []int) {
		t.Helper()
		for _, ask := range []struct{ method, path, body string }{
			{"GET", "/2/media/3_" + image, ""},
			{"POST", metadataPath, string(noted(theirs, `{"preview_image":{"media_key":{"media":"`+image+`"}}}`))},
			{"POST", "/2/media/subtitles", `{"id":"` + theirs + `","subtitles":{"id":"` + file + `","language_code":"EN","display_name":"English"}}`},
		} {
			statuses = append(statuses, stranger.call(ask.method, ask.path, ask.body, "Content-Type", "application/json").status)
		}
		return statuses
	}
	both := func(groups string) {
		t.Helper()
		c.describe(image, groups)
		c.describe(file, groups)
	}
	yes, no := []int{200, 200, 200}, []int{404, 400, 400}
	lent := c.lookup("3_" + image)["url"]
	for _, step := range []struct {
		groups string
		want   []int
	}{
		{`{}`, no},
		{`{"shared_info":{"shared":true}}`, yes},
		{`{"alt_text":{"text":"x"}}`, yes},
		{`{"shared_info":{"shared":false}}`, no},
		{`{"shared_info":{"shared":true}}`, yes},
		{`{"shared_info":null}`, no},
	} {
		both(step.groups)
		if got := uses(); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %v, want %v", step.groups, got, step.want)
		}
		// What was lent as a poster is given back once it isn't shared any more.
		if poster := stranger.lookup("7_" + theirs)["preview_image_url"]; poster == nil || (poster == lent) != (step.want[0] == 200) {
			t.Errorf("after %s the poster is %v, and the image at %v", step.groups, poster, lent)
		}
	}
	stranger.call("POST", metadataPath, string(noted(image, `{"shared_info":{"shared":true}}`)), "Content-Type", "application/json").refused(404, image)

	// The other way round, and in between.
	begin := func(shared bool) string {
		t.Helper()
		return c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "shared": shared}).data()["id"].(string)
	}
	for name, one := range map[string]struct {
		shared bool
		groups string
		group  any
		status int
	}{
		"initialize says so":           {true, `{}`, map[string]any{"shared": true}, 200},
		"metadata take it back":        {true, `{"shared_info":{"shared":false}}`, map[string]any{"shared": false}, 404},
		"initialize says nothing":      {false, `{}`, nil, 404},
		"metadata say so before it is": {false, `{"shared_info":{"shared":true}}`, map[string]any{"shared": true}, 200},
	} {
		id := begin(one.shared)
		if got := c.describe(id, one.groups)["shared_info"]; !reflect.DeepEqual(got, one.group) {
			t.Errorf("%s: %v", name, got)
		}
		c.append(id, 0, samplePNG()).data()
		c.finalize(id).data()
		if got := stranger.call("GET", "/2/media/3_"+id, nil).status; got != one.status {
			t.Errorf("%s: a stranger gets %d", name, got)
		}
		if got := c.describe(id, `{}`)["shared_info"]; !reflect.DeepEqual(got, one.group) {
			t.Errorf("%s, once it is finalized: %v", name, got)
		}
	}
}

// Lookups show the groups that are asked for: all of them to the owners, and to
// other viewers the warning, the credit and the stickers.
func TestLookupOfMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	movie := c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "video/mp4", "additional_owners": []string{"7"}}).data()["id"].(string)
	c.append(movie, 0, sampleMP4(t)).data()
	c.finalize(movie).data()
	c.succeeded(movie)
	var all map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(allMetadata, "IMAGE", image)), &all); err != nil {
		t.Fatal(err)
	}
	if got := c.describe(movie, strings.ReplaceAll(allMetadata, "IMAGE", image)); !reflect.DeepEqual(got, all) {
		t.Fatalf("%v", got)
	}
	groups := slices.Sorted(maps.Keys(all))
	look := func(c client) map[string]any {
		t.Helper()
		o := c.call("GET", "/2/media/7_"+movie+"?media.fields="+strings.Join(groups, ","), nil).data()
		delete(o, "media_key")
		delete(o, "type")
		return o
	}
	all["alt_text"] = all["alt_text"].(map[string]any)["text"] // as X's lookups have it
	if got := look(c); !reflect.DeepEqual(got, all) {
		t.Errorf("the owner sees %v, want %v", got, all)
	}
	if got := look(c.as(s.token("7"))); !reflect.DeepEqual(got, all) {
		t.Errorf("an additional owner sees %v", got)
	}
	shown := map[string]any{}
	for _, group := range []string{"alt_text", "found_media_origin", "sensitive_media_warning", "sticker_info"} {
		shown[group] = all[group]
	}
	if got := look(c.as(s.token("8"))); !reflect.DeepEqual(got, shown) {
		t.Errorf("a viewer sees %v, want %v", got, shown)
	}
	if got := c.call("GET", "/2/media?media_keys=7_"+movie+"&media.fields=upload_source", nil).list()[0]; !reflect.DeepEqual(got["upload_source"], all["upload_source"]) || len(got) != 3 {
		t.Errorf("in a list: %v", got)
	}
	if got := c.lookup("7_" + movie); got["upload_source"] != nil || got["sticker_info"] != nil {
		t.Errorf("nobody asked: %v", got)
	}
}

// Calls of both dialects at once lose nothing of each other, and leave a trail
// in which each change begins where the one before it ended.
func TestMetadataAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	const calls = 12
	writers := []struct{ group, value, last string }{
		{"upload_source", `{"upload_source":"%d"}`, `{"upload_source":"12"}`},
		{"found_media_origin", `{"id":"%d","provider":"giphy"}`, `{"id":"12","provider":"giphy"}`},
		{"content_expiration", `{"timestamp_sec":41024448%02d}`, `{"timestamp_sec":4102444812}`},
		{"sticker_info", `{"stickers":[{"id":"%d"}]}`, `{"stickers":[{"id":"12"}]}`},
		{"domain_restrictions", `{"whitelist":["n%d.example"]}`, `{"whitelist":["n12.example"]}`},
	}
	var wg sync.WaitGroup
	send := func(n int, path, kind, body string) {
		a, err := c.try(t.Context(), "POST", path, body, "Content-Type", kind)
		if err != nil || a.status != http.StatusOK {
			t.Errorf("call %d: %d %s, %v", n, a.status, a.body, err)
		}
	}
	for _, w := range writers {
		wg.Go(func() {
			for n := 1; n <= calls; n++ {
				send(n, metadataPath, "application/json", string(noted(id, fmt.Sprintf(`{%q:`+w.value+`,"alt_text":{"text":"%s %d"}}`, w.group, n, w.group, n))))
			}
		})
	}
	wg.Go(func() {
		for n := 1; n <= calls; n++ {
			send(n, v1MetadataPath, "text/plain", fmt.Sprintf(`{"media_id":%q,"alt_text":{"text":"v1.1 %d"}}`, id, n))
		}
	})
	wg.Wait()

	got := c.describe(id, `{}`)
	for _, w := range writers {
		var want any
		if err := json.Unmarshal([]byte(w.last), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got[w.group], want) {
			t.Errorf("%s is %v, want %v", w.group, got[w.group], want)
		}
	}
	trail := s.trail(id)
	slices.Reverse(trail)
	now, changes := map[string]map[string]any{}, map[string]int{}
	for i, e := range trail {
		if !reflect.DeepEqual(e.Before, now[e.Group]) {
			t.Errorf("entry %d begins with %v, and the one before it ended with %v", i, e.Before, now[e.Group])
		}
		now[e.Group] = e.After
		changes[e.Group]++
	}
	for _, w := range writers {
		if changes[w.group] != calls {
			t.Errorf("%d changes of %s, want %d", changes[w.group], w.group, calls)
		}
	}
	if want := (len(writers) + 1) * calls; changes["alt_text"] != want { // no two calls send the same text
		t.Errorf("%d changes of alt_text, want %d", changes["alt_text"], want)
	}
	if !reflect.DeepEqual(got["alt_text"], any(now["alt_text"])) {
		t.Errorf("alt_text is %v, and the trail ends with %v", got["alt_text"], now["alt_text"])
	}
}
