package main

import (
	"context"
	"fmt"
)

// migrateCommand brings the catalogue's schema up to date, as every start does.
type migrateCommand struct{ catalogFlags }

// Run says which migrations it ran. It may be called again, and by many at once.
func (c *migrateCommand) Run(ctx context.Context, s surroundings) error {
	rows, err := c.openOrMake(ctx)
	if err != nil {
		return err
	}
	done := rows.Migrated()
	if err := rows.Close(); err != nil {
		return fmt.Errorf("close the catalogue: %w", err)
	}
	for _, name := range done {
		if _, err := fmt.Fprintln(s.out, "ran", name); err != nil {
			return err
		}
	}
	if len(done) == 0 {
		_, err = fmt.Fprintln(s.out, "the schema was up to date")
	}
	return err
}
