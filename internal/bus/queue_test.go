package bus

import (
	"context"
	"testing"

	"magpie/internal/media"
)

func FuzzParseSubject(f *testing.F) {
	for _, s := range []string{
		"magpie.jobs.fast.1", "magpie.jobs.slow.9223372036854775807", "magpie.jobs.fast.01",
		"magpie.jobs.fast.0", "magpie.jobs.fast.-1", "magpie.jobs.fast.9223372036854775808",
		"magpie.jobs.medium.1", "magpie.jobs.fast", "magpie.jobs.fast.1.2", "jobs.fast.1", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lane, id, err := parseSubject(s)
		if err != nil {
			return
		}
		if id <= 0 || checkLane(lane) != nil {
			t.Fatalf("%q gave %q, %d", s, lane, id)
		}
		lane2, id2, err := parseSubject(subject(lane, id))
		if lane2 != lane || id2 != id || err != nil {
			t.Fatalf("%q gave %q, %d and then %q, %d, %v", s, lane, id, lane2, id2, err)
		}
	})
}

func TestParseSubject(t *testing.T) {
	t.Parallel()
	if lane, id, err := parseSubject("magpie.jobs.slow.42"); lane != Slow || id != 42 || err != nil {
		t.Errorf("%q, %d, %v", lane, id, err)
	}
	for _, s := range []string{"magpie.jobs.slow.0", "magpie.jobs.medium.1", "magpie.jobs.slow", "slow.42", "magpie.jobs.slow.4.2"} {
		if lane, id, err := parseSubject(s); err == nil {
			t.Errorf("%q was read as %q, %d", s, lane, id)
		}
	}
}

// TestStrangerOnTheQueue: a message that is no job, from whoever else can reach
// a shared server, is dropped and holds up nothing.
func TestStrangerOnTheQueue(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: t.TempDir() + "/bus"})
	if _, err := b.current().js.Publish(t.Context(), "magpie.jobs.fast.stranger", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), media.ID(7), Fast); err != nil {
		t.Fatal(err)
	}
	got := make(chan Job, 2)
	done := make(chan error, 1)
	go func() {
		done <- b.Work(t.Context(), Fast, 1, func(_ context.Context, j Job) error {
			got <- j
			return nil
		})
	}()
	if j := <-got; j.ID != 7 {
		t.Errorf("got %+v", j)
	}
	b.Close()
	<-done
	b = open(t, b.cfg)
	if jobs := drain(t, b, Fast); len(jobs) != 0 {
		t.Errorf("left on the queue: %+v", jobs)
	}
}
