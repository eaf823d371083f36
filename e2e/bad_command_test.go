package e2e

import (
	"strings"
	"testing"
)

// X's older way, wherever the command is put.
func TestBadCommands(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-segment", "64KiB")
	c := s.client()
	id := c.initialize(anyBytesType, "", 1000)
	theirs := c.as(s.token("7")).initialize(anyBytesType, "", 10)
	const form, path = "application/x-www-form-urlencoded", "/2/media/upload"
	const index = "SegmentIndex must be between 0 and 999."
	c.allRefused("POST", path, []bad{
		{name: "small letters", query: "command=init", field: "$.command", words: `does not have a value in the enumeration ["INIT", "APPEND", "FINALIZE"]`},
		{name: "a blank", kind: form, body: "command=INIT%20", field: "$.command", words: "enumeration"},
		{name: "NUL", kind: form, body: "command=INIT%00", field: "$.command", words: "enumeration"},
		{name: "UPLOAD", body: `{"command":"UPLOAD"}`, field: "$.command", words: "enumeration"},
		{name: "a number", body: `{"command":1}`, field: "$.command", words: "enumeration"},
		{name: "a list", body: `{"command":["INIT"]}`, field: "$.command", words: "enumeration"},
		{name: "STATUS by POST", kind: formKind, body: formRow("command", "STATUS", "media_id", id), field: "media", words: "STATUS is asked for by GET"},
		{name: "two commands in the query", query: "command=INIT&command=FINALIZE", field: "command", words: "Duplicate parameters are not allowed: the `command` query parameter"},
		{name: "two commands in a form", kind: form, body: "command=INIT&command=INIT", field: "command", words: "twice"},
		{name: "two commands in multipart", kind: formKind, body: formRow("command", "INIT", "command", "INIT"), field: "command", words: "twice"},
		{name: "two commands in JSON", body: `{"command":"INIT","command":"INIT"}`, field: "command", words: "twice"},
		{name: "no escape in the query", query: "command=INIT&x=%zz", words: "query string cannot be read"},
		{name: "no escape in the form", kind: form, body: "command=INIT&x=%zz", field: "body", words: "hexadecimal"},

		{name: "INIT: total below 0", query: "command=INIT&total_bytes=-1", field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total too large", query: "command=INIT&total_bytes=17179869185", field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total of 2^64", query: "command=INIT&total_bytes=18446744073709551616", field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total a word", kind: form, body: "command=INIT&total_bytes=many", field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total broken", kind: form, body: "command=INIT&total_bytes=1.5", field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total NaN", kind: formKind, body: formRow("command", "INIT", "total_bytes", "NaN"), field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total in hexadecimal", kind: formKind, body: formRow("command", "INIT", "total_bytes", "0xff"), field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: total with a line end", kind: formKind, body: formRow("command", "INIT", "total_bytes", "5\n"), field: "$.total_bytes", words: "17179869184"},
		{name: "INIT: type", query: "command=INIT&media_type=video/x-msvideo", field: "$.media_type", words: "video/mp4"},
		{name: "INIT: type with plus", query: "command=INIT&media_type=model/vnd.usdz+zip", field: "$.media_type", words: "model/vnd.usdz+zip"},
		{name: "INIT: category", query: "command=INIT&media_category=tweet_film", field: "$.media_category", words: "tweet_video"},
		{name: "INIT: type and category", kind: form, body: "command=INIT&media_type=image/png&media_category=tweet_video", field: "$.media_type", words: "tweet_image"},
		{name: "INIT: an owner", kind: form, body: "command=INIT&additional_owners=1,bird", field: "$.additional_owners", words: "19 digits"},
		{name: "INIT: 101 owners", kind: form, body: "command=INIT&additional_owners=1" + strings.Repeat(",1", 100), field: "$.additional_owners", words: "at most 100"},
		{name: "INIT: shared", kind: form, body: "command=INIT&shared=maybe", field: "$.shared", words: "true or false"},
		{name: "INIT: a long form", kind: form, body: "command=INIT&x=" + strings.Repeat("x", 70_000), field: "x", words: "65536"},
		{name: "INIT: 40,000 fields", kind: form, body: "command=INIT" + strings.Repeat("&ab", 40_000), field: "ab", words: "twice"},

		{name: "APPEND: no id", query: "command=APPEND&segment_index=0", kind: formKind, body: formRow("media", "x"), field: "$.media_id", words: "is missing but it is required"},
		{name: "APPEND: id a word", query: "command=APPEND&segment_index=0&media_id=x", kind: formKind, body: formRow("media", "x"), field: "$.media_id", words: "^[0-9]{1,19}$"},
		{name: "APPEND: id with a blank", query: "command=APPEND&segment_index=0&media_id=+1", kind: formKind, body: formRow("media", "x"), field: "$.media_id", words: "^[0-9]{1,19}$"},
		{name: "APPEND: id of 20 digits", query: "command=APPEND&segment_index=0&media_id=12345678901234567890", kind: formKind, body: formRow("media", "x"), field: "$.media_id", words: "^[0-9]{1,19}$"},
		{name: "APPEND: two ids", query: "command=APPEND&segment_index=0&media_id=1&media_id=2", kind: formKind, body: formRow("media", "x"), field: "media_id", words: "Duplicate parameters"},
		{name: "APPEND: no index", query: "command=APPEND&media_id=" + id, kind: formKind, body: formRow("media", "x"), field: "$.segment_index", words: "is missing but it is required"},
		{name: "APPEND: index 1000", query: "command=APPEND&segment_index=1000&media_id=" + id, kind: formKind, body: formRow("media", "x"), field: "segment_index", words: index},
		{name: "APPEND: index minus", kind: formKind, body: formRow("command", "APPEND", "media_id", id, "segment_index", "-1", "media", "x"), field: "segment_index", words: index},
		{name: "APPEND: index empty", kind: form, body: "command=APPEND&media_id=" + id + "&segment_index=&media_data=eA==", field: "segment_index", words: index},
		{name: "APPEND: no media", query: "command=APPEND&segment_index=0&media_id=" + id, field: "$.media", words: "is missing but it is required"},
		{name: "APPEND: media in the query", query: "command=APPEND&segment_index=0&media=eA==&media_id=" + id, field: "$.media", words: "is missing but it is required"},
		{name: "APPEND: media empty", kind: formKind, body: formRow("command", "APPEND", "media_id", id, "segment_index", "0", "media", ""), field: "media", words: "empty"},
		{name: "APPEND: no base64", kind: form, body: "command=APPEND&segment_index=0&media_id=" + id + "&media_data=*", field: "media_data", words: "media_data is not valid base64"},
		{name: "APPEND: no base64 in JSON", body: `{"command":"APPEND","segment_index":0,"media_id":"` + id + `","media_data":"*"}`, field: "media_data", words: "media_data is not valid base64"},
		{name: "APPEND: too large", query: "command=APPEND&segment_index=0&media_id=" + id, kind: formKind, body: formRow("media", strings.Repeat("x", 64<<10+1)), status: 413, words: "65536"},
		{name: "APPEND: more than declared", query: "command=APPEND&segment_index=0&media_id=" + id, kind: formKind, body: formRow("media", strings.Repeat("x", 1001)), field: "media", words: "total_bytes of 1000"},
		{name: "APPEND: unknown", query: "command=APPEND&segment_index=0&media_id=1146654567674912769", kind: formKind, body: formRow("media", "x"), status: 404, words: "1146654567674912769"},
		{name: "APPEND: another's", query: "command=APPEND&segment_index=0&media_id=" + theirs, kind: formKind, body: formRow("media", "x"), status: 404, words: theirs},
		{name: "APPEND: bytes as they are", query: "command=APPEND&segment_index=0&media_id=" + id, kind: "application/octet-stream", body: "x", status: 415, words: "multipart/form-data"},
		{name: "APPEND: compressed", query: "command=APPEND&segment_index=0&media_id=" + id, kind: formKind, body: formRow("media", "x"), headers: []string{"Content-Encoding", "gzip"}, status: 415, words: "send the body as it is"},

		{name: "FINALIZE: no id", query: "command=FINALIZE", field: "$.media_id", words: "is missing but it is required"},
		{name: "FINALIZE: id empty", query: "command=FINALIZE&media_id=", field: "$.media_id", words: "^[0-9]{1,19}$"},
		{name: "FINALIZE: id zero", kind: form, body: "command=FINALIZE&media_id=0", field: "$.media_id"},
		{name: "FINALIZE: id a list", body: `{"command":"FINALIZE","media_id":["` + id + `"]}`, field: "$.media_id", words: "^[0-9]{1,19}$"},
		{name: "FINALIZE: a key of another", query: "command=FINALIZE&media_key=3_" + id, status: 404, words: id},
		{name: "FINALIZE: nothing there", query: "command=FINALIZE&media_id=" + id, field: "id", words: "no segment"},
		{name: "FINALIZE: unknown", kind: formKind, body: formRow("command", "FINALIZE", "media_id", "1146654567674912769"), status: 404, words: "1146654567674912769"},
		{name: "FINALIZE: another's", kind: form, body: "command=FINALIZE&media_id=" + theirs, status: 404, words: theirs},
	})
	c.finalizesWith(id, anyBytes(4, 1000), 600)
}

func TestBadOneShot(t *testing.T) {
	t.Parallel()
	c := start(t, "--max-segment", "64KiB").client()
	png := string(samplePNG())
	const form, path = "application/x-www-form-urlencoded", "/2/media/upload"
	const missing = "media parameter is missing."
	c.allRefused("POST", path, []bad{
		{name: "nothing", field: "media", words: missing},
		{name: "an empty object", body: "{}", field: "media", words: missing},
		{name: "no content type", kind: none, body: png, status: 415, words: "Content-Type"},
		{name: "bytes as they are", kind: "image/png", body: png, status: 415, words: "image/png"},
		{name: "text", kind: "text/plain", body: png, status: 415, words: "multipart/form-data"},
		{name: "what initialize takes", body: `{"media_type":"image/png","total_bytes":5,"media_category":"tweet_image"}`, field: "media", words: missing},
		{name: "a part by another name", kind: formKind, body: formRow("file", png), field: "media", words: missing},
		{name: "another case", kind: formKind, body: formRow("Media", png), field: "media", words: missing},
		{name: "an array's name", kind: formKind, body: formRow("media[]", png), field: "media", words: missing},
		{name: "media empty", kind: formKind, body: formRow("media", ""), field: "media", words: "empty"},
		{name: "media empty in JSON", body: `{"media":""}`, field: "media", words: "empty"},
		{name: "media null", body: `{"media":null}`, field: "media", words: "base64"},
		{name: "media a number", body: `{"media":5}`, field: "media", words: "base64"},
		{name: "media an object", body: `{"media":{}}`, field: "media", words: "base64"},
		{name: "media a path", body: `{"media":"/home/me/cat.png"}`, field: "media"},
		{name: "media a data URL", body: `{"media":"data:image/png;base64,` + b64([]byte(png)) + `"}`, field: "media", words: "base64"},
		{name: "media twice", kind: formKind, body: formRow("media", png, "media", png), field: "media", words: "twice"},
		{name: "media and media_data", kind: formKind, body: formRow("media", png, "media_data", b64([]byte(png))), field: "media_data", words: "twice"},
		{name: "bytes in media_data", kind: formKind, body: formRow("media_data", png), field: "media_data", words: "media_data is not valid base64"},
		{name: "media_data in a form, no base64", kind: form, body: "media_data=%2A%2A", field: "media_data", words: "media_data is not valid base64"},
		{name: "gibberish", kind: formKind, body: formRow("media", "gibberish"), field: "media", words: "media type unrecognized."},
		{name: "a page", kind: formKind, body: formRow("media", "<!DOCTYPE html><script>alert(1)</script>"), field: "media", words: "media type unrecognized."},
		{name: "a cut image", kind: formKind, body: formRow("media", png[:60]), field: "media"},
		{name: "another type", kind: formKind, body: formRow("media", png, "media_type", "video/mp4"), field: "media_type", words: "image"},
		{name: "a type of nobody's", kind: formKind, body: formRow("media", png, "media_type", "image/avif"), field: "media_type", words: "image/png"},
		{name: "another category", kind: formKind, body: formRow("media", png, "media_category", "tweet_video"), field: "media_category"},
		{name: "a category of nobody's", kind: formKind, body: formRow("media", png, "media_category", "tweet_film"), field: "media_category", words: "tweet_video"},
		{name: "amplify_video", kind: formKind, body: formRow("media", png, "media_category", "amplify_video"), field: "$.media_category", words: `does not have a value in the enumeration ["tweet_gif", "tweet_image", `},
		{name: "a category as number", body: `{"media":"` + b64([]byte(png)) + `","media_category":3}`, field: "media_category"},
		{name: "two categories", kind: formKind, body: formRow("media_category", "tweet_image", "media_category", "tweet_image", "media", png), field: "media_category", words: "twice"},
		{name: "an owner", kind: formKind, body: formRow("media", png, "additional_owners", "bird"), field: "additional_owners", words: "19 digits"},
		{name: "101 owners", body: `{"media":"` + b64([]byte(png)) + `","additional_owners":["1"` + strings.Repeat(`,"1"`, 100) + `]}`, field: "additional_owners", words: "at most 100"},
		{name: "shared", kind: formKind, body: formRow("media", png, "shared", "perhaps"), field: "$.shared", words: "true or false"},
		{name: "too large", kind: formKind, body: formRow("media", strings.Repeat("x", 64<<10+1)), status: 413, words: "65536"},
		{name: "too large in JSON", body: `{"media":"` + strings.Repeat("eHh4", 64<<10/3+1) + `"}`, status: 413, words: "65536"},
		{name: "too large in a form", kind: form, body: "media=" + strings.Repeat("eHh4", 64<<10/3+1), status: 413, words: "65536"},
		{name: "JSON cut", body: `{"media":"eHh4`, field: "body", words: "not valid JSON"},
		{name: "JSON with more behind", body: `{"media":"eHh4"}{}`, field: "body", words: "not valid JSON"},
		{name: "JSON in a list", body: `[{"media":"eHh4"}]`, field: "body", words: "JSON"},
		{name: "no boundary", kind: "multipart/form-data", body: formRow("media", png), field: "Content-Type", words: "boundary"},
		{name: "boundary of others", kind: otherKind, body: formRow("media", png), field: "body", words: "closing boundary"},
		{name: "multipart cut", kind: formKind, body: strings.TrimSuffix(formRow("media", png), "--xyz--\r\n"), field: "body", words: "closing boundary"},
		{name: "another digest", kind: formKind, body: formRow("media", png), headers: []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, field: "Content-MD5", words: "does not match"},
		{name: "compressed", kind: formKind, body: formRow("media", png), headers: []string{"Content-Encoding", "gzip"}, status: 415, words: "send the body as it is"},
		{name: "no escape in the query", query: "%", kind: formKind, body: formRow("media", png), words: "query string cannot be read"},
	})
}
