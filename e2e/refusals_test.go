package e2e

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestInitializeRefuses(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	owners := strings.Repeat(`"1",`, 100) + `"1"`
	rows := []struct {
		body   string
		status int
		words  string
	}{
		{`{"total_bytes":-1}`, 400, "17179869184"},
		{`{"total_bytes":17179869185}`, 400, "17179869184"},
		{`{"total_bytes":99999999999999999999}`, 400, "total_bytes"},
		{`{"total_bytes":"12"}`, 400, "string found, integer expected"},
		{`{"total_bytes":1.5}`, 400, "number found, integer expected"},
		{`{"total_bytes":[12]}`, 400, "integer expected"},
		{`{"media_category":"tweet_film"}`, 400, "tweet_video"},
		{`{"media_category":7}`, 400, "string expected"},
		{`{"media_type":"video/x-msvideo"}`, 400, "video/mp4"},
		{`{"media_type":"image/png","media_category":"tweet_video"}`, 400, "tweet_image"},
		{`{"media_type":"video/webm","media_category":"tweet_gif"}`, 400, "tweet_video"},
		{`{"media_type":"text/srt","media_category":"tweet_image"}`, 400, "subtitles"},
		{`{"media_type":"image/jpeg","media_category":"subtitles"}`, 400, "dm_image"},
		{`{"media_type":"model/gltf-binary","media_category":"tweet_image"}`, 400, "leave media_category out"},
		{`{"shared":"true"}`, 400, "boolean expected"},
		{`{"additional_owners":"2244994945"}`, 400, "array expected"},
		{`{"additional_owners":[2244994945]}`, 400, "string expected"},
		{`{"additional_owners":["bird"]}`, 400, "additional_owners"},
		{`{"additional_owners":["12345678901234567890"]}`, 400, "19 digits"},
		{`{"additional_owners":[` + owners + `]}`, 400, "at most 100"},
		{`{"colour":1}`, 400, "$.colour: is not defined in the schema and the schema does not allow additional properties"},
		{`{"command":"INIT"}`, 400, "command"},
		{`{"total_bytes":1`, 400, "Request body is not valid JSON."},
		{`{"total_bytes":1} x`, 400, "not valid JSON"},
		{`total_bytes=1`, 400, "not valid JSON"},
		{`[]`, 400, "Request body must be a JSON object."},
		{`"x"`, 400, "must be a JSON object"},
		{`null`, 400, "must be a JSON object"},
		{``, 400, "not valid JSON"},
		{`{"media_type":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "1048576"},
		{strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), 400, "JSON"},
	}
	for _, row := range rows {
		c.call("POST", "/2/media/upload/initialize", row.body, "Content-Type", "application/json").refused(row.status, row.words)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; ="} {
		c.call("POST", "/2/media/upload/initialize", "{}", "Content-Type", kind).
			refused(http.StatusBadRequest, "Requests with bodies must have content-type of application/json.")
	}
}

// formRow is a hand-made multipart body with the boundary xyz.
func formRow(parts ...string) string {
	body := ""
	for i := 0; i+1 < len(parts); i += 2 {
		body += "--xyz\r\nContent-Disposition: form-data; name=\"" + parts[i] + "\"\r\n\r\n" + parts[i+1] + "\r\n"
	}
	return body + "--xyz--\r\n"
}

const (
	formKind  = "multipart/form-data; boundary=xyz"
	jsonKind  = "application/json"
	otherKind = "multipart/form-data; boundary=other"
)

// Every row is refused with words, and none of them spoils the upload.
func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-segment", "64KiB")
	c := s.client()
	file := anyBytes(2, 150_000)
	id := c.initialize(anyBytesType, "", len(file))
	path := "/2/media/upload/" + id + "/append"
	rows := []struct {
		kind, body string
		status     int
		words      string
	}{
		{formKind, formRow("segment_index", "1000", "media", "x"), 400, "SegmentIndex must be between 0 and 999."},
		{formKind, formRow("segment_index", "-1", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "-0", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "+1", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "x", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "1.0", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", "99999999999999999999", "media", "x"), 400, "between 0 and 999"},
		{formKind, formRow("segment_index", strings.Repeat("1", 70<<10), "media", "x"), 400, "segment_index"},
		{formKind, formRow("a", strings.Repeat("a", 40<<10), "b", strings.Repeat("b", 40<<10)), 400, "65536"},
		{formKind, formRow("media", "x"), 400, "segment_index"},
		{formKind, formRow("segment_index", "0"), 400, "media"},
		{formKind, formRow("segment_index", "0", "file", "x"), 400, "media"},
		{formKind, formRow("segment_index", "0", "media", "x", "media", "y"), 400, "twice"},
		{formKind, formRow("segment_index", "0", "media", "x", "segment_index", "1"), 400, "twice"},
		{formKind, formRow("segment_index", "0", "media", ""), 400, "empty"},
		{formKind, formRow(), 400, "segment_index"},
		{formKind, "", 400, "boundary"},
		{formKind, formRow("segment_index", "0", "media", strings.Repeat("x", 64<<10+1)), 413, "65536"},
		{formKind, strings.TrimSuffix(formRow("segment_index", "0", "media", "truncated"), "--xyz--\r\n"), 400, "closing boundary"},
		{formKind, strings.TrimSuffix(formRow("segment_index", "0", "media", "truncated"), "--\r\n"), 400, "closing boundary"},
		{formKind, "--xyz\r\nContent-Disposition: form-da", 400, "closing boundary"},
		{formKind, "--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n--xyz--\r\n", 400, "Content-Disposition"},
		{formKind, "--xyz\r\nno colon\r\n\r\nx\r\n--xyz--\r\n", 400, "colon"},
		{formKind, "--xyz\r\nX: " + strings.Repeat("x", 20<<10) + "\r\n\r\nx\r\n--xyz--\r\n", 400, "16384"},
		{otherKind, formRow("segment_index", "0", "media", "x"), 400, "closing boundary"},
		{"multipart/form-data", formRow("segment_index", "0", "media", "x"), 400, "boundary"},
		{"multipart/form-data; boundary=" + strings.Repeat("x", 71), formRow(), 400, "boundary"},
		{"multipart/mixed; boundary=xyz", formRow("segment_index", "0", "media", "x"), 415, "multipart/form-data, application/json or"},
		{"application/octet-stream", "x", 415, "application/octet-stream"},
		{"application/x-www-form-urlencoded", "segment_index=0&media=e", 400, "base64"},
		{"", "x", 415, "Content-Type"},
		{jsonKind, `{"segment_index":0,"media":"!!!!"}`, 400, "base64"},
		{jsonKind, `{"segment_index":0,"media":"eHh4e"}`, 400, "base64"},
		{jsonKind, `{"segment_index":0,"media":"eA==eA=="}`, 400, "base64"},
		{jsonKind, `{"segment_index":0,"media":"\u0000"}`, 400, "base64"},
		{jsonKind, `{"segment_index":0,"media":""}`, 400, "empty"},
		{jsonKind, `{"segment_index":0,"media":12}`, 400, "base64"},
		{jsonKind, `{"segment_index":0,"media":null}`, 400, "base64"},
		{jsonKind, `{"segment_index":1000,"media":"eA=="}`, 400, "between 0 and 999"},
		{jsonKind, `{"segment_index":-1,"media":"eA=="}`, 400, "between 0 and 999"},
		{jsonKind, `{"segment_index":1.5,"media":"eA=="}`, 400, "between 0 and 999"},
		{jsonKind, `{"segment_index":[0],"media":"eA=="}`, 400, "between 0 and 999"},
		{jsonKind, `{"segment_index":null,"media":"eA=="}`, 400, "between 0 and 999"},
		{jsonKind, `{"media":"eA=="}`, 400, "segment_index"},
		{jsonKind, `{"segment_index":0}`, 400, "media"},
		{jsonKind, `{"segment_index":0,"segment_index":1,"media":"eA=="}`, 400, "twice"},
		{jsonKind, `{"media":"eA==","media":"eA==","segment_index":0}`, 400, "twice"},
		{jsonKind, `{"segment_index":0,"media":"eA=="`, 400, "not valid JSON"},
		{jsonKind, `{"segment_index":0,"media":"eA==`, 400, "not valid JSON"},
		{jsonKind, `{"segment_index":0,"media":"eA=="} {}`, 400, "not valid JSON"},
		{jsonKind, `{"segment_index":zero,"media":"eA=="}`, 400, "not valid JSON"},
		{jsonKind, `["eA=="]`, 400, "JSON"},
		{jsonKind, ``, 400, "segment_index"},
		{jsonKind, `{"x":"` + strings.Repeat("x", 70<<10) + `"}`, 400, "65536"},
		{jsonKind, `{"segment_index":0,"media":"` + b64(bytes.Repeat([]byte("x"), 64<<10+1)) + `"}`, 413, "65536"},
	}
	for _, row := range rows {
		a := c.call("POST", path, row.body, "Content-Type", row.kind)
		if a.status != row.status {
			t.Logf("by %s %.200q", row.kind, row.body)
		}
		a.refused(row.status, row.words)
	}
	x := formRow("segment_index", "0", "media", "x")
	for header, value := range map[string]string{
		"Content-MD5":    "AAAAAAAAAAAAAAAAAAAAAA==",
		"Content-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:",
	} {
		c.call("POST", path, x, "Content-Type", formKind, header, value).refused(400, header, "does not match")
		c.call("POST", path, x, "Content-Type", formKind, header, "sha-256=:!:").refused(400, header, "base64")
	}
	for other, status := range map[string]int{
		"1146654567674912769": 404, "9223372036854775807": 404, "0": 400, "x": 400, "-1": 400,
		"9223372036854775808": 400, "12345678901234567890": 400, "%2e%2e": 404, "%00": 400,
	} {
		c.call("POST", "/2/media/upload/"+other+"/append", x, "Content-Type", formKind).refused(status)
		c.call("POST", "/2/media/upload/"+other+"/finalize", nil).refused(status)
	}
	stranger := c.as(s.token("7"))
	stranger.append(id, 0, []byte("x")).refused(404, id)
	stranger.finalize(id).refused(404, id)
	stranger.status(id).refused(400, "Not found")
	c.finalizesWith(id, file, 50_000)
}

// finalizesWith sends a file as it should be and checks that it comes back.
func (c client) finalizesWith(id string, file []byte, step int) {
	c.t.Helper()
	for i, piece := range slices.Collect(slices.Chunk(file, step)) {
		c.append(id, i, piece).data()
	}
	c.finalize(id).data()
	if sum(c.original(id).body) != sum(file) {
		c.t.Error("the original differs from what was sent")
	}
}

func TestAppendRefusesTooManyBytes(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-segment", "64KiB")
	c := s.client()
	file := anyBytes(2, 60_000)
	id := c.initialize(anyBytesType, "", len(file))
	c.append(id, 0, append(bytes.Clone(file), 'x')).refused(400, "total_bytes", "60000")
	c.append(id, 1, randomBytes(1, 50_000)).data()
	c.append(id, 2, randomBytes(2, 10_001)).data()
	c.append(id, 3, randomBytes(2, 60_000)).refused(413, "120000")
	c.finalize(id).refused(400, "segment 0 is missing", "60001", "60000")
	// What a session holds counts, refused segments do not.
	c.append(id, 0, file[:50_000]).data()
	c.append(id, 0, file[:9_999]).data()
	c.append(id, 0, []byte("x")).refused(413, "120000")
	s.kill()
	s.run()
	c.append(id, 0, []byte("x")).refused(413, "120000")
	c.finalize(id).refused(400, "70000", "60000")
}

func TestExpiredUpload(t *testing.T) {
	t.Parallel()
	s := start(t, "--session-lifetime", "1s", "--sweep-every", "1s")
	c := s.client()
	var ids []string
	for range 3 {
		ids = append(ids, c.begun("image/png", samplePNG()))
	}
	for _, id := range ids {
		c.hasExpired(id)
		c.append(id, 0, samplePNG()).refused(http.StatusGone, id, "expired")
		c.finalize(id).refused(http.StatusGone, id, "expired")
		c.original(id).refused(http.StatusNotFound)
	}
}
