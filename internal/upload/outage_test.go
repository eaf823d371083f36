package upload

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/s3blob"
	"magpie/internal/blob/s3blob/s3test"
	"magpie/internal/catalog"
	"magpie/internal/catalog/postgrestest"
	"magpie/internal/faultproxy"
	"magpie/internal/media"
)

// outage is sessions over PostgreSQL and S3, with a faulty proxy before each.
type outage struct {
	t        *testing.T
	sessions *Sessions
	rows     *catalog.Catalog
	store    *blob.Store // by the proxy
	direct   *blob.Store
	database *faultproxy.Proxy
	bucket   *faultproxy.Proxy
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	postgres, err := postgrestest.Start()
	must(err)
	t.Cleanup(func() { _ = postgres.Stop() })
	_, err = postgres.Create(t.Context(), "magpie", "")
	must(err)
	gateway, err := s3test.Start("../..")
	must(err)
	t.Cleanup(func() { _ = gateway.Close() })
	must(gateway.MakeBucket("films"))

	o := &outage{t: t, database: faultproxy.New(t, "unix", postgres.Socket()), bucket: faultproxy.New(t, "tcp", gateway.Address)}
	o.rows, err = catalog.OpenPostgres(t.Context(), fmt.Sprintf("postgres://magpie@%s/magpie?sslmode=disable", o.database.Address()),
		catalog.PostgresOptions{Connections: 8, Timeout: time.Second, Now: time.Now, Random: rand.Reader, Log: log})
	must(err)
	t.Cleanup(func() { _ = o.rows.Close() })
	o.store, o.direct = o.open(o.bucket.Address(), log), o.open(gateway.Address, log)
	o.sessions = New(Config{ClosingLimit: 3 * time.Second}, o.rows, o.store, time.Now, rand.Reader, log)
	return o
}

func (o *outage) open(endpoint string, log *slog.Logger) *blob.Store {
	o.t.Helper()
	env := map[string]string{"AWS_ACCESS_KEY_ID": s3test.AccessKey, "AWS_SECRET_ACCESS_KEY": s3test.SecretKey}
	d, err := s3blob.Open(s3blob.Address{Bucket: "films", Endpoint: endpoint, Plain: true, Region: "us-east-1", PathStyle: true}, s3blob.Options{
		Spool: filepath.Join(o.t.TempDir(), "spool"), Stall: 400 * time.Millisecond,
		Env: func(name string) string { return env[name] }, Now: time.Now, Log: log,
	})
	if err != nil {
		o.t.Fatal(err)
	}
	store := blob.New(d)
	o.t.Cleanup(func() { _ = store.Close() })
	return store
}

