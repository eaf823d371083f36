package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// reprocessCommand asks for media to be processed once more, also while a
// server runs on the data folder: that one does it, or the next one.
type reprocessCommand struct {
	catalogFlags
	IDs      []string  `arg:"" optional:"" name:"id" help:"Media ids."`
	All      bool      `help:"Every media that fits the other flags."`
	State    string    `enum:"any,succeeded,failed" default:"any" help:"With --all: any, succeeded or failed."`
	Category string    `placeholder:"CATEGORY" help:"With --all: only those of a category, such as tweet_video."`
	Before   time.Time `placeholder:"TIME" help:"With --all: only those finalized before, such as 2026-11-01T00:00:00Z."`
}

// Validate refuses what is neither a list nor a filter, naming each (kong calls
// it).
func (c *reprocessCommand) Validate() error {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("name media by their ids, or all of them by --all")
	}
	if c.Category != "" {
		category, err := media.ParseCategory(c.Category)
		if err != nil {
			return fmt.Errorf("--category: %w", err)
		}
		c.Category = string(category)
	}
	return nil
}

// Run asks, and says for how many media it did.
func (c *reprocessCommand) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	var asked, passed int
	err = s.deed(ctx, rows, "reprocess", chosen(c.IDs, c.All), func() (_ string, err error) {
		asked, passed, err = c.ask(ctx, rows)
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%d media will be processed once more; %d are not done, gone, or asked for already\n", asked, passed)
	return err
}

func (c *reprocessCommand) ask(ctx context.Context, rows *catalog.Catalog) (asked, passed int, err error) {
	one := func(id media.ID) error {
		ok, err := rows.Redo(ctx, id, time.Now())
		if ok {
			asked++
		} else {
			passed++
		}
		return err
	}
	for _, text := range c.IDs {
		id, err := media.ParseID(text)
		if err != nil {
			return asked, passed, err
		}
		if _, err := rows.Media(ctx, id); err != nil {
			return asked, passed, err
		}
		if err := one(id); err != nil {
			return asked, passed, err
		}
	}
	if !c.All {
		return asked, passed, nil
	}
	err = rows.EachMedia(ctx, func(m media.Media, _ []media.Rendition) error {
		if !c.fits(m) {
			return nil
		}
		return one(m.ID)
	})
	return asked, passed, err
}

func (c *reprocessCommand) fits(m media.Media) bool {
	return m.GoneAt.IsZero() &&
		(c.State == "any" || string(m.State) == c.State) &&
		(c.Category == "" || string(m.Category) == c.Category) &&
		(c.Before.IsZero() || m.CreatedAt.Before(c.Before))
}
