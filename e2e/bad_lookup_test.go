package e2e

import (
	"net/http"
	"strings"
	"testing"
)

const (
	listOfFields = "[alt_text,duration_ms,height,media_key,non_public_metrics,organic_metrics,preview_image_url,promoted_metrics,public_metrics,type,url,variants,width]"
	aPeriod      = "&start_time=2026-11-20T00:00:00Z&end_time=2026-11-21T00:00:00Z"
)

func TestBadLookupOfMany(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	c.allRefused("GET", "/2/media", append(badKeys(""), []bad{
		{name: "unknown field", query: "media_keys=7_1&media.fields=colour", field: "media.fields", words: "The `media.fields` query parameter value [colour] is not one of " + listOfFields},
		{name: "a field's case", query: "media_keys=7_1&media.fields=URL", field: "media.fields", words: "[URL] is not one of"},
		{name: "no field", query: "media_keys=7_1&media.fields=", field: "media.fields", words: "The `media.fields` query parameter can not be empty"},
		{name: "a comma only", query: "media_keys=7_1&media.fields=,", field: "media.fields", words: "[] is not one of"},
		{name: "a blank behind the comma", query: "media_keys=7_1&media.fields=url,+type", field: "media.fields", words: "[ type] is not one of"},
		{name: "fields twice", query: "media_keys=7_1&media.fields=url&media.fields=type", field: "media.fields", words: "Duplicate parameters are not allowed: the `media.fields` query parameter"},
		{name: "fields of posts", query: "media_keys=7_1&tweet.fields=text", field: "tweet.fields", words: "The query parameter [tweet.fields] is not one of [media_keys,media.fields]"},
		{name: "expansions", query: "media_keys=7_1&expansions=attachments.media_keys", field: "expansions", words: "is not one of [media_keys,media.fields]"},
		{name: "ids", query: "ids=7_1", field: "ids", words: "The query parameter [ids] is not one of"},
	}...))
}

// badKeys are the ways in which media_keys can be wrong, with what else the
// endpoint needs.
func badKeys(more string) []bad {
	hundred := strings.Repeat("7_1,", 100)
	return []bad{
		{name: "no keys", query: strings.TrimPrefix(more, "&"), field: "media_keys", words: "The `media_keys` query parameter is missing"},
		{name: "empty keys", query: "media_keys=" + more, field: "media_keys", words: "can not be empty"},
		{name: "a comma", query: "media_keys=," + more, field: "media_keys", words: "[] is not valid"},
		{name: "a comma at the end", query: "media_keys=7_1," + more, field: "media_keys", words: "[] is not valid"},
		{name: "a comma in front", query: "media_keys=,7_1" + more, field: "media_keys", words: "[] is not valid"},
		{name: "a blank", query: "media_keys=7_1,+7_2" + more, field: "media_keys", words: "[ 7_2] is not valid"},
		{name: "an id", query: "media_keys=1146654567674912769" + more, field: "media_keys", words: "a media key looks like"},
		{name: "a word", query: "media_keys=seven_one" + more, field: "media_keys", words: "[seven_one] is not valid"},
		{name: "half a key", query: "media_keys=7_" + more, field: "media_keys", words: "[7_] is not valid"},
		{name: "the other half", query: "media_keys=_1" + more, field: "media_keys", words: "[_1] is not valid"},
		{name: "three parts", query: "media_keys=7_1_1" + more, field: "media_keys", words: "[7_1_1] is not valid"},
		{name: "a minus", query: "media_keys=7_-1" + more, field: "media_keys", words: "[7_-1] is not valid"},
		{name: "a plus", query: "media_keys=7_%2B1" + more, field: "media_keys", words: "[7_+1] is not valid"},
		{name: "zero", query: "media_keys=7_0" + more, field: "media_keys", words: "[7_0] is not valid"},
		{name: "20 digits", query: "media_keys=7_12345678901234567890" + more, field: "media_keys", words: "is not valid"},
		{name: "NUL", query: "media_keys=7_1%00" + more, field: "media_keys", words: "is not valid"},
		{name: "not UTF-8", query: "media_keys=7_%FF" + more, field: "media_keys", words: "is not valid"},
		{name: "other digits", query: "media_keys=%D9%A7_%D9%A1" + more, field: "media_keys", words: "is not valid"},
		{name: "one of 100 is wrong", query: "media_keys=" + hundred[:len(hundred)-4] + "x" + more, field: "media_keys", words: "[x] is not valid"},
		{name: "101 keys", query: "media_keys=" + hundred + "7_1" + more, field: "media_keys", words: "names 101 keys; from 1 to 100 are allowed"},
		{name: "20,000 keys", query: "media_keys=" + strings.Repeat("7_1,", 20_000) + "7_1" + more, field: "media_keys", words: "from 1 to 100"},
		{name: "a long key", query: "media_keys=" + strings.Repeat("7", 50_000) + "_1" + more, field: "media_keys", words: "is not valid"},
		{name: "keys twice", query: "media_keys=7_1&media_keys=7_2" + more, field: "media_keys", words: "Duplicate parameters are not allowed: the `media_keys` query parameter"},
		{name: "an array", query: "media_keys[]=7_1" + more, field: "media_keys[]", words: "The query parameter [media_keys[]] is not one of"},
		{name: "another case", query: "Media_Keys=7_1" + more, field: "Media_Keys", words: "is not one of"},
		{name: "JSON", query: `media_keys=%5B%227_1%22%5D` + more, field: "media_keys", words: `["7_1"]`},
		{name: "no escape", query: "media_keys=7_1%zz" + more, words: "query string cannot be read"},
		{name: "semicolons", query: "media_keys=7_1;x=y" + more, words: "query string cannot be read"},
		{name: "a parameter too many", query: "media_keys=7_1&x=y" + more, field: "x", words: "The query parameter [x] is not one of"},
		{name: "a parameter without a name", query: "media_keys=7_1&=y" + more, field: "", words: "The query parameter [] is not one of"},
	}
}

