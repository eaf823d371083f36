package xapi

import (
	"fmt"
	"net/http"
	"testing"
)

func TestV1Status(t *testing.T) {
	s := newServer(t)
	id := s.v1("?command=INIT&media_category=tweet_image", "", "").v1ID()
	pending := fmt.Sprintf(`{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"3_%[1]s","processing_info":{"state":"pending","check_after_secs":1}}`, id)
	for _, query := range []string{"command=STATUS&media_id=ID", "media_id=ID", "command=&media_id=ID", "command=STATUS&media_key=3_ID", "command=STATUS&media_id=ID&media_key=3_ID&x=y"} {
		s.call("GET", v1UploadPath+"?"+withID(query, id), nil).is(http.StatusOK, "%s", pending)
	}
	s.v1("?command=APPEND&segment_index=0&media_id="+id.String(), formKind, form("media", png()))
	s.v1("?command=FINALIZE&media_id="+id.String(), "", "")
	// X has 404 for images, and clients take that for a failure.
	s.call("GET", v1UploadPath+"?command=STATUS&media_id="+id.String(), nil).is(http.StatusOK, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"3_%[1]s",
		"size":29,"image":{"image_type":"image/png","w":64,"h":48},"processing_info":{"state":"succeeded","progress_percent":100}}`, id)

	id = s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	if _, claimed, err := s.catalog.Claim(t.Context(), id, s.clock); err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	s.call("GET", v1UploadPath+"?command=STATUS&media_id="+id.String(), nil).is(http.StatusOK, `{"media_id":%[1]s,"media_id_string":"%[1]s","media_key":"7_%[1]s",
		"size":32,"processing_info":{"state":"in_progress","check_after_secs":1,"progress_percent":0}}`, id)
}

func TestV1StatusRefuses(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_category": "tweet_image"}, png()).String()
	foreign := s.open(map[string]any{}, "Authorization", "Bearer "+s.bearer[stranger]).String()
	const sorry = "Sorry, that page does not exist: There is no upload"
	for _, c := range []struct {
		query        string
		status, code int
		words        string
	}{
		{"", 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=STATUS", 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=STATUS&id=" + id, 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=STATUS&MEDIA_ID=" + id, 400, v1NoParameter, "media_id parameter is missing."},
		{"?command=status&media_id=" + id, 400, v1BadParameter, "capitals"},
		{"?command=INIT&media_id=" + id, 400, v1BadParameter, "by POST"},
		{"?command=FINALIZE&media_id=" + id, 400, v1BadParameter, "by POST"},
		{"?command=STATUS%20&media_id=" + id, 400, v1BadParameter, "STATUS"},
		{"?command=STATUS&media_id=", 400, v1BadID, "Invalid media_id: Some()."},
		{"?command=STATUS&media_id=x", 400, v1BadID, "Invalid media_id: Some(x). It does not match the pattern"},
		{"?command=STATUS&media_id=-5", 400, v1BadID, "Invalid media_id: Some(-5)."},
		{"?command=STATUS&media_id=%2B5", 400, v1BadID, "Invalid media_id: Some(+5)."},
		{"?command=STATUS&media_id=0", 400, v1BadID, "Invalid media_id: Some(0)."},
		{"?command=STATUS&media_id=1.5e3", 400, v1BadID, "Invalid media_id"},
		{"?command=STATUS&media_id=undefined", 400, v1BadID, "Some(undefined)"},
		{"?command=STATUS&media_id=12345678901234567890", 400, v1BadID, "Invalid media_id"},
		{"?command=STATUS&media_id=9223372036854775808", 400, v1BadID, "Invalid media_id"},
		{"?command=STATUS&media_id=%00", 400, v1BadID, "Invalid media_id"},
		{"?command=STATUS&media_id=3_" + id, 400, v1BadID, "Invalid media_id"},
		{"?command=STATUS&media_id=" + id + "&media_id=5", 400, v1BadID, "Duplicate parameters"},
		{"?command=STATUS&media_key=" + id, 400, v1BadID, "of a media key"},
		{"?command=STATUS&media_key=3_5&media_id=" + id, 400, v1BadID, "is not the key of the media_id"},
		{"?command=STATUS&media_id=5", 404, v1NoPage, sorry + " 5"},
		{"?command=STATUS&media_id=" + foreign, 404, v1NoPage, sorry + " " + foreign},
		{"?command=STATUS&media_key=7_" + id, 404, v1NoPage, sorry},
		{"?command=STATUS&media_key=3_5", 404, v1NoPage, sorry},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := s.call("GET", v1UploadPath+c.query, nil)
			a.t = t
			a.refusedV1(c.status, c.code, c.words)
		})
	}
}
