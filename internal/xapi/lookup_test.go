package xapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"magpie/internal/auth"
	"magpie/internal/media"
)

const allFields = "?media.fields=alt_text,duration_ms,height,media_key,preview_image_url,promoted_metrics,type,url,variants,width"

// shown is where the renditions of a media are, in the tests' own links.
func (s *server) shown(id media.ID) string {
	s.t.Helper()
	m, err := s.catalog.Media(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return "https://media.example/media/" + m.Slug + "/"
}

func (s *server) describe(id media.ID, metadata string) {
	s.t.Helper()
	a := s.call("POST", "/2/media/metadata", fmt.Sprintf(`{"id":"%s","metadata":%s}`, id, metadata), "Content-Type", jsonKind)
	if a.Code != http.StatusOK {
		s.t.Fatal(a.Body)
	}
}

func TestLookup(t *testing.T) {
	s := newServer(t)
	photo := s.upload(map[string]any{}, png())
	s.describe(photo, `{"alt_text":{"text":"a <magpie>"}}`)
	get := func(key, fields string) answer {
		t.Helper()
		return s.call("GET", "/2/media/"+key+fields, nil)
	}
	get("3_"+photo.String(), "").is(http.StatusOK, `{"data":{"media_key":"3_%s","type":"photo"}}`, photo)
	get("3_"+photo.String(), "?media.fields=width,type").is(http.StatusOK, `{"data":{"media_key":"3_%s","type":"photo","width":64}}`, photo)
	get("3_"+photo.String(), allFields).is(http.StatusOK, `{"data":{"media_key":"3_%s","type":"photo","width":64,"height":48,"alt_text":"a <magpie>","url":"%slarge.jpg"}}`,
		photo, s.shown(photo))

	video := s.upload(map[string]any{"media_category": "amplify_video"}, mp4())
	get("13_"+video.String(), allFields).is(http.StatusOK, `{"data":{"media_key":"13_%s","type":"video"}}`, video)
	s.publish(video, movie())
	at := s.shown(video)
	want := fmt.Sprintf(`{"data":{"media_key":"13_%s","type":"video","duration_ms":2500,"width":640,"height":360,"preview_image_url":"%sposter.jpg","variants":[
		{"bit_rate":832000,"content_type":"video/mp4","url":"%[2]s640x360.mp4"},{"content_type":"application/x-mpegURL","url":"%[2]smaster.m3u8"}]}}`, video, at)
	get("13_"+video.String(), allFields).is(http.StatusOK, "%s", want)

	gifs := s.upload(map[string]any{"media_category": "dm_gif"}, gif())
	s.publish(gifs, media.Outcome{Width: 1, Height: 1, Renditions: []media.Rendition{{Role: media.RoleMP4, Name: "1x1.mp4", ContentType: "video/mp4"}}})
	get("1016_"+gifs.String(), allFields).is(http.StatusOK, `{"data":{"media_key":"1016_%s","type":"animated_gif","width":1,"height":1,
		"variants":[{"bit_rate":0,"content_type":"video/mp4","url":"%s1x1.mp4"}]}}`, gifs, s.shown(gifs))

	s.now = func(_ context.Context, id media.ID) error {
		s.publish(id, media.Outcome{Renditions: []media.Rendition{{Role: media.RoleText, Name: "subtitles.vtt", ContentType: "text/vtt"}}})
		return nil
	}
	text := s.upload(map[string]any{}, vtt())
	get("1020_"+text.String(), allFields).is(http.StatusOK, `{"data":{"media_key":"1020_%s","type":"subtitle","url":"%ssubtitles.vtt"}}`, text, s.shown(text))
}

// The placeholder is magpie's own: it is shown to who asks for it, and left out
// where there is none.
func TestLookupOfAPlaceholder(t *testing.T) {
	s := newServer(t)
	video := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	at := "/2/media/7_" + video.String() + "?media.fields="
	s.call("GET", at+"placeholder", nil).is(http.StatusOK, `{"data":{"media_key":"7_%s","type":"video"}}`, video)
	o := movie()
	o.Placeholder = "1QcSHQRnh493V4dIh4eXh1h4kJUI"
	s.publish(video, o)
	s.call("GET", at+"width,placeholder", nil).
		is(http.StatusOK, `{"data":{"media_key":"7_%s","type":"video","width":640,"placeholder":"1QcSHQRnh493V4dIh4eXh1h4kJUI"}}`, video)
	s.call("GET", at+"width", nil).is(http.StatusOK, `{"data":{"media_key":"7_%s","type":"video","width":640}}`, video)
	s.call("GET", "/2/media?media_keys=7_"+video.String()+"&media.fields=placeholder", nil).
		is(http.StatusOK, `{"data":[{"media_key":"7_%s","type":"video","placeholder":"1QcSHQRnh493V4dIh4eXh1h4kJUI"}]}`, video)
}

// A poster that the uploader chose is shown as long as it is there.
func TestLookupOfAChosenPoster(t *testing.T) {
	s := newServer(t)
	poster := s.upload(map[string]any{}, png())
	video := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	s.describe(video, fmt.Sprintf(`{"preview_image":{"media_key":{"media":"%s","media_category":"TweetImage"}}}`, poster))
	s.publish(video, movie())
	shows := func(url string) {
		t.Helper()
		s.call("GET", "/2/media/7_"+video.String()+"?media.fields=preview_image_url", nil).
			is(http.StatusOK, `{"data":{"media_key":"7_%s","type":"video","preview_image_url":"%s"}}`, video, url)
	}
	shows(s.shown(poster) + "large.jpg")
	if _, err := s.catalog.DeleteMedia(t.Context(), poster, s.clock); err != nil {
		t.Fatal(err)
	}
	shows(s.shown(video) + "poster.jpg")
}

// missed is an entry of a lookup's errors.
func missed(parameter, key string) string {
	return fmt.Sprintf(`{"value":%q,"resource_id":%[1]q,"parameter":%q,"resource_type":"media","title":"Not Found Error",
		"type":"https://api.x.com/2/problems/resource-not-found","detail":"Could not find media with %[2]s: [%[1]s]."}`, key, parameter)
}

func TestLookupOfWhatIsNotThere(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"additional_owners": []string{friend}}, png()).String()
	public := s.upload(map[string]any{"shared": true}, png()).String()
	gone := s.upload(map[string]any{}, png())
	if _, err := s.catalog.DeleteMedia(t.Context(), gone, s.clock); err != nil {
		t.Fatal(err)
	}
	session := s.open(map[string]any{"media_category": "tweet_image"})
	for _, key := range []string{"3_1", "7_" + id, "03_" + id, "3_0" + id[1:], "3_" + gone.String(), "3_" + session.String(), "3_9223372036854775807"} {
		a := s.call("GET", "/2/media/"+key, nil)
		a.is(http.StatusNotFound, `{"code":404,"message":"Could not find media with media_key: [%s].","title":"Not Found Error","detail":"Could not find media with media_key: [%[1]s].",
			"type":"https://api.x.com/2/problems/resource-not-found","status":404,"errors":[%s]}`, key, missed("media_key", key))
	}
	for _, c := range []struct {
		user, id string
		status   int
	}{{owner, id, 200}, {friend, id, 200}, {stranger, id, 404}, {stranger, public, 200}} {
		who, token := s.as(c.user)
		if a := s.call("GET", "/2/media/3_"+c.id, nil, who, token); a.Code != c.status {
			t.Errorf("%s looks up %s: %d", c.user, c.id, a.Code)
		}
	}
	app := "Bearer " + s.token(auth.Grant{User: owner, Scopes: []string{auth.TweetRead}, AppOnly: true})
	s.call("GET", "/2/media/3_"+id, nil, "Authorization", app).is(http.StatusOK, `{"data":{"media_key":"3_%s","type":"photo"}}`, id)

	for _, key := range []string{"x", id, "3-" + id, "_" + id, "3_", "3_x", "3_0", "3_" + id + "_1", "12345678901_1", "3_9223372036854775808"} {
		a := s.call("GET", "/2/media/"+key, nil)
		a.refused(http.StatusBadRequest, "A media key is a category number, an underscore and a media id")
		a.blames("media_key", key)
	}
}

