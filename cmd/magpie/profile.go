package main

import (
	"time"

	"magpie/internal/media"
)

// profile is what a server allows and how long things last on it.
type profile struct {
	maxSegment int64         // bytes of one segment, and of a one-shot upload
	lifetime   time.Duration // of an upload that is not finished
	brief      time.Duration // the same for one begun by command or in version 1.1
	retention  time.Duration // of finished media; 0 keeps them
	limits     media.Limits
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
	for _, rule := range s.Limits { // which Validate has read before
		_ = setLimit(&p.limits, rule)
	}
	return p
}

// ownProfile allows what the contract allows and this machine can do.
func ownProfile() profile {
	return profile{
		maxSegment: 64 << 20, lifetime: 24 * time.Hour, brief: 24 * time.Hour,
		limits: media.DefaultLimits(),
	}
}

// xProfile is X as it describes itself, for those who test what will run against
// it: docs.x.com, "Media best practices" and the answers that its pages show.
func xProfile() profile {
	p := ownProfile()
	p.maxSegment = 5 << 20
	p.lifetime = 15*24*time.Hour - time.Second
	p.retention = 24 * time.Hour
	p.limits = media.XLimits()
	return p
}
