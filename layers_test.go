package magpie

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says on which floor each room is. A room may import rooms of lower
// floors only, and none of its own.
func floors() map[string]int {
	return map[string]int{
		"internal/media": 0, "internal/trace": 0, "api": 0,
		"internal/blob": 1, "internal/catalog": 1, "internal/bus": 1, "internal/policy": 1,
		"internal/upload": 2, "internal/processing": 2, "internal/delivery": 2, "internal/analytics": 2, "internal/webhook": 2, "internal/auth": 2,
		"internal/xapi": 3, "internal/oauth": 3, "internal/ownapi": 3, "internal/tus": 3, "internal/console": 3, "internal/client": 3, "internal/reference": 3,
		"cmd/magpie": 4, "e2e": 4, "bench": 4,
		"internal/faultproxy": 4, // nothing but tests stands on it
	}
}

// plugs are packages below a room that only it, cmd and tests may know: the
// drivers of blob and the engines of processing.
func plugs() map[string]string {
	return map[string]string{
		"internal/blob/diskblob": "internal/blob", "internal/blob/s3blob": "internal/blob",
		"internal/processing/ffmpeg": "internal/processing", "internal/processing/image": "internal/processing",
		"internal/processing/subtitle": "internal/processing", "internal/processing/model": "internal/processing",
	}
}

// allowed says who may import a package that is dangerous, or that would let
// HTTP sink below the edge.
func allowed() map[string][]string {
	return map[string][]string{
		"net/http": {
			"cmd/magpie", "internal/client", "internal/xapi", "internal/oauth", "internal/ownapi", "internal/tus", "internal/console", "internal/reference", "internal/delivery",
			"internal/webhook", "internal/auth", "internal/blob/s3blob", "internal/processing", "bench",
		},
		"os/exec": {"internal/processing/ffmpeg", "bench", "bench/gauge", "bench/ingest", "bench/recording"}, // what measures runs what is measured
	}
}

// room is the room that a package belongs to, and the package's own path where
// it is a plug.
func room(path string) (room string, plug bool) {
	for p, parent := range plugs() {
		if path == p || strings.HasPrefix(path, p+"/") {
			return parent, true
		}
	}
	for r := range floors() {
		if path == r || strings.HasPrefix(path, r+"/") {
			return r, false
		}
	}
	return "", false
}

func TestImportsOnlyGoDown(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == "." {
			if d != nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "tools") {
				return filepath.SkipDir
			}
			return err
		}
		checkFile(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, path string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.ToSlash(filepath.Dir(path))
	here, fromPlug := room(from)
	if here == "" {
		t.Errorf("%s: the package %s is on no floor", path, from)
		return
	}
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		where := set.Position(spec.Pos())
		if users, ok := allowed()[name]; ok && !slices.Contains(users, from) && !strings.HasSuffix(from, "test") {
			t.Errorf("%s: %s may not import %s", where, from, name)
		}
		to, ok := strings.CutPrefix(name, "magpie/")
		if !ok {
			continue
		}
		there, toPlug := room(to)
		switch {
		case there == here && !toPlug, there == "internal/media", strings.HasPrefix(to, from+"/"):
		case toPlug && from != "cmd/magpie" && from != to:
			t.Errorf("%s: %s is named outside cmd/magpie", where, to)
		case fromPlug && there != here:
			t.Errorf("%s: %s may import only its parent and media", where, from)
		case floors()[there] >= floors()[here]:
			t.Errorf("%s: %s (floor %d) imports %s (floor %d)", where, from, floors()[here], to, floors()[there])
		}
	}
}
