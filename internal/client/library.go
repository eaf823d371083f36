package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"magpie/internal/media"
)

// Library asks magpie for one's own media. X has no calls for that.
type Library struct{ server *Server }

// NewLibrary makes a Library of a server.
func NewLibrary(s *Server) *Library { return &Library{s} }

// Query says what to list. The zero value lists everything that is not deleted.
type Query struct {
	Category, State, Source, Text string
	Deleted                       bool // what was deleted and can be restored, in the place of that
}

// maxPage is the most that the server lists in one answer.
const maxPage = 100

// List gives up to limit media from cursor on, the newest first, "" being the
// beginning; and the cursor of what comes after them, "" at the end. A page may
// be short, even empty, and not be the end.
func (l *Library) List(ctx context.Context, q Query, limit int, cursor string) (page []json.RawMessage, next string, err error) {
	v := url.Values{"limit": {strconv.Itoa(min(limit, maxPage))}}
	for name, text := range map[string]string{"category": q.Category, "state": q.State, "source": q.Source, "q": q.Text, "cursor": cursor} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.Deleted {
		v.Set("deleted", "true")
	}
	var list struct {
		Data []json.RawMessage
		Meta struct {
			Next string `json:"next_cursor"`
		}
	}
	err = l.server.json(ctx, http.MethodGet, "/magpie/v1/media?"+v.Encode(), nil, &list)
	return list.Data, list.Meta.Next, err
}

// Show gives everything known of a media.
func (l *Library) Show(ctx context.Context, id media.ID) (json.RawMessage, error) {
	return l.one(ctx, http.MethodGet, id.String())
}

// Delete deletes a media, with force also one that others use. Again it does
// the same.
func (l *Library) Delete(ctx context.Context, id media.ID, force bool) (json.RawMessage, error) {
	path := id.String()
	if force {
		path += "?force=true"
	}
	return l.one(ctx, http.MethodDelete, path)
}

// Restore brings a media back that was deleted. Of one that was not it changes
// nothing.
func (l *Library) Restore(ctx context.Context, id media.ID) (json.RawMessage, error) {
	return l.one(ctx, http.MethodPost, id.String()+"/restore")
}

func (l *Library) one(ctx context.Context, method, path string) (json.RawMessage, error) {
	var answer struct{ Data json.RawMessage }
	err := l.server.json(ctx, method, "/magpie/v1/media/"+path, nil, &answer)
	return answer.Data, err
}

// ParseMedia reads a media id, or the id in a media key.
func ParseMedia(s string) (media.ID, error) {
	if id, err := media.ParseKey(s); err == nil {
		return id, nil
	}
	return media.ParseID(s)
}

// Plain makes one line of text from a server, without anything that a terminal
// would act on.
func Plain(s string) string { return plain(s) }
