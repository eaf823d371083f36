package bus_test

import (
	"testing"
	"time"

	"magpie/internal/bus"
	"magpie/internal/bus/bustest"
)

// isExamined: looking at a cluster makes no queue, and sees the one that is there.
func isExamined(t *testing.T, c *bustest.Cluster) {
	account := c.Account(t)
	found, err := bus.Examine(t.Context(), bus.Config{URL: account})
	if err != nil || found.Queue || found.Servers < 1 || found.Server == "" {
		t.Fatalf("before there is a queue: %+v, %v", found, err)
	}
	open(t, bus.Config{URL: account})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		found, err = bus.Examine(t.Context(), bus.Config{URL: account})
		if err == nil && found.Queue && found.Replicas == 3 && found.Current == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v, %v", found, err)
		}
	}
}
