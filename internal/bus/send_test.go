package bus

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	"magpie/internal/media"
)

// BenchmarkSend is the durable sending of one job, by one caller and by many.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		name    string
		callers int
	}{{"1", 1}, {"16", 16}} {
		b.Run(c.name, func(b *testing.B) {
			q, err := Open(context.Background(), Config{Dir: filepath.Join(b.TempDir(), "bus")})
			if err != nil {
				b.Fatal(err)
			}
			defer q.Close()
			var id atomic.Int64
			b.SetParallelism(c.callers)
			b.ResetTimer()
			send := func() {
				if err := q.Send(context.Background(), media.ID(id.Add(1)), Fast); err != nil {
					b.Error(err)
				}
			}
			if c.callers == 1 {
				for b.Loop() {
					send()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					send()
				}
			})
		})
	}
}

// BenchmarkWork is one job through a handler that does nothing, four at once.
func BenchmarkWork(b *testing.B) {
	q, err := Open(context.Background(), Config{Dir: filepath.Join(b.TempDir(), "bus")})
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	for i := range b.N {
		if err := q.Send(context.Background(), media.ID(i+1), Fast); err != nil {
			b.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	var done atomic.Int64
	b.ResetTimer()
	if err := q.Work(ctx, Fast, 4, func(context.Context, Job) error {
		if done.Add(1) == int64(b.N) {
			stop()
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}
