package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the release that CHANGELOG.md describes at its top.
const version = "0.1.0"

type versionCommand struct{}

// Run prints the version, the commit it was built from where that is known, and
// the Go release.
func (versionCommand) Run(s surroundings) error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, v := range info.Settings {
			if v.Key == "vcs.revision" {
				commit = " (" + v.Value[:min(12, len(v.Value))] + ")"
			}
		}
	}
	_, err := fmt.Fprintf(s.out, "magpie %s%s, %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
