package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
)

// version and commit are set by the linker (-X main.version=…). Where they are
// not, what Go itself recorded in the binary is told.
var (
	version string
	commit  string
)

func versionLine() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return describe(version, commit, build)
}

// describe words a build. A version of the module that Go made up from the
// commit ("v0.0.0-…", "(devel)") would only repeat it, so it is "dev" then.
func describe(version, commit string, build *debug.BuildInfo) string {
	if released.MatchString(build.Main.Version) {
		version = cmp.Or(version, build.Main.Version)
	}
	return fmt.Sprintf("helix %s (commit %s, %s)",
		cmp.Or(version, "dev"), cmp.Or(commit, recordedCommit(build), "unknown"), runtime.Version())
}

// released is a version that somebody tagged.
var released = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[a-z]+[.\d]*)?$`)

// recordedCommit answers the commit that the binary was built from, in short,
// and whether its files had been changed since. Go records none for a package
// that is tested or run from its source.
func recordedCommit(build *debug.BuildInfo) string {
	const short = 12
	var revision, changed string
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(short, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", changed since"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}

func runVersion(_ context.Context, c *cli, args []string) error {
	if err := takesNone(c.flagSet("version", ""), args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, versionLine())
	return err
}
