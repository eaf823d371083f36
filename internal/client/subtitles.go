package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"magpie/internal/media"
)

// Subtitle is a file of subtitles for a video.
type Subtitle struct {
	Path     string
	Language media.Language
	Name     string // what players show
}

// ParseSubtitle reads FILE:LANGUAGE or FILE:LANGUAGE:NAME, such as
// en.srt:en:English. Without a name it is the language's code.
func ParseSubtitle(s string) (Subtitle, error) {
	parts := strings.Split(s, ":")
	if n := len(parts); n >= 3 {
		path, name := strings.Join(parts[:n-2], ":"), parts[n-1]
		if l, err := media.ParseLanguage(parts[n-2]); err == nil && path != "" && name != "" {
			return Subtitle{path, l, name}, nil
		}
	}
	path, code := "", ""
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		path, code = s[:i], s[i+1:]
	}
	l, err := media.ParseLanguage(code)
	if path == "" || err != nil {
		return Subtitle{}, fmt.Errorf("%q is not FILE:LANGUAGE or FILE:LANGUAGE:NAME, such as en.srt:en or en.srt:en:English, with a language of two letters or a tag such as pt-BR", s)
	}
	return Subtitle{path, l, l.Code()}, nil
}

// attach uploads one file of subtitles and attaches it to the video. What is in
// the same language there is replaced, so it may be done again.
func (r *running) attach(ctx context.Context, s Subtitle) error {
	source, err := OpenFile(s.Path)
	if err != nil {
		return err
	}
	defer source.Close()
	r.Watcher.Say(fmt.Sprintf("subtitles %s (%s)", s.Path, s.Language))
	u := &Uploader{server: r.server, dialect: r.dialect, slots: r.slots}
	data, err := u.Upload(ctx, Upload{Source: source, Category: media.Subtitles, Type: TypeOf(s.Path), Segment: r.Segment, Watcher: unseen{}})
	if err != nil {
		return err
	}
	var id string
	if err := json.Unmarshal(data["id"], &id); err != nil {
		return errors.New("the answer has no media id")
	}
	category := "TweetVideo"
	if r.Category == media.AmplifyVideo {
		category = "AmplifyVideo"
	}
	call := map[string]any{
		"id": r.entry.known.ID, "media_category": category,
		"subtitles": map[string]any{"id": id, "language_code": s.Language.Code(), "display_name": s.Name},
	}
	return r.server.json(ctx, http.MethodPost, "/2/media/subtitles", call, nil)
}

// unseen is a Watcher of what is too small to be shown.
type unseen struct{}

func (unseen) Sending(int64, int64) {}
func (unseen) Sent(int64)           {}
func (unseen) Processing(int)       {}
func (unseen) Say(string)           {}
