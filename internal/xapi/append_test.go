package xapi

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/media"
	"magpie/internal/upload"
)

// content reads the blobs of a session, in the order of their names.
func (s *server) content(id media.ID) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for info, err := range s.blobs.List(s.t.Context(), "segments/"+id.String()+"/") {
		if err != nil {
			s.t.Fatal(err)
		}
		b, err := upload.SegmentBlob(info)
		if err != nil {
			s.t.Fatal(err)
		}
		data, err := io.ReadAll(s.blobs.Open(s.t.Context(), media.Manifest{b}, 0, b.Size))
		if err != nil {
			s.t.Fatal(err)
		}
		name := info.Key[strings.LastIndexByte(info.Key, '/')+1:]
		out[name[:3]] = string(data)
	}
	return out
}

func TestAppend(t *testing.T) {
	s := newServer(t)
	binary := "\x00\xff\r\n--xy\r\n-xyz\r\n\x00\xfb\xef"
	b64 := base64.StdEncoding.EncodeToString([]byte(binary))
	for _, c := range []struct{ name, kind, body, index, data string }{
		{"a form", formKind, form("segment_index", "0", "media", binary), "000", binary},
		{"a form, media first", formKind, form("media", binary, "segment_index", "7"), "007", binary},
		{"a form with zeros", formKind, form("segment_index", "012", "media", binary), "012", binary},
		{"other fields", formKind, form("command", "APPEND", "segment_index", "999", "media_id", "x", "media", "x"), "999", "x"},
		{"a file part", formKind, "--xyz\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a\\\"b.mp4\"\r\nContent-Type: video/mp4\r\n\r\nx\r\n" + form("segment_index", "3"), "003", "x"},
		{"a part in base64", formKind, "--xyz\r\nContent-Disposition: form-data; name=media\r\nContent-Transfer-Encoding: BASE64\r\n\r\n" + b64 + "\r\n" + form("segment_index", "4"), "004", binary},
		{"a part that says it is binary", formKind, "--xyz\r\nContent-Disposition: form-data; name=media\r\nContent-Transfer-Encoding: binary\r\n\r\n" + binary + "\r\n" + form("segment_index", "4"), "004", binary},
		{"a preamble and an epilogue", formKind, "hello\r\n" + form("segment_index", "5", "media", "x") + "bye", "005", "x"},
		{"a quoted boundary", `Multipart/Form-Data; charset=utf-8; boundary="xyz"`, form("segment_index", "6", "media", "x"), "006", "x"},
		{"JSON", jsonKind, `{"segment_index":8,"media":"` + b64 + `"}`, "008", binary},
		{"JSON, index as text", "application/json; charset=utf-8", `{"media":"` + b64 + `","segment_index":"9"}`, "009", binary},
		{"JSON, other members", jsonKind, `{"media_id":123,"x":{"media":[1,"}"]},"segment_index":10,"media":"` + b64 + `"}`, "010", binary},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := s.open(map[string]any{})
			a := s.call("POST", at(id, "append"), iotest.HalfReader(strings.NewReader(c.body)), "Content-Type", c.kind)
			a.t = t
			a.is(http.StatusOK, `{"data":{"expires_at":%d}}`, s.clock.Add(24*time.Hour).Unix())
			if got := s.content(id); len(got) != 1 || got[c.index] != c.data {
				t.Errorf("kept %q, want %q at %s", got, c.data, c.index)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"total_bytes": maxSegment})
	const range_ = "SegmentIndex must be between 0 and 999."
	long := strings.Repeat("x", maxFields)
	for _, c := range []struct {
		kind, body   string
		status       int
		field, value string
		words        string
	}{
		{formKind, form("segment_index", "1000", "media", "x"), 400, "segment_index", "1000", range_},
		{formKind, form("segment_index", "-1", "media", "x"), 400, "segment_index", "-1", range_},
		{formKind, form("segment_index", "+1", "media", "x"), 400, "segment_index", "+1", range_},
		{formKind, form("segment_index", " 1", "media", "x"), 400, "segment_index", " 1", range_},
		{formKind, form("segment_index", "0001", "media", "x"), 400, "segment_index", "0001", range_},
		{formKind, form("segment_index", "", "media", "x"), 400, "segment_index", "", range_},
		{formKind, form("segment_index", "1e1", "media", "x"), 400, "segment_index", "1e1", range_},
		{formKind, form("media", "x"), 400, "$.segment_index", "", "$.segment_index: is missing but it is required"},
		{formKind, form("segment_index", "0"), 400, "$.media", "", "$.media: is missing but it is required"},
		{formKind, form("segment_index", "0", "file", "x"), 400, "$.media", "", "is missing"},
		{formKind, form("segment_index", "0", "media", ""), 400, "media", "", "The segment is empty"},
		{formKind, form("segment_index", "0", "media", "x", "media", "y"), 400, "media", "", "media is there twice"},
		{formKind, form("segment_index", "0", "segment_index", "0", "media", "x"), 400, "segment_index", "", "segment_index is there twice"},
		{formKind, form("segment_index", "0", "note", long, "media", "x"), 400, "note", "", "is too long"},
		{formKind, form("a", long[:40<<10], "b", long[:40<<10], "media", "x"), 400, "b", "", "65536 bytes in all"},
		{formKind, form(), 400, "$.segment_index", "", "is missing"},
		{formKind, "", 400, "body", "", "ends before its closing boundary"},
		{formKind, form("segment_index", "0", "media", "x")[:60], 400, "body", "", "ends before its closing boundary"},
		{formKind, strings.TrimSuffix(form("segment_index", "0", "media", "x"), "--\r\n"), 400, "body", "", "closing boundary"},
		{formKind, "--xyz\r\nContent-Disposition: form-data; name=media\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx\r\n--xyz--", 400, "media", "", "quoted-printable"},
		{formKind, "--xyz\r\nContent-Disposition: form-data; name=media\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--xyz--", 400, "media", "", "not valid base64"},
		{"multipart/form-data", form("segment_index", "0", "media", "x"), 400, "Content-Type", "", "boundary of 1 to 70"},
		{"multipart/form-data; boundary=abc", form("segment_index", "0", "media", "x"), 400, "body", "", "closing boundary"},
		{"multipart/mixed; boundary=xyz", form("segment_index", "0", "media", "x"), 415, "", "", `it is "multipart/mixed; boundary=xyz"`},
		{"application/octet-stream", "x", 415, "", "", "multipart/form-data, application/json or"},
		{"application/x-www-form-urlencoded", "segment_index=0&media=%zz", 400, "body", "", "hexadecimal"},
		{"application/x-www-form-urlencoded", "segment_index=0&media=e", 400, "media", "", "base64"},
		{"", "x", 415, "", "", `it is ""`},
		{jsonKind, `{"segment_index":0,"media":"*"}`, 400, "media", "", "media is not valid base64"},
		{jsonKind, `{"segment_index":0,"media":"e"}`, 400, "media", "", "not valid base64"},
		{jsonKind, `{"segment_index":0,"media":"eA==eA=="}`, 400, "media", "", "data follows the padding"},
		{jsonKind, `{"segment_index":0,"media":1}`, 400, "media", "", "media must be a string of base64"},
		{jsonKind, `{"segment_index":0,"media":""}`, 400, "media", "", "empty"},
		{jsonKind, `{"segment_index":1000,"media":"eA=="}`, 400, "segment_index", "1000", range_},
		{jsonKind, `{"segment_index":0.5,"media":"eA=="}`, 400, "segment_index", "0.5", range_},
		{jsonKind, `{"segment_index":null,"media":"eA=="}`, 400, "segment_index", "", range_},
		{jsonKind, `{"segment_index":[0],"media":"eA=="}`, 400, "segment_index", "[0]", range_},
		{jsonKind, `{"media":"eA=="}`, 400, "$.segment_index", "", "is missing"},
		{jsonKind, `{"segment_index":0}`, 400, "$.media", "", "is missing"},
		{jsonKind, `{"segment_index":0,"segment_index":0,"media":"eA=="}`, 400, "segment_index", "", "is there twice"},
		{jsonKind, `{"media":"eA==","segment_index":0,"media":"eA=="}`, 400, "media", "", "is there twice"},
		{jsonKind, `{"media":"eA==","segment_index":0`, 400, "body", "", "Request body is not valid JSON."},
		{jsonKind, `{"media":"eA==","segment_index":0}x`, 400, "body", "", "Request body is not valid JSON."},
		{jsonKind, `{"media":"eA==","segment_index":0,"x":"` + long + `"}`, 400, "body", "", "65536 bytes in all"},
		{jsonKind, `{"` + long + `x":1}`, 400, "body", "", "too long"},
		{jsonKind, `[]`, 400, "body", "", "Request body is not valid JSON."},
		{formKind, form("segment_index", "0", "media", strings.Repeat("x", maxSegment+1)), 413, "", "", "more than 65536 bytes, the most that one may have"},
		{jsonKind, `{"segment_index":0,"media":"` + strings.Repeat("eHh4", maxSegment/3+1) + `"}`, 413, "", "", "65536"},
	} {
		t.Run(fmt.Sprintf("%.20s %.40q", c.kind, c.body), func(t *testing.T) {
			a := s.call("POST", at(id, "append"), c.body, "Content-Type", c.kind)
			a.t = t
			a.refused(c.status, c.words)
			if c.status == http.StatusBadRequest {
				a.blames(c.field, c.value)
			}
		})
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
	// Nothing of what was refused counts against what a session may hold.
	for range 2 {
		s.send(id, 0, strings.Repeat("x", maxSegment)).is(http.StatusOK, `{"data":{"expires_at":%d}}`, s.clock.Add(24*time.Hour).Unix())
	}
}

func TestAppendRefusesWhatTheSessionDoesNotTake(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"total_bytes": 4, "additional_owners": []string{friend}})
	for name, status := range map[string]int{
		"1": 404, "9223372036854775807": 404, "0": 400, "-1": 400, "x": 400, "9223372036854775808": 400, "12345678901234567890": 400, "%20": 400,
	} {
		a := s.call("POST", "/2/media/upload/"+name+"/append", form("segment_index", "0", "media", "x"), "Content-Type", formKind)
		a.refused(status)
		if status == http.StatusNotFound {
			a.refused(status, "There is no upload "+name+" here that this user may use.")
		}
	}
	who, token := s.as(stranger)
	s.send(id, 0, "x", who, token).refused(http.StatusNotFound, "There is no upload "+id.String()+" here")
	s.send(id, 0, "12345").refused(http.StatusBadRequest, "more bytes than the total_bytes of 4")
	s.send(id, 0, "1234").is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
	who, token = s.as(friend)
	s.send(id, 0, "1234", who, token).is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
	s.send(id, 0, "abcd").is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
	s.send(id, 0, "1").refused(http.StatusRequestEntityTooLarge, "holds 8 bytes in all its segments")
}

