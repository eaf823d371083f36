package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"magpie/internal/client"
)

type mediaShow struct {
	serverFlags
	Media string `arg:"" name:"id" help:"Media id, or media key."`
	JSON  bool   `name:"json" help:"The server's JSON, with everything in it."`
}

// Run prints what people ask first, or everything as JSON.
func (c *mediaShow) Run(ctx context.Context, s surroundings) error {
	ids, err := mediaIDs([]string{c.Media})
	if err != nil {
		return err
	}
	library, err := c.library(s)
	if err != nil {
		return err
	}
	raw, err := library.Show(ctx, ids[0])
	if err != nil {
		return err
	}
	if c.JSON {
		var out bytes.Buffer
		if err := json.Indent(&out, raw, "", "  "); err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, out.String())
		return err
	}
	var m shownMedia
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	m.show(func(name, value string) {
		if value = client.Plain(value); value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	})
	return t.Flush()
}

// show gives names and values, some of which are empty.
func (m shownMedia) show(line func(name, value string)) {
	line("id", m.ID)
	line("media key", m.Key)
	line("category", m.Category)
	line("type", m.Type)
	state := m.State
	if state == "in_progress" {
		state += fmt.Sprintf(" (%d%%)", m.Progress)
	}
	line("state", state)
	if m.Error != nil {
		line("why", m.Error.Name+": "+m.Error.Message)
	}
	line("original", size(m.Bytes).String())
	line("size", m.size())
	line("seconds", m.seconds())
	for _, at := range []struct {
		name string
		time time.Time
	}{{"created", m.CreatedAt}, {"expires", m.ExpiresAt}, {"deleted", m.DeletedAt}, {"restorable until", m.Until}} {
		if !at.time.IsZero() {
			line(at.name, at.time.UTC().Format(time.RFC3339))
		}
	}
	for _, group := range slices.Sorted(maps.Keys(m.Metadata)) {
		line(group, string(m.Metadata[group]))
	}
	for _, f := range m.Subtitles {
		line("subtitles "+client.Plain(f.Language), f.Name+" ("+f.Media+")")
	}
	for _, u := range m.UsedBy {
		line("used", "as "+u.As+" of "+u.Media)
	}
	for _, f := range m.Renditions {
		line(client.Plain(f.Name), fmt.Sprintf("%s %s", size(f.Bytes), f.URL))
	}
}
