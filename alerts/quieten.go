package alerts

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/suggest"
)

// LongestSilence bounds a silence; a longer one is made as long as that.
const LongestSilence = 30 * 24 * time.Hour

// maxReason bounds what a person gives as a reason, in bytes.
const maxReason = 200

// Wish is a silence that somebody asks for.
type Wish struct {
	Target string        // a rule, a label, or an incident's id
	For    time.Duration // 0: until the incident is resolved, which Target has to be then, or its rule
	Reason string
	By     Person
}

// Silence keeps incidents quiet, from now on. Errors: *UnknownError,
// *ResolvedError, *LimitError.
func (e *Engine) Silence(ctx context.Context, w Wish) (made Silence, err error) {
	w.Target = strings.ToLower(strings.TrimSpace(w.Target))
	err = e.act(ctx, func(now time.Time) error {
		s := Silence{Target: w.Target, Reason: clip(oneLine(w.Reason), maxReason), By: w.By.tidy(), From: now}
		if err := e.aim(&s, w.For); err != nil {
			return err
		}
		if e.goingOn() >= maxSilences {
			return &LimitError{maxSilences}
		}
		s.ID = e.newID("silence")
		made = e.book.putSilence(s)
		e.decideAll(e.options.Settings.Snapshot(), now, 0)
		return nil
	})
	return made, err
}

func (e *Engine) goingOn() (n int) {
	for _, s := range e.book.silences {
		n += one(!s.Over())
	}
	return n
}

// aim finds what a silence is about, and until when.
func (e *Engine) aim(s *Silence, length time.Duration) error {
	in, err := e.find(s.Target)
	switch {
	case length <= 0 && err != nil:
		return err
	case err == nil && in.ID == s.Target && !in.Open(), length <= 0 && !in.Open():
		return &ResolvedError{in.ID}
	case length <= 0:
		s.Target = in.ID
		return nil
	case err != nil:
		if err := e.knownTarget(s.Target); err != nil {
			return err
		}
	}
	s.Until = s.From.Add(min(length, LongestSilence))
	return nil
}

func (e *Engine) knownTarget(target string) error {
	var known []string
	for _, r := range append(Rules(), e.rulesFor(e.options.Settings.Snapshot())...) {
		known = append(known, r.labels()...)
	}
	if slices.Contains(known, target) {
		return nil
	}
	near, _ := suggest.Nearest(target, known)
	return &UnknownError{What: "rule, label or incident", Name: target, Suggestion: near}
}

// tidy makes a name fit for a line of history.
func (p Person) tidy() Person { return Person{clip(p.ID, maxName), clip(oneLine(p.Name), maxName)} }

// maxName bounds what is kept of a name, in bytes.
const maxName = 100

// oneLine takes away what would break a line.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }), " ")
}

// Unsilence ends the silence of that id, or all that name that target. The
// error is an *UnknownError.
func (e *Engine) Unsilence(ctx context.Context, name string, by Person) (ended []Silence, err error) {
	name, by = strings.ToLower(strings.TrimSpace(name)), by.tidy()
	err = e.act(ctx, func(now time.Time) error {
		ended = nil
		for _, s := range e.book.silences {
			if s.Over() || s.ID != name && s.Target != name {
				continue
			}
			s.Ended, s.EndedBy = now, &by
			ended = append(ended, e.book.putSilence(s))
		}
		if len(ended) == 0 {
			near, _ := suggest.Nearest(name, slices.Sorted(maps.Keys(e.book.silences)))
			return &UnknownError{What: "silence", Name: name, Suggestion: near}
		}
		e.decideAll(e.options.Settings.Snapshot(), now, 0)
		return nil
	})
	return ended, err
}

// Silences answers those that go on, the one that ends first first; those until
// an incident is resolved come last.
func (e *Engine) Silences(ctx context.Context) ([]Silence, error) {
	err := e.refresh(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []Silence
	for _, s := range e.book.silences {
		if !s.Over() {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Silence) int {
		if longer(a, b) {
			return 1
		}
		return -1
	})
	return list, err
}

// Standing is how a rule stands.
type Standing struct {
	Rule     Rule
	Enabled  bool
	Verdict  Verdict  // of the newest measurement; Unknown before the first
	Incident Incident // the open or waiting one; the zero Incident if there is none
}

// Rules answers how every rule stands, those that are switched off too, by the
// newest measurement of this process.
func (e *Engine) Rules() []Standing {
	s := e.options.Settings.Snapshot()
	own, _ := customRules(s.List(settings.AlertsRules))
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []Standing
	for _, r := range append(Rules(), own...) {
		standing := Standing{Rule: r, Enabled: r.Enabled(s), Verdict: unknown("Nothing was measured yet.")}
		if v, ok := e.verdicts[r.Name]; ok {
			standing.Verdict = v
		} else if !standing.Enabled {
			standing.Verdict = unknown("It is switched off.")
		}
		if in := e.book.of(r.Name); in.State != Resolved {
			standing.Incident = in
		}
		list = append(list, standing)
	}
	return list
}
