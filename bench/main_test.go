package main

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all, err := choose(nil)
	if err != nil || len(all) != len(measurements()) {
		t.Errorf("without names: %d cases, %v", len(all), err)
	}
	some, err := choose([]string{"images", "copy"})
	if err != nil || len(some) != 2 || some[0].name != "images" || some[1].name != "copy" {
		t.Errorf("two by name: %v, %v", some, err)
	}
	if _, err := choose([]string{"nothing"}); err == nil || !strings.Contains(err.Error(), "throughput") {
		t.Errorf("an unknown case: %v", err)
	}
	if err := run(t.Context(), []string{"-rounds", "0"}, nil, nil); err == nil || !strings.Contains(err.Error(), "-rounds") {
		t.Errorf("no rounds: %v", err)
	}
}
