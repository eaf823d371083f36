// Command magpie is the whole service in one binary: the server, its workers,
// and the tools beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Config kong.ConfigFlag `placeholder:"FILE" env:"MAGPIE_CONFIG" help:"YAML file with settings; flags and environment variables come before it."`

	Serve     serveCommand     `cmd:"" help:"Run the server."`
	Work      workCommand      `cmd:"" help:"Process media beside servers that share their database, bytes and bus with it."`
	Upload    uploadCommand    `cmd:"" help:"Upload a file to a server and print the final JSON."`
	Media     mediaCommand     `cmd:"" help:"List, show, delete and restore one's own media on a server."`
	CA        caCommand        `cmd:"" name:"ca" help:"Make a local authority for clients with hard-wired hosts, once, and print its certificate."`
	Token     tokenCommand     `cmd:"" help:"Make, list and revoke access tokens."`
	User      userCommand      `cmd:"" help:"Make, list and erase users who sign in."`
	Client    clientCommand    `cmd:"" help:"Make, list and revoke clients, which users let act for them."`
	Consent   consentCommand   `cmd:"" help:"List and revoke what users let clients do."`
	Key       keyCommand       `cmd:"" help:"Rotate, list and retire the keys that URLs are signed with."`
	Jobs      jobsCommand      `cmd:"" help:"List the work there is, and take up again what was given up."`
	Audit     auditCommand     `cmd:"" help:"List what was changed by these commands, and by whom."`
	Reprocess reprocessCommand `cmd:"" help:"Have media processed once more, for instance after an upgrade."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the catalogue's schema up to date, as every start does, and say what was done."`
	Copy      copyCommand      `cmd:"" help:"Take an installation to another place, such as from a data folder to PostgreSQL and S3, with its servers stopped."`
	Backup    backupCommand    `cmd:"" help:"Make a backup of an installation, also while its servers run, or bring one up to date."`
	Restore   restoreCommand   `cmd:"" help:"Make an installation of a backup."`
	Check     checkCommand     `cmd:"" help:"Read every blob back and hold every row against its blobs."`
	Doctor    doctorCommand    `cmd:"" help:"Say whether this machine has what magpie needs."`
	Version   versionCommand   `cmd:"" help:"Print the version."`

	Completion completionCommand `cmd:"" help:"Print the completion for a shell."`
	Man        manCommand        `cmd:"" help:"Print the manual page."`
}

// surroundings is what a command may use of the process.
type surroundings struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env func(string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], surroundings{os.Stdin, os.Stdout, os.Stderr, os.Getenv}); err != nil {
		var code exitCode
		if !errors.As(err, &code) {
			fmt.Fprintln(os.Stderr, "magpie:", err)
			code = 1
		}
		os.Exit(int(code))
	}
}

// exitCode ends the process with a status and without another message.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// run does what the arguments ask.
func run(ctx context.Context, args []string, s surroundings) error {
	parser, err := newParser(ctx, s)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run()
}

// newParser makes the parser of the command line.
func newParser(ctx context.Context, s surroundings) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("magpie"),
		kong.Description("A self-hosted media service that speaks the X media API."),
		kong.Configuration(readSettings),
		kong.PostBuild(passOverEmpty),
		kong.Writers(s.out, s.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
}
