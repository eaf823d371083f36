package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magpie/internal/catalog"
)

// databaseURL is a database's URL, which may hold a password: it prints without.
type databaseURL string

func (u databaseURL) String() string {
	if u == "" {
		return ""
	}
	return catalog.RedactURL(string(u))
}

// GoString is String: no way of printing shows the password.
func (u databaseURL) GoString() string { return u.String() }

// MarshalText gives String, for logs in JSON.
func (u databaseURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads a URL. Its error does not repeat it.
func (u *databaseURL) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s != "" && !catalog.IsPostgresURL(s) {
		return errors.New("it is not a URL such as postgres://user@host/database")
	}
	*u = databaseURL(s)
	return nil
}

// databaseFlag says where the catalogue is, unless it is in the data folder.
type databaseFlag struct {
	Database     databaseURL `env:"MAGPIE_DATABASE" placeholder:"URL" help:"The PostgreSQL database that the catalogue is in, such as postgres://magpie@db.example/magpie?sslmode=verify-full. Default: a file in the data folder."`
	DatabaseFile string      `name:"database-file" env:"MAGPIE_DATABASE_FILE" placeholder:"PATH" help:"File whose first line is that URL, for one with a password."`
}

// own tells whether the catalogue is in the data folder, and so this process's
// own.
func (f databaseFlag) own() bool { return f.Database == "" && f.DatabaseFile == "" }

// check refuses two databases.
func (f databaseFlag) check(wrong func(name, format string, args ...any)) {
	if f.Database != "" && f.DatabaseFile != "" {
		wrong("database-file", "there is --database besides: leave one of them out")
	}
}

// url reads the URL from where it is. It is "" for a catalogue in the data folder.
func (f databaseFlag) url() (databaseURL, error) {
	if f.DatabaseFile == "" {
		return f.Database, nil
	}
	if f.Database != "" {
		return "", errors.New("--database and --database-file are both given: leave one of them out")
	}
	file, err := os.Open(f.DatabaseFile)
	if err != nil {
		return "", fmt.Errorf("--database-file: %w", err)
	}
	defer file.Close()
	line, err := bufio.NewReader(io.LimitReader(file, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("--database-file: %w", err)
	}
	var u databaseURL
	if err := u.UnmarshalText([]byte(line)); err != nil || u == "" {
		return "", fmt.Errorf("--database-file: the first line of %s is not a URL such as postgres://user:password@host/database", f.DatabaseFile)
	}
	return u, nil
}

// poolFlags say how a server uses its PostgreSQL database.
type poolFlags struct {
	Connections int           `name:"database-connections" default:"20" env:"MAGPIE_DATABASE_CONNECTIONS" help:"Connections to the PostgreSQL server that this process opens at most."`
	Timeout     time.Duration `name:"database-timeout" default:"30s" env:"MAGPIE_DATABASE_TIMEOUT" help:"The longest that one statement may take on the PostgreSQL server."`
}

// check refuses a pool in which requests would stand still.
func (f poolFlags) check(wrong func(name, format string, args ...any)) {
	if f.Connections < 2 || f.Connections > 10_000 {
		wrong("database-connections", "%d is not between 2 and 10000", f.Connections)
	}
	if f.Timeout < time.Second || f.Timeout > time.Hour {
		wrong("database-timeout", "%s is not between 1s and 1h", f.Timeout)
	}
}

// catalogPlace is where the catalogue is and how it is used.
type catalogPlace struct {
	databaseFlag
	pool poolFlags
	name string // of the connections to a server, "" for that of magpies that run
	data string
	log  *slog.Logger
}

// open opens the catalogue, and brings its schema up to date.
func (p catalogPlace) open(ctx context.Context) (*catalog.Catalog, error) {
	u, err := p.url()
	if err != nil {
		return nil, err
	}
	if u != "" {
		return catalog.OpenPostgres(ctx, string(u), p.options())
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	return catalog.OpenSQLite(ctx, databaseIn(p.data))
}

// openReadOnly opens the catalogue for reading. Its schema must be up to date.
func (p catalogPlace) openReadOnly(ctx context.Context) (*catalog.Catalog, error) {
	u, err := p.url()
	if err != nil {
		return nil, err
	}
	if u != "" {
		return catalog.OpenPostgresReadOnly(ctx, string(u), p.options())
	}
	return catalog.OpenSQLiteReadOnly(ctx, databaseIn(p.data))
}

func (p catalogPlace) options() catalog.PostgresOptions {
	return catalog.PostgresOptions{Name: p.name, Connections: p.pool.Connections, Timeout: p.pool.Timeout, Now: time.Now, Random: rand.Reader, Log: p.log}
}

// catalogFlags lead a command to the catalogue of a server, which may be running.
type catalogFlags struct {
	dataFlag
	databaseFlag
}

// place is where the catalogue is. A command needs few connections, and what goes
// wrong it says itself.
func (f catalogFlags) place() catalogPlace {
	return catalogPlace{databaseFlag: f.databaseFlag, pool: poolFlags{Connections: 4}, data: f.Data, log: slog.New(slog.DiscardHandler)}
}

// openOrMake opens the catalogue, and makes an installation where there is none.
func (f catalogFlags) openOrMake(ctx context.Context) (*catalog.Catalog, error) {
	return f.place().open(ctx)
}

// open opens the catalogue of an installation that is there. Where there is none,
// as in a folder whose name was mistyped, it makes nothing.
func (f catalogFlags) open(ctx context.Context) (*catalog.Catalog, error) {
	if err := f.installed(ctx); err != nil {
		return nil, err
	}
	return f.place().open(ctx)
}

// openReadOnly is open for reading. The schema must be up to date.
func (f catalogFlags) openReadOnly(ctx context.Context) (*catalog.Catalog, error) {
	if f.own() {
		if err := f.installed(ctx); err != nil {
			return nil, err
		}
	}
	return f.place().openReadOnly(ctx)
}

// installed fails where there is no installation: no catalogue in the data folder,
// or no tables in the database, whose data folder may be anywhere.
func (f catalogFlags) installed(ctx context.Context) error {
	if !f.own() {
		rows, err := f.place().openReadOnly(ctx)
		var old *catalog.OldSchemaError
		switch {
		case err == nil:
			return rows.Close()
		case !errors.As(err, &old):
			return err
		case old.Version > 0: // opening it brings it up to date
			return nil
		}
		return fmt.Errorf("there is no installation in the database: %w", err)
	}
	full, err := filepath.Abs(f.Data)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	_, err = os.Stat(databaseIn(full))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--data: there is no installation in %s; name the folder of one, or make one there with magpie serve --data %s", full, full)
	}
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	return nil
}
