package upload

import (
	"context"
	"sync"

	"magpie/internal/media"
)

// arrivedAtOnce is how many uploads are counted at a time.
const arrivedAtOnce = 4

// Arrived counts what has arrived of uploads that have not ended, in bytes, by
// their ids. It asks the store for each, and leaves out what it has no answer for
// when ctx ends.
func (s *Sessions) Arrived(ctx context.Context, list []media.Session) map[media.ID]int64 {
	out := map[media.ID]int64{}
	var mu sync.Mutex
	var counting sync.WaitGroup
	room := make(chan struct{}, arrivedAtOnce)
	for _, session := range list {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		counting.Go(func() {
			defer func() { <-room }()
			sum, err := s.arrived(ctx, session)
			if err != nil {
				return // the next look may tell
			}
			mu.Lock()
			defer mu.Unlock()
			out[session.ID] = sum
		})
	}
	counting.Wait()
	return out
}

func (s *Sessions) arrived(ctx context.Context, session media.Session) (sum int64, err error) {
	if session.Way != media.Numbered {
		parts, err := s.catalog.Parts(ctx, session.ID)
		return parts.Size(), err
	}
	chosen, err := s.newest(ctx, session.ID)
	for _, g := range chosen {
		sum += g.blob.Size
	}
	return sum, err
}

// TakesHere reports whether this process opened an upload or took bytes of it
// within the last half minute or so. Any process may take any segment, so others
// may besides.
func (s *Sessions) TakesHere(id media.ID) bool {
	_, ok := s.recent.session(id, s.now())
	return ok
}