func TestLookupList(t *testing.T) {
	s := newServer(t)
	a, b := s.upload(map[string]any{}, png()).String(), s.upload(map[string]any{"shared": true}, png()).String()
	get := func(query string, headers ...string) answer {
		t.Helper()
		return s.call("GET", "/2/media?"+query, nil, headers...)
	}
	photo := func(id string) string { return `{"media_key":"3_` + id + `","type":"photo"}` }
	get("media_keys=3_"+b+",3_"+a).is(http.StatusOK, `{"data":[%s,%s]}`, photo(b), photo(a))
	get("media_keys=3_"+a+",3_1,3_"+a+",3_1,7_"+a+"&media.fields=height").
		is(http.StatusOK, `{"data":[{"media_key":"3_%s","type":"photo","height":48}],"errors":[%s,%s]}`, a, missed("media_keys", "3_1"), missed("media_keys", "7_"+a))
	get("media_keys=7_1").is(http.StatusOK, `{"errors":[%s]}`, missed("media_keys", "7_1"))
	who, token := s.as(stranger)
	get("media_keys=3_"+a+",3_"+b, who, token).is(http.StatusOK, `{"data":[%s],"errors":[%s]}`, photo(b), missed("media_keys", "3_"+a))

	hundred := slices.Repeat([]string{"3_" + a}, 100)
	get("media_keys="+strings.Join(hundred, ",")).is(http.StatusOK, `{"data":[%s]}`, photo(a))
	for _, c := range []struct{ query, field, value, words string }{
		{"", "media_keys", "", "The `media_keys` query parameter is missing"},
		{"media_keys=", "media_keys", "", "can not be empty"},
		{"media_keys=3_1&media_keys=3_2", "media_keys", "", "Duplicate parameters are not allowed"},
		{"media_keys=" + strings.Join(hundred, ",") + ",3_1", "media_keys", "", "names 101 keys; from 1 to 100 are allowed"},
		{"media_keys=3_1,x", "media_keys", "x", "value [x] is not valid; a media key looks like"},
		{"media_keys=3_1,", "media_keys", "", "value [] is not valid"},
		{"media_keys=3_1, 3_2", "media_keys", " 3_2", "is not valid"},
		{"media_keys=3_1&media.fields=colour", "media.fields", "colour", "value [colour] is not one of [alt_text,duration_ms"},
		{"media_keys=3_1&media.fields=", "media.fields", "", "can not be empty"},
		{"media_keys=3_1&media.fields=url&media.fields=url,x", "media.fields", "", "Duplicate parameters are not allowed"},
	} {
		r := get(strings.ReplaceAll(c.query, " ", "%20"))
		r.refused(http.StatusBadRequest, c.words)
		r.blames(c.field, c.value)
	}
}
