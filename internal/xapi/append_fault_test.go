package xapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"magpie/internal/blob/blobtest"
)

// looking looks into the store at the moment of the answer.
type looking struct {
	http.ResponseWriter
	look func(status int)
}

func (w looking) WriteHeader(status int) {
	w.look(status)
	w.ResponseWriter.WriteHeader(status)
}

func TestAppendKeepsBeforeItAnswers(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	looked := false
	w := looking{httptest.NewRecorder(), func(status int) {
		looked = true
		s.memory.Crash() // what is not durable by now is lost
		if got := s.content(id); status != http.StatusOK || got["042"] != "bytes" {
			t.Errorf("at the answer %d the store holds %q", status, got)
		}
	}}
	s.api.ServeHTTP(w, s.request("POST", at(id, "append"), form("segment_index", "42", "media", "bytes"), "Content-Type", formKind))
	if !looked {
		t.Error("no answer")
	}
}

func TestAppendToAStoreThatFails(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"total_bytes": 5})
	for _, op := range []blobtest.Op{blobtest.OpCreate, blobtest.OpWrite, blobtest.OpCommit} {
		s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(op, blobtest.Full())})
		s.send(id, 0, "hello").refused(http.StatusInsufficientStorage, "no room", "try again later")
		s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(op, errors.New("/dev/sdb on fire"))})
		s.log.Reset()
		s.send(id, 0, "hello").is(http.StatusInternalServerError, `{"code":500,"message":"The server could not answer. Its log says why.","title":"Internal Error",
			"detail":"The server could not answer. Its log says why.","type":"https://api.x.com/2/problems/internal-error","status":500}`)
		for _, want := range []string{"level=ERROR", "/dev/sdb on fire", id.String()} {
			if !strings.Contains(s.log.String(), want) {
				t.Errorf("%s: the log lacks %q: %s", op, want, &s.log)
			}
		}
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
	s.memory.SetFaults(blobtest.Faults{})
	s.send(id, 0, "hello").is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
}

// The answer to a commit that took effect was lost: the segment may be sent
// again.
func TestAppendAgainAfterAnUncertainCommit(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"media_type": "image/png", "total_bytes": len(png())})
	s.memory.SetFaults(blobtest.Faults{After: blobtest.FailAll(blobtest.OpCommit, errors.New("lost"))})
	s.send(id, 0, png()).refused(http.StatusInternalServerError)
	s.memory.SetFaults(blobtest.Faults{})
	s.send(id, 0, png()).is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
	if got := s.finalize(id).id(); got != id {
		t.Errorf("finalize gave %s", got)
	}
}

func TestAppendWhoseClientGoes(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	whole := form("segment_index", "0", "media", strings.Repeat("x", 1000))
	for name, err := range map[string]error{"cut": io.ErrUnexpectedEOF, "reset": errors.New("read tcp 10.0.0.1:80: connection reset by peer")} {
		body := io.MultiReader(strings.NewReader(whole[:700]), iotest.ErrReader(err))
		a := s.call("POST", at(id, "append"), body, "Content-Type", formKind)
		a.refused(http.StatusBadRequest, "broke off before its end", "send the request again")
		if strings.Contains(a.Body.String(), "10.0.0.1") {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	// It goes once all has arrived: before the commit, and after it.
	for _, f := range []func(context.CancelFunc) blobtest.Faults{
		func(gone context.CancelFunc) blobtest.Faults {
			return blobtest.Faults{Before: func(c blobtest.Call) error {
				if c.Op == blobtest.OpCommit {
					gone()
				}
				return nil
			}}
		},
		func(gone context.CancelFunc) blobtest.Faults {
			return blobtest.Faults{After: func(c blobtest.Call) error { gone(); return nil }}
		},
	} {
		ctx, gone := context.WithCancel(t.Context())
		s.memory.SetFaults(f(gone))
		w := httptest.NewRecorder()
		s.api.ServeHTTP(w, s.request("POST", at(id, "append"), whole, "Content-Type", formKind).WithContext(ctx))
		s.memory.SetFaults(blobtest.Faults{})
		answer{w, t}.refused(http.StatusBadRequest, "closed before the request was done; send it again")
		gone()
	}
	if kept := s.kept(); len(kept) != 1 { // the second one's
		t.Errorf("kept %v", kept)
	}
}

// A client that closes its side of the connection may still read: it is never
// told that a segment was kept which was not.
func TestAppendWhoseClientClosesItsSide(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	gone := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.memory.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
			if c.Op == blobtest.OpCommit {
				<-r.Context().Done()
				close(gone)
			}
			return nil
		}})
		s.api.ServeHTTP(w, r)
	}))
	defer web.Close()
	conn, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := form("segment_index", "0", "media", "x")
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		at(id, "append"), s.bearer[owner], formKind, len(body), body)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	<-gone
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusBadRequest || len(s.kept()) > 0 {
		t.Errorf("status %d, kept %v", got.StatusCode, s.kept())
	}
}
