package e2e

import (
	"strings"
	"testing"
)

// The bad requests of the newer append are those of TestAppendRefuses and, as
// they are named in the answer, these.
func TestBadAppend(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-segment", "64KiB")
	c := s.client()
	file := anyBytes(3, 1000)
	id := c.initialize(anyBytesType, "", len(file))
	free := c.initialize(anyBytesType, "", -1)
	theirs := c.as(s.token("7")).initialize(anyBytesType, "", 10)
	path := "/2/media/upload/" + id + "/append"
	const index = "SegmentIndex must be between 0 and 999."
	part := func(head string) string {
		return "--xyz\r\n" + head + "\r\n\r\nx\r\n--xyz\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n0\r\n--xyz--\r\n"
	}
	many := make([]string, 0, 20_000)
	for range 10_000 {
		many = append(many, "a", "b")
	}
	c.allRefused("POST", path, []bad{
		{name: "index above", kind: formKind, body: formRow("segment_index", "1000", "media", "x"), field: "segment_index", words: index},
		{name: "index below", kind: formKind, body: formRow("segment_index", "-1", "media", "x"), field: "segment_index", words: index},
		{name: "index with plus", kind: formKind, body: formRow("segment_index", "+1", "media", "x"), field: "segment_index", words: index},
		{name: "index with a blank", kind: formKind, body: formRow("segment_index", " 1", "media", "x"), field: "segment_index", words: index},
		{name: "index with a line end", kind: formKind, body: formRow("segment_index", "1\n", "media", "x"), field: "segment_index", words: index},
		{name: "index with NUL", kind: formKind, body: formRow("segment_index", "1\x00", "media", "x"), field: "segment_index", words: index},
		{name: "index in hexadecimal", kind: formKind, body: formRow("segment_index", "0x1", "media", "x"), field: "segment_index", words: index},
		{name: "index with an underscore", kind: formKind, body: formRow("segment_index", "1_0", "media", "x"), field: "segment_index", words: index},
		{name: "index in four digits", kind: formKind, body: formRow("segment_index", "0001", "media", "x"), field: "segment_index", words: index},
		{name: "index in other digits", kind: formKind, body: formRow("segment_index", "१", "media", "x"), field: "segment_index", words: index},
		{name: "index NaN", kind: formKind, body: formRow("segment_index", "NaN", "media", "x"), field: "segment_index", words: index},
		{name: "index empty", kind: formKind, body: formRow("segment_index", "", "media", "x"), field: "segment_index", words: index},
		{name: "index broken", body: `{"media":"eA==","segment_index":0.5}`, field: "segment_index", words: index},
		{name: "index with an exponent", body: `{"media":"eA==","segment_index":1e1}`, field: "segment_index", words: index},
		{name: "index huge", body: `{"media":"eA==","segment_index":1e400}`, field: "segment_index", words: index},
		{name: "index is an object", body: `{"media":"eA==","segment_index":{}}`, field: "segment_index", words: index},
		{name: "index is true", body: `{"media":"eA==","segment_index":true}`, field: "segment_index", words: index},
		{name: "no index", kind: formKind, body: formRow("media", "x"), field: "$.segment_index", words: "is missing but it is required"},
		{name: "index only in the query", query: "segment_index=0", kind: formKind, body: formRow("media", "x"), field: "$.segment_index", words: "is missing but it is required"},
		{name: "no media", kind: formKind, body: formRow("segment_index", "0"), field: "$.media", words: "is missing but it is required"},
		{name: "Media", kind: formKind, body: formRow("segment_index", "0", "Media", "x"), field: "$.media", words: "is missing but it is required"},
		{name: "media twice", kind: formKind, body: formRow("media", "x", "segment_index", "0", "media", "x"), field: "media", words: "twice"},
		{name: "media in two ways", kind: formKind, body: formRow("media", "x", "segment_index", "0", "media_data", "eA=="), field: "media_data", words: "twice"},
		{name: "media empty", kind: formKind, body: formRow("media", "", "segment_index", "0"), field: "media", words: "empty"},
		{name: "media a list", body: `{"media":["eA=="],"segment_index":0}`, field: "media", words: "base64"},
		{name: "media an object", body: `{"media":{"$":"eA=="},"segment_index":0}`, field: "media", words: "base64"},
		{name: "media a number", body: `{"media":1,"segment_index":0}`, field: "media", words: "base64"},
		{name: "media no base64", body: `{"media":"e A*=","segment_index":0}`, field: "media", words: "base64"},
		{name: "media_data no base64", kind: formKind, body: formRow("segment_index", "0", "media_data", "\x00\x01\x02\x03"), field: "media_data", words: "base64"},
		{name: "media far more than declared", kind: formKind, body: formRow("segment_index", "0", "media", strings.Repeat("x", 64<<10+1)), field: "media", words: "1000"},
		{name: "more than declared", kind: formKind, body: formRow("segment_index", "0", "media", strings.Repeat("x", 1001)), field: "media", words: "total_bytes of 1000"},
		{name: "an index twice", kind: formKind, body: formRow("segment_index", "0", "segment_index", "0", "media", "x"), field: "segment_index", words: "twice"},
		{name: "10,000 fields", kind: formKind, body: formRow(many...), field: "a", words: "twice"},
		{name: "a huge field", kind: formKind, body: formRow("a", strings.Repeat("a", 100_000), "segment_index", "0", "media", "x"), field: "a", words: "65536"},
		{name: "a huge name", kind: formKind, body: formRow(strings.Repeat("a", 10_000), "1", "segment_index", "1000", "media", "x"), field: "segment_index", words: index},
		{name: "no boundary", kind: "multipart/form-data", body: formRow("segment_index", "0", "media", "x"), field: "Content-Type", words: "boundary"},
		{name: "boundary too long", kind: "multipart/form-data; boundary=" + strings.Repeat("x", 71), body: formRow("media", "x"), field: "Content-Type", words: "boundary"},
		{name: "boundary of others", kind: otherKind, body: formRow("segment_index", "0", "media", "x"), field: "body", words: "closing boundary"},
		{name: "no closing boundary", kind: formKind, body: strings.TrimSuffix(formRow("segment_index", "0", "media", "x"), "--xyz--\r\n"), field: "body", words: "closing boundary"},
		{name: "only line feeds", kind: formKind, body: strings.ReplaceAll(formRow("segment_index", "0", "media", "x"), "\r", ""), field: "body"},
		{name: "no disposition", kind: formKind, body: part("X-Y: z"), field: "body", words: "Content-Disposition"},
		{name: "a file without a name", kind: formKind, body: part("Content-Disposition: attachment; filename=x"), field: "body", words: "Content-Disposition"},
		{name: "a header too long", kind: formKind, body: part("Content-Disposition: form-data; name=\"media\"\r\nX: " + strings.Repeat("x", 20_000)), field: "body", words: "16384"},
		{name: "2,000 headers", kind: formKind, body: part("Content-Disposition: form-data; name=\"media\"" + strings.Repeat("\r\nX: y", 5000)), field: "body", words: "16384"},
		{name: "a header without colon", kind: formKind, body: part("Content-Disposition form-data"), field: "body", words: "colon"},
		{name: "another transfer encoding", kind: formKind, body: part("Content-Disposition: form-data; name=\"media\"\r\nContent-Transfer-Encoding: x-uuencode"), field: "media", words: "Content-Transfer-Encoding"},
		{name: "a form", kind: "application/x-www-form-urlencoded", body: "segment_index=0&media=%zz", field: "body", words: "hexadecimal"},
		{name: "bytes as they are", kind: "application/octet-stream", body: "x", status: 415, words: "multipart/form-data"},
		{name: "mixed", kind: "multipart/mixed; boundary=xyz", body: formRow("segment_index", "0", "media", "x"), status: 415, words: "multipart/form-data"},
		{name: "too large", path: "/2/media/upload/" + free + "/append", kind: formKind, body: formRow("segment_index", "0", "media", strings.Repeat("x", 64<<10+1)), status: 413, words: "65536"},
		{name: "too large as JSON", path: "/2/media/upload/" + free + "/append", body: `{"segment_index":0,"media":"` + b64(make([]byte, 64<<10+1)) + `"}`, status: 413, words: "65536"},
		{name: "compressed", kind: formKind, body: formRow("segment_index", "0", "media", "x"), headers: []string{"Content-Encoding", "br"}, status: 415, words: "send the body as it is"},
		{name: "another MD5", kind: formKind, body: formRow("segment_index", "0", "media", "x"), headers: []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, field: "Content-MD5", words: "does not match"},
		{name: "another digest", kind: formKind, body: formRow("segment_index", "0", "media", "x"), headers: []string{"Content-Digest", "sha-512=:AAAA:"}, field: "Content-Digest"},
		{name: "unknown id", path: "/2/media/upload/1146654567674912769/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), status: 404, words: "1146654567674912769"},
		{name: "another's id", path: "/2/media/upload/" + theirs + "/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), status: 404, words: theirs},
		{name: "id 0", path: "/2/media/upload/0/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "positive"},
		{name: "id with minus", path: "/2/media/upload/-1/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id with plus", path: "/2/media/upload/+1/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id with a blank", path: "/2/media/upload/%201/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id with NUL", path: "/2/media/upload/1%00/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id with a slash", path: "/2/media/upload/1%2F2/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id of 20 digits", path: "/2/media/upload/12345678901234567890/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id of 2^63", path: "/2/media/upload/9223372036854775808/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "63 bits"},
		{name: "a key for an id", path: "/2/media/upload/3_1/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
		{name: "id of 5,000 digits", path: "/2/media/upload/" + strings.Repeat("1", 5000) + "/append", kind: formKind, body: formRow("segment_index", "0", "media", "x"), field: "id", words: "19 digits"},
	})
	c.finalizesWith(id, file, 300)
	c.append(id, 9, []byte("x")).isProblem(400, "id", "is finalized")
}
