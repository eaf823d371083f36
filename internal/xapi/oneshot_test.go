package xapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

func TestOneShot(t *testing.T) {
	s := newServer(t)
	b64 := base64.StdEncoding.EncodeToString([]byte(png()))
	const picture = `"media_key":"3_ID","size":29,"image":{"image_type":"image/png","w":64,"h":48}`
	for _, c := range []struct{ name, kind, body, data string }{
		{"a form", formKind, form("media", png(), "media_category", "tweet_image"), picture},
		{"media last", formKind, form("media_category", "tweet_image", "media", png()), picture},
		{"only media", formKind, form("media", png()), picture},
		{"JSON", jsonKind, `{"media":"` + b64 + `","media_category":"tweet_image"}`, picture},
		{"JSON, media last", jsonKind, `{"media_category":"dm_image","shared":true,"media":"` + b64 + `"}`, strings.Replace(picture, "3_", "1003_", 1)},
		{"with a type", formKind, form("media", png(), "media_type", "image/webp"), picture},
		{"subtitles", formKind, form("media", vtt(), "media_category", "subtitles"), `"media_key":"1020_ID","size":38`},
		{"a video", formKind, form("media", mp4(), "media_category", "tweet_video"), `"media_key":"7_ID","size":32,"processing_info":{"state":"pending","check_after_secs":1}`},
		{"empty names", formKind, form("media", png(), "media_category", "", "media_type", "", "shared", "", "additional_owners", ""), picture},
		{"nulls", jsonKind, `{"media":"` + b64 + `","media_category":null,"media_type":null,"shared":null,"additional_owners":null}`, picture},
		{"fields of other versions", formKind, form("media", png(), "attributable_user_id", "1", "x", ""), picture},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.call("POST", "/2/media/upload", c.body, "Content-Type", c.kind)
			a.t = t
			id := a.id()
			a.is(http.StatusOK, "%s", strings.ReplaceAll(`{"data":{"id":"ID",`+c.data+`}}`, "ID", id.String()))
			if len(s.content(id)) != 1 {
				t.Errorf("kept %q", s.content(id))
			}
		})
	}
}

func TestOneShotKeepsWhatWasSaid(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct{ kind, body string }{
		{formKind, form("shared", "true", "media", png(), "additional_owners", friend+", 99")},
		{formKind, form("shared", "true", "media", png(), "additional_owners", `["12","99"]`)},
		{jsonKind, fmt.Sprintf(`{"shared":true,"media":%q,"additional_owners":["12","99"]}`, base64.URLEncoding.EncodeToString([]byte(png())))},
		{jsonKind, fmt.Sprintf(`{"shared":"true","media":%q,"additional_owners":"12,99"}`, base64.RawStdEncoding.EncodeToString([]byte(png())))},
	} {
		id := s.call("POST", "/2/media/upload", c.body, "Content-Type", c.kind).id()
		m, err := s.catalog.Media(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{friend, "99"}, m.AdditionalOwners); diff != "" || !m.Shared || m.Owner != owner || m.Type != media.PNG {
			t.Errorf("%s: %+v", c.body, m)
		}
		if got := s.content(id)["000"]; got != png() {
			t.Errorf("kept %q", got)
		}
	}
}

