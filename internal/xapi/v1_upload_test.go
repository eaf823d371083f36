package xapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"magpie/internal/media"
)

// v1ID gives the id that an answer of v1.1 tells twice: as an exact number and
// as text.
func (a answer) v1ID() media.ID {
	a.t.Helper()
	var body struct {
		ID   json.Number `json:"media_id"`
		Text string      `json:"media_id_string"`
	}
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil || a.Code/100 != 2 || body.ID.String() != body.Text {
		a.t.Fatalf("status %d, %v: %s", a.Code, err, a.Body)
	}
	id, err := media.ParseID(body.Text)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

// v1 sends a POST to upload.json.
func (s *server) v1(query, kind, body string, headers ...string) answer {
	s.t.Helper()
	return s.call("POST", v1UploadPath+query, body, append([]string{"Content-Type", kind}, headers...)...)
}

func TestV1Init(t *testing.T) {
	s := newServer(t)
	const sized = "command=INIT&total_bytes=32&media_type=video%2Fmp4"
	for _, c := range []struct{ name, query, kind, body, key string }{
		{"query", "?" + sized, "", "", ""},
		{"query, and JSON without a body", "?" + sized + "&media_category=tweet_video", jsonKind, "", "7_"},
		{"a form", "", urlKind, sized + "&media_category=TweetVideo", "7_"},
		{"a form with a charset", "", urlKind + ";charset=UTF-8", sized, ""},
		{"multipart", "", formKind, form("command", "INIT", "total_bytes", "32", "media_type", "video/mp4", "media_category", "AMPLIFY_VIDEO"), "13_"},
		{"mixed", "?command=INIT&media_category=tweetgif", urlKind, "total_bytes=32&media_type=video%2Fmp4", "16_"},
		{"JSON", "", jsonKind, `{"command":"INIT","total_bytes":"32","media_type":"video/mp4","media_category":"dm_video"}`, "1007_"},
		{"what else clients send", "", urlKind, sized + "&video_duration_ms=9000.5&allow_async=true&attributable_user_id=5&enable_user_x=1&oauth_nonce=x&additional_owners=12%2C99", ""},
		{"subtitles as plain text", "?command=INIT&total_bytes=32&media_type=text/plain&media_category=Subtitles", "", "", "1020_"},
		{"subtitles as Debian has them", "?command=INIT&total_bytes=32&media_type=application/x-subrip&media_category=Subtitles", "", "", "1020_"},
		{"image/jpg", "?command=INIT&total_bytes=32&media_type=image/jpg&media_category=tweet_image", "", "", "3_"},
		{"an empty category", "", urlKind, sized + "&media_category=&shared=&additional_owners=", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.v1(c.query, c.kind, c.body)
			a.t = t
			id := a.v1ID()
			key := ""
			if c.key != "" {
				key = fmt.Sprintf(`"media_key":"%s%s",`, c.key, id)
			}
			a.is(http.StatusAccepted, `{"media_id":%[1]s,"media_id_string":"%[1]s",%s"expires_after_secs":86400}`, id, key)
		})
	}
	for _, a := range []answer{ // a list in one field, and a field for each, as some clients send it
		s.v1("?"+sized+"&additional_owners=12%2C99&shared=true", "", ""),
		s.v1("?"+sized+"&additional_owners=12&shared=true&additional_owners=99", "", ""),
		s.v1("", urlKind, sized+"&additional_owners=12&shared=true&additional_owners=99"),
		s.v1("?"+sized, formKind, form("additional_owners", "12", "shared", "true", "additional_owners", "99")),
	} {
		session, err := s.sessions.Session(t.Context(), friend, a.v1ID())
		if err != nil || !session.Shared || len(session.AdditionalOwners) != 2 || session.AdditionalOwners[1] != "99" || session.Owner != owner {
			t.Errorf("%+v, %v", session, err)
		}
	}
}

