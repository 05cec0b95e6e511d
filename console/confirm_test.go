package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"go.uber.org/goleak"
)

// planner answers every message with a plan, and notes what becomes of it.
// A message "flush" wants its word typed, "slow" lasts until it is stopped, and
// "lapse" has lapsed when it is confirmed.
type planner struct {
	mu    sync.Mutex
	heard []string
}

func (p *planner) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, what)
}

func (p *planner) plan(message string) commands.Reply {
	plan := &commands.Plan{ID: message, Text: "It would " + message + " 3 keys.\n", Until: time.Now().Add(time.Minute)}
	if message == "flush" {
		plan.Word, plan.Approval = "flush", "Somebody else has to agree."
	}
	return commands.Reply{Outcome: commands.Unconfirmed, Plan: plan}
}

func (p *planner) Handle(_ context.Context, r commands.Request) commands.Reply {
	p.note("asked " + r.Text)
	if r.Text == "read" {
		return commands.Reply{Outcome: commands.OK}
	}
	return p.plan(r.Text)
}

func (p *planner) Confirm(_ context.Context, c commands.Confirmation) (func(context.Context) commands.Reply, commands.Reply) {
	p.note("confirmed " + c.Plan + " " + c.Word)
	if c.Plan == "lapse" {
		return nil, commands.Reply{Outcome: commands.Unconfirmed, Problem: "There is no such plan any more."}
	}
	return func(ctx context.Context) commands.Reply {
		fmt.Fprintln(c.Stdout, "running")
		if c.Plan == "slow" {
			<-ctx.Done()
			return commands.Reply{Outcome: commands.Cancelled, Problem: "Stopped after 1 of 3 keys."}
		}
		return commands.Reply{Outcome: commands.OK, Footer: "3 keys done"}
	}, commands.Reply{}
}

func (p *planner) Cancel(_ context.Context, c commands.Confirmation) (bool, commands.Reply) {
	p.note("cancelled " + c.Plan)
	if c.Plan == "lapse" {
		return false, commands.Reply{Outcome: commands.Unconfirmed, Problem: "There is no such plan any more."}
	}
	return true, commands.Reply{}
}

func TestPlansInAPipe(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		heard       []string
		status      int
	}{
		{"y", "change\ny\n", []string{"asked change", "confirmed change "}, 0},
		{"yes, and on", "change\nyes\nread\n", []string{"asked change", "confirmed change ", "asked read"}, 0},
		{"n", "change\nn\n", []string{"asked change", "cancelled change"}, 4},
		{"no, and on", "change\nno\nread\n", []string{"asked change", "cancelled change", "asked read"}, 0},
		{"the end", "change\n", []string{"asked change", "cancelled change"}, 4},
		{"another message", "change\nread\n", []string{"asked change", "cancelled change", "asked read"}, 0},
		{"another plan", "change\nchange\ny", []string{"asked change", "cancelled change", "asked change", "confirmed change "}, 0},
		{"nothing like a yes", "change\n Y\n", []string{"asked change", "cancelled change", "asked  Y", "cancelled  Y"}, 4},
		{"an empty line", "change\n\n", []string{"asked change", "cancelled change"}, 4},
		{"a message of lines", "change\nread |\nx\n", []string{"asked change", "cancelled change", "asked read |\nx", "cancelled read |\nx"}, 4},
		{"a line held back", "redis\ny\n", []string{"asked redis", "confirmed redis "}, 0},
		{"the word", "flush\nflush\n", []string{"asked flush", "confirmed flush flush"}, 0},
		{"y for the word", "flush\ny\n", []string{"asked flush", "cancelled flush"}, 4},
		{"lapsed", "lapse\ny\n", []string{"asked lapse", "confirmed lapse "}, 4},
		{"leaving", "change\nexit\ny\n", []string{"asked change", "cancelled change"}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			var out, notes bytes.Buffer
			p := new(planner)
			err := Run(t.Context(), Options{In: strings.NewReader(tt.input), Out: &out, Err: &notes, Handler: p})
			status := 0
			if exit := (*ExitError)(nil); errors.As(err, &exit) {
				status = exit.Status
			} else if err != nil {
				t.Error(err)
			}
			if fmt.Sprintf("%q", p.heard) != fmt.Sprintf("%q", tt.heard) || status != tt.status {
				t.Errorf("heard %q, status %d; want %q, %d", p.heard, status, tt.heard, tt.status)
			}
			if !strings.HasPrefix(notes.String(), "It would ") || strings.Contains(notes.String(), "[y/N]") {
				t.Errorf("notes %q", notes.String())
			}
			if ran := strings.Contains(strings.Join(p.heard, "\n"), "confirmed") && tt.name != "lapsed"; (out.String() == "running\n") != ran {
				t.Errorf("out %q", out.String())
			}
		})
	}
}

func TestACancelledPlanIsSaid(t *testing.T) {
	for input, want := range map[string]string{
		"flush\nn\n": "It would flush 3 keys.\nSomebody else has to agree.\nCancelled: nothing was changed.\n",
		"lapse\nn\n": "It would lapse 3 keys.\nThere is no such plan any more.\n",
		"lapse\ny\n": "It would lapse 3 keys.\nThere is no such plan any more.\n",
	} {
		var notes bytes.Buffer
		_ = Run(t.Context(), Options{In: strings.NewReader(input), Out: io.Discard, Err: &notes, Handler: new(planner)}) // a status, tested above
		if notes.String() != want {
			t.Errorf("%q: %q, want %q", input, notes.String(), want)
		}
	}
}
