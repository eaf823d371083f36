package xapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Every endpoint that takes all it needs in the query refuses the same there.
func TestParametersRefuse(t *testing.T) {
	s := newServer(t)
	for _, row := range []struct{ target, field, value, words string }{
		{"/2/media?media_keys=7_1&expansions=x", "expansions", "x", "The query parameter [expansions] is not one of [media_keys,media.fields]"},
		{"/2/media/7_1?media_keys=7_1", "media_keys", "7_1", "The query parameter [media_keys] is not one of [media.fields]"},
		{"/2/media/7_1?Media.Fields=url", "Media.Fields", "url", "The query parameter [Media.Fields] is not one of"},
		{"/2/media/analytics?media_keys=7_1&media.fields=url" + period, "media.fields", "url", "is not one of [media_keys,start_time,end_time,granularity,media_analytics.fields]"},
		{"/2/media?media_keys=7_1&=x", "", "", "The query parameter [] is not one of"},
		{"/2/media?media_keys=7_1&media_keys=7_2", "media_keys", "", "Duplicate parameters are not allowed: the `media_keys` query parameter"},
		{"/2/media/7_1?media.fields=url&media.fields=type", "media.fields", "", "Duplicate parameters are not allowed: the `media.fields` query parameter"},
		{"/2/media/7_1?media.fields=url,colour", "media.fields", "colour", "The `media.fields` query parameter value [colour] is not one of [alt_text,duration_ms,"},
		{"/2/media/7_1?media.fields=", "media.fields", "", "The `media.fields` query parameter can not be empty"},
		{"/2/media?media.fields=url", "media_keys", "", "The `media_keys` query parameter is missing"},
		{"/2/media?media_keys=7_1,,7_2", "media_keys", "", "The `media_keys` query parameter value [] is not valid"},
		{"/2/media?media_keys=7_1%zz", "", "", "The query string cannot be read"},
		{"/2/media?media_keys=7_1;media.fields=url", "", "", "The query string cannot be read"},
		{"/2/media?" + strings.Repeat("x", 300) + "=1&media_keys=7_1", strings.Repeat("x", 200) + "…", "1", "is not one of"},
		{"/2/media/upload?media_id=1&command=STATUS&command=STATUS", "command", "", "Duplicate parameters are not allowed: the `command` query parameter"},
	} {
		a := s.call("GET", row.target, nil)
		a.refused(http.StatusBadRequest, row.words)
		var p problem
		if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || len(p.Errors) != 1 {
			continue // said already
		}
		parameters := p.Errors[0].Parameters
		switch got, there := parameters[row.field]; {
		case row.field == "" && len(parameters) > 0, row.field != "" && !there:
			t.Errorf("%s: parameters %v, want one named %q", row.target, parameters, row.field)
		case row.value != "" && (len(got) != 1 || got[0] != row.value):
			t.Errorf("%s: the value shown is %q, want %q", row.target, got, row.value)
		}
	}
}

// A signature may stand in the query, and a status may be asked with more than
// it needs.
func TestParametersThatPass(t *testing.T) {
	s := newServer(t)
	photo := s.upload(map[string]any{}, png())
	s.call("GET", "/2/media?media_keys=3_"+photo.String()+"&oauth_nonce=1&oauth_nonce=2", nil).
		is(http.StatusOK, `{"data":[{"media_key":"3_%s","type":"photo"}]}`, photo)
	if a := s.call("GET", "/2/media/upload?media_id="+photo.String()+"&_=1794000000", nil); a.Code != http.StatusOK {
		t.Errorf("a status with a parameter of nobody's: %d %s", a.Code, a.Body)
	}
}
