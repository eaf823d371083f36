package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"magpie/internal/client"
)

// listFlags are those of commands that list.
type listFlags struct {
	JSON bool `name:"json" help:"One line of JSON for each, in the place of a table."`
}

// listing prints what there is a row for: a table for people, or a line of JSON
// for each, with the columns' names in small letters.
type listing struct {
	columns []string
	table   *tabwriter.Writer // nil for JSON
	json    io.Writer
}

// list begins a listing with columns, named in capitals.
func (f listFlags) list(w io.Writer, columns ...string) *listing {
	if f.JSON {
		return &listing{columns: columns, json: w}
	}
	l := &listing{columns: columns, table: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(l.table, strings.Join(columns, "\t"))
	return l
}

// row prints one row: a string, a list of them, a number or a time for each
// column. Times are in UTC. What is empty is a dash in the table.
func (l *listing) row(values ...any) error {
	if l.table == nil {
		return l.object(values)
	}
	cells := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case time.Time:
			if !v.IsZero() {
				cells[i] = v.UTC().Format(time.RFC3339)
			}
		case []string:
			cells[i] = strings.Join(v, ",")
		default:
			cells[i] = client.Plain(fmt.Sprint(v))
		}
		cells[i] = orDash(cells[i])
	}
	_, err := fmt.Fprintln(l.table, strings.Join(cells, "\t"))
	return err
}

// object prints one row as JSON, its members in the order of the columns.
func (l *listing) object(values []any) error {
	var b bytes.Buffer
	for i, v := range values {
		if t, ok := v.(time.Time); ok {
			if v = t.UTC(); t.IsZero() {
				v = nil
			}
		}
		if list, ok := v.([]string); ok {
			v = append([]string{}, list...) // [], not null
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		name := strings.ReplaceAll(strings.ToLower(l.columns[i]), " ", "_")
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], name, text)
	}
	b.WriteString("}\n")
	_, err := l.json.Write(b.Bytes())
	return err
}

// end prints what is left.
func (l *listing) end() error {
	if l.table == nil {
		return nil
	}
	return l.table.Flush()
}
