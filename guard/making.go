package guard

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/helix-collective/helix/guard/change"
)

// Making carries out the changes of one program at once, each kept in a journal
// before it is made. It has to be closed. Its zero fields mean that nothing is
// kept, noted or told.
type Making struct {
	// ID names the change in the journal, and in Redis how far it is.
	ID string
	// Journal opens where what keys held is kept, at the first change. It
	// answers nil where nothing is kept.
	Journal func() (change.Journal, error)
	// Memory is how long what is kept will be of use.
	Memory time.Duration
	// May is asked before each batch of changes, and its error ends them; nil: they
	// always may be made.
	May func() error
	// Made is told of every kind of change that was made: "del", 3 commands.
	Made func(kind string, commands int)
	// Progress is told how many commands have been carried out, and how many
	// keys were changed, as far as they are counted.
	Progress func(commands, keys int64)

	guard   *Guard
	backlog *backlog
	mu      sync.Mutex // one run at a time
	engine  *change.Engine
	kept    change.Journal
	report  Report
	before  int64 // commands carried out by earlier runs
	carried int64 // commands carried out by the run at hand
}

// Report says what became of the commands of a change.
type Report struct {
	Kinds   map[string]int64 // carried out, by name
	Keys    int64            // changed or taken away by them, as far as it is kept what was there
	Others  int64            // parameters that were set, as far as it is kept what they were
	Lost    Named            // keys that cannot be taken back, since what they held was too large to be kept
	Failed  int64            // answered with an error
	Left    int64            // left alone, since a key is there now that must not be
	Unknown int64            // whose replies got lost; they were carried out

	// Differed counts the commands of a plan that answered other than was
	// foreseen; Differing names some of their keys.
	Differed  int64
	Differing []string

	// Unreplicated counts the commands, the last ones, that not every replica had
	// confirmed at the end, where there were some at first or shortly before.
	Unreplicated int64

	// NoWayBack says of commands that cannot be taken back why, as a clause.
	NoWayBack map[string]string
}

// Named counts keys, parameters or settings, and names some of them.
type Named struct {
	Count int64
	Some  []Place
}

// Place is where a key is.
type Place struct {
	DB   int // -1: the database that commands go to where they name none
	Name string
}

func (n *Named) add(p Place) {
	n.Count++
	n.name(p)
}

func (n *Named) name(p Place) {
	if len(n.Some) < maxDiffering && !slices.Contains(n.Some, p) {
		n.Some = append(n.Some, p)
	}
}

func (g *Guard) place(db int, name string) Place {
	if db == g.options.DB {
		db = -1
	}
	return Place{db, name}
}

// Commands answers how many commands were carried out.
func (r Report) Commands() int64 {
	var n int64
	for _, k := range r.Kinds {
		n += k
	}
	return n
}

// WithMaking returns a Guard that shares everything with g and makes changes at
// once.
func (g *Guard) WithMaking(m *Making) *Guard {
	making := *g
	making.changes = m
	m.guard, m.backlog = &making, newBacklog(m)
	return &making
}

// Report answers what was made so far.
func (m *Making) Report() Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.report
	r.Kinds, r.NoWayBack = maps.Clone(r.Kinds), maps.Clone(r.NoWayBack)
	if m.engine != nil {
		r.Unreplicated = m.engine.Unreplicated()
	}
	return r
}

// Finish makes what was decided on and is not made yet.
func (m *Making) Finish() error {
	if m.backlog == nil {
		return nil
	}
	return m.backlog.await()
}

// Close gives up the connections that changes were made on. What is not made yet
// is made before.
func (m *Making) Close() {
	_ = m.Finish() // whoever wants to know has asked before
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.engine != nil {
		m.engine.Close()
	}
}

func (m *Making) live() bool { return true }

// Open opens the journal, which otherwise the first change does. WithMaking
// comes before.
func (m *Making) Open() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open()
}

// open prepares what the first change needs.
func (m *Making) open() error {
	if m.engine != nil {
		return nil
	}
	if m.Journal != nil {
		kept, err := m.Journal()
		if err != nil {
			return err
		}
		if kept != nil {
			m.kept = &census{Journal: kept, report: &m.report, seed: maphash.MakeSeed()}
		}
	}
	o := m.guard.changeOptions(m.ID)
	o.Journal, o.Memory, o.Apart, o.Progress = m.kept, m.Memory, m.apart, m.progress
	o.May = m.May
	m.engine = change.New(o)
	return nil
}

// progress tells how many commands all runs together have carried out.
func (m *Making) progress(commands int64) {
	m.carried = commands
	if m.Progress != nil {
		m.Progress(m.before+commands, m.report.Keys)
	}
}

// run carries out what next answers, in order, and tells each step's end.
func (m *Making) run(ctx context.Context, p *passage) error {
	err := m.engine.Run(ctx, p.next, p.done)
	m.before, m.carried = m.before+m.carried, 0
	return err
}

// together bounds the calls with long replies that are made before their replies
// are told.
const together = 64

func (m *Making) carry(_ context.Context, calls []*call, told func(*call, reply) error) error {
	for part := range slices.Chunk(calls, together) {
		list := make([]*promise, len(part))
		for i, c := range part {
			var err error
			if list[i], err = m.backlog.add(c, len(calls) == 1); err != nil {
				return err
			}
		}
		if err := m.backlog.await(); err != nil {
			return err
		}
		for i, c := range part {
			if err := told(c, list[i].reply); err != nil {
				return err
			}
		}
	}
	return nil
}

// noted takes in what became of a call.
func (m *Making) noted(u *underway, r reply) {
	switch {
	case u.left:
		m.report.Left++
	case u.call.each:
		m.report.Unknown += int64(u.unknown)
		m.report.Failed += failures(r) - int64(u.unknown)
	case u.unknown > 0:
		m.report.Unknown++
	case r.kind == errorReply:
		m.report.Failed++
	}
	if u.made == 0 {
		return
	}
	for _, name := range u.lost {
		m.report.Lost.add(m.guard.place(u.call.db(), name))
	}
	if why := u.call.noWayBack(); why != "" {
		m.report.NoWayBack = noted(m.report.NoWayBack, u.call.cmd.shown(), why)
	}
	made := 1
	if u.call.each {
		made = u.made
	}
	m.counted(u.call.cmd.name, made)
}

// counted notes that commands of a kind were carried out.
func (m *Making) counted(kind string, commands int) {
	if m.report.Kinds == nil {
		m.report.Kinds = make(map[string]int64)
	}
	m.report.Kinds[kind] += int64(commands)
	if m.Made != nil {
		m.Made(kind, commands)
	}
}

// failed names what ended a run.
func (m *Making) failed(ctx context.Context, c *call, err error) error {
	var answered *change.ServerError
	switch {
	case err == nil:
		return nil
	case asHalted(err) != nil:
		return asHalted(err)
	case errors.As(err, &answered) && serverFault(failure("%s", answered.Text)) != nil:
		return c.fault(ctx, serverFault(failure("%s", answered.Text)))
	}
	return err
}
