package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"magpie/internal/catalog/postgrestest"
)

// cost is what a step of an upload asked of the engines.
type cost struct {
	name     string
	database postgrestest.Count
	store    map[string]int
}

func (c cost) requests() (n int) {
	for _, k := range c.store {
		n += k
	}
	return n
}

// TestUploadCost holds what each request of an upload asks of PostgreSQL and S3 to
// a budget, and prints it: docs/scaling.md has the table. What a server does by
// itself now and then comes in between, so that of several rounds the cheapest
// counts.
func TestUploadCost(t *testing.T) {
	t.Parallel()
	e := startEngines(t)
	worker := e.node(t, "--workers", "1")
	worker.run()

	var trips postgrestest.Trips
	address, stop, err := e.postgres.Forward("127.0.0.1:0", trips.Watch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	e.database = "postgres://magpie@" + address + "/magpie?sslmode=disable"
	requests, err := e.store.Count()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { requests.Close() })
	e.blobs = "s3://media/here?endpoint=http://" + requests.Address
	api := e.node(t, "--no-work")
	api.run()
	c := api.client()

	best := map[string]cost{}
	var order []string
	step := func(name string, do func()) {
		trips.Take()
		requests.Take()
		do()
		now := cost{name, trips.Take(), requests.Take()}
		if old, ok := best[name]; !ok {
			order = append(order, name)
			best[name] = now
		} else if now.database.Trips+now.requests() < old.database.Trips+old.requests() {
			best[name] = now
		}
	}
	film, photo := tinyMP4(t, 1), bigJPEG(t, 640, 480)
	half := len(film) / 2
	for range 6 {
		var id, key string
		step("initialize", func() { id = c.initialize("video/mp4", "tweet_video", len(film)) })
		step("append, the first", func() { c.append(id, 0, film[:half]).data() })
		step("append", func() { c.append(id, 1, film[half:]).data() })
		step("finalize", func() { key = c.finalize(id).data()["media_key"].(string) })
		step("status", func() { c.status(id).data() })
		c.succeeded(id)
		many := []string{key}
		for i := range 99 {
			many = append(many, fmt.Sprintf("7_%d", 1000+i))
		}
		step("lookup of 100", func() { c.call("GET", "/2/media?media_keys="+strings.Join(many, ","), nil) })
		step("lookup of 100, all fields", func() {
			c.call("GET", "/2/media?media_keys="+strings.Join(many, ",")+strings.Replace(allFields, "?", "&", 1), nil)
		})
		file := variant(t, c.lookup(key))
		step("delivery", func() {
			if got := c.as("").call("GET", file, nil); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		for range 3 { // the third finds a session that was written with the second's
			step("photo in one request", func() { c.oneShot(photo, "tweet_image") })
		}
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "request\ttransactions\tstatements\tround trips\tS3\t")
	for _, name := range order {
		b := best[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%v\t%s\n", name, b.database.Transactions, len(b.database.Statements), b.database.Trips, b.store, strings.Join(b.database.Statements, " "))
	}
	w.Flush()
	t.Logf("what requests cost:\n%s", table.String())

	for name, most := range map[string]struct{ transactions, statements, lists, requests int }{
		"initialize":    {1, 3, 0, 0},
		"append":        {0, 1, 0, 1},
		"finalize":      {2, 7, 1, 3},
		"status":        {0, 1, 0, 0},
		"lookup of 100": {0, 1, 0, 0},
		"delivery":      {0, 2, 0, 1},

		"append, the first":    {0, 1, 0, 1},
		"photo in one request": {1, 11, 0, 4},
	} {
		b := best[name]
		if b.database.Transactions > most.transactions || len(b.database.Statements) > most.statements || b.store["LIST"] > most.lists || b.requests() > most.requests {
			t.Errorf("%s: %d transactions, %d statements (%v), %v S3 requests; want at most %+v",
				name, b.database.Transactions, len(b.database.Statements), b.database.Statements, b.store, most)
		}
	}
}

// variant is the address of a video's file.
func variant(t *testing.T, shown map[string]any) string {
	t.Helper()
	for _, v := range shown["variants"].([]any) {
		if v := v.(map[string]any); v["content_type"] == "video/mp4" {
			return v["url"].(string)
		}
	}
	t.Fatalf("no file in %v", shown)
	return ""
}

// bigJPEG is a photo of noise over a slope, which takes about as many bytes as a
// camera's.
func bigJPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	m, r := image.NewRGBA(image.Rect(0, 0, width, height)), rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(i/width/16 + r.IntN(24))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUploadProcessorTime prints how many seconds of a processor an upload takes of
// each process, with everything in one and with engines of their own. How much that
// is depends on the machine; that somebody was paid for the work, and that all of
// it was done, does not.
func TestUploadProcessorTime(t *testing.T) {
	t.Parallel()
	photo, film, photos, films := bigJPEG(t, 640, 480), tinyMP4(t, 1), 2, 1
	if soak() {
		photo, film, photos, films = bigJPEG(t, 2048, 1536), filmOf(t), 60, 3
	}
	t.Logf("photos of %d bytes, films of %d bytes", len(photo), len(film))

	one := start(t, "--workers", "1")
	measure(t, "SQLite, disk, embedded", one.client(), map[string]int{"magpie": one.cmd.Process.Pid}, photo, photos, film, films)

	e := startEngines(t)
	worker, api := e.node(t, "--workers", "1"), e.node(t, "--no-work")
	worker.run()
	api.run()
	measure(t, "PostgreSQL, S3, NATS", api.client(), map[string]int{
		"serve": api.cmd.Process.Pid, "work": worker.cmd.Process.Pid, "PostgreSQL": e.postgres.PID(), "versitygw": e.store.PID, "NATS": e.nats.Nodes[0].PID(),
	}, photo, photos, film, films)
}

// filmOf is ten seconds of 1280×720 in 8 megabytes, about what a telephone makes.
func filmOf(t *testing.T) []byte {
	t.Helper()
	rate := []string{"-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M", "-x264-params", "nal-hrd=cbr", "-preset", "ultrafast"}
	piece := filmFile(t, "mp4", slices.Concat(picture("1280x720", 2), sound(2), h264(), rate, []string{"-c:a", "aac"})...)
	return film(t, "mp4", "-stream_loop", "4", "-i", piece, "-c", "copy")
}

func measure(t *testing.T, engines string, c client, processes map[string]int, photo []byte, photos int, film []byte, films int) {
	t.Helper()
	names := make([]string, 0, len(processes))
	for name := range processes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, kind := range []struct {
		name string
		n    int
		do   func()
	}{
		{"photo", photos, func() { c.oneShot(photo, "tweet_image") }},
		{"film", films, func() { c.succeeded(c.upload("video/mp4", "tweet_video", film, 4<<20)["id"].(string)) }},
	} {
		before := map[string]time.Duration{}
		for _, name := range names {
			before[name] = processorTime(t, processes[name])
		}
		// The kernel counts in steps of 10 ms: as many as were asked for, and on until it has counted something.
		line, all, n := "", time.Duration(0), 0
		for ; n < kind.n || all <= 0 && n < 100*kind.n; n++ {
			kind.do()
			if n+1 < kind.n {
				continue
			}
			line, all = "", 0
			for _, name := range names {
				took := processorTime(t, processes[name]) - before[name]
				all += took
				line += fmt.Sprintf(" %s %.1f ms,", name, took.Seconds()*1000/float64(n+1))
			}
		}
		t.Logf("%s, one of %d %ss:%s", engines, n, kind.name, strings.TrimSuffix(line, ","))
		if all <= 0 {
			t.Errorf("%s: nobody took any time for a %s", engines, kind.name)
		}
	}
}

// processorTime is what a process and its children have taken, those that ended and
// those that run.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // a child that ended meanwhile is its parent's now
	}
	// After the name in brackets, counted from 3: utime, stime, cutime and cstime are 14 to 17.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:15] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	all := time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on Linux
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range tasks {
		children, _ := os.ReadFile(path)
		for child := range strings.FieldsSeq(string(children)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				t.Fatal(err)
			}
			all += processorTime(t, n)
		}
	}
	return all
}
