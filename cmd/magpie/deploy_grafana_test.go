package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/processing"
)

// metricNames are the names of what a server tells, and of a histogram its three.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	m := newMeters()
	m.answered("other", 200, 0, 0, 0) // what has no series yet is not told
	m.identified(httptest.NewRequest(http.MethodGet, "/", nil), "none", auth.Identity{}, media.Errorf(media.CodeNoCredentials, "no"))
	p := m.processing()
	p.Ran(media.KindVideo, 720, processing.ResultGood, 0)
	p.Waited(media.KindVideo, 0)
	names := map[string]bool{}
	for _, line := range told(t, m) {
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		names[name] = true
	}
	return names
}

// inExpressions finds the names of metrics in PromQL.
var inExpressions = regexp.MustCompile(`\b(?:magpie|go|process)_[a-z0-9_]+`)

// holdExpression holds an expression to what there is, as far as that is seen
// without a parser: its metrics are told, and its brackets are closed.
func holdExpression(t *testing.T, where, expression string, names map[string]bool) {
	t.Helper()
	found := inExpressions.FindAllString(expression, -1)
	for _, name := range found {
		if !names[name] {
			t.Errorf("%s asks for %s, which no server tells", where, name)
		}
	}
	if len(found) == 0 && !strings.Contains(expression, "up{") {
		t.Errorf("%s asks for nothing: %s", where, expression)
	}
	var open []rune
	closes := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, c := range expression {
		if strings.ContainsRune("([{", c) {
			open = append(open, c)
		} else if want, ok := closes[c]; ok {
			if len(open) == 0 || open[len(open)-1] != want {
				t.Errorf("%s: a %c too many: %s", where, c, expression)
				return
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %c is not closed: %s", where, open[len(open)-1], expression)
	}
}

// TestAlerts: promtool checks what they mean (deploy/grafana/alerts_test.yml); that
// they ask for what there is, is checked here.
func TestAlerts(t *testing.T) {
	type rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	names, seen := metricNames(t), map[string]bool{}
	for _, group := range readYAML[rules](t, "../../deploy/grafana/alerts.yml")[0].Groups {
		for _, r := range group.Rules {
			holdExpression(t, r.Alert, r.Expr, names)
			if seen[r.Alert] {
				t.Errorf("%s is there twice", r.Alert)
			}
			seen[r.Alert] = true
			if !slices.Contains([]string{"page", "warn", "info"}, r.Labels["severity"]) || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s does not say how bad it is and what to do: %v %v", r.Alert, r.Labels, r.Annotations)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("there are only %d alarms", len(seen))
	}
}

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../deploy/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Type    string `json:"type"`
			Title   string `json:"title"`
			GridPos struct{ H, W, X, Y int }
			Targets []struct {
				RefID string `json:"refId"`
				Expr  string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	names, ids, asked := metricNames(t), map[int]bool{}, map[string]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q: %+v", p.ID, p.Title, p.GridPos)
		}
		ids[p.ID] = true
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("panel %q asks for %d things", p.Title, len(p.Targets))
		}
		for _, target := range p.Targets {
			holdExpression(t, p.Title, target.Expr, names)
			for _, name := range inExpressions.FindAllString(target.Expr, -1) {
				asked[base(name)] = true
			}
		}
	}
	for name := range names {
		if strings.HasPrefix(name, "magpie_") && !asked[base(name)] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// TestMetricsPage: docs/monitoring.md lists what is told and nothing else.
func TestMetricsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `magpie_") {
			first, _, _ := strings.Cut(line[2:], " | ")
			for _, name := range inExpressions.FindAllString(first, -1) {
				listed[name] = true
			}
		}
	}
	there := map[string]bool{}
	for name := range metricNames(t) {
		if strings.HasPrefix(name, "magpie_") {
			there[base(name)] = true
		}
	}
	for name := range there {
		if !listed[name] {
			t.Errorf("%s is not on the page", name)
		}
	}
	for name := range listed {
		if !there[name] {
			t.Errorf("%s is on the page, and no server tells it", name)
		}
	}
}

// base is a histogram's name for those of its series, and any other as it is.
func base(name string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if rest, cut := strings.CutSuffix(name, suffix); cut && strings.HasSuffix(rest, "_seconds") {
			return rest
		}
	}
	return name
}
