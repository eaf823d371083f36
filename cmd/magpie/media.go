package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"magpie/internal/client"
	"magpie/internal/media"
)

// mediaCommand is one's own library, over HTTP: docs/library.md.
type mediaCommand struct {
	Ls      mediaLs      `cmd:"" aliases:"list" help:"List one's own media, the newest first."`
	Show    mediaShow    `cmd:"" help:"Show everything known of a media."`
	Rm      mediaRm      `cmd:"" help:"Delete media. For a while they can be restored."`
	Restore mediaRestore `cmd:"" help:"Bring back media that were deleted."`
}

// libraryPatience is how long a server that is away is waited for.
const libraryPatience = 30 * time.Second

// library makes the client of the library.
func (f serverFlags) library(s surroundings) (*client.Library, error) {
	server, err := f.server(libraryPatience, func(words string) { fmt.Fprintln(s.err, words) })
	if err != nil {
		return nil, err
	}
	return client.NewLibrary(server), nil
}

type mediaLs struct {
	serverFlags
	listFlags
	Category string `placeholder:"NAME" help:"Only those of this category, such as tweet_video."`
	State    string `placeholder:"STATE" help:"Only those that are pending, in_progress, succeeded or failed."`
	Source   string `placeholder:"TEXT" help:"Only those with exactly this upload_source."`
	Search   string `placeholder:"TEXT" help:"Only those with this text in their alt text."`
	Deleted  bool   `help:"What was deleted and can be restored, in the place of what is there."`
	Limit    int    `default:"20" help:"How many to list."`
	All      bool   `help:"List all of them."`
	Cursor   string `placeholder:"CURSOR" help:"Go on where a listing ended that said so."`
}

// Validate refuses a list of none (kong calls it).
func (c *mediaLs) Validate() error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit: %d is not a number of media; --all lists all", c.Limit)
	}
	return nil
}

// Run prints the media page by page, and where to go on.
func (c *mediaLs) Run(ctx context.Context, s surroundings) error {
	library, err := c.library(s)
	if err != nil {
		return err
	}
	q := client.Query{Category: c.Category, State: c.State, Source: c.Source, Text: c.Search, Deleted: c.Deleted}
	t := c.list(s.out, "ID", "CATEGORY", "STATE", "BYTES", "SIZE", "SECONDS", "CREATED", "ALT TEXT")
	next := c.Cursor
	for left := c.Limit; left > 0; {
		var page []json.RawMessage
		ask := left
		if c.All {
			ask = 100
		}
		if page, next, err = library.List(ctx, q, ask, next); err != nil {
			return err // without the table's head, which goes with the first page
		}
		for _, raw := range page {
			if err := c.one(t, s, raw); err != nil {
				return err
			}
		}
		if err := t.end(); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		if !c.All {
			left -= len(page)
		}
	}
	_, err = fmt.Fprintf(s.err, "there may be more: --cursor %s\n", client.Plain(next))
	return err
}

// one prints one media: as the server sent it, or as a row.
func (c *mediaLs) one(t *listing, s surroundings, raw json.RawMessage) error {
	if c.JSON {
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s.out, line.String())
		return err
	}
	var m shownMedia
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("the server's list: %w", err)
	}
	return t.row(m.ID, m.Category, m.State, m.Bytes, m.size(), m.seconds(), m.CreatedAt, m.AltText)
}

// shownMedia is what is shown of a media in the library.
type shownMedia struct {
	ID        string
	Key       string `json:"media_key"`
	Category  string
	Type      string `json:"media_type"`
	State     string
	Progress  int `json:"progress_percent"`
	Error     *struct{ Name, Message string }
	Bytes     int64
	Width     int
	Height    int
	Duration  int64     `json:"duration_ms"`
	AltText   string    `json:"alt_text"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	DeletedAt time.Time `json:"deleted_at"`
	Until     time.Time `json:"restorable_until"`

	Renditions []struct {
		Name  string
		Bytes int64
		URL   string
	}
	Metadata  map[string]json.RawMessage
	Subtitles []struct {
		Language string
		Name     string `json:"display_name"`
		Media    string `json:"media_id"`
	}
	UsedBy []struct {
		Media string `json:"media_id"`
		As    string
	} `json:"used_by"`
}

// size is width and height, "" where there are none.
func (m shownMedia) size() string {
	if m.Width == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d", m.Width, m.Height)
}

// seconds is how long it plays, "" for what does not.
func (m shownMedia) seconds() string {
	if m.Duration == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(m.Duration)/1000)
}

// mediaIDs reads ids and media keys.
func mediaIDs(texts []string) ([]media.ID, error) {
	ids := make([]media.ID, len(texts))
	for i, text := range texts {
		id, err := client.ParseMedia(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		ids[i] = id
	}
	return ids, nil
}

type mediaRm struct {
	serverFlags
	Media []string `arg:"" name:"id" help:"Media ids, or media keys."`
	Force bool     `help:"Also what others use, as poster, sticker or subtitles."`
}

// Run deletes one after the other, and ends with 1 where one was refused.
func (c *mediaRm) Run(ctx context.Context, s surroundings) error {
	return c.each(ctx, s, c.Media, func(l *client.Library, id media.ID) (string, error) {
		raw, err := l.Delete(ctx, id, c.Force)
		if err != nil {
			return "", err
		}
		var m shownMedia
		if err := json.Unmarshal(raw, &m); err != nil {
			return "", err
		}
		if m.Until.IsZero() {
			return "deleted " + id.String(), nil
		}
		return "deleted " + id.String() + ", restorable until " + m.Until.UTC().Format(time.RFC3339), nil
	})
}

type mediaRestore struct {
	serverFlags
	Media []string `arg:"" name:"id" help:"Media ids, or media keys."`
}

// Run restores one after the other, and ends with 1 where one was refused.
func (c *mediaRestore) Run(ctx context.Context, s surroundings) error {
	return c.each(ctx, s, c.Media, func(l *client.Library, id media.ID) (string, error) {
		_, err := l.Restore(ctx, id)
		return "restored " + id.String(), err
	})
}

// each does the same with each media and prints a line for it. What is refused
// does not keep it from the others.
func (f serverFlags) each(ctx context.Context, s surroundings, texts []string, do func(*client.Library, media.ID) (string, error)) error {
	ids, err := mediaIDs(texts)
	if err != nil {
		return err
	}
	library, err := f.library(s)
	if err != nil {
		return err
	}
	failed := false
	for _, id := range ids {
		words, err := do(library, id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = true
			fmt.Fprintf(s.err, "magpie: %s: %s\n", id, err)
			continue
		}
		if _, err := fmt.Fprintln(s.out, words); err != nil {
			return err
		}
	}
	if failed {
		return exitCode(1)
	}
	return nil
}
