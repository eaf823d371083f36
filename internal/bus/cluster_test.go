package bus_test

import (
	"testing"

	"magpie/internal/bus"
	"magpie/internal/bus/bustest"
)

// TestCluster runs the suite against a cluster of three.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := bustest.StartCluster(t, 3)
	t.Run("Suite", func(t *testing.T) {
		bustest.Run(t, func(t *testing.T, cfg bus.Config) *bus.Bus {
			cfg.URL = c.Account(t)
			return open(t, cfg)
		})
	})
}
