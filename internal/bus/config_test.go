package bus

import (
	"testing"
	"time"
)

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"nothing":            {},
		"both":               {Dir: "a", URL: "nats://b"},
		"negative lease":     {Dir: "a", Lease: -1},
		"negative back-off":  {Dir: "a", Backoff: []time.Duration{1, -1}},
		"negative store":     {Dir: "a", MaxStore: -1},
		"negative replicas":  {URL: "nats://b", Replicas: -1},
		"no URL":             {URL: "b"},
		"another protocol":   {URL: "nats://a:1,http://b:2"},
		"a path":             {URL: "nats://a/b"},
		"a login not there":  {URL: "nats://127.0.0.1:1", Login: Login{File: "/nowhere"}},
		"half a certificate": {URL: "nats://127.0.0.1:1", Login: Login{Cert: "/nowhere"}},
	} {
		if b, err := Open(t.Context(), cfg); err == nil {
			b.Close()
			t.Errorf("%s: taken", name)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	dir, err := Config{Dir: "a", Replicas: 5}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if dir.Lease != 30*time.Second || dir.MaxStore != 1<<30 || dir.Replicas != 1 || dir.Logger == nil {
		t.Errorf("embedded: %+v", dir)
	}
	url, err := Config{URL: "nats://a", Lease: time.Minute}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if url.Lease != time.Minute || url.Replicas != 3 {
		t.Errorf("cluster: %+v", url)
	}
}
