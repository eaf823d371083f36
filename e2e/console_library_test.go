package e2e

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// TestConsoleLibrary has a person look through a library of 5,000 media, with
// MAGPIE_SOAK=1 of 100,000, and holds what is in the page and what is asked for
// against how much there is.
func TestConsoleLibrary(t *testing.T) {
	t.Parallel()
	many := 5000
	if soak() {
		many = 100_000
	}
	s := start(t, "--faults", "--quota", "1GiB")
	ann := s.newUser("ann")
	c := s.client().as(s.token(ann))
	photo := func(of color.RGBA) string {
		return c.upload("image/png", "tweet_image", plainPNG(t, 640, 480, of), 1<<20)["id"].(string)
	}
	oldest := photo(color.RGBA{90, 90, 90, 255})
	broken := c.upload("video/mp4", "tweet_video", sampleVideo(t, "64x64", "1")[:3000], 1<<20)["id"].(string)
	c.await(broken)
	poster := photo(color.RGBA{0, 160, 0, 255})
	film := c.upload("image/gif", "tweet_gif", tinyGIF(t), 1<<20)["id"].(string)
	c.succeeded(film)
	c.annotate(film, map[string]any{"preview_image": map[string]any{"media_key": map[string]any{"media": poster, "media_category": "TweetImage"}}})
	blue, red := photo(color.RGBA{0, 0, 200, 255}), photo(color.RGBA{200, 0, 0, 255})
	c.annotate(red, map[string]any{"alt_text": map[string]any{"text": "A Magpie on a FENCE"}})
	s.kill()
	s.multiply(oldest, many-6)
	s.run()
	c = s.client().as(c.token)

	var saw struct {
		Quota, Text, Failed, Kept, Came, Moving, Chosen, End, LastSize, Into string

		First, Walk []string
		Lists       map[string][]string
		Addresses   map[string]string
		Findings    map[string][]string
		Placeholder []int
		Complaints  []string

		Picture, InUse, Most, Elements, Requests, Sideways int
		Scrolled, Back, Still                              float64
		Top                                                bool
	}
	// Of what is looked at below one is deleted and one comes.
	s.browse("library", map[string]any{
		"token": c.token, "red": red, "blue": blue, "broken": broken, "poster": poster, "gif": base64.StdEncoding.EncodeToString(tinyGIF(t)),
		"count": many, "far": many / 2, "shots": os.Getenv("MAGPIE_SHOTS"),
	}, &saw)

	if want := "1 GiB used"; !strings.Contains(saw.Quota, want) || !strings.HasSuffix(saw.Quota, "6 media") {
		t.Errorf("room: %q", saw.Quota)
	}
	if want := []string{red, blue, film, poster, broken, oldest}; !slices.Equal(saw.First[:min(6, len(saw.First))], want) || len(saw.First) > 60 {
		t.Errorf("it begins with %v, want %v", saw.First, want)
	}
	if !strings.Contains(saw.Text, "A Magpie on a FENCE") || !strings.Contains(saw.Failed, "Failed") {
		t.Errorf("%q, %q", saw.Text, saw.Failed)
	}
	if p := saw.Placeholder; len(p) != 4 || p[0] < 150 || p[1] > 60 || p[2] > 60 || p[3] != 255 || saw.Picture != 640 {
		t.Errorf("the placeholder of a red picture is %v; the picture is %d wide", p, saw.Picture)
	}
	for name, want := range map[string][]string{"search": {red}, "failed": {broken}, "type": {broken}, "deleted": {red, blue}} {
		if !slices.Equal(saw.Lists[name], want) {
			t.Errorf("%s lists %v, want %v", name, saw.Lists[name], want)
		}
	}
	for name, want := range map[string]string{"search": "?q=magpie+on+a+f", "failed": "?state=failed", "deleted": "?deleted=true"} {
		if saw.Addresses[name] != want {
			t.Errorf("%s is at %q, want %q", name, saw.Addresses[name], want)
		}
	}
	if saw.Kept != "video/mp4" {
		t.Errorf("the address asks for MP4s, the page shows %q", saw.Kept)
	}
	if !strings.HasPrefix(saw.Moving, "Processing") || c.call("GET", library+"/"+saw.Came, nil).data()["state"] != "succeeded" {
		t.Errorf("what came was %q, and is not ready", saw.Moving)
	}
	if !strings.Contains(saw.Chosen, "2 selected") || saw.InUse != 1 {
		t.Errorf("%q; of what is used %d", saw.Chosen, saw.InUse)
	}
	c.wantListed("?deleted=true", blue)
	for _, id := range []string{red, poster} {
		if d := c.call("GET", library+"/"+id, nil).data(); d["deleted_at"] != nil {
			t.Errorf("%s is deleted", id)
		}
	}

	if saw.Most > 60 || saw.Elements > 1500 {
		t.Errorf("up to %d media and %d elements were in the page", saw.Most, saw.Elements)
	}
	if pages := (many + 99) / 100; saw.Requests < pages || saw.Requests > pages+2 {
		t.Errorf("%d media took %d requests", many, saw.Requests)
	}
	count := strconv.Itoa(many)
	if digits := strings.NewReplacer(",", "").Replace(saw.End); !strings.Contains(digits, count+" media") || saw.LastSize != count {
		t.Errorf("at the end: %q, of %s, want %s", saw.End, saw.LastSize, count)
	}
	if want := []string{"2", "7", "2", count, strconv.Itoa(many - 1), "1", "1"}; !slices.Equal(saw.Walk, want) {
		t.Errorf("keys go to %v, want %v", saw.Walk, want)
	}
	if !strings.HasPrefix(saw.Into, "/console/media/") || saw.Back < saw.Scrolled-400 || saw.Back > saw.Scrolled+400 {
		t.Errorf("from %v to %s and back at %v", saw.Scrolled, saw.Into, saw.Back)
	}
	if saw.Still != saw.Back || !saw.Top {
		t.Errorf("something new moved the page from %v to %v; then it is at the top: %v", saw.Back, saw.Still, saw.Top)
	}
	if saw.Sideways > 0 {
		t.Errorf("a phone scrolls %d sideways", saw.Sideways)
	}
	for where, list := range saw.Findings {
		for _, f := range list {
			t.Errorf("axe, %s: %s", where, f)
		}
	}
	quiet(t, saw.Complaints, "409") // what is in use
}

