package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The lines of X's reference pages: --request, --url, --header, --data or --form,
// with the host alone changed. curl puts --url and the token in.

// posted are curl's arguments of a page whose request is JSON.
func posted(body string) []string {
	return []string{"--request", "POST", "--header", "Content-Type: application/json", "--data", body}
}

// formed are those of a page whose request is multipart. The pages name the
// content type without a boundary, which curl then adds.
func formed(fields ...string) []string {
	args := []string{"--request", "POST", "--header", "Content-Type: multipart/form-data"}
	for _, f := range fields {
		args = append(args, "--form", f)
	}
	return args
}

func got() []string { return []string{"--request", "GET"} }

func TestCurlReferenceUpload(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	half := len(file) / 2
	first, second := keep(t, "first.png", file[:half]), keep(t, "second.png", file[half:])
	body := fmt.Sprintf("\n{\n  \"media_category\": \"tweet_image\",\n  \"media_type\": \"image/png\",\n  \"shared\": false,\n  \"total_bytes\": %d\n}\n", len(file))
	for name, appends := range map[string][2][]string{
		"multipart": {formed("segment_index=0", "media=@"+first), formed("media=@"+second, "segment_index=1")},
		"JSON": {
			posted(fmt.Sprintf("\n{\n  \"media\": %q,\n  \"segment_index\": 0\n}\n", b64(file[:half]))),
			posted(fmt.Sprintf("\n{\n  \"segment_index\": \"1\",\n  \"media\": %q\n}\n", b64(file[half:]))),
		},
		"one of each": {formed("media=@"+first, "segment_index=0"), posted(fmt.Sprintf(`{"media":%q,"segment_index":1}`, b64(file[half:])))},
	} {
		id := c.curl("/2/media/upload/initialize", posted(body)...).data()["id"].(string)
		for i, args := range appends {
			if d := c.curl("/2/media/upload/"+id+"/append", args...).data(); d["expires_at"] == nil {
				t.Errorf("%s: append %d answered %v", name, i, d)
			}
		}
		for range 2 { // the second time as a client that lost the answer
			if d := c.curl("/2/media/upload/"+id+"/finalize", "--request", "POST").data(); d["media_key"] != "3_"+id || d["size"] != float64(len(file)) {
				t.Errorf("%s: finalize answered %v", name, d)
			}
		}
		if d := c.curl("/2/media/upload?media_id="+id+"&command=STATUS", got()...).data(); d["id"] != id {
			t.Errorf("%s: status answered %v", name, d)
		}
		if sum(c.original(id).body) != sum(file) {
			t.Errorf("%s: the original differs", name)
		}
	}
}

