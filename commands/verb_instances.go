package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/shell"
)

func instancesVerb() verb {
	return verb{
		name:    "instances",
		summary: "which Helix instances there are, and which one speaks",
		usage:   []string{"[--json]"},
		details: "One of them holds the right to speak: it answers here, watches Redis and runs schedules. A\n" +
			"standby takes over within seconds where it ends. An instance that is not heard of for half\n" +
			"a minute leaves the list.",
		examples: []string{"!instances", "!instances --json"},
		reads:    always,
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "json", Summary: "as JSON, one object a line", Kind: Switch, flag: "--json"},
		}}}},
		run: runInstances,
	}
}

func runInstances(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := wholes(call.Args)
	asJSON := len(words) == 1 && words[0] == "--json"
	if len(words) > 0 && !asJSON {
		return 0, t.misused(instancesVerb(), "`instances` takes nothing but `--json`.")
	}
	list, err := lease.List(ctx, t.Client)
	if err != nil {
		return 0, err
	}
	if asJSON {
		return 0, writeInstances(call, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(call.Stdout, "No instance runs: neither `helix run` nor `helix serve` uses this Redis.")
		return 0, err
	}
	table := Table{Columns: []Column{{"id", 0}, {"host", 0}, {"role", 0}, {"since", 1}, {"seen", 2}, {"version", 4}, {"address", 3}}}
	for _, in := range list {
		table.Rows = append(table.Rows, []string{in.ID, in.Host, roleOf(in), in.Since.UTC().Format("2006-01-02 15:04:05"),
			lasting(in.Age) + " ago", in.Version, orDash(in.Address)})
	}
	return 0, t.cards.write(call.Stdout, Card{Title: "Instances of Helix", Tables: []Table{table}})
}

// roleOf says what an instance does.
func roleOf(in lease.Instance) string {
	switch {
	case in.Holder:
		return "holder"
	case in.Speaks:
		return "standby"
	}
	return "sessions"
}

// writeInstances writes an object a line.
func writeInstances(call *shell.Call, list []lease.Instance) error {
	for _, in := range list {
		text, err := json.Marshal(struct {
			ID       string    `json:"id"`
			Host     string    `json:"host"`
			Version  string    `json:"version"`
			Holder   bool      `json:"holder"`
			Role     string    `json:"role"`
			Since    time.Time `json:"since"`
			LastSeen time.Time `json:"last_seen"`
			Address  string    `json:"address"`
		}{in.ID, in.Host, in.Version, in.Holder, roleOf(in), in.Since.UTC(), in.Seen.UTC(), in.Address})
		if err != nil {
			return fmt.Errorf("write the instances: %w", err)
		}
		if _, err := call.Stdout.WriteString(string(text) + "\n"); err != nil {
			return err
		}
	}
	return nil
}
