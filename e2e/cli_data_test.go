package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/catalog/postgrestest"
)

// ofAnInstallation are the commands for an installation that must be there: those
// that look, and those that change what it has.
func ofAnInstallation() [][]string {
	return [][]string{
		{"token", "list"},
		{"token", "ls", "--json"},
		{"user", "ls"},
		{"client", "ls"},
		{"client", "tokens"},
		{"consent", "ls"},
		{"key", "list"},
		{"jobs", "ls"},
		{"audit"},
		{"user", "quota", "1"},
		{"check"},
		{"token", "revoke", "a49275858c26"},
		{"user", "password", "ann", "--password-stdin"},
		{"user", "admin", "ann"},
		{"user", "quota", "1", "1GiB"},
		{"user", "erase", "1"},
		{"client", "revoke", "a"},
		{"client", "token", "a", "--user", "1"},
		{"client", "revoke-token", "a"},
		{"consent", "revoke", "a"},
		{"key", "rotate"},
		{"key", "retire", "a"},
		{"jobs", "requeue", "--all"},
		{"reprocess", "--all"},
	}
}

// TestNoInstallationThere: a data folder that was mistyped is told, and nothing is
// made in its place.
func TestNoInstallationThere(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	empty, missing, file := filepath.Join(work, "empty"), filepath.Join(work, "missing"), keep(t, "file", nil)
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	refused := func(says string, args ...string) {
		t.Helper()
		out, errs, code := magpie(t, args...)
		if code != 1 || out != "" || !strings.HasPrefix(errs, "magpie: ") || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, says) {
			t.Errorf("magpie %q: exit %d, want 1 and %q: %q %q", args, code, says, out, errs)
		}
	}
	for _, args := range append(ofAnInstallation(), []string{"backup", "--to", filepath.Join(work, "backup")}) {
		for _, folder := range []string{empty, missing} {
			refused("--data: there is no installation in "+folder+"; name the folder of one, or make one there with magpie serve --data "+folder, append(args, "--data", folder)...)
		}
		refused("--data: ", append(args, "--data", file)...)
	}
	list, err := os.ReadDir(work)
	if err != nil || len(list) != 1 || list[0].Name() != "empty" {
		t.Errorf("%v: there are %v", err, list)
	}
	if list, err = os.ReadDir(empty); err != nil || len(list) != 0 {
		t.Errorf("%v: in the empty folder are %v", err, list)
	}

	// The folder that is meant where none is named is told in full.
	cmd := command(t, []string{"MAGPIE_DATA="}, "user", "ls")
	cmd.Dir = empty
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--data: there is no installation in "+filepath.Join(empty, "data")+";") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestMakesAnInstallation: what is new is made in a data folder that is new too.
func TestMakesAnInstallation(t *testing.T) {
	t.Parallel()
	password := keep(t, "password", []byte(password))
	for _, args := range [][]string{
		{"token", "create", "--user", "1"}, {"user", "create", "ann", "--password-file", password}, {"client", "create", "An app"}, {"migrate"},
	} {
		folder := filepath.Join(t.TempDir(), "new")
		wantExit(t, nil, 0, "", append(args, "--data", folder)...)
		wantExit(t, nil, 0, "ID", "token", "ls", "--data", folder)
	}
}

// TestNoInstallationInTheDatabase: of a catalogue in PostgreSQL the data folder may
// be anywhere, and is not made; an empty database stays empty.
func TestNoInstallationInTheDatabase(t *testing.T) {
	t.Parallel()
	postgres, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer postgres.Stop()
	database, err := postgres.Create(t.Context(), "nobody", "")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "missing")
	for _, args := range append(ofAnInstallation(), []string{"token", "ls"}) {
		wantExit(t, nil, 1, "its schema has version 0 ", append(args, "--data", folder, "--database", database)...)
	}
	wantExit(t, nil, 0, "", "token", "create", "--user", "12", "--data", folder, "--database", database)
	wantExit(t, nil, 0, " 12 ", "token", "ls", "--data", folder, "--database", database)
	wantExit(t, nil, 0, "erased user 12", "user", "erase", "12", "--data", folder, "--database", database)
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the data folder: %v", err)
	}
}
