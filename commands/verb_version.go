package commands

import (
	"context"

	"github.com/helix-collective/helix/shell"
)

func versionVerb() verb {
	return verb{
		name:     "version",
		summary:  "which Helix this is",
		usage:    []string{""},
		examples: []string{"!version"},
		reads:    always,
		slash:    SlashVerb{Forms: []SlashForm{{}}},
		run: func(_ context.Context, t *turn, call *shell.Call) (int, error) {
			_, err := call.Stdout.WriteString(t.Version + "\n")
			return 0, err
		},
	}
}