func TestAppendWhileTheSessionEnds(t *testing.T) {
	s := newServer(t)
	const fine = `{"data":{"expires_at":1795341600}}`
	id := s.open(map[string]any{"media_type": "image/png"})
	s.send(id, 0, png()).is(http.StatusOK, fine)
	if _, took, err := s.catalog.BeginClosing(t.Context(), id, "another", s.clock, s.clock.Add(-time.Minute)); err != nil || !took {
		t.Fatal(took, err)
	}
	a := s.send(id, 0, png())
	a.refused(http.StatusServiceUnavailable, "being finalized", "send segment 0 again")
	if got := a.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	if _, err := s.catalog.Reopen(t.Context(), id, "another"); err != nil {
		t.Fatal(err)
	}
	s.finalize(id).id()

	// A segment that was sent again although it had arrived is in the media.
	s.send(id, 0, png()).is(http.StatusOK, fine)
	s.send(id, 0, png()+"x").refused(http.StatusBadRequest, "is finalized; no other segment")
	s.send(id, 1, png()).refused(http.StatusBadRequest, "is finalized")

	id = s.open(map[string]any{})
	s.clock = s.clock.Add(24 * time.Hour)
	s.send(id, 0, "x").refused(http.StatusGone, "The upload "+id.String()+" expired at 2026-11-22T10:00:00Z; initialize a new one.")
	if done, err := s.sessions.Sweep(t.Context()); err != nil || done.SessionsExpired != 1 {
		t.Fatal(done, err)
	}
	s.send(id, 0, "x").refused(http.StatusGone, "expired at")
}

// What can't be a segment in any way of writing is refused before its bytes.
func TestAppendThatAnnouncesTooMuch(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	for _, path := range []string{at(id, "append"), "/2/media/upload"} {
		r := s.request("POST", path, form("segment_index", "0", "media", png()), "Content-Type", formKind)
		r.ContentLength = 1 << 40
		s.serve(r).refused(http.StatusRequestEntityTooLarge, "announces 1099511627776 bytes", "at most 65536")
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
}
