package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// processingFailed is a media that the server could not process.
type processingFailed struct{ name, words string }

func (f *processingFailed) Error() string {
	if f.words == "" {
		return "processing failed; the server does not say why"
	}
	return "processing failed: " + plain(f.name) + ": " + plain(f.words)
}

// await polls until the media is processed, as check_after_secs says. X has no
// STATUS of what needs no processing: there finalize has said everything.
func (r *running) await(ctx context.Context) error {
	if r.dialect == X && !r.entry.known.Processed {
		return nil
	}
	for {
		var now struct{ Data map[string]json.RawMessage }
		if err := r.server.json(ctx, http.MethodGet, "/2/media/upload?command=STATUS&media_id="+r.entry.known.ID, nil, &now); err != nil {
			return fmt.Errorf("status: %w", err)
		}
		if now.Data == nil {
			return fmt.Errorf("status: the answer has no data")
		}
		r.data = now.Data
		var info struct {
			State    string
			After    int64 `json:"check_after_secs"`
			Progress int   `json:"progress_percent"`
			Error    struct{ Name, Message string }
		}
		if raw := now.Data["processing_info"]; raw == nil {
			return nil
		} else if err := json.Unmarshal(raw, &info); err != nil {
			return fmt.Errorf("status: %w", err)
		}
		switch info.State {
		case "succeeded":
			return nil
		case "failed":
			return &processingFailed{info.Error.Name, info.Error.Message}
		}
		r.Watcher.Processing(min(max(info.Progress, 0), 100))
		if err := sleep(ctx, time.Duration(min(max(info.After, 1), 300))*time.Second); err != nil {
			return err
		}
	}
}
