package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// healthy answers GET /healthz: the process serves requests.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyLimit is how long a part may take to say that it is ready.
const readyLimit = 5 * time.Second

// ready answers GET /readyz: 200 while uploads can be taken, else 503, with a
// word for each part that they need. They are asked at once, so that one which is
// silent takes nobody else's time.
func (a *app) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
	defer cancel()
	status, parts := http.StatusOK, map[string]string{}
	for name, err := range askParts(ctx, a.parts()) {
		parts[name] = "ok"
		if err != nil {
			// The cause may name paths and hosts: it is for the log.
			a.log.WarnContext(r.Context(), "not ready", "part", name, "err", err)
			status, parts[name] = http.StatusServiceUnavailable, "not ready"
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(parts)
}

// check fails while a part can't be used.
type check func(context.Context) error

// parts are what taking uploads needs.
func (a *app) parts() map[string]check {
	return map[string]check{"catalogue": a.catalog.Ping, "blobs": a.blobs.Ready, "bus": a.bus.Ready}
}

// askParts asks all at once, so that one which is silent takes nobody else's time.
func askParts(ctx context.Context, parts map[string]check) map[string]error {
	var asking sync.WaitGroup
	var mu sync.Mutex
	said := map[string]error{}
	for name, check := range parts {
		asking.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			said[name] = err
		})
	}
	asking.Wait()
	return said
}
