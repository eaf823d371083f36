package s3blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/faultproxy"
	"magpie/internal/media"
)

// faults are the ways in which a connection goes wrong and another does not.
func faults() map[string]faultproxy.Fault {
	return map[string]faultproxy.Fault{
		"refused":              {Refuse: true},
		"black hole":           {Hole: true},
		"503":                  {Says: faultproxy.Unavailable},
		"cut in the head":      {CutUp: 100},
		"cut in the request":   {CutUp: 700_000},
		"cut in the answer":    {CutDown: 50},
		"cut in a long answer": {CutDown: 500_000},
		"answer lost":          {LoseAnswer: 1},
		"slow":                 {Latency: time.Millisecond},
	}
}

// behindProxy gives a driver that reaches its bucket through a proxy, and one
// that reaches the same directly.
func behindProxy(t *testing.T) (d *Driver, p *faultproxy.Proxy, direct *Driver) {
	t.Helper()
	p = faultproxy.New(t, "tcp", shared.Address)
	a := shared.bucket(t, p.Address())
	d = open(t, a, Options{PartSize: minPart, Stall: 400 * time.Millisecond})
	a.Endpoint = shared.Address
	return d, p, open(t, a, Options{})
}

func noise(seed byte, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data) // never fails
	return data
}

// put commits data, as a segment if keyed is false and else as a rendition.
func put(d *Driver, key string, data []byte, keyed bool) error {
	ctx := context.Background()
	u, err := d.Create(ctx, int64(len(data)), 0)
	if keyed {
		u.Abort()
		u, err = d.CreateKeyed(ctx, key, 0, 0)
	}
	if err != nil {
		return err
	}
	defer u.Abort()
	for piece := range slices.Chunk(data, 256<<10) {
		if _, err := u.Write(piece); err != nil {
			return err
		}
	}
	return u.Commit(ctx, key)
}

func get(d *Driver, key string) ([]byte, error) {
	r, err := d.Open(context.Background(), key, 0, 1<<30)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func wantBytes(t *testing.T, d *Driver, key string, want []byte) {
	t.Helper()
	got, err := get(d, key)
	if err != nil {
		t.Errorf("read %s: %v", key, err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("read %s: %d other bytes than the %d that were put", key, len(got), len(want))
	}
}

func keys(t *testing.T, d *Driver) []string {
	t.Helper()
	var all []string
	for info, err := range d.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info.Key)
	}
	return all
}

// TestFaultsThatPass: everything a driver does gets through two connections in a
// row that go wrong.
func TestFaultsThatPass(t *testing.T) {
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, p, direct := behindProxy(t)
			short, long := noise(1, 2<<20), noise(2, 2*minPart+12345)
			if err := put(direct, "segments/1/there", short, false); err != nil {
				t.Fatal(err)
			}
			twice := func(n int) faultproxy.Fault {
				if n < 2 {
					return f
				}
				return faultproxy.Fault{}
			}
			for op, run := range map[string]func() error{
				"put a segment":   func() error { return put(d, "segments/1/a", short, false) },
				"put a rendition": func() error { return put(d, "renditions/1/1/a", long, true) },
				"stat":            func() error { _, err := d.Stat(context.Background(), "segments/1/there"); return err },
				"delete":          func() error { return d.Delete(context.Background(), "segments/1/none") },
				"ready":           func() error { return d.Ready(context.Background()) },
				"list": func() error {
					for _, err := range d.List(context.Background(), "segments/1/") {
						if err != nil {
							return err
						}
					}
					return nil
				},
				"read": func() error {
					got, err := get(d, "segments/1/there")
					if err == nil && !bytes.Equal(got, short) {
						err = fmt.Errorf("%d other bytes", len(got))
					}
					return err
				},
			} {
				p.Set(twice)
				if err := run(); err != nil {
					t.Errorf("%s: %v", op, err)
				}
			}
			wantBytes(t, direct, "segments/1/a", short)
			wantBytes(t, direct, "renditions/1/1/a", long)
			if used := d.spool.used; used != 0 {
				t.Errorf("%d bytes of the spool are still taken", used)
			}
		})
	}
}

// TestFaultsThatStay: while every connection goes wrong callers are told to come
// back, and once none does everything works by itself. What may have arrived all
// the same is there whole.
func TestFaultsThatStay(t *testing.T) {
	for name, f := range faults() {
		if name == "slow" || name == "cut in a long answer" {
			continue // gets through
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, p, direct := behindProxy(t)
			p.Always(f)
			for key, keyed := range map[string]bool{"segments/1/a": false, "renditions/1/1/a": true} {
				err := put(d, key, noise(1, minPart+1<<20), keyed)
				if media.CodeOf(err) != media.CodeBusy {
					t.Errorf("put %s: got %v, want media.CodeBusy", key, err)
				}
			}
			if err := d.Ready(context.Background()); f.CutUp < 1000 && media.CodeOf(err) != media.CodeBusy {
				t.Errorf("ready: got %v, want media.CodeBusy", err)
			}
			p.Heal()
			until(t, "a put succeeds", func() bool { return put(d, "segments/1/b", []byte("b"), false) == nil })
			for _, key := range keys(t, direct) {
				if key != "segments/1/b" {
					wantBytes(t, direct, key, noise(1, minPart+1<<20))
				}
			}
			if used := d.spool.used; used != 0 {
				t.Errorf("%d bytes of the spool are still taken", used)
			}
		})
	}
}

