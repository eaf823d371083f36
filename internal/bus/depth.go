package bus

import (
	"context"
	"fmt"
)

// Depth is how many jobs a lane has.
type Depth struct {
	Waiting int // handed to nobody yet
	Taken   int // running, or between two tries
}

// Depths counts the jobs of each lane. All processes on one cluster are told the
// same; it may be a moment old, and the lanes are not counted at one instant.
func (b *Bus) Depths(ctx context.Context) (map[Lane]Depth, error) {
	if b.isClosing() {
		return nil, ErrClosed
	}
	js, depths := b.current().js, map[Lane]Depth{}
	for _, lane := range Lanes() {
		c, err := js.Consumer(ctx, streamName, string(lane))
		if err != nil {
			return nil, fmt.Errorf("count the jobs of lane %s: %w", lane, err)
		}
		info := c.CachedInfo() // as of the line above
		depths[lane] = Depth{Waiting: int(info.NumPending), Taken: info.NumAckPending}
	}
	return depths, nil
}
