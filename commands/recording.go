package commands

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
)

// recording is one request's way into the audit: one record at its end, and
// where it does more than read, one before that. A program's calls may use it
// from several goroutines. The zero recording records nothing.
//
// What a local caller reads is not recorded, but for what they are denied: they
// hold the address of Redis already, and a look at it from a terminal or a
// script leaves it as it was.
type recording struct {
	log   *audit.Log
	local bool
	about string // stands before the line: the schedule that asks

	mu     sync.Mutex
	entry  audit.Entry
	opened bool
	begun  bool // something may have been changed
}

func (d *Dispatcher) recordingOf(req Request) *recording {
	e := d.entryOf(req.Caller)
	e.Line, e.Request = req.Text, req.ID
	about := ""
	if req.Schedule != "" {
		about = scheduledID(req.Schedule) + ": "
	}
	if e.Request == "" {
		e.Request = audit.NewID()
	}
	return &recording{log: d.Audit, local: req.Caller.Local, about: about, entry: e}
}

// entryOf is what the audit says of a person.
func (d *Dispatcher) entryOf(m permissions.Member) audit.Entry {
	return audit.Entry{
		By: person(m), Name: m.Name, Roles: d.Policy.RolesOf(m),
		Guild: m.Guild, Where: m.Channel, Parent: m.Parent,
	}
}

// Clicked records that a person pressed a button; what says which.
func (d *Dispatcher) Clicked(m permissions.Member, what string) {
	if d.Audit == nil {
		return
	}
	e := d.entryOf(m)
	e.Event, e.Request, e.Line, e.Outcome = audit.Clicked, audit.NewID(), what, string(OK)
	d.Audit.Add(e)
}

// confirms notes the plan that is carried out, and who agreed to it.
func (r *recording) confirms(p plans.Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry.Plan = p.ID
	for _, a := range p.Approvers {
		r.entry.Approver = a.ID
	}
}

// request answers what joins the records of the request.
func (r *recording) request() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entry.Request
}

// commands notes what the program calls, as its text tells.
func (r *recording) commands(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry.Commands = names
}

// line notes what was asked as it may be kept.
func (r *recording) line(kept string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry.Line = r.about + kept
}

// gate is a guard.Gate: what needs more than read is recorded before it runs.
func (t *turn) gate(ctx context.Context, _ string, _ permissions.Right) error {
	if !t.changes {
		return t.recording.look(ctx)
	}
	return t.recording.open(ctx)
}

// open records the request before the first of its calls that changes something.
// After an error that call must not run.
func (r *recording) open(ctx context.Context) error {
	err := r.look(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = r.begun || err == nil
	return err
}

// mayHaveChanged reports whether the request came to change something.
func (r *recording) mayHaveChanged() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun
}

// look records the request before the first of its calls that takes more than the
// right read, though it changes nothing.
func (r *recording) look(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log == nil || r.opened {
		return nil
	}
	e := r.entry
	e.Event = audit.Opened
	if err := r.log.Require(ctx, e); err != nil {
		return err
	}
	r.opened = true
	return nil
}

// count notes n writes of a kind.
func (r *recording) count(kind string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entry.Counts == nil {
		r.entry.Counts = make(map[string]int)
	}
	r.entry.Counts[kind] += n
}

// maxChanges bounds how many changed settings a record spells out.
const maxChanges = 50

// changed notes what became of settings. No secret one can be changed so.
func (r *recording) changed(kind string, changes []settings.Change) {
	n := 0
	for _, c := range changes {
		if c.Old == c.New {
			continue
		}
		if n++; n <= maxChanges {
			r.note(fmt.Sprintf("%s = %s", c.Key, c))
		}
	}
	if n > 0 {
		r.count(kind, n)
	}
}

func (r *recording) note(change string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry.Changes = append(r.entry.Changes, change)
}

// end records how the request ended, and never waits. Chance words that were
// not for Helix are nobody's business.
func (r *recording) end(names []string, reply Reply, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log == nil || !r.opened && (r.local || reply.Quiet) && reply.Outcome != Denied {
		return
	}
	e := r.entry
	e.Event = audit.Done
	if r.opened {
		e.Event = audit.Closed
	}
	e.Commands, e.Counts = names, maps.Clone(e.Counts)
	e.Outcome, e.Status, e.Took = string(reply.Outcome), reply.Status, took.Milliseconds()
	r.log.Add(e)
}
