package main

import (
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// profile is what a server allows and how long things last on it.
type profile struct {
	maxSegment int64             // bytes of one segment, and of a one-shot upload
	lifetime   time.Duration     // of an upload that is not finished
	brief      time.Duration     // the same for one begun by command or in version 1.1
	retention  time.Duration     // of finished media; 0 keeps them
	files      media.Limits      // bytes of whole uploads
	forms      processing.Limits // pixels, frames, durations
}

// profiles are the names of --profile.
func profiles() []string { return []string{"default", "x"} }

// profile is the one that was chosen, with what was set by hand in the place of
// its own.
func (s *settings) profile() profile {
	p := ownProfile()
	if s.Profile == "x" {
		p = xProfile()
	}
	if s.MaxSegment != nil {
		p.maxSegment = int64(*s.MaxSegment)
	}
	if s.SessionLifetime != nil {
		p.lifetime, p.brief = *s.SessionLifetime, *s.SessionLifetime
	}
	if s.Retention != nil {
		p.retention = *s.Retention
	}
	return p
}

// ownProfile allows what the contract allows and this machine can do.
func ownProfile() profile {
	return profile{
		maxSegment: 64 << 20, lifetime: 24 * time.Hour, brief: 24 * time.Hour,
		forms: processing.DefaultLimits(),
	}
}

// xProfile is X as it describes itself, for those who test what will run against
// it: docs.x.com, "Media best practices" and the answers that its pages show.
// amplify_video stands for what X lets subscribers upload, about which it says
// less. A subtitle file has the limit of those that read it here: X states none.
func xProfile() profile {
	const megabyte = 1 << 20
	video := processing.FormLimits{
		MinSide: 32, MaxWidth: 1280, MaxHeight: 1024, Turned: true, MaxRatio: 3, MaxRate: 60,
		MinDuration: 500 * time.Millisecond, MaxDuration: 140 * time.Second, MaxGOP: 512, Plain: true,
	}
	amplify := video
	amplify.MaxWidth, amplify.MaxHeight, amplify.MaxDuration = 1920, 1080, 4*time.Hour

	p := ownProfile()
	p.maxSegment = 5 * megabyte
	p.lifetime = 15*24*time.Hour - time.Second
	p.retention = 24 * time.Hour
	p.files = media.Limits{Image: 5 * megabyte, GIF: 15 * megabyte, Video: 512 * megabyte, Subtitles: 10 * megabyte}
	p.forms.Video, p.forms.Amplify = video, amplify
	p.forms.GIF = processing.FormLimits{MaxWidth: 1280, MaxHeight: 1080, MaxFrames: 350, MaxFramePixels: 300_000_000}
	return p
}
