package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const v1MetadataPath = "/1.1/media/metadata/create.json"

func TestV1Metadata(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{}, png())
	for _, c := range []struct{ kind, body, all string }{
		{jsonKind, `{"media_id":"ID","alt_text":{"text":"a magpie"}}`, `{"alt_text":{"text":"a magpie"}}`},
		{"application/json;charset=UTF-8", `{"media_id":ID,"alt_text":{"text":"ein Vögelchen"}}`, `{"alt_text":{"text":"ein Vögelchen"}}`},
		{"text/plain", ` {"alt_text":{"text":"plain"},"media_id":"ID"} `, `{"alt_text":{"text":"plain"}}`},
		{"text/plain; charset=utf-8", `{"media_id":"ID","upload_source":{"text":"gallery"}}`, `{"alt_text":{"text":"plain"},"upload_source":{"upload_source":"gallery"}}`},
		{"", `{"media_id":"ID","found_media_origin":{"provider":"giphy","id":"12345"}}`, `{"alt_text":{"text":"plain"},"upload_source":{"upload_source":"gallery"},"found_media_origin":{"provider":"giphy","id":"12345"}}`},
		{jsonKind, `{"media_id":"ID"}`, `{"alt_text":{"text":"plain"},"upload_source":{"upload_source":"gallery"},"found_media_origin":{"provider":"giphy","id":"12345"}}`},
		{jsonKind, `{"media_id":"ID","upload_source":null,"found_media_origin":null,"alt_text":{"text":"` + strings.Repeat("ö", 1000) + `"}}`, `{"alt_text":{"text":"` + strings.Repeat("ö", 1000) + `"}}`},
	} {
		a := s.call("POST", v1MetadataPath, withID(c.body, id), "Content-Type", c.kind)
		if a.Code != http.StatusOK || a.Body.Len() != 0 || a.Header().Get("Content-Length") != "0" || a.Header().Get("Content-Type") != "" {
			t.Errorf("%s: status %d, %q, %v", c.body, a.Code, a.Body, a.Header())
		}
		s.note(id, `{}`).is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":%s}}`, id, c.all)
	}

	// An upload that is not finalized yet has metadata, too.
	fresh := s.v1("?command=INIT", "", "").v1ID()
	if a := s.call("POST", v1MetadataPath, fmt.Sprintf(`{"media_id":"%s","alt_text":{"text":"early"}}`, fresh), "Content-Type", jsonKind); a.Code != http.StatusOK {
		t.Errorf("status %d: %s", a.Code, a.Body)
	}
}

func TestV1MetadataRefuses(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"additional_owners": []string{friend}}, png())
	const alt = `"alt_text":{"text":"a"}`
	for _, c := range []struct {
		body         string
		status, code int
		words        string
	}{
		{``, 400, v1BadParameter, "not valid JSON"},
		{`{`, 400, v1BadParameter, "not valid JSON"},
		{`[]`, 400, v1BadParameter, "must be a JSON object"},
		{`null`, 400, v1BadParameter, "must be a JSON object"},
		{`"ID"`, 400, v1BadParameter, "must be a JSON object"},
		{`media_id=ID`, 400, v1BadParameter, "not valid JSON"},
		{`{"media_id":"ID","media_id":"ID"}`, 400, v1BadID, "twice"},
		{`{"media_id":"` + "\xff" + `"}`, 400, v1BadParameter, "UTF-8"},
		{`{}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{` + alt + `}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{"id":"ID",` + alt + `}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{"media_id":null}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{"media_id":""}`, 400, v1BadID, "Invalid media_id: Some()."},
		{`{"media_id":"x"}`, 400, v1BadID, "Invalid media_id: Some(x)."},
		{`{"media_id":[ID]}`, 400, v1BadID, "exact number"},
		{`{"media_id":true}`, 400, v1BadID, "Some(true)"},
		{`{"media_id":1.9e18}`, 400, v1BadID, "exact number"},
		{`{"media_id":ID.0}`, 400, v1BadID, "exact number"},
		{`{"media_id":-ID}`, 400, v1BadID, "exact number"},
		{`{"media_id":99999999999999999999}`, 400, v1BadID, "exact number"},
		{`{"media_id":"5",` + alt + `}`, 404, v1NoPage, "There is no upload 5"},
		{`{"media_id":ID,"alt_text":"a"}`, 400, v1BadParameter, "alt_text: string found, object expected"},
		{`{"media_id":ID,"alt_text":{}}`, 400, v1BadParameter, "alt_text.text"},
		{`{"media_id":ID,"alt_text":{"text":5}}`, 400, v1BadParameter, "alt_text.text: integer found, string expected"},
		{`{"media_id":ID,"alt_text":{"text":"` + strings.Repeat("ö", 1001) + `"}}`, 400, v1BadParameter, "1000"},
		{`{"media_id":ID,"alt_text":{"text":"a","lang":"en"}}`, 400, v1BadParameter, "alt_text.lang"},
		{`{"media_id":ID,"alttext":{"text":"a"}}`, 400, v1BadParameter, "the groups are [allow_download_status, alt_text"},
		{`{"media_id":ID,"metadata":{"alt_text":{"text":"a"}}}`, 400, v1BadParameter, "the groups are"},
		{`{"media_id":ID,"preview_image":{"media_key":{"media":"5"}}}`, 400, v1BadParameter, "preview_image.media_key.media: must be the id of an image"},
		{`{"media_id":ID,"sticker_info":{"stickers":{}}}`, 400, v1BadParameter, "sticker_info.stickers"},
		{`{"media_id":ID,"x":"` + strings.Repeat("x", maxObject) + `"}`, 413, v1BadMedia, "1048576"},
	} {
		t.Run(c.body[:min(len(c.body), 50)], func(t *testing.T) {
			a := s.call("POST", v1MetadataPath, withID(c.body, id), "Content-Type", jsonKind)
			a.t = t
			a.refusedV1(c.status, c.code, c.words)
		})
	}
	body := withID(`{"media_id":ID,`+alt+`}`, id)
	for _, kind := range []string{urlKind, formKind, "text/html", "application/xml", "/"} {
		s.call("POST", v1MetadataPath, body, "Content-Type", kind).refusedV1(400, v1BadParameter, "application/json")
	}
	name, bearer := s.as(stranger)
	s.call("POST", v1MetadataPath, body, "Content-Type", jsonKind, name, bearer).refusedV1(404, v1NoPage, "There is no upload")
	name, bearer = s.as(friend)
	s.call("POST", v1MetadataPath, body, "Content-Type", jsonKind, name, bearer).refusedV1(403, v1NotAllowed, "Only the owner")
	s.note(id, `{}`).is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":{}}}`, id)
}
