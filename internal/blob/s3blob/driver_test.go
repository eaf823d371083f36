package s3blob

import (
	"testing"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Driver {
		return open(t, shared.bucket(t, ""), Options{})
	})
}
