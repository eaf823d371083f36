package xapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"magpie/internal/media"
)

// Lookups show the groups that were asked for: all of them to a media's users,
// and to others what viewers are to be told.
func TestLookupShowsNotes(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_category": "tweet_image", "additional_owners": []string{friend}, "shared": true}, png())
	s.note(id, `{
		"allow_download_status":{"allow_download":true}, "alt_text":{"text":"A cat"},
		"audience_policy":{"creator_subscriptions":[],"x_subscriptions":[]}, "content_expiration":{"timestamp_sec":4102444800},
		"domain_restrictions":{"whitelist":[]}, "found_media_origin":{"id":"u5","provider":"giphy"},
		"geo_restrictions":{"blacklisted_country_codes":[],"whitelisted_country_codes":[]}, "management_info":{"managed":false},
		"preview_image":{"media_key":{"media":"`+id.String()+`"}}, "sensitive_media_warning":{"adult_content":true},
		"sticker_info":{"stickers":[{"id":"1","group_annotation_id":9223372036854775807,"transform_tx":10.50}]},
		"upload_source":{"upload_source":"gallery"}}`)
	key := string(media.KeyOf(media.TweetImage, id))
	ask := func(user, fields string) map[string]json.RawMessage {
		t.Helper()
		name, token := s.as(user)
		a := s.call("GET", "/2/media/"+key+fields, nil, name, token)
		var v struct{ Data map[string]json.RawMessage }
		if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil || a.Code != http.StatusOK {
			t.Fatalf("%d %s: %v", a.Code, a.Body, err)
		}
		delete(v.Data, "media_key")
		delete(v.Data, "type")
		return v.Data
	}
	all := "?media.fields=" + strings.Join(media.Groups(), ",")
	viewers := []string{"alt_text", "found_media_origin", "sensitive_media_warning", "sticker_info"}
	for user, want := range map[string][]string{owner: media.Groups(), friend: media.Groups(), stranger: viewers} {
		got := ask(user, all)
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
			t.Errorf("%s sees %v, want %v", user, names, want)
		}
		for name, value := range map[string]string{
			"alt_text":                `"A cat"`,
			"sticker_info":            `{"stickers":[{"group_annotation_id":9223372036854775807,"id":"1","transform_tx":10.50}]}`,
			"sensitive_media_warning": `{"adult_content":true,"graphic_violence":false,"other":false}`,
		} {
			if string(got[name]) != value {
				t.Errorf("%s sees %s %s, want %s", user, name, got[name], value)
			}
		}
	}
	if got := ask(owner, "?media.fields=shared_info,width"); string(got["shared_info"]) != `{"shared":true}` || len(got) > 2 {
		t.Errorf("what initialize said: %s", got)
	}
	for _, fields := range []string{"", "?media.fields=width,height,url"} {
		for _, group := range media.Groups() {
			if got, there := ask(owner, fields)[group]; there {
				t.Errorf("nobody asked for %s: %s", group, got)
			}
		}
	}
	a := s.call("GET", "/2/media/"+key+"?media.fields=colour", nil)
	a.refused(http.StatusBadRequest, "colour")
	if strings.Contains(a.Body.String(), "sticker_info") {
		t.Errorf("X's words list magpie's own: %s", a.Body)
	}
}
