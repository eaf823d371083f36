package s3blob

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Presign gives a URL at which anybody may read the blob for a while, up to 7
// days, with ranges. The answer there has the content type and, unless it is "",
// the disposition. Nothing is asked of the store, so the blob need not be there.
func (d *Driver) Presign(ctx context.Context, key string, ttl time.Duration, contentType, disposition string) (string, error) {
	query := url.Values{"response-content-type": {contentType}}
	if disposition != "" {
		query.Set("response-content-disposition", disposition)
	}
	u, err := d.api.PresignedGetObject(ctx, d.address.Bucket, d.object(key), ttl, query)
	if err != nil {
		return "", fmt.Errorf("presign %s: %w", key, err)
	}
	return u.String(), nil
}