func TestV1AppendAndFinalize(t *testing.T) {
	s := newServer(t)
	file := vtt()
	b64 := base64.StdEncoding.EncodeToString([]byte(file[10:]))
	for _, c := range []struct{ name, query, kind, body string }{
		{"multipart", "", formKind, form("command", "APPEND", "media_id", "ID", "segment_index", "1", "media", file[10:])},
		{"multipart, media first", "", formKind, form("media", file[10:], "segment_index", "1", "media_id", "ID", "command", "APPEND")},
		{"query, and only the media in the body", "?command=APPEND&media_id=ID&segment_index=1", formKind, form("media", file[10:])},
		{"media_data in multipart", "?command=APPEND", formKind, form("media_id", "ID", "segment_index", "1", "media_data", b64)},
		{"media_data in a form", "", urlKind, "command=APPEND&media_id=ID&segment_index=1&media_data=" + url.QueryEscape(b64)},
		{"media_key", "?command=APPEND&media_key=1020_ID&segment_index=1", formKind, form("media", file[10:])},
		{"media_key and media_id", "?command=APPEND&media_key=1020_ID&segment_index=1&media_id=ID", formKind, form("media", file[10:])},
		{"JSON", "", jsonKind, `{"command":"APPEND","media_id":ID,"segment_index":1,"media_data":"` + b64 + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := s.v1("", urlKind, fmt.Sprintf("command=INIT&media_category=Subtitles&media_type=text/vtt&total_bytes=%d", len(file))).v1ID()
			first := s.v1("?command=APPEND&segment_index=0&media_id="+id.String(), formKind, form("media", file[:10]))
			a := s.v1(withID(c.query, id), c.kind, withID(c.body, id))
			for _, a := range []answer{first, a} {
				if a.Code != http.StatusNoContent || a.Body.Len() != 0 || a.Header().Get("Content-Type") != "" {
					t.Fatalf("status %d, %q, %v", a.Code, a.Body, a.Header())
				}
			}
			for _, body := range []string{"command=FINALIZE&media_id=ID", "command=FINALIZE&media_key=1020_ID", "command=FINALIZE&media_id=ID&allow_async=true"} { // may be asked again
				a := s.v1("", urlKind, withID(body, id))
				a.t = t
				a.is(http.StatusCreated, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"1020_%[1]s","size":%d,"expires_after_secs":86400}`, id, len(file))
			}
			if got := s.content(id); got["000"]+got["001"] != file || len(got) != 2 {
				t.Errorf("kept %q", got)
			}
		})
	}
}

// Every file of every kind, from FINALIZE to its end.
func TestV1Finalize(t *testing.T) {
	s := newServer(t)
	send := func(file string) media.ID {
		t.Helper()
		id := s.v1("?command=INIT", "", "").v1ID()
		s.v1("?command=APPEND&segment_index=0&media_id="+id.String(), formKind, form("media", file))
		return id
	}
	finalize := func(id media.ID) answer { return s.v1("?command=FINALIZE&media_id="+id.String(), "", "") }
	status := func(id media.ID) answer {
		return s.call("GET", v1UploadPath+"?command=STATUS&media_id="+id.String(), nil)
	}

	id := send(png())
	finalize(id).is(http.StatusCreated, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"3_%[1]s","size":29,"expires_after_secs":86400,
		"image":{"image_type":"image/png","w":64,"h":48}}`, id)

	id = send(mp4())
	finalize(id).is(http.StatusCreated, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"7_%[1]s","size":32,"expires_after_secs":86400,
		"processing_info":{"state":"pending","check_after_secs":1}}`, id)
	s.publish(id, movie())
	finalize(id).is(http.StatusCreated, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"7_%[1]s","size":32,"expires_after_secs":86400,
		"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":100}}`, id)
	status(id).is(http.StatusOK, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"7_%[1]s","size":32,
		"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":100}}`, id)

	id = send(gif())
	finalize(id)
	s.publish(id, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "The GIF ends too early.")})
	status(id).is(http.StatusOK, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"16_%[1]s","size":%d,
		"processing_info":{"state":"failed","progress_percent":0,"error":{"code":1,"name":"InvalidMedia","message":"The GIF ends too early."}}}`, id, len(gif()))
}

func TestV1Simple(t *testing.T) {
	s := newServer(t)
	b64 := base64.StdEncoding.EncodeToString([]byte(png()))
	picture := `"size":29,"expires_after_secs":86400,"image":{"image_type":"image/png","w":64,"h":48}`
	for _, c := range []struct{ name, query, kind, body, rest string }{
		{"media in multipart", "", formKind, form("media", png()), picture},
		{"media_data in multipart", "", formKind, form("media_data", b64), picture},
		{"media_data in a form", "", urlKind, "media_data=" + url.QueryEscape(b64), picture},
		{"media_data in a form, pluses as they are", "", urlKind, "media_data=" + strings.ReplaceAll(b64, "=", "%3D"), picture},
		{"with a category", "", formKind, form("media", png(), "media_category", "TweetImage"), `"media_key":"3_ID",` + picture},
		{"a category in the query", "?media_category=dm_image", formKind, form("media", png()), `"media_key":"1003_ID",` + picture},
		{"with owners", "", formKind, form("media", png(), "additional_owners", "12,99"), picture},
		{"with a type and more", "?allow_async=true", formKind, form("media", png(), "media_type", "image/png", "x", "y"), picture},
		{"a GIF", "", formKind, form("media", gif(), "media_category", "tweet_gif"), `"media_key":"16_ID","size":` + fmt.Sprint(len(gif())) + `,"expires_after_secs":86400,"processing_info":{"state":"pending","check_after_secs":1}`},
		{"subtitles", "", formKind, form("media", vtt(), "media_category", "SUBTITLES"), `"media_key":"1020_ID","size":38,"expires_after_secs":86400`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.v1(c.query, c.kind, c.body)
			a.t = t
			id := a.v1ID()
			a.is(http.StatusOK, "%s", strings.ReplaceAll(`{"media_id":ID,"media_id_string":"ID",`+c.rest+`}`, "ID", id.String()))
		})
	}
}

