package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// Set by the linker (-X main.version=… -X main.commit=…); where they are not,
// what the Go command noted in the binary serves.
var (
	version = ""
	commit  = ""
)

type versionCmd struct{}

func (versionCmd) Help() string {
	return "Example:\n\n  aslogd version"
}

func (versionCmd) Run(out io.Writer) error {
	v, c := buildInfo()
	_, err := fmt.Fprintf(out, "aslogd %s\ncommit %s\n%s %s/%s\n", v, c, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildInfo is this binary's version and commit.
func buildInfo() (v, c string) {
	v, c = version, commit
	info, ok := debug.ReadBuildInfo()
	if ok && v == "" {
		v = info.Main.Version
	}
	if ok && c == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				c = s.Value
			}
			if s.Key == "vcs.modified" && s.Value == "true" {
				c += " (modified)"
			}
		}
	}
	if v == "" {
		v = "unknown"
	}
	if c == "" {
		c = "unknown"
	}
	return v, c
}
