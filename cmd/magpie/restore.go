package main

import "context"

// restoreCommand makes an installation of a backup, on whatever engines.
type restoreCommand struct {
	From string `required:"" placeholder:"FOLDER" env:"MAGPIE_BACKUP_FROM" help:"Folder of the backup."`
	catalogFlags
	blobsFlag
	Partial  bool `env:"MAGPIE_RESTORE_PARTIAL" help:"Restore also where bytes are missing from the backup or damaged; it says which."`
	Parallel int  `default:"8" env:"MAGPIE_RESTORE_PARALLEL" help:"Files that are copied at once."`
}

// Validate refuses what can't be meant, naming each flag (kong calls it).
func (c *restoreCommand) Validate() error {
	return checkCopy(c.Parallel, c.to())
}

func (c *restoreCommand) to() copyPlace {
	return copyPlace{data: c.Data, databaseFlag: c.databaseFlag, blobsFlag: c.blobsFlag}
}

// Run copies the backup to a place that is empty, as magpie copy does: blobs first,
// each read back, then all rows in one transaction. It may be killed and run again.
func (c *restoreCommand) Run(ctx context.Context, s surroundings) error {
	return move{
		from:     copyPlace{side: "from", data: c.From},
		to:       c.to(),
		parallel: c.Parallel, partial: c.Partial,
	}.run(ctx, s)
}
