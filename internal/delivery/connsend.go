package delivery

import (
	"io"
	"runtime"

	"magpie/internal/blob"
)

// turn is after how many bytes of files a goroutine steps aside. One that never has to
// wait for its viewer looks to Go as if it computed all the time: after 10 ms its place is
// taken away in each of its calls, and others are woken for it.
const turn = 4 << 20

// sendFile sends a stretch of a file, a turn at a time.
func (c *conn) sendFile(file blob.Sender, stretch *io.LimitedReader) (int64, error) {
	var total int64
	for stretch.N > 0 {
		want := min(stretch.N, turn)
		n, err := file.SendTo(c.raw, want)
		total += n
		stretch.N -= n
		if c.since += n; c.since >= turn {
			c.since = 0
			runtime.Gosched()
		}
		if err != nil || n < want { // n < want: the file's end
			return total, err
		}
	}
	return total, nil
}
