package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie/bench/gauge"
)

const (
	eventClients = 16
	eventFor     = 5 * time.Second
)

// events measures how many playback events a second are taken, each on stable
// storage before its answer, while they are counted: messages of ten and of a
// hundred, each under a token of its own.
func (b *bench) events(ctx context.Context) error {
	pictures, err := b.smallPictures(ctx)
	if err != nil {
		return err
	}
	b.table.Add("events in a message", "messages a second", "events a second", "p50", "p95", "processor time a second")
	for _, size := range []int{10, 100} {
		var each, p50, p95 costs
		for round := range b.rounds {
			b.say("messages of %d events, round %d", size, round+1)
			took, all, cpu, err := b.rushOfEvents(ctx, pictures[0], size)
			if err != nil {
				return err
			}
			each = append(each, cost{wall: all / time.Duration(max(len(took), 1)), cpu: time.Duration(float64(cpu) / all.Seconds())})
			p50, p95 = append(p50, cost{wall: gauge.Percentile(took, 50)}), append(p95, cost{wall: gauge.Percentile(took, 95)})
		}
		rate := gauge.Ratio(time.Second, each.wall())
		b.table.Add(size, fmt.Sprintf("%.0f", rate), fmt.Sprintf("%.0f", rate*float64(size)), tenths(p50.wall()), tenths(p95.wall()), each.cpu())
	}
	return nil
}

// tenths is a short time in milliseconds.
func tenths(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// rushOfEvents is one round, on a server of its own: how long each message took,
// and what all took.
func (b *bench) rushOfEvents(ctx context.Context, picture sample, size int) (took []time.Duration, all, cpu time.Duration, err error) {
	s, err := b.start(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() {
		if stopErr := s.stop(); err == nil {
			err = stopErr
		}
	}()
	id, err := s.send(ctx, picture, 1)
	if err == nil {
		err = s.finish(ctx, id)
	}
	if err != nil {
		return nil, 0, 0, err
	}
	var tokens []string // one takes 60 messages a minute
	for range 2000 {
		var minted struct{ Data struct{ Token string } }
		if err := s.call(ctx, http.MethodPost, "/magpie/v1/media/"+id+"/playback-token", "", nil, &minted); err != nil {
			return nil, 0, 0, err
		}
		tokens = append(tokens, minted.Data.Token)
	}

	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: eventClients}}
	defer web.CloseIdleConnections()
	before, began := s.process().CPU(), time.Now()
	var mu sync.Mutex
	next := 0
	clients, ctx := errgroup.WithContext(ctx)
	for range eventClients {
		clients.Go(func() error {
			for time.Since(began) < eventFor {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				start := time.Now()
				if err := tell(ctx, web, s.url, tokens[n%len(tokens)], size, n); err != nil {
					return err
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
			return nil
		})
	}
	err = clients.Wait()
	return took, time.Since(began), s.process().CPU() - before, err
}

// tell sends one message.
func tell(ctx context.Context, web *http.Client, url, token string, size, n int) error {
	types := []string{"start", "p25", "p50", "p75", "complete", "tap", "cta_url", "cta_watch", "watch", "view"}
	type event struct {
		Type string `json:"type"`
		MS   int    `json:"ms"`
	}
	list := make([]event, size)
	for i := range list {
		list[i] = event{types[i%len(types)], n}
	}
	body, err := json.Marshal(map[string]any{"token": token, "events": list})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/magpie/v1/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "text/plain")
	answer, err := web.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	words, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("events: %d %s", answer.StatusCode, words)
	}
	return err
}
