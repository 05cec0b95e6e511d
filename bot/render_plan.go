package bot

import (
	"fmt"
	"strings"

	"github.com/helix-collective/helix/commands"
)

// How much room the parts of a plan's message have.
const (
	maxPlan     = 1000 // of what it would do
	maxApproval = 200  // of who else has to agree
	maxMore     = 150  // of what went wrong, and of advice, each
	minOutput   = 60   // of the output so far, its block included
	noteRoom    = 300  // of what is said of files
	planFile    = "plan.txt"
)

// renderPlan turns a reply whose plan waits for a yes into one page: the output
// so far, what the plan would do, and what it waits for. What is too long for
// that is a file.
func renderPlan(reply commands.Reply) rendered {
	var r rendered
	text := visible(reply.Plan.Text)
	shown, rest := cutPage(text, maxPlan)
	if rest != "" {
		shown += "\n-# The beginning; the whole plan is in the file."
		r.files = append(r.files, file{name: planFile, data: []byte(text)})
	}
	below := join(shown, belowPlan(reply))
	if len(reply.Output) == 0 {
		r.pages = []string{below}
		return r
	}
	output := visible(string(reply.Output))
	above, rest := cutPage(output, max(maxContent-width(below)-noteRoom, minOutput))
	if rest != "" || reply.Truncated > 0 {
		whole := renderFile(reply, output, "")
		above += "\n-# The output so far begins like this; the file has more."
		r.files = append(r.files, whole.files...)
	}
	r.pages = []string{join(above, below)}
	return r
}

// belowPlan is what stands below a plan: what it waits for, what went wrong
// besides, advice, and for how long it stands.
func belowPlan(reply commands.Reply) string {
	p := reply.Plan
	short := func(text string, most int) string { return brief(line(text), most) }
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(short(reply.Problem, maxMore))
	if p.Word != "" {
		add(short("To confirm, press the button and type `"+strings.ReplaceAll(p.Word, "`", "")+"`.", maxMore))
	}
	add(short(p.Approval, maxApproval))
	if hints := strings.Join(reply.Hints, " "); hints != "" {
		add(smallWithin(hints, maxMore))
	}
	add(stands(p))
	return strings.Join(parts, "\n")
}

// stands says until when a plan can be confirmed; each reader sees that count
// down.
func stands(p *commands.Plan) string { return fmt.Sprintf("-# Lapses <t:%d:R>.", p.Until.Unix()) }

// lapsedText is what a plan's message says once its time is over.
func lapsedText(content string, p *commands.Plan) string {
	return strings.Replace(content, stands(p), "-# This plan has lapsed. Type the command again to see a fresh one.", 1)
}
