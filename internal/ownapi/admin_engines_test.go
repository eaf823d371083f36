package ownapi

import (
	"context"
	"testing"
	"time"
)

func TestAdminEngines(t *testing.T) {
	s := newServer(t)
	s.wants("GET", "/magpie/v1/admin/engines", s.admin(), "", `"data":[]`)
	s.api.operator = Operator{Node: "media-1", Version: "7", Engines: func(ctx context.Context) []Engine {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("an engine that is silent would hold the answer up for ever")
		}
		return []Engine{
			{Name: "bus", Latency: 1500 * time.Microsecond, Findings: []Finding{{Verdict: "good", Words: "here"}, {Verdict: "bad", Words: "away", Advice: "Come."}, {Verdict: "weak", Words: "slow", Advice: "Run."}}},
			{Name: "ffmpeg", Findings: []Finding{{Verdict: "good", Words: "5.1"}}},
		}
	}}
	s.wants("GET", "/magpie/v1/admin/engines", s.admin(), "",
		`{"name":"bus","verdict":"bad","latency_ms":1.5,"findings":[{"verdict":"good","words":"here"},{"verdict":"bad","words":"away","advice":"Come."},`,
		`{"name":"ffmpeg","verdict":"good","findings":[{"verdict":"good","words":"5.1"}]}`, `"meta":{"node":"media-1","version":"7","at":"2026-11-21T10:00:00Z"}`)
}
