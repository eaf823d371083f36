package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// jobsCommand looks at the work there is, also while servers run. It reads the
// catalogue, which is the truth: what is on the bus follows from it.
type jobsCommand struct {
	Ls      jobsLs      `cmd:"" aliases:"list" help:"List the media that wait, are being processed, or were given up through no fault of their own."`
	Requeue jobsRequeue `cmd:"" help:"Have media that were given up processed once more."`
}

// givenUp reports whether processing ended with a fault of the server's: this is
// what becomes of a job that no try gets through. Media at fault are not jobs.
func givenUp(m media.Media) bool {
	return m.GoneAt.IsZero() && m.State == media.Failed && m.Failure != nil && m.Failure.Name == media.InternalError
}

type jobsLs struct {
	catalogFlags
	listFlags
	State string `placeholder:"STATE" default:"" enum:",pending,in_progress,given_up" help:"Only those that are pending, in_progress or given_up."`
}

// Run prints a line for each job, the oldest media first.
func (c *jobsLs) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	w := c.list(s.out, "MEDIA", "CATEGORY", "STATE", "PROGRESS", "TRIES", "LOST", "SINCE")
	err = rows.EachMedia(ctx, func(m media.Media, _ []media.Rendition) error {
		state := string(m.State)
		switch {
		case !m.GoneAt.IsZero():
			return nil
		case givenUp(m):
			state = "given_up"
		case m.State.Done():
			return nil
		}
		if c.State != "" && c.State != state {
			return nil
		}
		return w.row(m.ID.String(), string(m.Category), state, percent(m.Progress), m.Attempt, m.Lost, m.TouchedAt)
	})
	return errors.Join(err, w.end(), rows.Close())
}

// percent is a number that tables show with its sign.
type percent int

func (p percent) String() string { return strconv.Itoa(int(p)) + "%" }

type jobsRequeue struct {
	catalogFlags
	IDs []string `arg:"" optional:"" name:"id" help:"Media ids."`
	All bool     `help:"Every media that was given up."`
}

// Validate refuses what is neither a list nor all (kong calls it).
func (c *jobsRequeue) Validate() error {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("name media by their ids, or all of them by --all")
	}
	return nil
}

// Run asks, and says for how many media it did. A server, or the next one to
// start, queues them.
func (c *jobsRequeue) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	var asked int
	err = s.deed(ctx, rows, "jobs requeue", chosen(c.IDs, c.All), func() (_ string, err error) {
		asked, err = c.ask(ctx, rows)
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%d media will be processed once more\n", asked)
	return err
}

// chosen names media that a command is for: all, or some by their ids, of which
// the first are enough to find it again.
func chosen(ids []string, all bool) string {
	switch {
	case all:
		return "all"
	case len(ids) > 10:
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:10], ","), len(ids)-10)
	}
	return strings.Join(ids, ",")
}

func (c *jobsRequeue) ask(ctx context.Context, rows *catalog.Catalog) (asked int, err error) {
	one := func(m media.Media) error {
		ok, err := rows.Redo(ctx, m.ID, time.Now())
		if ok {
			asked++
		}
		return err
	}
	for _, text := range c.IDs {
		id, err := media.ParseID(text)
		if err != nil {
			return asked, err
		}
		m, err := rows.Media(ctx, id)
		if err != nil {
			return asked, err
		}
		if !givenUp(m) {
			return asked, fmt.Errorf("media %s was not given up; magpie jobs ls lists those that were, and magpie reprocess takes any", id)
		}
		if err := one(m); err != nil {
			return asked, err
		}
	}
	if !c.All {
		return asked, nil
	}
	return asked, rows.EachMedia(ctx, func(m media.Media, _ []media.Rendition) error {
		if !givenUp(m) {
			return nil
		}
		return one(m)
	})
}