func TestBadLookupOfOne(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	open := c.initialize("image/png", "tweet_image", 10)
	theirs := c.as(s.token("7")).upload("image/png", "tweet_image", samplePNG(), 1<<20)["media_key"].(string)
	const like = "7_1146654567674912769"
	c.allRefused("GET", "/2/media/7_1", []bad{
		{name: "a word", path: "/2/media/seven", field: "media_key", words: like},
		{name: "an id", path: "/2/media/" + image, field: "media_key", words: like},
		{name: "half a key", path: "/2/media/7_", field: "media_key", words: like},
		{name: "the other half", path: "/2/media/_1", field: "media_key", words: like},
		{name: "three parts", path: "/2/media/7_1_1", field: "media_key", words: like},
		{name: "two keys", path: "/2/media/7_1,7_2", field: "media_key", words: like},
		{name: "minus", path: "/2/media/7_-1", field: "media_key", words: like},
		{name: "plus", path: "/2/media/+7_1", field: "media_key", words: like},
		{name: "a blank", path: "/2/media/%207_1", field: "media_key", words: like},
		{name: "NUL", path: "/2/media/7_1%00", field: "media_key", words: like},
		{name: "a slash", path: "/2/media/7_1%2F", field: "media_key", words: like},
		{name: "not UTF-8", path: "/2/media/%FF", field: "media_key", words: like},
		{name: "zero", path: "/2/media/7_0", field: "media_key"},
		{name: "20 digits", path: "/2/media/7_12345678901234567890", field: "media_key"},
		{name: "long", path: "/2/media/7_" + strings.Repeat("1", 50_000), field: "media_key"},
		{name: "unknown field", query: "media.fields=colour", field: "media.fields", words: "The `media.fields` query parameter value [colour] is not one of " + listOfFields},
		{name: "no field", query: "media.fields=", field: "media.fields", words: "can not be empty"},
		{name: "fields twice", query: "media.fields=url&media.fields=url", field: "media.fields", words: "Duplicate parameters are not allowed"},
		{name: "a parameter too many", query: "media_keys=7_1", field: "media_keys", words: "The query parameter [media_keys] is not one of [media.fields]"},
		{name: "no escape", query: "media.fields=%", words: "query string cannot be read"},
		{name: "a field of analytics", query: "media.fields=video_views", field: "media.fields", words: "is not one of"},
	})
	// A key that leads to nothing is no bad request, but not found.
	for _, key := range []string{"7_1146654567674912769", "7_9223372036854775807", "3_" + open, "7_" + image, "99_" + image, theirs} {
		a := c.call("GET", "/2/media/"+key, nil)
		if a.status != http.StatusNotFound || a.member("title") != "Not Found Error" || !strings.Contains(a.refused(404, key), "Could not find media with media_key: ["+key+"].") {
			t.Errorf("%s: %d %s", key, a.status, a.body)
		}
		var v struct{ Errors []map[string]string }
		a.decode(&v)
		if len(v.Errors) != 1 || v.Errors[0]["value"] != key || v.Errors[0]["parameter"] != "media_key" || v.Errors[0]["resource_type"] != "media" {
			t.Errorf("%s: %s", key, a.body)
		}
	}
	if a := c.call("GET", "/2/media/3_"+image, nil); a.status != http.StatusOK {
		t.Errorf("the right key: %d", a.status)
	}
}