func TestOneShotRefuses(t *testing.T) {
	s := newServer(t)
	with := func(parts ...string) string { return form(append([]string{"media", png()}, parts...)...) }
	for _, c := range []struct {
		kind, body   string
		status       int
		field, value string
		words        string
	}{
		{formKind, form(), 400, "media", "", "media parameter is missing."},
		{formKind, form("media_category", "tweet_image"), 400, "media", "", "media parameter is missing."},
		{formKind, form("file", "eA=="), 400, "media", "", "media parameter is missing."},
		{formKind, form("media", png(), "command", "UPLOAD"), 400, "$.command", "", "INIT"},
		{formKind, form("media", ""), 400, "media", "", "The file is empty."},
		{formKind, with("media_category", "tweet_film"), 400, "media_category", "tweet_film", "is not one of [amplify_video"},
		{formKind, with("media_category", "TweetPhoto"), 400, "media_category", "TweetPhoto", "is not one of"},
		{formKind, with("media_category", "amplify_video"), 400, "$.media_category", `"amplify_video"`, `does not have a value in the enumeration ["tweet_gif", "tweet_image", "tweet_video", "dm_gif", "dm_image", "dm_video", "subtitles"]`},
		{formKind, with("media_type", "image/svg+xml"), 400, "media_type", "image/svg+xml", "is not one of [video/mp4"},
		{formKind, with("media_type", "video/mp4", "media_category", "tweet_image"), 400, "media_type", "video/mp4", "can't be uploaded with media_category tweet_image"},
		{formKind, with("shared", "maybe"), 400, "$.shared", `"maybe"`, "$.shared: must be true or false"},
		{formKind, with("additional_owners", "jack"), 400, "additional_owners", "jack", "1 to 19 digits"},
		{formKind, with("additional_owners", strings.Repeat("1,", 101)), 400, "additional_owners", "", "101 users"},
		{formKind, with("media", png()), 400, "media", "", "media is there twice"},
		{formKind, with("media_category", "tweet_image", "media_category", "tweet_image"), 400, "media_category", "", "is there twice"},
		{formKind, with("media_category", strings.Repeat("x", maxFields)), 400, "media_category", "", "too long"},
		{formKind, with()[:40], 400, "body", "", "closing boundary"},
		{formKind, form("media", "hello"), 400, "media", "", "it seems to be text"},
		{formKind, form("media", png(), "media_category", "tweet_video"), 400, "media_category", "", "declared as tweet_video, but the file is image/png"},
		{formKind, form("media", png(), "media_type", "video/mp4"), 400, "media_type", "", "declared as video/mp4, but the file is image/png"},
		{formKind, form("media", strings.Repeat("x", maxSegment+1)), 413, "", "", "use initialize, append and finalize"},
		{jsonKind, `{"media_category":"tweet_image"}`, 400, "media", "", "media parameter is missing."},
		{jsonKind, `{"total_bytes":1,"media_type":"video/mp4"}`, 400, "media", "", "media parameter is missing."},
		{jsonKind, `{"media":"` + strings.Repeat("eHh4", maxSegment/3+1) + `"}`, 413, "", "", "65536"},
		{jsonKind, `{"media":"eHh4","media_category":7}`, 400, "media_category", "7", "is not one of"},
		{jsonKind, `{"media":"eHh4","shared":[]}`, 400, "$.shared", `"[]"`, "must be true or false"},
		{jsonKind, `{"media":"eHh4","additional_owners":{"a":1}}`, 400, "additional_owners", "", "1 to 19 digits"},
		{jsonKind, `{"media":"eHh4","additional_owners":[1]}`, 400, "additional_owners", "[1]", "1 to 19 digits"},
		{jsonKind, `{"media":"eHh4"`, 400, "body", "", "not valid JSON"},
		{jsonKind, ``, 400, "media", "", "media parameter is missing."},
		{"application/x-www-form-urlencoded", "media=eA", 400, "media", "", "none of the accepted types"},
		{"image/png", png(), 415, "", "", `it is "image/png"`},
	} {
		t.Run(fmt.Sprintf("%.20s %.60q", c.kind, c.body), func(t *testing.T) {
			a := s.call("POST", "/2/media/upload", c.body, "Content-Type", c.kind)
			a.t = t
			a.refused(c.status, c.words)
			if c.status == http.StatusBadRequest && c.value != "" {
				a.blames(c.field, c.value)
			}
		})
	}
	if len(s.queued) > 0 {
		t.Errorf("queued %v", s.queued)
	}
}

func TestOneShotOverAStoreThatFails(t *testing.T) {
	s := newServer(t)
	for _, op := range []blobtest.Op{blobtest.OpCreate, blobtest.OpWrite, blobtest.OpCommit} {
		s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(op, blobtest.Full())})
		s.call("POST", "/2/media/upload", form("media", png()), "Content-Type", formKind).refused(http.StatusInsufficientStorage, "no room")
		s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(op, errors.New("/dev/sdb on fire"))})
		s.log.Reset()
		a := s.call("POST", "/2/media/upload", form("media", png()), "Content-Type", formKind)
		a.refused(http.StatusInternalServerError)
		if strings.Contains(a.Body.String(), "/dev") || !strings.Contains(s.log.String(), "/dev/sdb on fire") {
			t.Errorf("%s: answered %s, logged %s", op, a.Body, &s.log)
		}
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
	s.memory.SetFaults(blobtest.Faults{})
	s.call("POST", "/2/media/upload", form("media", png()), "Content-Type", formKind).id()
}
