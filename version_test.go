package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	built := func(version, revision, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}}}
	}
	const hash = "c9911b1abb65654996a6155e9438c6631aa16973"
	for _, tt := range []struct {
		name            string
		version, commit string // by the linker
		build           *debug.BuildInfo
		want            string
	}{
		{"the linker's word", "v1.2.0", "abc", built("v0.9.0", hash, "false"), "helix v1.2.0 (commit abc, go"},
		{"a clean clone", "", "", built("v0.0.0-20261124060654-c9911b1abb65", hash, "false"), "helix dev (commit c9911b1abb65, go"},
		{"a changed clone", "", "", built("(devel)", hash, "true"), "helix dev (commit c9911b1abb65, changed since, go"},
		{"a tag", "", "", built("v1.3.0", hash, "false"), "helix v1.3.0 (commit c9911b1abb65, go"},
		{"a release candidate", "", "", built("v1.3.0-rc.1", "", ""), "helix v1.3.0-rc.1 (commit unknown, go"},
		{"nothing known", "", "", &debug.BuildInfo{}, "helix dev (commit unknown, go"},
	} {
		if got := describe(tt.version, tt.commit, tt.build); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s; want %s…", tt.name, got, tt.want)
		}
	}
}
