package commands

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
)

// keep keeps a plan for its confirmation.
func (p *planner) keep(ctx context.Context, req Request, s guard.Summary, out *output) (*Plan, error) {
	t := p.turn
	text := t.planText(s)
	kept, err := t.put(ctx, plans.Plan{
		ID: p.id, Author: person(t.caller), Name: t.caller.Name, Guild: t.caller.Guild, Channel: t.caller.Channel, Asked: req.ID,
		Line: t.kept(req.Text), Text: text, Word: t.word(s), Rights: rightNames(s.Rights), Keys: s.Keys, Commands: s.Commands,
		Output: keptOutput(out, req.Stdout == nil), Approval: t.approval(s),
	}, p.recorder)
	if err != nil {
		return nil, err
	}
	return asShown(kept), nil
}

func rightNames(rights []permissions.Right) []string {
	names := make([]string, len(rights))
	for i, r := range rights {
		names[i] = string(r)
	}
	return names
}

// put keeps a plan, with no more in what people see of it than they may.
func (t *turn) put(ctx context.Context, p plans.Plan, steps *plans.Recorder) (plans.Plan, error) {
	if t.redacts {
		p.Text, p.Output = string(t.Redactor.Text([]byte(p.Text))), t.Redactor.Text(p.Output)
	}
	p.Output = p.Output[:min(len(p.Output), plans.MaxOutput)]
	return t.Plans.Put(ctx, p, steps)
}

// keptOutput is what a plan keeps of its program's output: whole lines, and a
// word about those that are left out. In a chat nobody wants to see the same line
// a thousand times, as a loop of EXPIRE prints it.
func keptOutput(out *output, chat bool) []byte {
	text, more := out.kept, out.dropped > 0
	if chat && !more {
		text = fold(text)
	}
	if len(text) <= plans.MaxOutput && !more {
		return text
	}
	lines := max(out.count(), int64(bytes.Count(text, []byte{'\n'})))
	room := plans.MaxOutput - len(leftOut(lines))
	text = text[:min(len(text), room)]
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	return append(slices.Clip(text), leftOut(lines-int64(bytes.Count(text, []byte{'\n'})))...)
}

func leftOut(lines int64) string { return fmt.Sprintf("… (%s more lines)\n", grouped(lines)) }

// maxAlike is how many lines in a row may be the same.
const maxAlike = 100

// fold leaves one of many lines in a row that are the same, and counts the rest.
func fold(text []byte) []byte {
	var folded []byte
	for rest := text; len(rest) > 0; {
		line, _, _ := bytes.Cut(rest, []byte{'\n'})
		line = rest[:min(len(line)+1, len(rest))]
		alike := 0
		for bytes.HasPrefix(rest, line) && line[len(line)-1] == '\n' {
			rest = rest[len(line):]
			alike++
		}
		switch {
		case alike == 0: // the last line, without an end
			return append(folded, line...)
		case alike > maxAlike:
			folded = append(append(folded, line...), fmt.Sprintf("… (%s more lines like that)\n", grouped(int64(alike-1)))...)
		default:
			folded = append(folded, bytes.Repeat(line, alike)...)
		}
	}
	return folded
}

// asShown is a kept plan as people see it.
func asShown(p plans.Plan) *Plan {
	shown := &Plan{ID: p.ID, Text: p.Text, Word: p.Word, Until: p.Until}
	if !p.Approved() {
		shown.Approval = p.Approval
	}
	return shown
}

// handOut hands out a plan's steps.
func handOut(steps *plans.Steps) guard.Steps {
	return func() ([]byte, bool, error) {
		if steps.Left() == 0 {
			return nil, false, nil
		}
		step, err := steps.Next()
		return step, err == nil, err
	}
}

// once hands out one step.
func once(step []byte) guard.Steps {
	return func() ([]byte, bool, error) {
		s := step
		step = nil
		return s, s != nil, nil
	}
}
