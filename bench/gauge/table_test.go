package gauge

import (
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	var list Table
	list.Add("what", "wall", "ratio", "memory")
	list.Add("one", 1500*time.Millisecond, 1.0, int64(2_500_000))
	list.Add("another", 12*time.Millisecond, Ratio(int64(1), 3), int64(0))
	var out strings.Builder
	list.Print(&out)
	want := `| what    | wall   | ratio | memory |
|---      |---     |---    |---     |
| one     | 1.50 s | 1.000 | 2.5 MB |
| another | 12 ms  | 0.333 | 0.0 MB |
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
