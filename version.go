package main

import (
	"context"
	"fmt"
	"runtime"
)

// version and commit are set by the linker (-X main.version=…).
var (
	version = "dev"
	commit  = "unknown"
)

func versionLine() string {
	return fmt.Sprintf("helix %s (commit %s, %s)", version, commit, runtime.Version())
}

func runVersion(_ context.Context, c *cli, args []string) error {
	if err := parse(c.flagSet("version", ""), args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, versionLine())
	return err
}