// until polls.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestAcknowledgedIsWhole: under faults of every kind, blobs are there whole if
// they were acknowledged, and else whole or not at all.
func TestAcknowledgedIsWhole(t *testing.T) {
	t.Parallel()
	d, p, direct := behindProxy(t)
	all := slices.Collect(maps.Values(faults()))
	random := rand.New(rand.NewPCG(1, 2))
	p.Set(func(int) faultproxy.Fault { // called under the proxy's lock
		if random.IntN(2) == 0 {
			return faultproxy.Fault{}
		}
		return all[random.IntN(len(all))]
	})
	var mu sync.Mutex
	sent, stored := map[string][]byte{}, map[string]bool{}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 8 {
				key := fmt.Sprintf("segments/%d/%d", w, i)
				data := noise(byte(8*w+i), 1+i*300_000)
				if i%4 == 3 {
					data = noise(byte(8*w+i), minPart+i*100_000)
				}
				err := put(d, key, data, i%4 == 3)
				if err != nil && media.CodeOf(err) != media.CodeBusy {
					t.Errorf("put %s: %v", key, err)
				}
				mu.Lock()
				sent[key], stored[key] = data, err == nil
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	p.Heal()
	there := keys(t, direct)
	for _, key := range there {
		wantBytes(t, direct, key, sent[key])
	}
	some := false
	for key, acknowledged := range stored {
		if some = some || acknowledged; acknowledged && !slices.Contains(there, key) {
			t.Errorf("%s was acknowledged and is not there", key)
		}
	}
	if !some {
		t.Error("nothing was stored")
	}
}

// TestKeyedHeads: a blob whose beginning comes last goes in parts too.
func TestKeyedHeads(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{PartSize: minPart})
	for name, c := range map[string]struct{ head, rest, after int }{
		"one part":              {1000, 5000, 5000},
		"at the end":            {1 << 20, 3 * minPart, 3 * minPart},
		"half-way":              {1 << 20, 3 * minPart, 2*minPart + 1},
		"at once":               {1 << 20, 3 * minPart, 0},
		"longer than a part":    {minPart + 99, 2 * minPart, 2 * minPart},
		"the most":              {blob.MaxHead, 2 * minPart, 100},
		"nothing behind":        {1000, 0, 0},
		"exactly the first":     {1 << 20, minPart - 1<<20, minPart - 1<<20},
		"one byte of the third": {1 << 20, 2*minPart - 1<<20 + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			key := "renditions/1/1/" + fmt.Sprint(c.head, "-", c.rest, "-", c.after)
			data := noise(3, c.head+c.rest)
			u, err := d.CreateKeyed(t.Context(), key, 0, int64(c.head))
			if err != nil {
				t.Fatal(err)
			}
			defer u.Abort()
			for _, step := range []func() error{
				func() error { _, err := u.Write(data[c.head : c.head+c.after]); return err },
				func() error { return u.WriteHead(data[:c.head]) },
				func() error { _, err := u.Write(data[c.head+c.after:]); return err },
				func() error { return u.Commit(t.Context(), key) },
			} {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			wantBytes(t, d, key, data)
		})
	}
	if used := d.spool.used; used != 0 {
		t.Errorf("%d bytes of the spool are still taken", used)
	}
}

// TestLateHeadSpool: of a film that is longer than the spool, and whose beginning
// comes last, two parts are on the local disk at most.
func TestLateHeadSpool(t *testing.T) {
	d := open(t, shared.bucket(t, ""), Options{PartSize: minPart, MaxSpool: 2 * blob.MaxHead})
	const head = 1 << 20
	data := noise(4, 40<<20+123)
	u, err := d.CreateKeyed(t.Context(), "renditions/1/1/film.mp4", int64(len(data)), head)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	most := int64(0)
	for rest := data[head:]; len(rest) > 0; {
		n := min(len(rest), 300_000)
		if _, err := u.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest, most = rest[n:], max(most, d.spool.used)
	}
	if err := u.WriteHead(data[:head]); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(t.Context(), "renditions/1/1/film.mp4"); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, d, "renditions/1/1/film.mp4", data)
	if most > 2*minPart {
		t.Errorf("up to %d bytes of the spool were taken, more than two parts", most)
	}
}
