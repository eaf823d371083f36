package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ReadMetadata reads the groups of a metadata call from JSON: the call's body,
// with or without its id, or what stands in it for metadata. The groups are as
// docs.x.com has them under POST /2/media/metadata; the server reads them.
func ReadMetadata(b []byte) (map[string]json.RawMessage, error) {
	var groups map[string]json.RawMessage
	if err := json.Unmarshal(b, &groups); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	inner, ok := groups["metadata"]
	if !ok {
		inner = b
	}
	groups = nil
	if err := json.Unmarshal(inner, &groups); err != nil {
		return nil, fmt.Errorf("metadata is not a JSON object: %w", err)
	}
	if len(groups) == 0 {
		return nil, errors.New("it has no groups, such as alt_text")
	}
	return groups, nil
}

// describeTo sets the metadata of the media that is being uploaded.
func (r *running) describeTo(ctx context.Context) error {
	if len(r.Metadata) == 0 {
		return nil
	}
	call := map[string]any{"id": r.entry.known.ID, "metadata": r.Metadata}
	if err := r.server.json(ctx, http.MethodPost, "/2/media/metadata", call, nil); err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	return nil
}
