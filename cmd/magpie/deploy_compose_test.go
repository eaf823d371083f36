package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// composeFile is what deploy/compose/compose.yaml may have.
//
// https://github.com/compose-spec/compose-spec/blob/main/spec.md
type composeFile struct {
	Name     string
	Magpie   any `yaml:"x-magpie"`
	Engines  any `yaml:"x-engines"`
	NATS     any `yaml:"x-nats"`
	Services map[string]composeService
	Volumes  map[string]any
}

type composeService struct {
	Image, Restart, User, Hostname string
	Build                          struct{ Context, Dockerfile string }
	ReadOnly                       bool     `yaml:"read_only"`
	CapDrop                        []string `yaml:"cap_drop"`
	SecurityOpt                    []string `yaml:"security_opt"`
	Tmpfs                          []string
	StopGracePeriod                string                                `yaml:"stop_grace_period"`
	DependsOn                      map[string]struct{ Condition string } `yaml:"depends_on"`
	Environment                    map[string]string
	Entrypoint, Command            []string
	Volumes, Ports                 []string
	Healthcheck                    struct {
		Test        []string
		Interval    string
		StartPeriod string `yaml:"start_period"`
	}
}

func TestCompose(t *testing.T) {
	file := readYAML[composeFile](t, "../../deploy/compose/compose.yaml")[0]
	runs := map[string]int{}
	for name, s := range file.Services {
		for other := range s.DependsOn {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[source]; !ok && !strings.HasPrefix(source, "./") {
				t.Errorf("%s wants the volume %s, which is not there", name, source)
			}
		}
		if s.Image != "magpie:local" || len(s.Command) == 0 {
			continue
		}
		runs[s.Command[0]]++
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.SecurityOpt) != 1 || s.User != "" {
			t.Errorf("%s is not locked down: %+v", name, s)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s opens %s to the world", name, p)
			}
		}
		if !slices.ContainsFunc(s.Volumes, func(v string) bool { return v == name+":/var/lib/magpie" }) {
			t.Errorf("%s has no data folder of its own: %v", name, s.Volumes)
		}
		t.Run(name, func(t *testing.T) {
			env := map[string]string{}
			for k, v := range s.Environment {
				env[k] = regexp.MustCompile(`\$\{\w+(:[?-][^}]*)?\}`).ReplaceAllString(v, "0123456789abcdef0123456789abcdef")
			}
			env["MAGPIE_PUBLIC_URL"] = "http://localhost:8081"
			if s.Command[0] == "work" {
				delete(env, "MAGPIE_PUBLIC_URL")
			}
			checkCommandLine(t, name, s.Command, env)
		})
	}
	if runs["serve"] != 2 || runs["work"] != 2 {
		t.Errorf("it runs %v", runs)
	}
	nats, err := os.ReadFile("../../deploy/compose/nats.conf")
	if err != nil || !regexp.MustCompile(`(?s)jetstream \{[^}]*\n  sync_interval: always\n`).Match(nats) {
		t.Errorf("NATS does not sync always (%v)", err)
	}
}
