package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie/bench/gauge"
)

const parallel = 16 // uploads

// memories measures what servers have in memory: at rest, and at most while 16
// uploads come in parallel, each of a sixteenth of the given size.
func (r *run) memories(ctx context.Context) error {
	names := slices.DeleteFunc(slices.Clone(r.servers), func(s string) bool { return s == "limit" })
	idle, peak, more := map[string][]int64{}, map[string][]int64{}, map[string][]int64{}
	for round := range r.rounds {
		for _, name := range names {
			r.say("memory, round %d: %s", round+1, name)
			rest, most, err := r.memoryOf(ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			idle[name], peak[name], more[name] = append(idle[name], rest), append(peak[name], most), append(more[name], most-rest)
		}
	}
	var t, g gauge.Table
	t.Add("resident memory", "idle", "peak with 16 uploads", "more")
	for _, name := range names {
		t.Add(name, mebibytes(gauge.Median(idle[name])), mebibytes(gauge.Median(peak[name])), mebibytes(gauge.Median(more[name])))
	}
	r.print(t)
	if idle["magpie"] == nil {
		return nil
	}
	g.Add("magpie's", "figure", "goal", "")
	atMost(&g, "idle, MiB", inMiB(gauge.Median(idle["magpie"])), 80)
	atMost(&g, "more with 16 uploads, MiB", inMiB(gauge.Median(more["magpie"])), 48)
	r.print(g)
	return nil
}

func (r *run) memoryOf(ctx context.Context, name string) (rest, most int64, err error) {
	s, err := r.serve(ctx, name)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.measured().stop()) }()
	if rest, err = s.measured().rest(ctx); err != nil {
		return 0, 0, err
	}
	var uploads errgroup.Group
	for i := range parallel {
		uploads.Go(func() error {
			_, err := s.ingest(ctx, r.payload, load{size: max(r.size/parallel, r.segment), segment: r.segment, conns: 1, name: fmt.Sprintf("%d-", i)})
			return err
		})
	}
	err = uploads.Wait()
	return rest, s.measured().Peak(), err
}

// rest gives the server two seconds for what it does when it starts, says what it
// has in memory then, and lets its peak begin from there.
func (s *server) rest(ctx context.Context) (int64, error) {
	select {
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return s.Memory(), s.ForgetPeak()
}

func inMiB(n int64) float64 { return float64(n) / (1 << 20) }

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", inMiB(n)) }

// Each of the slow clients sends 10 KB/s, four times a second a quarter of it.
const (
	slowOnes  = 1000
	slowBytes = 2500
	slowEvery = time.Second / 4
	slowSince = 5 * time.Second // when the fast one begins
	fastOnes  = 3               // uploads in a round, one after the other
)

// slows measures a fast upload alone, and while a thousand clients, each in a
// session of its own, take their time.
func (r *run) slows(ctx context.Context) error {
	alone, beside := make([]float64, 0, r.rounds), make([]float64, 0, r.rounds)
	var more []int64
	var cut []int
	for round := range r.rounds {
		r.say("slow, round %d", round+1)
		a, b, m, gone, err := r.slowRound(ctx)
		if err != nil {
			return err
		}
		alone, beside, more, cut = append(alone, a), append(beside, b), append(more, m), append(cut, gone)
	}
	var t, g gauge.Table
	t.Add("1,000 clients at 10 KB/s each", "without them", "beside them", "÷", "memory more than idle", "of them cut off")
	slowed := gauge.Ratio(gauge.Median(beside), gauge.Median(alone))
	t.Add("a fast upload of "+size(r.size)+", MB/s", fmt.Sprintf("%.0f (%s)", gauge.Median(alone), spread(alone)),
		fmt.Sprintf("%.0f (%s)", gauge.Median(beside), spread(beside)), slowed, mebibytes(gauge.Median(more)), strconv.Itoa(gauge.Median(cut)))
	r.print(t)
	g.Add("magpie's", "figure", "goal", "")
	atLeast(&g, "fast upload beside slow ones ÷ alone", slowed, 0.9)
	atMost(&g, "more with 1,000 slow ones and a fast one, MiB", inMiB(gauge.Median(more)), 128)
	r.print(g)
	return nil
}

func (r *run) slowRound(ctx context.Context) (alone, beside float64, more int64, cut int, err error) {
	if err := r.settle(); err != nil {
		return 0, 0, 0, 0, err
	}
	m, err := r.startMagpie(ctx)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	rest, err := m.rest(ctx)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	fast := func() (float64, error) {
		var rates []float64
		for range fastOnes {
			if err := r.touch(); err != nil { // or it would be slow for having waited
				return 0, err
			}
			id, t, err := m.upload(r.payload, load{size: r.size, segment: r.segment, conns: 1})
			if err == nil {
				err = m.settled(id)
			}
			if err != nil {
				return 0, err
			}
			rates = append(rates, float64(r.size)/1e6/t.durable.Seconds())
		}
		return gauge.Median(rates), nil
	}
	if alone, err = fast(); err != nil {
		return 0, 0, 0, 0, err
	}
	wires, err := m.dial(slowOnes)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	defer hangUp(wires)
	const segment = 4 << 20
	for _, w := range wires {
		id, err := initialize(w, 16*segment)
		if err != nil {
			return 0, 0, 0, 0, err
		}
		if err := w.begin(r.payload, id, r.payload.video(16*segment, segment)[0]); err != nil {
			return 0, 0, 0, 0, err
		}
	}
	going, stop := context.WithCancel(ctx)
	trickled := make(chan int, 1)
	go func() { trickled <- trickle(going, wires, r.payload) }()
	select {
	case <-time.After(slowSince):
	case <-ctx.Done():
	}
	beside, err = fast()
	stop()
	return alone, beside, m.Peak() - rest, <-trickled, err
}

// begin sends an append up to the first bytes of its segment.
func (w *wire) begin(p payload, id string, s piece) error {
	before := formBegin(0)
	head := fmt.Sprintf("POST /2/media/upload/%s/append HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		id, w.host, asForm, int64(len(before)+len(formEnd))+s.size(), before)
	return w.write([]byte(head), s.own)
}

// trickle has all of them send a little, again and again, and says how many were
// cut off meanwhile.
func trickle(ctx context.Context, wires []*wire, p payload) (cut int) {
	open := slices.Clone(wires)
	tick := time.NewTicker(slowEvery / 10) // a tenth of them each time
	defer tick.Stop()
	for turn := 0; ; turn = (turn + 1) % 10 {
		select {
		case <-ctx.Done():
			return cut
		case <-tick.C:
		}
		for i := turn; i < len(open); i += 10 {
			if open[i] != nil && open[i].write(p[i*slowBytes:(i+1)*slowBytes]) != nil {
				open[i] = nil
				cut++
			}
		}
	}
}