// quiet fails the test for what the browser complained of, but for statuses that
// were to be: 401 before somebody has signed in, 404 of the icon that there is none
// of, and those given.
func quiet(t *testing.T, complaints []string, statuses ...string) {
	t.Helper()
	statuses = append(statuses, "401 (Unauthorized)", "404 (Not Found)")
	for _, said := range complaints {
		if !slices.ContainsFunc(statuses, func(s string) bool { return strings.Contains(said, "status of "+s) }) {
			t.Errorf("the browser says: %s", said)
		}
	}
}

// multiply gives a stopped server n older copies of a media, without renditions.
func (s *server) multiply(id string, n int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.data, "magpie.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"session", "media"} {
		rows, err := db.Query("SELECT name FROM pragma_table_info('" + table + "')")
		if err != nil {
			s.t.Fatal(err)
		}
		var columns, values []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				s.t.Fatal(err)
			}
			value := name
			switch name {
			case "id":
				value = "id - i"
			case "created_at":
				value = "created_at - i"
			case "slug":
				value = "printf('copy%012d', i)"
			}
			columns, values = append(columns, name), append(values, value)
		}
		if err := rows.Err(); err != nil {
			s.t.Fatal(err)
		}
		_, err = db.Exec(fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s (%s) SELECT %s FROM n, %[2]s WHERE id = %[5]s",
			n, table, strings.Join(columns, ", "), strings.Join(values, ", "), id))
		if err != nil {
			s.t.Fatal(err)
		}
	}
}