// faulty goes wrong, in a way that a seed chooses, until ctx ends, and is whole
// after that.
func faulty(ctx context.Context, p *faultproxy.Proxy, random *mathrand.Rand) {
	defer p.Heal()
	for ctx.Err() == nil {
		f := []faultproxy.Fault{
			{Refuse: true},
			{Hole: true},
			{CutUp: 1 + random.Int64N(2000)},
			{CutUp: 1 + random.Int64N(100_000)},
			{CutDown: 1 + random.Int64N(2000)},
			{LoseAnswer: 1 + random.IntN(12)},
			{Latency: 5 * time.Millisecond},
			{Rate: 200_000},
		}[random.IntN(8)]
		switch random.IntN(4) {
		case 0:
			p.Freeze()
		case 1:
			p.LoseAnswer(1 + random.IntN(6))
		case 2:
			p.Always(f)
		default:
			p.Set(func(n int) faultproxy.Fault {
				if n%2 == 0 {
					return f
				}
				return faultproxy.Fault{}
			})
		}
		rest(ctx, time.Duration(random.IntN(400))*time.Millisecond)
		p.Heal()
		rest(ctx, time.Duration(random.IntN(300))*time.Millisecond)
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// comesBack does something as a client does, again for as long as it is told to
// come back; nothing else may be said, and not for ever.
func (o *outage) comesBack(what string, do func(context.Context) error) bool {
	for deadline := time.Now().Add(3 * time.Minute); ; {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		err := do(ctx)
		hung := ctx.Err() != nil
		cancel()
		if err == nil {
			return true
		}
		var e *media.Error
		switch {
		case hung:
			o.t.Errorf("%s: no answer within two minutes: %v", what, err)
			return false
		case !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter <= 0:
			o.t.Errorf("%s: %v, which is no word to come back", what, err)
			return false
		case time.Now().After(deadline):
			o.t.Errorf("%s: after three minutes still %v", what, err)
			return false
		}
		time.Sleep(20 * time.Millisecond) // sooner than it is asked to
	}
}

// appendTo sends a segment.
func appendTo(ctx context.Context, s *Sessions, id media.ID, index int, content []byte) error {
	g, err := s.Append(ctx, owner, id, int64(len(content)))
	if err != nil {
		return err
	}
	defer g.Abort()
	if _, err := g.Write(content); err != nil {
		return err
	}
	_, err = g.Commit(ctx, index)
	return err
}

// upload sends a file in parts, all at once, and gives the media it became.
func (o *outage) upload(file []byte, declared bool) (m media.Media, ok bool) {
	r := Request{Owner: owner, TotalBytes: media.Undeclared}
	if declared {
		r.TotalBytes = int64(len(file))
	}
	var session media.Session
	ok = o.comesBack("initialize", func(ctx context.Context) (err error) {
		session, err = o.sessions.Initialize(ctx, r)
		return err
	})
	if !ok {
		return m, false
	}
	third := len(file) / 3
	parts := [][]byte{file[:third], file[third : 2*third], file[2*third:]}
	var sending sync.WaitGroup
	for i, part := range parts {
		sending.Go(func() {
			o.comesBack(fmt.Sprintf("append %d", i), func(ctx context.Context) error { return appendTo(ctx, o.sessions, session.ID, i, part) })
		})
	}
	sending.Wait()
	ok = o.comesBack("finalize", func(ctx context.Context) (err error) {
		m, err = o.sessions.Finalize(ctx, owner, session.ID)
		return err
	})
	return m, ok
}

func (o *outage) oneShot(file []byte) (m media.Media, ok bool) {
	ok = o.comesBack("one-shot", func(ctx context.Context) error {
		shot, err := o.sessions.OneShot(ctx, int64(len(file)))
		if err != nil {
			return err
		}
		defer shot.Abort()
		if _, err := shot.Write(file); err != nil {
			return err
		}
		m, err = shot.Finish(ctx, Request{Owner: owner}, nil)
		return err
	})
	return m, ok
}

// TestOutages: uploads while PostgreSQL and S3 are cut, silent, slow and gone by
// turns: everybody succeeds or is told to come back, what was acknowledged is in
// the media, and all heals by itself.
func TestOutages(t *testing.T) {
	t.Parallel()
	rounds, each := 1, 4
	if os.Getenv("MAGPIE_SOAK") != "" {
		rounds, each = 12, 12
	}
	o := newOutage(t)
	for round := range rounds {
		seed := uint64(round + 1)
		t.Logf("seed %d", seed)
		ctx, heal := context.WithCancel(context.Background())
		var going sync.WaitGroup
		for i, p := range []*faultproxy.Proxy{o.database, o.bucket} {
			going.Go(func() { faulty(ctx, p, mathrand.New(mathrand.NewPCG(seed, uint64(i)))) })
		}
		var uploading sync.WaitGroup
		for client := range 4 {
			uploading.Go(func() {
				noise := mathrand.NewChaCha8([32]byte{byte(round), byte(client)})
				for i := range each {
					file := make([]byte, 3000+40_000*i)
					_, _ = noise.Read(file) // never fails
					copy(file, subtitles)
					for j := len(subtitles); j < len(file); j++ {
						file[j] = 'a' + file[j]%26
					}
					var m media.Media
					var ok bool
					if i%4 == 3 {
						m, ok = o.oneShot(file)
					} else {
						m, ok = o.upload(file, i%2 == 0)
					}
					if ok {
						o.whole(m, file)
					}
				}
			})
		}
		uploading.Wait()
		heal()
		going.Wait()
		if m, ok := o.upload([]byte(subtitles+"afterwards"), true); ok {
			o.whole(m, []byte(subtitles+"afterwards"))
		}
	}
}

// whole checks that a media that was told of is there and has all its bytes.
func (o *outage) whole(m media.Media, file []byte) {
	o.comesBack("read the row", func(ctx context.Context) error {
		got, err := o.rows.Media(ctx, m.ID)
		if err == nil && got.Slug != m.Slug {
			o.t.Errorf("the media %s is another than was told", m.ID)
		}
		return err
	})
	for name, store := range map[string]*blob.Store{"directly": o.direct, "by the proxy": o.store} {
		o.comesBack("read the bytes "+name, func(ctx context.Context) error {
			r := store.Open(ctx, m.Manifest, 0, m.Size()+1)
			defer r.Close()
			got, err := io.ReadAll(r)
			if err == nil && !bytes.Equal(got, file) {
				o.t.Errorf("%s: %d other bytes %s than the %d that were sent", m.ID, len(got), name, len(file))
			}
			if err != nil && !bytes.HasPrefix(file, got) {
				o.t.Errorf("%s: wrong bytes before %v", m.ID, err)
			}
			return err
		})
	}
}
