package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

func TestFinalize(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		name, request, file string
		data                string // but for id and size
		queued              bool
	}{
		{"an image", `{"media_category":"tweet_image"}`, png(), `"media_key":"3_ID","image":{"image_type":"image/png","w":64,"h":48}`, false},
		{"an image that nobody named", `{}`, png(), `"media_key":"3_ID","image":{"image_type":"image/png","w":64,"h":48}`, false},
		{"an image declared as another format", `{"media_type":"image/jpeg"}`, png(), `"media_key":"3_ID","image":{"image_type":"image/png","w":64,"h":48}`, false},
		{"a message's image", `{"media_category":"dm_image"}`, png(), `"media_key":"1003_ID","image":{"image_type":"image/png","w":64,"h":48}`, false},
		{"subtitles", `{"media_category":"subtitles"}`, vtt(), `"media_key":"1020_ID"`, false},
		{"a video", `{"media_category":"tweet_video","media_type":"video/mp4"}`, mp4(), `"media_key":"7_ID","processing_info":{"state":"pending","check_after_secs":1}`, true},
		{"a GIF", `{"media_type":"image/gif"}`, gif(), `"media_key":"16_ID","processing_info":{"state":"pending","check_after_secs":1}`, true},
		{"a GIF as an image", `{"media_category":"tweet_image"}`, gif(), `"media_key":"3_ID","image":{"image_type":"image/gif","w":64,"h":48}`, false},
		{"an MP4 as a GIF", `{"media_category":"tweet_gif"}`, mp4(), `"media_key":"16_ID","processing_info":{"state":"pending","check_after_secs":1}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.queued = nil
			id := s.call("POST", "/2/media/upload/initialize", c.request, "Content-Type", jsonKind).id()
			half := len(c.file) / 2
			s.send(id, 1, c.file[half:])
			s.send(id, 0, c.file[:half])
			want := strings.ReplaceAll(fmt.Sprintf(`{"data":{"id":"ID","size":%d,%s}}`, len(c.file), c.data), "ID", id.String())
			for range 2 { // it may be called again
				a := s.finalize(id)
				a.t = t
				a.is(http.StatusOK, "%s", want)
			}
			if slices.Contains(s.queued, id) != c.queued {
				t.Errorf("queued: %v", s.queued)
			}
		})
	}
}

func TestFinalizeTakesAnyBody(t *testing.T) {
	s := newServer(t)
	for kind, body := range map[string]string{
		jsonKind: "{}", "": "x", formKind: form("command", "FINALIZE"), "text/plain": strings.Repeat("x", 2*maxObject),
	} {
		id := s.open(map[string]any{})
		s.send(id, 0, png())
		s.call("POST", at(id, "finalize"), body, "Content-Type", kind).id()
	}
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	s.call("POST", at(id, "finalize"), iotest.ErrReader(io.ErrUnexpectedEOF)).refused(http.StatusBadRequest, "broke off")
	if m, err := s.catalog.Media(t.Context(), id); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("finalized %v, %v", m, err)
	}
}

func TestFinalizeRefuses(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		name     string
		request  map[string]any
		segments map[int]string
		field    string
		words    string
	}{
		{"nothing arrived", map[string]any{}, nil, "id", "no segment has arrived"},
		{"the first is missing", map[string]any{}, map[int]string{1: "x"}, "segment_index", "segment 0 is missing; 1 bytes have arrived"},
		{"some are missing", map[string]any{"total_bytes": 9}, map[int]string{0: "x", 3: "y", 5: "z"}, "segment_index", "segments 1-2, 4 are missing; 3 bytes have arrived and initialize declared 9"},
		{"too few bytes", map[string]any{"total_bytes": 9}, map[int]string{0: "x"}, "total_bytes", "1 bytes have arrived and initialize declared 9"},
		{"too many bytes", map[string]any{"total_bytes": 2}, map[int]string{0: "xy", 1: "z"}, "total_bytes", "3 bytes have arrived and initialize declared 2"},
		{"text", map[string]any{}, map[int]string{0: "hello"}, "media", "none of the accepted types: it seems to be text"},
		{"a page", map[string]any{}, map[int]string{0: "<!DOCTYPE html><script>"}, "media", "an HTML page"},
		{"a playlist", map[string]any{"media_category": "tweet_video"}, map[int]string{0: "#EXTM3U\nfile:///etc/passwd\n"}, "media", "an HLS playlist"},
		{"another type", map[string]any{"media_type": "video/mp4"}, map[int]string{0: png()[:5], 1: png()[5:]}, "media_type", "declared as video/mp4, but the file is image/png"},
		{"another category", map[string]any{"media_category": "tweet_video"}, map[int]string{0: png()[:5], 1: png()[5:]}, "media_category", "declared as tweet_video, but the file is image/png; it goes with"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := s.open(c.request)
			for i, data := range c.segments {
				s.send(id, i, data)
			}
			for range 2 { // it stays open, and says the same again
				a := s.finalize(id)
				a.t = t
				a.refused(http.StatusBadRequest, c.words)
				a.blames(c.field, "")
			}
			if session, err := s.catalog.Session(t.Context(), id); err != nil || session.State != media.SessionOpen {
				t.Errorf("session %v, %v", session.State, err)
			}
		})
	}
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	who, token := s.as(stranger)
	s.finalize(id, who, token).refused(http.StatusNotFound, "There is no upload "+id.String()+" here")
	for _, name := range []string{"x", "0", "-1", "12345678901234567890"} {
		s.call("POST", "/2/media/upload/"+name+"/finalize", nil).refused(http.StatusBadRequest, "A media id is a")
	}
	s.call("POST", "/2/media/upload/1/finalize", nil).refused(http.StatusNotFound)
	s.clock = s.clock.Add(24 * time.Hour)
	s.finalize(id).refused(http.StatusGone, "expired at 2026-11-22T10:00:00Z")
}

func TestFinalizeByAnAdditionalOwner(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"additional_owners": []string{friend}})
	s.send(id, 0, png())
	who, token := s.as(friend)
	s.finalize(id, who, token).id()
	if m, err := s.catalog.Media(t.Context(), id); err != nil || m.Owner != owner {
		t.Errorf("owner %s, %v", m.Owner, err)
	}
}

func TestFinalizeWhileTheServerIsBusy(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	s.now = func(context.Context, media.ID) error {
		return media.Busy(1500*time.Millisecond, "The server is processing as many files as it can; finalize again in a moment.")
	}
	a := s.finalize(id)
	a.is(http.StatusServiceUnavailable, `{"code":503,"message":"The server is processing as many files as it can; finalize again in a moment.",
		"title":"Service Unavailable","detail":"The server is processing as many files as it can; finalize again in a moment.","type":"about:blank","status":503}`)
	if got := a.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q", got)
	}
	s.now = nil
	s.finalize(id).id()
	if len(s.queued) > 0 {
		t.Errorf("queued %v", s.queued)
	}
}

// Where an image can't be processed now, the workers get it, and the client is
// told to ask again.
func TestFinalizeWhenProcessingIsPutOff(t *testing.T) {
	s := newServer(t)
	s.now = func(context.Context, media.ID) error { return errors.New("scratch folder: disk on fire") }
	s.later = errors.New("no bus")
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	s.finalize(id).is(http.StatusOK, `{"data":{"id":"%s","media_key":"3_%[1]s","size":%d,"processing_info":{"state":"pending","check_after_secs":1}}}`, id, len(png()))
	for _, want := range []string{"processing put off", "disk on fire", "job not sent", "no bus"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, &s.log)
		}
	}
	if !slices.Equal(s.queued, []media.ID{id}) {
		t.Errorf("queued %v", s.queued)
	}
}

func TestFinalizeTellsWhyAnImageFailed(t *testing.T) {
	s := newServer(t)
	s.now = func(_ context.Context, id media.ID) error {
		s.publish(id, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "The PNG ends in the middle of its pixels.")})
		return nil
	}
	id := s.open(map[string]any{"media_type": "image/png"})
	s.send(id, 0, png())
	for range 2 {
		a := s.finalize(id)
		a.refused(http.StatusBadRequest, "The PNG ends in the middle of its pixels.")
		a.blames("media", "")
	}
	// A video's failure is what a poll is told.
	id = s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	s.publish(id, media.Outcome{Failure: media.NewFailure(media.UnsupportedMedia, "Too long.")})
	s.finalize(id).is(http.StatusOK, `{"data":{"id":"%s","media_key":"7_%[1]s","size":%d,"processing_info":
		{"state":"failed","progress_percent":0,"error":{"code":3,"name":"UnsupportedMedia","message":"Too long."}}}}`, id, len(mp4()))
}

func TestFinalizeOfWhatIsGone(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{}, png())
	if _, err := s.catalog.DeleteMedia(t.Context(), id, s.clock); err != nil {
		t.Fatal(err)
	}
	s.finalize(id).refused(http.StatusGone, "The media "+id.String()+" is not there any more.")
}

func TestFinalizeOverAStoreThatFails(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	for _, op := range []blobtest.Op{blobtest.OpList, blobtest.OpOpen, blobtest.OpRead} {
		s.log.Reset()
		s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(op, errors.New("/dev/sdb on fire"))})
		a := s.finalize(id)
		a.refused(http.StatusInternalServerError)
		if strings.Contains(a.Body.String(), "/dev") || !strings.Contains(s.log.String(), "/dev/sdb on fire") {
			t.Errorf("%s: answered %s, logged %s", op, a.Body, &s.log)
		}
	}
	s.memory.SetFaults(blobtest.Faults{})
	s.finalize(id).id()
}
