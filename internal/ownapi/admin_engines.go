package ownapi

import (
	"context"
	"net/http"
	"time"

	"magpie/internal/auth"
)

// Engine is how one part that the server stands on is.
type Engine struct {
	Name     string
	Latency  time.Duration // how long it took to answer; 0 where nothing is asked
	Findings []Finding     // one at least
}

// Finding is one thing that was seen of an engine. Advice is what to do about it,
// "" for what is good.
type Finding struct {
	Verdict string `json:"verdict"` // good, weak (it works, and would be better with it) or bad
	Words   string `json:"words"`
	Advice  string `json:"advice,omitempty"`
}

// verdicts are those of findings, the worst last.
func verdicts() []string { return []string{"good", "weak", "bad"} }

// adminEngine is an engine as it is shown.
type adminEngine struct {
	Name     string    `json:"name"`
	Verdict  string    `json:"verdict"` // the worst of the findings
	Latency  *float64  `json:"latency_ms,omitempty"`
	Findings []Finding `json:"findings"`
}

// enginesMeta tells which process was asked.
type enginesMeta struct {
	Node    string    `json:"node"`
	Version string    `json:"version"`
	At      time.Time `json:"at"`
}

// engineLimit is how long engines may take to say how they are.
const engineLimit = 10 * time.Second

// adminEngines answers GET /magpie/v1/admin/engines: how what this process stands
// on is.
func (a *API) adminEngines(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), engineLimit)
	defer cancel()
	out := []adminEngine{}
	if a.operator.Engines != nil {
		for _, e := range a.operator.Engines(ctx) {
			out = append(out, showEngine(e))
		}
	}
	return a.answer(w, r, http.StatusOK, map[string]any{
		"data": out, "meta": enginesMeta{Node: a.operator.Node, Version: a.operator.Version, At: a.now().UTC()},
	})
}

func showEngine(e Engine) adminEngine {
	out := adminEngine{Name: e.Name, Findings: e.Findings}
	for _, v := range verdicts() {
		for _, f := range e.Findings {
			if f.Verdict == v {
				out.Verdict = v
			}
		}
	}
	if e.Latency > 0 {
		ms := float64(e.Latency.Round(10*time.Microsecond)) / float64(time.Millisecond)
		out.Latency = &ms
	}
	return out
}