func TestV1UploadRefuses(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"media_category": "subtitles"}).String()
	foreign := s.open(map[string]any{}, "Authorization", "Bearer "+s.bearer[stranger]).String()
	one := s.open(map[string]any{"total_bytes": 9}).String()
	s.v1("?command=APPEND&segment_index=1&media_id="+one, formKind, form("media", "x"))
	text := s.opened("hello").String()
	done := s.upload(map[string]any{"media_category": "subtitles"}, vtt()).String()
	kept := len(s.kept())
	part := form("media", "x")
	for _, c := range []struct {
		query, kind, body string
		status, code      int
		words             string
	}{
		{"", "", "", 400, v1NoParameter, "media parameter is missing."},
		{"", urlKind, "total_bytes=3&media_type=image/png", 400, v1NoParameter, "media parameter is missing."},
		{"", formKind, form("file", png()), 400, v1NoParameter, "media parameter is missing."},
		{"?media=x", "", "", 400, v1NoParameter, "media parameter is missing."},
		{"", formKind, form("media", ""), 400, v1BadMedia, "empty"},
		{"", formKind, form("media", "hello"), 400, v1BadMedia, "media type unrecognized. The file is none"},
		{"", formKind, form("media_data", png()), 400, v1BadMedia, "not valid base64"},
		{"", formKind, form("media", strings.Repeat("x", maxSegment+1)), 413, v1BadMedia, "65536"},
		{"", formKind, form("media", "x", "media", "x"), 400, v1BadMedia, "is there twice"},
		{"", formKind, form("media", png(), "media_category", "photo"), 400, v1BadParameter, "media_category is not one of [amplify_video"},
		{"", formKind, form("media", png(), "media_category", "tweet_video"), 400, v1BadParameter, "the file is image/png"},
		{"", "multipart/form-data", form("media", png()), 400, v1BadParameter, "boundary"},
		{"", formKind, "--xyz\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\nx", 400, v1BadParameter, "closing boundary"},
		{"", "text/plain", "x", 415, v1BadParameter, "Content-Type"},
		{"", urlKind, "media_data=%zz", 400, v1BadParameter, "hexadecimal"},
		{"", jsonKind, "[]", 400, v1BadParameter, "JSON"},
		{"?command=init", "", "", 400, v1BadParameter, "capitals"},
		{"?command=INIT&command=APPEND", "", "", 400, v1BadParameter, "Duplicate parameters are not allowed: the `command`"},
		{"?command=INIT&x=%zz", "", "", 400, v1BadParameter, "query string cannot be read"},
		{"", urlKind, "command=INIT&command=INIT", 400, v1BadParameter, "command is there twice"},
		{"?command=Append&media_id=" + id, formKind, part, 400, v1BadParameter, "capitals"},
		{"?command=STATUS&media_id=" + id, "", "", 400, v1NoParameter, "media parameter is missing. STATUS is asked for by GET."},
		{"?command=INIT&total_bytes=x", "", "", 400, v1BadParameter, "total_bytes: must be from 0"},
		{"?command=INIT&total_bytes=-1", "", "", 400, v1BadParameter, "total_bytes: must be from 0"},
		{"?command=INIT&total_bytes=17179869185", "", "", 400, v1BadParameter, "17179869184"},
		{"?command=INIT&media_type=video/avi", "", "", 400, v1BadMedia, "media type unrecognized. media_type: is not one of [video/mp4"},
		{"?command=INIT&media_type=text/plain", "", "", 400, v1BadMedia, "media type unrecognized. media_type: is not one of [video/mp4"},
		{"?command=INIT&media_type=image/png&media_category=tweet_video", "", "", 400, v1BadParameter, "it goes with tweet_image"},
		{"?command=INIT&media_category=tweet", "", "", 400, v1BadParameter, "media_category"},
		{"?command=INIT&additional_owners=me", "", "", 400, v1BadParameter, "additional_owners"},
		{"?command=INIT&shared=maybe", "", "", 400, v1BadParameter, "shared: must be true or false"},
		{"?command=APPEND&segment_index=0", formKind, part, 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=APPEND&segment_index=0&media_id=", formKind, part, 400, v1BadID, "Invalid media_id: Some()."},
		{"?command=APPEND&segment_index=0&media_id=x", formKind, part, 400, v1BadID, "Invalid media_id: Some(x)."},
		{"?command=APPEND&segment_index=0&media_id=5", formKind, part, 400, v1BadID, "Invalid media_id: Some(5). There is no upload 5"},
		{"?command=APPEND&segment_index=0&media_id=" + foreign, formKind, part, 400, v1BadID, "Invalid media_id: Some(" + foreign + ")"},
		{"?command=APPEND&segment_index=0&media_key=" + id, formKind, part, 400, v1BadID, "of a media key"},
		{"?command=APPEND&segment_index=0&media_key=7_" + id, formKind, part, 400, v1BadID, "There is no upload"},
		{"?command=APPEND&segment_index=0&media_key=1020_5&media_id=" + id, formKind, part, 400, v1BadID, "is not the key of the media_id " + id},
		{"?command=APPEND&media_id=" + id, formKind, part, 400, v1NoParameter, "segment_index parameter is missing."},
		{"?command=APPEND&media_id=" + id + "&segment_index=1000", formKind, part, 400, v1BadParameter, "SegmentIndex must be between 0 and 999."},
		{"?command=APPEND&media_id=" + id + "&segment_index=-1", formKind, part, 400, v1BadParameter, "SegmentIndex must be between 0 and 999."},
		{"?command=APPEND&media_id=" + id + "&segment_index=1.0", formKind, part, 400, v1BadParameter, "SegmentIndex must be between 0 and 999."},
		{"?command=APPEND&segment_index=0&media_id=" + id, "", "", 400, v1NoParameter, "media parameter is missing."},
		{"?command=APPEND&segment_index=0&media_id=" + id, formKind, form("media", ""), 400, v1BadMedia, "empty"},
		{"?command=APPEND&segment_index=0&media_id=" + id, formKind, form("media", strings.Repeat("x", maxSegment+1)), 413, v1BadMedia, "65536"},
		{"?command=APPEND&segment_index=3&media_id=" + done, formKind, part, 400, v1BadMedia, "is finalized"},
		{"?command=FINALIZE", "", "", 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=FINALIZE&media_id=99999999999999999999", "", "", 400, v1BadID, "Invalid media_id: Some(99999999999999999999)."},
		{"?command=FINALIZE&media_id=5", "", "", 400, v1BadID, "Invalid media_id: Some(5)."},
		{"?command=FINALIZE&media_id=" + id, "", "", 400, v1BadMedia, "no segment has arrived"},
		{"?command=FINALIZE&media_id=" + one, "", "", 400, v1BadParameter, "Segments do not add up to provided total file size. Here segment 0 is missing; 1 bytes"},
		{"?command=FINALIZE&media_id=" + text, "", "", 400, v1BadMedia, "media type unrecognized."},
	} {
		t.Run(c.query+" "+c.body[:min(len(c.body), 40)], func(t *testing.T) {
			a := s.v1(c.query, c.kind, c.body)
			a.t = t
			a.refusedV1(c.status, c.code, c.words)
			if !strings.Contains(a.Body.String(), `"request":"/1.1/media/upload.json"`) {
				t.Errorf("only one shape: %s", a.Body)
			}
		})
	}
	if now := len(s.kept()); now != kept {
		t.Errorf("kept %d blobs more", now-kept)
	}
}

// An upload that expired is, to v1.1, none.
func TestV1Expired(t *testing.T) {
	s := newServer(t)
	id := s.v1("?command=INIT", "", "").v1ID().String()
	s.clock = s.clock.Add(25 * 60 * 60 * 1e9)
	s.v1("?command=APPEND&segment_index=0&media_id="+id, formKind, form("media", "x")).refusedV1(400, v1BadID, "Invalid media_id: Some("+id+").", "expired")
	s.v1("?command=FINALIZE&media_id="+id, "", "").refusedV1(400, v1BadID, "expired")
	s.call("GET", v1UploadPath+"?command=STATUS&media_id="+id, nil).refusedV1(404, v1NoPage, "Sorry, that page does not exist", "expired")
	s.call("GET", v1UploadPath+"?command=STATUS&media_key=7_"+id, nil).refusedV1(404, v1NoPage, "Sorry, that page does not exist")
}