func TestBadAnalytics(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	const start, end = "&start_time=2026-11-20T00:00:00Z", "&end_time=2026-11-21T00:00:00Z"
	rows := append(badKeys(aPeriod), []bad{
		{name: "no period", query: "media_keys=7_1", field: "start_time", words: "The `start_time` query parameter is missing"},
		{name: "no end", query: "media_keys=7_1" + start, field: "end_time", words: "The `end_time` query parameter is missing"},
		{name: "a date", query: "media_keys=7_1&start_time=2026-11-20" + end, field: "start_time", words: "[2026-11-20] is not valid; a time looks like 2026-11-21T00:00:00Z"},
		{name: "seconds since 1970", query: "media_keys=7_1&start_time=1795000000" + end, field: "start_time", words: "is not valid"},
		{name: "without a zone", query: "media_keys=7_1&start_time=2026-11-20T00:00:00" + end, field: "start_time", words: "is not valid"},
		{name: "no such day", query: "media_keys=7_1&start_time=2026-11-31T00:00:00Z" + end, field: "start_time", words: "is not valid"},
		{name: "hour 24", query: "media_keys=7_1&start_time=2026-11-20T24:00:00Z" + end, field: "start_time", words: "is not valid"},
		{name: "one digit", query: "media_keys=7_1&start_time=2026-11-20T0:00:00Z" + end, field: "start_time", words: "is not valid"},
		{name: "a blank for the T", query: "media_keys=7_1&start_time=2026-11-20+00:00:00Z" + end, field: "start_time", words: "is not valid"},
		{name: "a year of five digits", query: "media_keys=7_1&end_time=12026-11-20T00:00:00Z" + start, field: "end_time", words: "is not valid"},
		{name: "NUL in a time", query: "media_keys=7_1&end_time=2026-11-21T00:00:00Z%00" + start, field: "end_time", words: "is not valid"},
		{name: "backwards", query: "media_keys=7_1&end_time=2026-11-19T00:00:00Z" + start, field: "end_time", words: "must be later than that of `start_time`"},
		{name: "no time between", query: "media_keys=7_1&end_time=2026-11-20T01:00:00%2B01:00" + start, field: "end_time", words: "must be later"},
		{name: "weekly", query: "media_keys=7_1&granularity=weekly" + aPeriod, field: "granularity", words: "The `granularity` query parameter value [weekly] is not one of [hourly,daily,total]"},
		{name: "two granularities", query: "media_keys=7_1&granularity=daily,total" + aPeriod, field: "granularity", words: "[daily,total] is not one of"},
		{name: "granularity twice", query: "media_keys=7_1&granularity=daily&granularity=daily" + aPeriod, field: "granularity", words: "Duplicate parameters"},
		{name: "no granularity", query: "media_keys=7_1&granularity=" + aPeriod, field: "granularity", words: "can not be empty"},
		{name: "unknown field", query: "media_keys=7_1&media_analytics.fields=likes" + aPeriod, field: "media_analytics.fields", words: "[likes] is not one of [cta_url_clicks,cta_watch_clicks,media_key,"},
		{name: "a lookup's fields", query: "media_keys=7_1&media.fields=url" + aPeriod, field: "media.fields", words: "The query parameter [media.fields] is not one of [media_keys,start_time,end_time,granularity,media_analytics.fields]"},
	}...)
	c.allRefused("GET", "/2/media/analytics", rows)
	c.as(s.token("1", "--app-only")).call("GET", "/2/media/analytics?media_keys=7_1"+aPeriod, nil).
		isProblem(http.StatusForbidden, "", "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.")
	c.as(s.token("1", "--scopes", "media.write")).call("GET", "/2/media/analytics?media_keys=7_1"+aPeriod, nil).
		isProblem(http.StatusForbidden, "", "tweet.read")
}
