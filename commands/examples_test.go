package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/series"
)

// TestExamplesOfTheHelpRun runs every line that the help shows as an example.
func TestExamplesOfTheHelpRun(t *testing.T) {
	server, err := embedded.Start(context.Background(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	s := newStage(t, server.URL(), map[string]string{"people": "local: local", "audit": ""})
	measured := map[sample.Name]float64{sample.Up: 1, sample.Sessions: 3, sample.MemoryUsed: 1 << 20, sample.MaxMemory: 1 << 30}
	if err := series.New(s.client, series.Usual()...).Append(t.Context(), sample.Sample{At: time.Now(), Values: measured}); err != nil {
		t.Fatal(err)
	}
	ask := func(text string) commands.Reply {
		return s.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: permissions.Member{Local: true}})
	}
	ran := 0
	for _, verb := range examplesIn(string(ask("!help").Output)) {
		name, _, _ := strings.Cut(verb, " ")
		help := string(ask("!help " + name).Output)
		at := strings.Index(help, "Examples")
		if at < 0 {
			t.Errorf("%s has no example", name)
			continue
		}
		for _, example := range examplesIn(help[at:]) {
			if reply := ask(example); reply.Outcome != commands.OK || reply.Problem != "" {
				t.Errorf("%s: %s %s", example, reply.Outcome, reply.Problem)
			}
			ran++
		}
	}
	if ran < 15 {
		t.Errorf("only %d examples were found", ran)
	}
}

// examplesIn answers the indented lines that begin with the prefix.
func examplesIn(help string) []string {
	var list []string
	for line := range strings.Lines(help) {
		if rest, ok := strings.CutPrefix(line, "  !"); ok {
			list = append(list, "!"+strings.TrimSpace(rest))
		}
	}
	return list
}
