package media

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMetadata(t *testing.T) {
	long := strings.Repeat("ä", 1000)
	tests := map[string]struct {
		body    string
		set     map[string]string
		cleared []string
	}{
		"the request of X's documentation": {
			body: `{"allow_download_status":{"allow_download":true},
				"audience_policy":{"creator_subscriptions":[],"x_subscriptions":[]},
				"geo_restrictions":{"blacklisted_country_codes":["us"],"whitelisted_country_codes":["us"]},
				"sensitive_media_warning":{"adult_content":true,"graphic_violence":true,"other":false}}`,
			set: map[string]string{
				"allow_download_status":   `{"allow_download":true}`,
				"audience_policy":         `{"creator_subscriptions":[],"x_subscriptions":[]}`,
				"geo_restrictions":        `{"blacklisted_country_codes":["us"],"whitelisted_country_codes":["us"]}`,
				"sensitive_media_warning": `{"adult_content":true,"graphic_violence":true,"other":false}`,
			},
		},
		"the answer of X's documentation, sent back": {
			body: `{"alt_text":{"text":"A dancing cat"},"content_expiration":{"timestamp_sec":1740787200},
				"domain_restrictions":{"whitelist":["example.com"]},
				"found_media_origin":{"id":"u5BzatR15TZ04","provider":"giphy"},
				"management_info":{"managed":false},
				"preview_image":{"media_key":{"media":"1146654567674912769","media_category":"TweetImage"}},
				"shared_info":{"shared":false},
				"sticker_info":{"stickers":[{"aspect_ratio":1.78,"group_annotation_id":987654321098765,"id":"12345",
					"sticker_set_annotation_id":123456789012345,"transform_a":1,"transform_b":0,"transform_c":0,
					"transform_d":1,"transform_tx":10.5,"transform_ty":-5.2}]},
				"upload_source":{"upload_source":"gallery"}}`,
			set: map[string]string{
				"alt_text":            `{"text":"A dancing cat"}`,
				"content_expiration":  `{"timestamp_sec":1740787200}`,
				"domain_restrictions": `{"whitelist":["example.com"]}`,
				"found_media_origin":  `{"id":"u5BzatR15TZ04","provider":"giphy"}`,
				"management_info":     `{"managed":false}`,
				"preview_image":       `{"media_key":{"media":"1146654567674912769","media_category":"TweetImage"}}`,
				"shared_info":         `{"shared":false}`,
				"sticker_info": `{"stickers":[{"aspect_ratio":1.78,"group_annotation_id":987654321098765,"id":"12345",` +
					`"sticker_set_annotation_id":123456789012345,"transform_a":1,"transform_b":0,"transform_c":0,` +
					`"transform_d":1,"transform_tx":10.5,"transform_ty":-5.2}]}`,
				"upload_source": `{"upload_source":"gallery"}`,
			},
		},
		"nothing":                {body: `{}`, set: map[string]string{}},
		"null clears":            {body: `{"upload_source":null,"alt_text":null}`, set: map[string]string{}, cleared: []string{"alt_text", "upload_source"}},
		"set and clear":          {body: `{"alt_text":{"text":""},"shared_info": null }`, set: map[string]string{"alt_text": `{"text":""}`}, cleared: []string{"shared_info"}},
		"1000 characters":        {body: `{"alt_text":{"text":"` + long + `"}}`, set: map[string]string{"alt_text": `{"text":"` + long + `"}`}},
		"markup is only text":    {body: `{"alt_text":{"text":"<b>&\u0000"}}`, set: map[string]string{"alt_text": `{"text":"<b>&\u0000"}`}},
		"download as text":       {body: `{"allow_download_status":{"allow_download":"true"}}`, set: map[string]string{"allow_download_status": `{"allow_download":true}`}},
		"no download as text":    {body: `{"allow_download_status":{"allow_download":"false"}}`, set: map[string]string{"allow_download_status": `{"allow_download":false}`}},
		"download not said":      {body: `{"allow_download_status":{}}`, set: map[string]string{"allow_download_status": `{}`}},
		"subscribers":            {body: `{"audience_policy":{"x_subscriptions":["Any"]}}`, set: map[string]string{"audience_policy": `{"creator_subscriptions":[],"x_subscriptions":["Any"]}`}},
		"seconds with exponent":  {body: `{"content_expiration":{"timestamp_sec":1.7e9}}`, set: map[string]string{"content_expiration": `{"timestamp_sec":1700000000}`}},
		"seconds with fraction":  {body: `{"content_expiration":{"timestamp_sec":1740787200.0}}`, set: map[string]string{"content_expiration": `{"timestamp_sec":1740787200}`}},
		"the last second":        {body: `{"content_expiration":{"timestamp_sec":253402300799}}`, set: map[string]string{"content_expiration": `{"timestamp_sec":253402300799}`}},
		"hosts":                  {body: `{"domain_restrictions":{"whitelist":["WWW.Example.COM","example.org.","localhost","xn--bcher-kva.example"]}}`, set: map[string]string{"domain_restrictions": `{"whitelist":["www.example.com","example.org","localhost","xn--bcher-kva.example"]}`}},
		"no hosts":               {body: `{"domain_restrictions":{"whitelist":[]}}`, set: map[string]string{"domain_restrictions": `{"whitelist":[]}`}},
		"countries as sent":      {body: `{"geo_restrictions":{"whitelisted_country_codes":["Us","dE"]}}`, set: map[string]string{"geo_restrictions": `{"blacklisted_country_codes":[],"whitelisted_country_codes":["Us","dE"]}`}},
		"no countries":           {body: `{"geo_restrictions":{"whitelisted_country_codes":[],"blacklisted_country_codes":[]}}`, set: map[string]string{"geo_restrictions": `{"blacklisted_country_codes":[],"whitelisted_country_codes":[]}`}},
		"preview as number":      {body: `{"preview_image":{"media_key":{"media":1146654567674912769}}}`, set: map[string]string{"preview_image": `{"media_key":{"media":"1146654567674912769","media_category":"TweetImage"}}`}},
		"warning of one sort":    {body: `{"sensitive_media_warning":{"other":true}}`, set: map[string]string{"sensitive_media_warning": `{"adult_content":false,"graphic_violence":false,"other":true}`}},
		"annotations above 2^53": {body: `{"sticker_info":{"stickers":[{"group_annotation_id":9223372036854775807,"sticker_set_annotation_id":9007199254740993}]}}`, set: map[string]string{"sticker_info": `{"stickers":[{"group_annotation_id":9223372036854775807,"sticker_set_annotation_id":9007199254740993}]}`}},
		"number kept as written": {body: `{"sticker_info":{"stickers":[{"transform_a":1.50,"transform_b":-1E-3}]}}`, set: map[string]string{"sticker_info": `{"stickers":[{"transform_a":1.50,"transform_b":-1E-3}]}`}},
		"one empty sticker":      {body: `{"sticker_info":{"stickers":[{}]}}`, set: map[string]string{"sticker_info": `{"stickers":[{}]}`}},
		"25 stickers":            {body: stickers(25), set: map[string]string{"sticker_info": strings.TrimSuffix(strings.TrimPrefix(stickers(25), `{"sticker_info":`), "}")}},
		"source by its old name": {body: `{"upload_source":{"text":"camera"}}`, set: map[string]string{"upload_source": `{"upload_source":"camera"}`}},
		"blanks between":         {body: "{ \"alt_text\" : {\n\t\"text\" : \"x\" } }", set: map[string]string{"alt_text": `{"text":"x"}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set, cleared, err := ParseMetadata(rawGroups(t, test.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.set, set); diff != "" {
				t.Errorf("set (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.cleared, cleared); diff != "" {
				t.Errorf("cleared (-want +got):\n%s", diff)
			}
			if _, err := DecodeMetadata(set); err != nil {
				t.Error(err)
			}
		})
	}
}

func stickers(n int) string {
	return `{"sticker_info":{"stickers":[` + strings.TrimSuffix(strings.Repeat(`{"id":"1"},`, n), ",") + `]}}`
}

func TestParseMetadataRefuses(t *testing.T) {
	many := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	tests := []struct{ body, field, value, words string }{
		{`{"alt":{"text":"x"}}`, "alt", `{"text":"x"}`, "is not defined in the schema and the schema does not allow additional properties; the groups are [allow_download_status, alt_text, audience_policy, content_expiration, domain_restrictions, found_media_origin, geo_restrictions, management_info, preview_image, sensitive_media_warning, shared_info, sticker_info, upload_source]"},
		{`{"alt":null}`, "alt", `null`, "is not defined"},
		{`{"Alt_Text":{"text":"x"}}`, "Alt_Text", `{"text":"x"}`, "is not defined"},
		{`{"":{}}`, "", `{}`, "is not defined"},

		{`{"allow_download_status":true}`, "allow_download_status", "true", "boolean found, object expected"},
		{`{"allow_download_status":{"allow_download":1}}`, "allow_download_status.allow_download", "1", "integer found, boolean expected"},
		{`{"allow_download_status":{"allow_download":"yes"}}`, "allow_download_status.allow_download", `"yes"`, "string found, boolean expected"},
		{`{"allow_download_status":{"allow_download":null}}`, "allow_download_status.allow_download", "null", "null found, boolean expected"},
		{`{"allow_download_status":{"download":true}}`, "allow_download_status.download", "true", "is not defined in the schema and the schema does not allow additional properties; the members are [allow_download]"},

		{`{"alt_text":"A dancing cat"}`, "alt_text", `"A dancing cat"`, "string found, object expected"},
		{`{"alt_text":["x"]}`, "alt_text", `["x"]`, "array found, object expected"},
		{`{"alt_text":7}`, "alt_text", "7", "integer found, object expected"},
		{`{"alt_text":{}}`, "alt_text.text", "", "is missing but it is required"},
		{`{"alt_text":{"Text":"x"}}`, "alt_text.text", "", "is missing but it is required"},
		{`{"alt_text":{"text":5}}`, "alt_text.text", "5", "integer found, string expected"},
		{`{"alt_text":{"text":5.5}}`, "alt_text.text", "5.5", "number found, string expected"},
		{`{"alt_text":{"text":null}}`, "alt_text.text", "null", "null found, string expected"},
		{`{"alt_text":{"text":{}}}`, "alt_text.text", "{}", "object found, string expected"},
		{`{"alt_text":{"text":true}}`, "alt_text.text", "true", "boolean found, string expected"},
		{`{"alt_text":{"text":"` + strings.Repeat("a", 1001) + `"}}`, "alt_text.text", `"` + strings.Repeat("a", 199) + "…", "must be at most 1000 characters long"},
		{`{"alt_text":{"text":"` + strings.Repeat("🐈", 1001) + `"}}`, "alt_text.text", `"` + strings.Repeat("🐈", 49) + "…", "must be at most 1000 characters long"},
		{`{"alt_text":{"text":"x","lang":"en"}}`, "alt_text.lang", `"en"`, "the members are [text]"},

		{`{"audience_policy":[]}`, "audience_policy", "[]", "array found, object expected"},
		{`{"audience_policy":{"x_subscriptions":"Any"}}`, "audience_policy.x_subscriptions", `"Any"`, "string found, array expected"},
		{`{"audience_policy":{"x_subscriptions":null}}`, "audience_policy.x_subscriptions", "null", "null found, array expected"},
		{`{"audience_policy":{"x_subscriptions":["any"]}}`, "audience_policy.x_subscriptions[0]", `"any"`, `does not have a value in the enumeration ["Any"]`},
		{`{"audience_policy":{"creator_subscriptions":["Any",1]}}`, "audience_policy.creator_subscriptions[1]", "1", "integer found, string expected"},
		{`{"audience_policy":{"creator_subscriptions":` + many(`"Any"`, 101) + `}}`, "audience_policy.creator_subscriptions", "", "must have at most 100 items"},
		{`{"audience_policy":{"followers":["Any"]}}`, "audience_policy.followers", `["Any"]`, "the members are [creator_subscriptions, x_subscriptions]"},

		{`{"content_expiration":1740787200}`, "content_expiration", "1740787200", "integer found, object expected"},
		{`{"content_expiration":{}}`, "content_expiration.timestamp_sec", "", "is missing but it is required"},
		{`{"content_expiration":{"timestamp_sec":"1740787200"}}`, "content_expiration.timestamp_sec", `"1740787200"`, "string found, number expected"},
		{`{"content_expiration":{"timestamp_sec":0}}`, "content_expiration.timestamp_sec", "0", "must be a positive number of seconds since 1970"},
		{`{"content_expiration":{"timestamp_sec":-5}}`, "content_expiration.timestamp_sec", "-5", "must be a positive number"},
		{`{"content_expiration":{"timestamp_sec":-1e300}}`, "content_expiration.timestamp_sec", "-1e300", "must be a positive number"},
		{`{"content_expiration":{"timestamp_sec":1.5}}`, "content_expiration.timestamp_sec", "1.5", "must be a whole number of seconds"},
		{`{"content_expiration":{"timestamp_sec":1740787200000}}`, "content_expiration.timestamp_sec", "1740787200000", "and not milliseconds"},
		{`{"content_expiration":{"timestamp_sec":1e999999999}}`, "content_expiration.timestamp_sec", "1e999999999", "is after the year 9999"},
		{`{"content_expiration":{"timestamp_sec":99999999999999999999}}`, "content_expiration.timestamp_sec", "99999999999999999999", "is after the year 9999"},

		{`{"domain_restrictions":{}}`, "domain_restrictions.whitelist", "", "is missing but it is required"},
		{`{"domain_restrictions":{"whitelist":"example.com"}}`, "domain_restrictions.whitelist", `"example.com"`, "string found, array expected"},
		{`{"domain_restrictions":{"whitelist":["https://example.com"]}}`, "domain_restrictions.whitelist[0]", `"https://example.com"`, "send the bare name, such as www.example.com"},
		{`{"domain_restrictions":{"whitelist":["example.com","example.com/path"]}}`, "domain_restrictions.whitelist[1]", `"example.com/path"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["example.com:443"]}}`, "domain_restrictions.whitelist[0]", `"example.com:443"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["*.example.com"]}}`, "domain_restrictions.whitelist[0]", `"*.example.com"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["bücher.example"]}}`, "domain_restrictions.whitelist[0]", `"bücher.example"`, "xn-- form"},
		{`{"domain_restrictions":{"whitelist":[""]}}`, "domain_restrictions.whitelist[0]", `""`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["-a.example"]}}`, "domain_restrictions.whitelist[0]", `"-a.example"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["a..example"]}}`, "domain_restrictions.whitelist[0]", `"a..example"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["a.example\n"]}}`, "domain_restrictions.whitelist[0]", `"a.example\n"`, "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["` + strings.Repeat("a", 64) + `.example"]}}`, "domain_restrictions.whitelist[0]", "", "is not a host name"},
		{`{"domain_restrictions":{"whitelist":["` + strings.Repeat("abc.", 63) + `example"]}}`, "domain_restrictions.whitelist[0]", "", "is not a host name"},
		{`{"domain_restrictions":{"whitelist":[null]}}`, "domain_restrictions.whitelist[0]", "null", "null found, string expected"},
		{`{"domain_restrictions":{"whitelist":` + many(`"a.example"`, 101) + `}}`, "domain_restrictions.whitelist", "", "must have at most 100 items"},

		{`{"found_media_origin":{"id":"x"}}`, "found_media_origin.provider", "", "is missing but it is required"},
		{`{"found_media_origin":{"provider":"giphy"}}`, "found_media_origin.id", "", "is missing but it is required"},
		{`{"found_media_origin":{"provider":"giphygiphy","id":"x"}}`, "found_media_origin.provider", `"giphygiphy"`, "must be at most 8 characters long"},
		{`{"found_media_origin":{"provider":"giphy","id":"1234567890123456789012345"}}`, "found_media_origin.id", `"1234567890123456789012345"`, "must be at most 24 characters long"},
		{`{"found_media_origin":{"provider":"giphy","id":7}}`, "found_media_origin.id", "7", "integer found, string expected"},

		{`{"geo_restrictions":{"whitelisted_country_codes":"us"}}`, "geo_restrictions.whitelisted_country_codes", `"us"`, "string found, array expected"},
		{`{"geo_restrictions":{"whitelisted_country_codes":["us","USA"]}}`, "geo_restrictions.whitelisted_country_codes[1]", `"USA"`, "does not match the regex pattern ^[a-zA-Z]{2}$"},
		{`{"geo_restrictions":{"blacklisted_country_codes":["u1"]}}`, "geo_restrictions.blacklisted_country_codes[0]", `"u1"`, "does not match the regex pattern"},
		{`{"geo_restrictions":{"blacklisted_country_codes":["us\n"]}}`, "geo_restrictions.blacklisted_country_codes[0]", `"us\n"`, "does not match the regex pattern"},
		{`{"geo_restrictions":{"blacklisted_country_codes":[["us"]]}}`, "geo_restrictions.blacklisted_country_codes[0]", `["us"]`, "array found, string expected"},
		{`{"geo_restrictions":{"countries":["us"]}}`, "geo_restrictions.countries", `["us"]`, "the members are [blacklisted_country_codes, whitelisted_country_codes]"},

		{`{"management_info":{}}`, "management_info.managed", "", "is missing but it is required"},
		{`{"management_info":{"managed":"false"}}`, "management_info.managed", `"false"`, "string found, boolean expected"},

		{`{"preview_image":{}}`, "preview_image.media_key", "", "is missing but it is required"},
		{`{"preview_image":{"media_key":"3_1"}}`, "preview_image.media_key", `"3_1"`, "string found, object expected"},
		{`{"preview_image":{"media_key":null}}`, "preview_image.media_key", "null", "null found, object expected"},
		{`{"preview_image":{"media_key":{}}}`, "preview_image.media_key.media", "", "is missing but it is required"},
		{`{"preview_image":{"media_key":{"media":"3_1"}}}`, "preview_image.media_key.media", `"3_1"`, "does not match the regex pattern ^[0-9]{1,19}$"},
		{`{"preview_image":{"media_key":{"media":1.5e3}}}`, "preview_image.media_key.media", "1.5e3", "number found, string expected"},
		{`{"preview_image":{"media_key":{"media":-5}}}`, "preview_image.media_key.media", "-5", "does not match"},
		{`{"preview_image":{"media_key":{"media":"99999999999999999999"}}}`, "preview_image.media_key.media", `"99999999999999999999"`, "does not match"},
		{`{"preview_image":{"media_key":{"media":"1","media_category":"TweetVideo"}}}`, "preview_image.media_key.media_category", `"TweetVideo"`, `does not have a value in the enumeration ["TweetImage"]`},
		{`{"preview_image":{"media_key":{"media":"1","media_category":3}}}`, "preview_image.media_key.media_category", "3", "integer found, string expected"},
		{`{"preview_image":{"media_key":{"media":"1","id":"1"}}}`, "preview_image.media_key.id", `"1"`, "the members are [media, media_category]"},

		{`{"sensitive_media_warning":{"adult_content":"true"}}`, "sensitive_media_warning.adult_content", `"true"`, "string found, boolean expected"},
		{`{"sensitive_media_warning":{"other":0}}`, "sensitive_media_warning.other", "0", "integer found, boolean expected"},
		{`{"sensitive_media_warning":{"violence":true}}`, "sensitive_media_warning.violence", "true", "the members are [adult_content, graphic_violence, other]"},

		{`{"shared_info":{}}`, "shared_info.shared", "", "is missing but it is required"},
		{`{"shared_info":{"shared":[]}}`, "shared_info.shared", "[]", "array found, boolean expected"},

		{`{"sticker_info":{}}`, "sticker_info.stickers", "", "is missing but it is required"},
		{`{"sticker_info":{"stickers":{}}}`, "sticker_info.stickers", "{}", "object found, array expected"},
		{`{"sticker_info":{"stickers":["1"]}}`, "sticker_info.stickers[0]", `"1"`, "string found, object expected"},
		{`{"sticker_info":{"stickers":[null]}}`, "sticker_info.stickers[0]", "null", "null found, object expected"},
		{stickers(0), "sticker_info.stickers", "[]", "must have from 1 to 25 items"},
		{stickers(26), "sticker_info.stickers", "", "must have at most 25 items"},
		{`{"sticker_info":{"stickers":[{"id":12345}]}}`, "sticker_info.stickers[0].id", "12345", "integer found, string expected"},
		{`{"sticker_info":{"stickers":[{"id":"1"},{"transform_a":"1"}]}}`, "sticker_info.stickers[1].transform_a", `"1"`, "string found, number expected"},
		{`{"sticker_info":{"stickers":[{"transform_a":1e400}]}}`, "sticker_info.stickers[0].transform_a", "1e400", "is larger than a double can hold"},
		{`{"sticker_info":{"stickers":[{"transform_a":0.` + strings.Repeat("0", 60) + `}]}}`, "sticker_info.stickers[0].transform_a", "", "must be a number of at most 40 characters"},
		{`{"sticker_info":{"stickers":[{"group_annotation_id":1.5}]}}`, "sticker_info.stickers[0].group_annotation_id", "1.5", "number found, integer expected"},
		{`{"sticker_info":{"stickers":[{"group_annotation_id":9223372036854775808}]}}`, "sticker_info.stickers[0].group_annotation_id", "9223372036854775808", "is not within 64 bits"},
		{`{"sticker_info":{"stickers":[{"rotation":1}]}}`, "sticker_info.stickers[0].rotation", "1", "the members are [aspect_ratio, group_annotation_id, sticker_set_annotation_id, transform_a, transform_b, transform_c, transform_d, transform_tx, transform_ty, id]"},

		{`{"upload_source":{}}`, "upload_source.upload_source", "", "is missing but it is required"},
		{`{"upload_source":{"upload_source":1}}`, "upload_source.upload_source", "1", "integer found, string expected"},
		{`{"upload_source":{"text":1}}`, "upload_source.text", "1", "integer found, string expected"},
		{`{"upload_source":{"text":"a","upload_source":"b"}}`, "upload_source.text", `"a"`, "send only one of them"},
		{`{"upload_source":{"upload_source":"` + strings.Repeat("g", 101) + `"}}`, "upload_source.upload_source", "", "must be at most 100 characters long"},

		{`{"alt_text":{"text":"fine"},"shared_info":{"shared":1}}`, "shared_info.shared", "1", "integer found, boolean expected"},
	}
	for _, test := range tests {
		set, cleared, err := ParseMetadata(rawGroups(t, test.body))
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeInvalid {
			t.Errorf("%.80s: error %v, want a client's", test.body, err)
			continue
		}
		if e.Field != "metadata."+test.field || !strings.Contains(e.Detail, test.words) {
			t.Errorf("%.80s: %v\nwant metadata.%s: …%s…", test.body, err, test.field, test.words)
		}
		if test.value != "" && e.Value != test.value {
			t.Errorf("%.80s: shows %s as the value, want %s", test.body, e.Value, test.value)
		}
		if set != nil || cleared != nil {
			t.Errorf("%.80s: refused, and yet set %v and cleared %v", test.body, set, cleared)
		}
	}
	if len(tests) < 60 {
		t.Errorf("only %d bad inputs", len(tests))
	}
}

