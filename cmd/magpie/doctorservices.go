package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"magpie/internal/bus"
)

// database reports whether the catalogue can be read, whether its schema is this
// magpie's, and whether its server keeps what it has answered.
func (c *doctorCommand) database(ctx context.Context) []finding {
	name, where := "database", "the catalogue"
	if !c.own() {
		u, err := c.url()
		if err != nil {
			return []finding{bad(name, err.Error(), "See --database and --database-file.")}
		}
		where = u.String()
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	rows, err := c.place().openReadOnly(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.own():
		return []finding{good(name, "is made at the first start")}
	case err != nil && c.own():
		return []finding{bad(name, err.Error(), "An older schema is brought up to date by the next start, or by magpie migrate; a damaged file comes back from a backup.")}
	case err != nil:
		return []finding{bad(name, err.Error(), "See that the server runs, that its address, user and password are right and that pg_hba.conf lets this machine in; an empty or older schema is brought up to date by magpie migrate or the next start.")}
	}
	defer rows.Close()
	words, durable, err := rows.Server(ctx)
	switch {
	case err != nil:
		return []finding{bad(name, err.Error(), "See the database server's own log.")}
	case !durable:
		return []finding{bad(name, fmt.Sprintf("%s: %s; both must be on", where, words), "Set fsync and full_page_writes to on: a power failure loses what was answered.")}
	case words == "":
		return []finding{good(name, "%s can be read and its schema is this magpie's", where)}
	}
	return []finding{good(name, "%s: %s", where, words)}
}

// How far the clock of a store may be off: S3 refuses requests from a quarter of
// an hour on.
const (
	skewWeak = 10 * time.Second
	skewBad  = 5 * time.Minute
)

// bytes reports whether the bucket can be read and written as magpie does it.
func (c *doctorCommand) bytes(ctx context.Context, s surroundings) []finding {
	const name = "blobs"
	if c.Blobs == "" {
		return nil
	}
	place := blobPlace{blobsFlag: c.blobsFlag, data: c.Data, readOnly: true, env: s.env, log: slog.New(slog.DiscardHandler)}
	words, err := place.reachable(ctx)
	if err != nil {
		return []finding{bad(name, err.Error(), s3Advice(err))}
	}
	out := []finding{good(name, "%s", words)}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found, err := place.examine(ctx, rand.Text())
	switch {
	case err != nil:
		return append(out, bad(name, "cannot be written: "+err.Error(), s3Advice(err)))
	case found.Ignored:
		out = append(out, bad(name, "conditional writes are ignored: a second PUT with If-None-Match was stored", "Use a store that knows If-None-Match, or one that answers 501 to it; versitygw needs xattrs or --sidecar."))
	case !found.Conditional:
		out = append(out, weak(name, "conditional writes are not known to the store", "It can stay so: magpie never uses a name twice, and goes without."))
	default:
		out = append(out, good(name, "can be written, also on condition"))
	}
	skew := found.Skew.Abs().Round(time.Second)
	side := "ahead"
	if found.Skew < 0 {
		side = "behind"
	}
	const advice = "Set both clocks by NTP: S3 refuses requests when they differ by a quarter of an hour."
	switch {
	case skew >= skewBad:
		out = append(out, bad(name, fmt.Sprintf("its clock is %s %s of this machine's", skew, side), advice))
	case skew >= skewWeak:
		out = append(out, weak(name, fmt.Sprintf("its clock is %s %s of this machine's", skew, side), advice))
	}
	return out
}

// s3Advice is what to do about an answer of S3, or none.
func s3Advice(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "RequestTimeTooSkewed") || strings.Contains(text, "request time"):
		return "Set this machine's clock by NTP."
	case strings.Contains(text, "no bucket"):
		return "Make the bucket; magpie does not."
	case strings.Contains(text, "Access") || strings.Contains(text, "denied") || strings.Contains(text, "Signature") || strings.Contains(text, "credentials"):
		return "See the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and what they may: list the bucket; get, put and delete objects and parts (docs/s3.md)."
	}
	return "See that the endpoint in --blobs is right and can be reached from here, that its certificate holds, and what its log says."
}

// carrier reports whether the bus can be reached and keeps jobs on several
// servers.
func (c *doctorCommand) carrier(ctx context.Context) []finding {
	const name = "bus"
	if c.Bus == "" {
		return nil
	}
	if err := bus.CheckURL(c.Bus); err != nil {
		return []finding{bad(name, err.Error(), "Write --bus as nats://a:4222,nats://b:4222, or tls:// for TLS.")}
	}
	where := bus.RedactURL(c.Bus)
	found, err := bus.Examine(ctx, bus.Config{URL: c.Bus, Login: bus.Login{File: c.BusLogin, CA: c.BusCA, Cert: c.BusCert, Key: c.BusKey}})
	if err != nil {
		return []finding{bad(name, fmt.Sprintf("%s: %s", where, err), "See that the servers run with JetStream on, that they can be reached from here, and what --bus-login, --bus-ca, --bus-cert and --bus-key say.")}
	}
	out := []finding{good(name, "%s answers, of %d known; sync_interval: always must be in its configuration, which cannot be seen from here", found.Server, found.Servers)}
	switch {
	case !found.Queue:
		return append(out, good(name, "the queue is made at the first start"))
	case found.Current < found.Replicas:
		return append(out, bad(name, fmt.Sprintf("%d of the %d servers that keep the queue have all of it", found.Current, found.Replicas), "Bring the others back: with one more gone it stands still, or is lost."))
	case found.Replicas < 3:
		return append(out, weak(name, fmt.Sprintf("%d server keeps the queue", found.Replicas), "Run three: while the one is away nothing is processed. What it loses is sent again."))
	}
	return append(out, good(name, "%d servers keep the queue, and all have all of it", found.Replicas))
}

// public reports whether the public URL leads to a magpie, by https.
func (c *doctorCommand) public(ctx context.Context) []finding {
	const name = "public URL"
	if c.PublicURL == "" {
		return nil
	}
	origin, ok := originOf(c.PublicURL)
	if !ok {
		return []finding{bad(name, "it is not an origin", "Write --public-url as https://media.example, without a path.")}
	}
	var out []finding
	if strings.HasPrefix(origin, "http://") {
		out = append(out, weak(name, origin+" is not https", "Put TLS in front or use --tls-cert: tokens and media go over the network for all to read."))
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/healthz", nil)
	if err != nil {
		return append(out, bad(name, err.Error(), "Write --public-url as https://media.example."))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return append(out, weak(name, err.Error(), "It may be that no server runs yet, or that this machine cannot reach its own public name. Else see its DNS, its certificate and the proxy."))
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 100))
	if answer.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != "ok" {
		return append(out, bad(name, fmt.Sprintf("%s/healthz is answered %s, and not by a magpie that serves", origin, answer.Status), "See where the proxy sends requests, and whether the server runs."))
	}
	return append(out, good(name, "%s leads to a magpie", origin))
}
