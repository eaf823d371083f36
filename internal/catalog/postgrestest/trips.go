package postgrestest

import (
	"bytes"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Trips counts what clients ask of a server. It is handed to Forward by its method
// Watch. Its methods may be used from many goroutines.
//
// https://www.postgresql.org/docs/15/protocol-message-formats.html
type Trips struct {
	mu  sync.Mutex
	now Count
}

// Count is what was asked.
type Count struct {
	Trips        int      // how often the client waited for an answer, but to prepare
	Prepared     int      // statements that were prepared, each once on a connection
	Transactions int      // that were begun in so many words
	Statements   []string // what was run besides, in its order: the queries' names, or how they begin
}

// Watch is the watcher of one connection.
func (t *Trips) Watch() io.Writer {
	return &watcher{trips: t, starting: true, names: map[string]string{}}
}

// Take gives what was asked since the last time.
func (t *Trips) Take() Count {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.now
	t.now = Count{}
	return c
}

// watcher reads what one client sends, message by message.
type watcher struct {
	trips    *Trips
	rest     []byte            // of a message that is not whole yet
	starting bool              // the first message has no type
	names    map[string]string // by prepared statement
	bound    string            // what is run next
	ran      bool              // something, since the last answer
}

// Write takes the next bytes of the connection. It never fails.
func (w *watcher) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		head := 1
		if w.starting {
			head = 0
		}
		if len(w.rest) < head+4 {
			return len(p), nil
		}
		size := head + int(binary.BigEndian.Uint32(w.rest[head:]))
		if len(w.rest) < size {
			return len(p), nil
		}
		if !w.starting {
			w.message(w.rest[0], w.rest[5:size])
		}
		w.rest, w.starting = w.rest[size:], false
	}
}

func (w *watcher) message(kind byte, body []byte) {
	w.trips.mu.Lock()
	defer w.trips.mu.Unlock()
	c := &w.trips.now
	text := func() string { // up to its zero byte
		s, rest, _ := bytes.Cut(body, []byte{0})
		body = rest
		return string(s)
	}
	switch kind {
	case 'Q': // a query in its text
		c.Trips++
		w.run(c, nameOf(text()))
	case 'P':
		statement := text()
		w.names[statement] = nameOf(text())
	case 'B':
		text() // the portal
		w.bound = w.names[text()]
	case 'E':
		w.run(c, w.bound)
		w.ran = true
	case 'S':
		if w.ran {
			c.Trips++
		} else {
			c.Prepared++
		}
		w.ran = false
	}
}

func (w *watcher) run(c *Count, name string) {
	switch strings.ToLower(strings.Trim(strings.SplitN(name, " ", 2)[0], ";")) {
	case "begin":
		c.Transactions++
	case "commit", "rollback":
	default:
		c.Statements = append(c.Statements, name)
	}
}

var (
	named = regexp.MustCompile(`^-- name: (\w+)`)
	from  = regexp.MustCompile(`(?s)^SELECT .*?FROM (\w+)`)
)

// nameOf is how a query is called in the catalogue's SQL, the table that it reads,
// or its beginning.
func nameOf(query string) string {
	if m := named.FindStringSubmatch(query); m != nil {
		return m[1]
	}
	if m := from.FindStringSubmatch(query); m != nil {
		return m[1]
	}
	return query[:min(len(query), 60)]
}