func TestParseMetadataBrokenJSON(t *testing.T) {
	for _, raw := range []string{"", " ", "{", `{"text":}`, `{"text":"x"} {}`, "nul"} {
		_, _, err := ParseMetadata(map[string]json.RawMessage{"alt_text": json.RawMessage(raw)})
		if CodeOf(err) != CodeInvalid || !strings.Contains(err.Error(), "is not valid JSON") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// Whatever is sent either is refused in a client's words or has a stored form
// that parses to itself.
func FuzzParseMetadata(f *testing.F) {
	f.Add("alt_text", `{"text":"A dancing cat"}`)
	f.Add("allow_download_status", `{"allow_download":"true"}`)
	f.Add("audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`)
	f.Add("content_expiration", `{"timestamp_sec":1.7e9}`)
	f.Add("domain_restrictions", `{"whitelist":["Example.COM."]}`)
	f.Add("found_media_origin", `{"id":"u5BzatR15TZ04","provider":"giphy"}`)
	f.Add("geo_restrictions", `{"whitelisted_country_codes":["us"]}`)
	f.Add("management_info", `null`)
	f.Add("preview_image", `{"media_key":{"media":1}}`)
	f.Add("sensitive_media_warning", `{"other":true}`)
	f.Add("shared_info", `{"shared":`)
	f.Add("sticker_info", `{"stickers":[{"aspect_ratio":1.780,"group_annotation_id":9223372036854775807}]}`)
	f.Add("upload_source", `{"text":"\ud800"}`)
	f.Fuzz(func(t *testing.T, name, value string) {
		set, cleared, err := ParseMetadata(map[string]json.RawMessage{name: json.RawMessage(value)})
		if err != nil {
			if CodeOf(err) != CodeInvalid {
				t.Fatalf("%s %s: %v", name, value, err)
			}
			return
		}
		if len(set)+len(cleared) != 1 {
			t.Fatalf("%s %s: set %v, cleared %v", name, value, set, cleared)
		}
		again, _, err := ParseMetadata(asRaw(set))
		if err != nil {
			t.Fatalf("the stored form %v is refused: %v", set, err)
		}
		if diff := cmp.Diff(set, again); diff != "" {
			t.Fatalf("the stored form changes (-first +second):\n%s", diff)
		}
		if _, err := DecodeMetadata(set); err != nil {
			t.Fatal(err)
		}
	})
}
