package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// ordeal is a server that is given file after file of which nobody knows
// whether it is good.
type ordeal struct {
	t       *testing.T
	s       *server
	c       client
	k       *canary
	waiting []trial
	passed  int // succeeded
	refused int // in words, at any step
}

type trial struct{ name, id string }

func newOrdeal(t *testing.T) *ordeal {
	s := start(t)
	return &ordeal{t: t, s: s, c: s.client(), k: newCanary(t)}
}

// try uploads a file. A refusal may come with any request; it has words.
func (o *ordeal) try(v hostile) {
	o.t.Helper()
	id := o.c.initialize(v.kind, v.category, len(v.file))
	for i := 0; i*maxStep < len(v.file); i++ {
		a := o.c.append(id, i, v.file[i*maxStep:min((i+1)*maxStep, len(v.file))])
		if a.status != http.StatusOK {
			o.words(v.name, a.refused(http.StatusBadRequest))
			return
		}
	}
	a := o.c.finalize(id)
	if a.status != http.StatusOK {
		o.words(v.name, a.refused(http.StatusBadRequest))
		return
	}
	o.waiting = append(o.waiting, trial{v.name, id})
	if len(o.waiting) >= 200 { // so that words tell of files at hand
		o.settle()
	}
}

const maxStep = 16 << 20

func (o *ordeal) words(name, words string) {
	o.t.Helper()
	o.refused++
	checkWords(o.t, o.s, name, words)
}

// settle waits until every file has succeeded, or failed for its own sake.
func (o *ordeal) settle() {
	o.t.Helper()
	for _, w := range o.waiting {
		info := o.c.await(w.id)
		e, _ := info["error"].(map[string]any)
		words, _ := e["message"].(string)
		switch {
		case info["state"] == "succeeded":
			o.passed++
		case info["state"] != "failed" || e["name"] == "InternalError":
			o.t.Errorf("%s: processing says %v, want that it succeeded or failed for the file's sake", w.name, info)
		default:
			o.words(w.name, words)
		}
	}
	o.waiting = nil
}

// memory is the most that the server may ever take: far more than it does, and
// far less than the files could make it.
const memory = 1 << 30

// end settles what is left, and checks that the server is as before.
func (o *ordeal) end() {
	o.t.Helper()
	o.settle()
	o.s.checkQuiet()
	o.s.checkWhole()
	o.k.check(o.t)
	if peak := peakMemory(o.t, o.s.cmd.Process.Pid); peak > memory {
		o.t.Errorf("the server took %d MiB", peak>>20)
	} else {
		o.t.Logf("%d succeeded, %d were refused; the server took %d MiB at most", o.passed, o.refused, peak>>20)
	}
	up := o.c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
	public(o.c, o.c.lookup(up["media_key"].(string))["url"].(string))
	o.c.succeeded(o.c.upload("video/mp4", "tweet_video", sampleMP4(o.t), 1<<20)["id"].(string))
}

// peakMemory is the most that a process had in memory, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no peak in %q", bytes.TrimSpace(b))
	return 0
}
