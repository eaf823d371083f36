package xapi

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"magpie/internal/media"
)

// theatre is a server with a finished video of the owner's and two subtitle
// files.
type theatre struct {
	*server
	video, file, other media.ID
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	s := &theatre{server: newServer(t)}
	s.now = func(_ context.Context, id media.ID) error {
		m, err := s.catalog.Media(t.Context(), id)
		if err != nil {
			return err
		}
		o := picture()
		if m.Category == media.Subtitles {
			o = captions()
		}
		s.publish(id, o)
		return nil
	}
	s.video = s.movie("tweet_video")
	s.file, s.other = s.captions(), s.captions()
	return s
}

// captions is what processing a subtitle file comes to.
func captions() media.Outcome {
	return media.Outcome{Duration: time.Second, Renditions: []media.Rendition{
		{Role: media.RoleText, Name: "subtitles.vtt", ContentType: "text/vtt; charset=utf-8"},
	}}
}

// movie makes a finished video.
func (s *theatre) movie(category string, headers ...string) media.ID {
	s.t.Helper()
	id := s.made(map[string]any{"media_category": category}, mp4(), headers...)
	s.publish(id, movie())
	return id
}

// captions makes a finished subtitle file.
func (s *theatre) captions(headers ...string) media.ID {
	s.t.Helper()
	return s.made(map[string]any{"media_category": "subtitles"}, vtt(), headers...)
}

// made uploads a file as whoever the headers say.
func (s *theatre) made(request map[string]any, file string, headers ...string) media.ID {
	s.t.Helper()
	id := s.open(request, headers...)
	s.send(id, 0, file, headers...).is(http.StatusOK, `{"data":{"expires_at":%d}}`, s.clock.Add(24*time.Hour).Unix())
	s.finalize(id, headers...).id()
	return id
}

// attach sends one subtitle as X's contract has it.
func (s *theatre) attach(video, file media.ID, language, name string, headers ...string) answer {
	s.t.Helper()
	body := fmt.Sprintf(`{"id":"%s","media_category":"TweetVideo","subtitles":{"id":"%s","language_code":"%s","display_name":"%s"}}`, video, file, language, name)
	return s.call("POST", "/2/media/subtitles", body, append([]string{"Content-Type", jsonKind}, headers...)...)
}

func (s *theatre) detach(video media.ID, language string, headers ...string) answer {
	s.t.Helper()
	body := fmt.Sprintf(`{"id":"%s","media_category":"TweetVideo","language_code":"%s"}`, video, language)
	return s.call("DELETE", "/2/media/subtitles", body, append([]string{"Content-Type", jsonKind}, headers...)...)
}

// shows checks what is attached: file, language, name, file, ….
func (s *theatre) shows(video media.ID, want ...any) {
	s.t.Helper()
	all, err := s.catalog.Subtitles(s.t.Context(), []media.ID{video})
	if err != nil {
		s.t.Fatal(err)
	}
	got := []any{}
	for _, one := range all[video] {
		got = append(got, one.File, string(one.Language), one.DisplayName)
	}
	if fmt.Sprint(got...) != fmt.Sprint(want...) {
		s.t.Errorf("attached are %v, want %v", got, want)
	}
}

// Only its owner changes what a video shows, and others are told no more than
// they may know.
func TestSubtitlesAreTheOwners(t *testing.T) {
	s := newTheatre(t)
	shared := s.made(map[string]any{"media_category": "tweet_video", "shared": true, "additional_owners": []string{friend}}, mp4())
	s.publish(shared, movie())
	s.attach(shared, s.file, "EN", "English").id()
	for _, c := range []struct {
		user   string
		video  media.ID
		status int
		words  string
	}{
		{friend, shared, http.StatusForbidden, fmt.Sprintf("Only the owner of %s may change it.", shared)},
		{stranger, shared, http.StatusNotFound, fmt.Sprintf("There is no upload %s here", shared)},
		{stranger, s.video, http.StatusNotFound, fmt.Sprintf("There is no upload %s here", s.video)},
		{owner, 404, http.StatusNotFound, "There is no upload 404 here"},
	} {
		name, token := s.as(c.user)
		s.attach(c.video, s.captions(name, token), "EN", "English", name, token).refused(c.status, c.words)
		s.detach(c.video, "EN", name, token).refused(c.status, c.words)
	}
	s.shows(shared, s.file, "en", "English")

	if _, err := s.catalog.DeleteMedia(t.Context(), shared, s.clock); err != nil {
		t.Fatal(err)
	}
	s.attach(shared, s.file, "EN", "English").refused(http.StatusNotFound, "There is no upload")
	s.detach(shared, "EN").refused(http.StatusNotFound, "There is no upload")
}

// A video may get its subtitles while it is still processed, but not before it
// is one.
func TestSubtitlesOfAVideoOnItsWay(t *testing.T) {
	s := newTheatre(t)
	pending := s.made(map[string]any{"media_category": "tweet_video"}, mp4())
	s.attach(pending, s.file, "EN", "English").id()
	s.publish(pending, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "The video has no picture.")})
	for _, a := range []answer{s.attach(pending, s.file, "EN", "English"), s.detach(pending, "EN")} {
		a.refused(http.StatusBadRequest, "$.id: is a video that could not be processed: The video has no picture.")
		a.blames("$.id", `"`+pending.String()+`"`)
	}
	session := s.open(map[string]any{"media_category": "tweet_video"})
	for _, a := range []answer{s.attach(session, s.file, "EN", "English"), s.detach(session, "EN")} {
		a.refused(http.StatusBadRequest, "$.id: is an upload that is not finalized")
	}
}
