package xapi

import (
	"time"

	"magpie/internal/media"
)

// uploadResult is what finalize, status and one-shot answer: X's upload result.
type uploadResult struct {
	ID               string          `json:"id"`
	MediaKey         media.Key       `json:"media_key,omitempty"`
	Size             int64           `json:"size,omitempty"`
	ExpiresAfterSecs int64           `json:"expires_after_secs,omitempty"`
	Image            *imageInfo      `json:"image,omitempty"`
	Video            *videoInfo      `json:"video,omitempty"`
	ProcessingInfo   *processingInfo `json:"processing_info,omitempty"`
}

type imageInfo struct {
	ImageType media.Type `json:"image_type"`
	W         int        `json:"w"`
	H         int        `json:"h"`
}

type videoInfo struct {
	VideoType media.Type `json:"video_type"`
}

// processingInfo tells a client whether to ask again. check_after_secs is there
// exactly while it should.
type processingInfo struct {
	State           media.State      `json:"state"`
	CheckAfterSecs  int              `json:"check_after_secs,omitempty"`
	ProgressPercent *int             `json:"progress_percent,omitempty"`
	Error           *processingError `json:"error,omitempty"`
}

// processingError is not in the v2 contract; X sends it and clients show it.
type processingError struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// processed reports whether media of a category are processed after finalize,
// so that clients poll.
func processed(c media.Category) bool {
	return c.Kind() == media.KindVideo || c.Kind() == media.KindGIF
}

// result describes a media of so many bytes as it is now.
func result(m media.Media, size int64, now time.Time) uploadResult {
	out := uploadResult{ID: m.ID.String(), MediaKey: m.Key(), Size: size}
	if !m.ExpiresAt.IsZero() {
		// Rounded up, so that finalize, which takes a moment, says the whole time.
		out.ExpiresAfterSecs = secondsUntil(m.ExpiresAt.Add(time.Second-1), now)
	}
	switch {
	case m.State != media.Succeeded:
	case m.Category.Kind() == media.KindImage:
		out.Image = &imageInfo{ImageType: m.Type, W: m.Width, H: m.Height}
	case processed(m.Category):
		out.Video = &videoInfo{VideoType: m.Type}
	}
	if processed(m.Category) || m.State != media.Succeeded {
		out.ProcessingInfo = info(m, now)
	}
	return out
}

// info is the processing_info of a media as it is now.
func info(m media.Media, now time.Time) *processingInfo {
	p := &processingInfo{State: m.State}
	percent := m.Progress
	switch m.State {
	case media.Pending:
		p.CheckAfterSecs = pause(m, now)
	case media.InProgress:
		p.CheckAfterSecs = pause(m, now)
		p.ProgressPercent = &percent
	case media.Succeeded:
		percent = 100
		p.ProgressPercent = &percent
	case media.Failed:
		p.ProgressPercent = &percent
		if f := m.Failure; f != nil {
			p.Error = &processingError{Code: f.Code, Name: f.Name, Message: f.Message}
		}
	}
	return p
}

// pause is how long a client should wait before it asks again: a second at
// first, longer the longer it has been at it.
func pause(m media.Media, now time.Time) int {
	return max(1, min(10, int(now.Sub(m.CreatedAt)/(10*time.Second))))
}

// secondsUntil rounds down, and is at least 1 for what has not passed.
func secondsUntil(t, now time.Time) int64 {
	return max(1, int64(t.Sub(now)/time.Second))
}