func TestCurlReferenceOneShot(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	path := keep(t, "cat.png", file)
	for name, args := range map[string][]string{
		"multipart":               formed("media=@"+path, "media_category=tweet_image"),
		"multipart, owners":       formed("media=@"+path, "media_category=dm_image", "additional_owners=2244994945,783214"),
		"multipart, older pages'": formed("media=@"+path, "media_category=tweet_image", "media_type=image/png", "shared=false"),
		"JSON":                    posted(fmt.Sprintf(`{"media":%q,"media_category":"tweet_image"}`, b64(file))),
		"JSON, owners":            posted(fmt.Sprintf(`{"media":%q,"media_category":"tweet_image","additional_owners":"2244994945,783214"}`, b64(file))),
		"JSON, older pages'":      posted(fmt.Sprintf(`{"media":%q,"media_category":"tweet_image","media_type":"image/png","shared":true,"additional_owners":["2244994945"]}`, b64(file))),
	} {
		d := c.curl("/2/media/upload", args...).data()
		if image, _ := d["image"].(map[string]any); image["w"] != 64.0 || d["size"] != float64(len(file)) {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// The older way with everything in JSON, and with each thing said elsewhere.
func TestCurlCommandsMixed(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	path := keep(t, "cat.png", file)
	const at = "/2/media/upload"
	total := fmt.Sprint(len(file))
	for name, steps := range map[string][3]struct {
		query string
		args  []string
	}{
		"JSON": {
			{"", posted(`{"command":"INIT","media_type":"image/png","media_category":"tweet_image","total_bytes":` + total + `,"additional_owners":["7"]}`)},
			{"", posted(`{"command":"APPEND","media_id":"{id}","segment_index":0,"media":"` + b64(file) + `"}`)},
			{"", posted(`{"command":"FINALIZE","media_id":"{id}"}`)},
		},
		"command in the query, the rest in JSON": {
			{"?command=INIT", posted(`{"media_type":"image/png","total_bytes":"` + total + `"}`)},
			{"?command=APPEND", posted(`{"media_id":"{id}","segment_index":"0","media_data":"` + b64(file) + `"}`)},
			{"?command=FINALIZE", posted(`{"media_id":"{id}"}`)},
		},
		"command in the query, the rest in forms": {
			{"?command=INIT", []string{"-d", "total_bytes=" + total, "-d", "media_type=image/png", "-d", "media_category=TweetImage"}},
			{"?command=APPEND&segment_index=0", []string{"-F", "media_id={id}", "-F", "media=@" + path}},
			{"?command=FINALIZE", []string{"-d", "media_id={id}"}},
		},
		"no content type": {
			{"?command=INIT&media_type=image/png&total_bytes=" + total, []string{"-X", "POST"}},
			{"?command=APPEND&segment_index=0&media_id={id}", []string{"-F", "media=@" + path}},
			{"?command=FINALIZE&media_id={id}", []string{"-X", "POST", "-H", "Content-Length: 0"}},
		},
		"a charset": {
			{"?command=INIT&media_type=image%2Fpng&total_bytes=" + total, []string{"-X", "POST", "-H", "Content-Type: application/json;charset=UTF-8"}},
			{"?command=APPEND&media_id={id}&segment_index=0", []string{"-F", "media=@" + path}},
			{"?command=FINALIZE&media_id={id}", []string{"-X", "POST", "-H", "Content-Type: application/json; charset=utf-8"}},
		},
	} {
		id := ""
		for i, want := range []int{http.StatusAccepted, http.StatusNoContent, http.StatusCreated} {
			args := slices.Clone(steps[i].args)
			for j := range args {
				args[j] = strings.ReplaceAll(args[j], "{id}", id)
			}
			a := c.curl(at+strings.ReplaceAll(steps[i].query, "{id}", id), args...)
			if a.status != want || (want == http.StatusNoContent) != (len(a.body) == 0) {
				t.Fatalf("%s, step %d: status %d, want %d: %s", name, i, a.status, want, a.body)
			}
			if i == 0 {
				var v struct{ Data struct{ ID string } }
				a.decode(&v)
				id = v.Data.ID
			}
		}
		for _, args := range [][]string{{"-G", "-d", "command=STATUS", "-d", "media_id=" + id}, {"-G", "--data-urlencode", "media_id=" + id}} {
			if d := c.curl(at, args...).data(); d["media_key"] != "3_"+id {
				t.Errorf("%s: status %v", name, d)
			}
		}
		if sum(c.original(id).body) != sum(file) {
			t.Errorf("%s: the original differs", name)
		}
	}
}

// Each group of metadata by itself, as the reference page of each shows it.
func TestCurlReferenceMetadata(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	var groups map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(allMetadata, "IMAGE", image)), &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups) != 13 {
		t.Errorf("%d groups", len(groups))
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		id := c.initialize("video/mp4", "tweet_video", 10)
		body := fmt.Sprintf("\n{\n  \"id\": %q,\n  \"metadata\": {\n    %q: %s\n  }\n}\n", id, name, groups[name])
		d := c.curl("/2/media/metadata", posted(body)...).data()
		var sent any
		if err := json.Unmarshal(groups[name], &sent); err != nil {
			t.Fatal(err)
		}
		if d["id"] != id || !reflect.DeepEqual(d["associated_metadata"], map[string]any{name: sent}) {
			t.Errorf("%s: sent %s, answered %v", name, groups[name], d)
		}
	}
}

func TestCurlReferenceSubtitles(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	video := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	text := c.curl("/2/media/upload", formed("media=@"+keep(t, "en.srt", []byte(sampleSRT)), "media_category=subtitles")...).data()["id"].(string)
	body := fmt.Sprintf("\n{\n  \"id\": %q,\n  \"media_category\": \"TweetVideo\",\n  \"subtitles\": {\n    \"display_name\": \"English\",\n    \"id\": %q,\n    \"language_code\": \"EN\"\n  }\n}\n", video, text)
	d := c.curl("/2/media/subtitles", posted(body)...).data()
	want := map[string]any{"id": video, "media_category": "TweetVideo", "associated_subtitles": []any{map[string]any{"id": text, "language_code": "EN", "display_name": "English"}}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("attached: %v", d)
	}
	gone := fmt.Sprintf("\n{\n  \"id\": %q,\n  \"language_code\": \"EN\",\n  \"media_category\": \"TweetVideo\"\n}\n", video)
	for _, deleted := range []bool{true, false} {
		d := c.curl("/2/media/subtitles", "--request", "DELETE", "--header", "Content-Type: application/json", "--data", gone).data()
		if len(d) != 1 || d["deleted"] != deleted {
			t.Errorf("deleted: %v, want %v", d, deleted)
		}
	}
}

func TestCurlReferenceLookups(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["media_key"].(string)
	for _, query := range []string{"media_keys=" + image, "media_keys=" + image + "%2C7_1&media.fields=url%2Cwidth", "media.fields=alt_text,type&media_keys=" + image} {
		if list := c.curl("/2/media?"+query, got()...).list(); len(list) != 1 || list[0]["media_key"] != image {
			t.Errorf("%s: %v", query, list)
		}
	}
	if one := c.curl("/2/media/"+image+"?media.fields=height,width", got()...).data(); one["height"] != 48.0 {
		t.Errorf("one: %v", one)
	}
	a := c.curl("/2/media/analytics?media_keys="+image+",7_1&end_time=2026-11-21T00%3A00%3A00Z&start_time=2026-11-20T00%3A00%3A00Z&granularity=hourly&media_analytics.fields=video_views%2Ctimestamp", got()...)
	list := a.list()
	if len(list) != 1 || list[0]["media_key"] != image || !reflect.DeepEqual(list[0]["timestamped_metrics"], []any{}) {
		t.Errorf("analytics: %s", a.body)
	}
	var v struct{ Errors []map[string]any }
	a.decode(&v)
	if len(v.Errors) != 1 || v.Errors[0]["detail"] != "Could not find media with media_keys: [7_1]." || v.Errors[0]["parameter"] != "media_keys" {
		t.Errorf("analytics of another: %s", a.body)
	}
}
