package gauge

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Table is rows of cells, the first of which is the head.
type Table [][]string

// Add appends a row: times, sizes in bytes (int64), ratios (float64) and words.
func (t *Table) Add(cells ...any) {
	var row []string
	for _, c := range cells {
		row = append(row, Cell(c))
	}
	*t = append(*t, row)
}

// Cell writes one cell as Add does.
func Cell(c any) string {
	switch v := c.(type) {
	case time.Duration:
		if v < time.Second {
			return fmt.Sprintf("%d ms", v.Milliseconds())
		}
		return fmt.Sprintf("%.2f s", v.Seconds())
	case int64:
		return fmt.Sprintf("%.1f MB", float64(v)/1e6)
	case float64:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprint(c)
}

// Print writes the table as Markdown, with columns that line up.
func (t Table) Print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	for i, row := range t {
		fmt.Fprintln(out, "| "+strings.Join(row, "\t ")+"\t")
		if i == 0 {
			fmt.Fprintln(out, "|"+strings.Repeat("---\t", len(row)))
		}
	}
	_ = out.Flush()
}
