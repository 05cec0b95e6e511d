package permissions

import (
	"fmt"
	"strings"
)

// Explanation says how the policy came to its answer, for !why.
type Explanation struct {
	Allowed bool
	Steps   []string // what was considered, in order; no line breaks inside
	Verdict string   // the answer and the rule that decided it
}

// String is the steps as a list, and the verdict below them.
func (e Explanation) String() string {
	var b strings.Builder
	for _, s := range e.Steps {
		b.WriteString("- " + s + "\n")
	}
	return b.String() + e.Verdict
}

// Explain decides like Check, and tells how. It speaks of the member in the
// third person, since others may ask; keys stand in it under Check's rule.
func (p *Policy) Explain(m Member, a Action) Explanation {
	p = p.now()
	d := p.decide(m, a)
	e := explainer{who: nameOf(m), action: a, decision: d}
	if d.denied == nil || d.denied.Reason != Fault && d.denied.Reason != NotServed {
		e.tell(p)
	}
	return Explanation{Allowed: d.denied == nil, Steps: e.steps, Verdict: e.verdict()}
}

type explainer struct {
	who      string
	action   Action
	decision decision
	steps    []string
}

func (e *explainer) say(format string, args ...any) {
	e.steps = append(e.steps, fmt.Sprintf(format, args...))
}

func nameOf(m Member) string {
	switch {
	case m.Name != "":
		return code(m.Name)
	case m.Local && len(m.LocalRoles) > 0:
		return "whoever has just @" + strings.Join(m.LocalRoles, " and @")
	case m.Local:
		return "the local caller"
	default:
		return "the member"
	}
}

func (e *explainer) tell(p *Policy) {
	st := e.decision.standing
	if st.whole != "" {
		e.say("%s is %s, and so holds every right that no role denies.", e.who, st.whole)
	}
	for _, h := range st.here {
		e.say("@%s applies: %s has it %s.", h.role.name, e.who, h.how)
		e.entries("allows", h.role.allow)
		e.entries("denies", h.role.deny)
	}
	for _, h := range st.elsewhere {
		e.say("@%s does not apply here, though %s has it %s: it is for %s.", h.role.name, e.who, h.how, h.role.where())
	}
	if len(st.here)+len(st.elsewhere) == 0 && st.whole == "" {
		e.say("Of %d configured roles none is held by %s.", len(p.roles), e.who)
	}
}

// entries tells what a role says about the right.
func (e *explainer) entries(verb string, grants []grant) {
	for _, g := range grants {
		if g.right == e.action.Right {
			e.say("It %s %s%s.", verb, code(g.String()), e.reach(g))
		}
	}
}

// reach says how many of the names an entry with a pattern covers.
func (e *explainer) reach(g grant) string {
	names := e.action.names()
	if g.on.all || len(names) == 0 {
		return ""
	}
	covered := 0
	for _, name := range names {
		if g.on.match(name) {
			covered++
		}
	}
	subject := e.action.Right.Subject()
	switch {
	case len(names) == 1 && covered == 1:
		return ", which covers the " + subject
	case len(names) == 1:
		return ", which does not cover the " + subject
	default:
		return fmt.Sprintf(", which covers %d of the %d %ss", covered, len(names), subject)
	}
}

func (e *explainer) verdict() string {
	if e.decision.denied != nil {
		return "Denied: " + e.decision.denied.sentence(e.who+" needs")
	}
	what := "this"
	if e.action.Name != "" {
		what = code(e.action.Name)
	}
	return fmt.Sprintf("Allowed: %s holds **%s**%s, which %s needs.",
		e.who, e.action.Right, e.decision.scope.words(), what)
}
