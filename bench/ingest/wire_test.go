package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRequestsGoOutWhole(t *testing.T) {
	p := payload(bytes.Repeat([]byte("0123456789abcdef"), 1<<18))
	sum := sha256.Sum256([]byte("before" + "own" + string(p[5:]) + "after"))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got := sha256.Sum256(body)
		if err != nil || r.Method != "POST" || r.URL.Path != "/there" || r.Header.Get("X-Field") != "value" || got != sum {
			http.Error(w, "something else came", http.StatusTeapot)
			return
		}
		w.Header().Set("Location", "/"+strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusCreated)
	}))
	defer s.Close()
	w, err := dial(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	q := request{line: "POST /there", fields: "X-Field: value\r\n", before: []byte("before"), piece: piece{[]byte("own"), 5, int64(len(p))}, after: []byte("after")}
	for range 2 { // on one connection
		a, err := w.ask(p, q, 200, 201)
		if err != nil || a.location != "/"+strconv.Itoa(len(p)-5+14) {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	q.before = nil
	if _, err := w.ask(p, q, 201); err == nil || !strings.Contains(err.Error(), "something else came") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestFetch(t *testing.T) {
	file := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}))
	defer s.Close()
	w, err := dial(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	n := int64(len(file))
	sum := sha256.Sum256(file)
	for range 2 {
		if err := w.fetch("/", "", 0, -1, n); err != nil {
			t.Fatal(err)
		}
		if err := w.fetch("/", "", 7, 1<<20, 1<<20); err != nil {
			t.Fatal(err)
		}
		if got, err := w.sum("/", "", n); err != nil || got != hex.EncodeToString(sum[:]) {
			t.Fatalf("%s, %v; want %x", got, err, sum)
		}
	}
	if err := w.fetch("/", "", n-5, 10, 10); err == nil {
		t.Error("a shorter range passes")
	}
	s.CloseClientConnections()
	if err := w.fetch("/", "", 0, -1, n); err == nil {
		t.Error("a closed connection passes")
	} else if errors.Is(err, errAnswer) {
		t.Errorf("a closed connection: %v", err)
	}
}
