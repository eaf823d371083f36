package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"magpie/internal/bus"
	"magpie/internal/ownapi"
	"magpie/internal/processing/ffmpeg"
)

// operator is what operators are told of this process.
func (a *app) operator() ownapi.Operator {
	node, _ := os.Hostname() // "" where there is none
	return ownapi.Operator{Node: cmp.Or(node, "magpie"), Version: version, Engines: a.engines, Settings: a.settings.inForce}
}

// engines asks all that this process stands on how it is, at once.
func (a *app) engines(ctx context.Context) []ownapi.Engine {
	looks := []struct {
		name string
		look func(context.Context) (time.Duration, []finding)
	}{
		{"database", a.lookAtDatabase},
		{"blobs", a.lookAtBlobs},
		{"bus", a.lookAtBus},
		{"ffmpeg", a.transcoder.look},
		{"machine", a.lookAtMachine},
	}
	out := make([]ownapi.Engine, len(looks))
	var looking sync.WaitGroup
	for i, l := range looks {
		looking.Go(func() {
			took, found := l.look(ctx)
			out[i] = ownapi.Engine{Name: l.name, Latency: took}
			for _, f := range found {
				words := oneLine(f.Words)
				if f.Name != l.name {
					words = f.Name + ": " + words
				}
				out[i].Findings = append(out[i].Findings, ownapi.Finding{Verdict: f.Verdict, Words: words, Advice: f.Advice})
			}
		})
	}
	looking.Wait()
	return out
}

// asked runs a check and says how long it took.
func asked(ctx context.Context, ask check) (time.Duration, error) {
	began := time.Now()
	err := ask(ctx)
	return max(time.Since(began), 1), err
}

func (a *app) lookAtDatabase(ctx context.Context) (time.Duration, []finding) {
	const name = "database"
	took, err := asked(ctx, a.catalog.Ping)
	if err != nil {
		return took, []finding{bad(name, err.Error(), "See the database server's own log; for a file, the disk and who may write to it.")}
	}
	words, durable, err := a.catalog.Server(ctx)
	switch {
	case err != nil:
		return took, []finding{bad(name, err.Error(), "See the database server's own log.")}
	case words == "":
		size := int64(0)
		for _, end := range []string{"", "-wal"} {
			if info, err := os.Stat(databaseIn(a.settings.Data) + end); err == nil {
				size += info.Size()
			}
		}
		return took, []finding{good(name, "%s, %s", databaseIn(a.settings.Data), humanize.IBytes(uint64(size)))}
	case !durable:
		return took, []finding{bad(name, words+"; fsync and full_page_writes must be on", "Set both to on: a power failure loses what was answered.")}
	}
	return took, []finding{good(name, "%s", words)}
}

func (a *app) lookAtBlobs(ctx context.Context) (time.Duration, []finding) {
	const name = "blobs"
	where := cmp.Or(a.settings.Blobs, "blobs in the data folder")
	took, err := asked(ctx, a.blobs.Ready)
	switch {
	case err != nil && a.settings.Blobs == "":
		return took, []finding{bad(name, err.Error(), "Make room on the disk of the data folder, and see who may write to it.")}
	case err != nil:
		return took, []finding{bad(name, err.Error(), s3Advice(err))}
	}
	return took, []finding{good(name, "%s can be written", where)}
}

func (a *app) lookAtBus(ctx context.Context) (time.Duration, []finding) {
	const name = "bus"
	where := "inside this process"
	if a.settings.Bus != "" {
		where = bus.RedactURL(a.settings.Bus)
	}
	took, err := asked(ctx, a.bus.Ready)
	if err != nil {
		return took, []finding{bad(name, where+": "+err.Error(), "Nothing is processed meanwhile, and nothing is lost: what waits is sent again. See the servers of the bus, and the disk.")}
	}
	depths, err := a.bus.Depths(ctx)
	if err != nil {
		return took, []finding{weak(name, where+": "+err.Error(), "It may be choosing a leader: look again in a minute.")}
	}
	var lanes []string
	for _, lane := range bus.Lanes() {
		lanes = append(lanes, fmt.Sprintf("%s: %d waiting, %d taken", lane, depths[lane].Waiting, depths[lane].Taken))
	}
	out := []finding{good(name, "%s; %s", where, strings.Join(lanes, "; "))}
	if a.settings.Bus != "" {
		out = append(out, a.doctor().carrier(ctx)...)
	}
	return took, out
}

func (a *app) lookAtMachine(context.Context) (time.Duration, []finding) {
	d := a.doctor()
	return 0, []finding{d.space(), d.key(), files(), clock()}
}

// doctor is magpie doctor for the settings of this process.
func (a *app) doctor() *doctorCommand {
	s := a.settings
	return &doctorCommand{catalogFlags: catalogFlags{dataFlag{s.Data}, s.databaseFlag}, blobsFlag: s.blobsFlag, busFlags: s.busFlags, KeyFile: s.KeyFile}
}

// transcoderCheck looks at ffmpeg, and remembers what it saw: asking it what it can
// do starts a process for each kind of thing.
type transcoderCheck struct {
	engine *ffmpeg.Engine
	mu     sync.Mutex
	at     time.Time
	found  []finding
}

// transcoderFor is how long what was seen is remembered.
const transcoderFor = 5 * time.Minute

func (c *transcoderCheck) look(ctx context.Context) (time.Duration, []finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.found) > 0 && time.Since(c.at) < transcoderFor {
		return 0, c.found
	}
	found := transcoderFindings(ctx, c.engine)
	if ctx.Err() == nil {
		c.found, c.at = found, time.Now()
	}
	return 0, found
}
