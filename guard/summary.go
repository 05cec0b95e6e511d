package guard

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/permissions"
)

// Summary says what a plan would do.
type Summary struct {
	Commands int64
	Plain    bool             // it is one command that changes one key, which is not large
	CatchAll bool             // it goes by the pattern *, which means every key
	Kinds    map[string]int64 // commands by name
	Keys     int64            // that are changed, or taken away
	First    []string         // of those, up to ten

	Gone      int64 // keys taken away
	Sessions  int64 // of those, sessions
	Users     int64 // whose sessions those are, as far as the names tell
	Missing   int64 // keys named that do not exist
	Created   int64 // keys that do not exist yet
	Altered   int64 // keys that get another value
	Given     int64 // keys without a TTL that get one
	Taken     int64 // keys that lose theirs
	Longer    int64 // keys that live longer than they would
	Shorter   int64 // keys that end sooner
	Unchanged int64 // keys that stay as they are
	Emptied   int64 // of those taken away, keys in databases that are emptied whole
	Failing   int64 // commands that answer an error

	// Freed is how much memory is given back, in bytes; Sampled says that it is
	// reckoned from some of the keys.
	Freed   int64
	Sampled bool
	Partly  bool // not every key that is gone or altered was asked for its size

	// Remaining and Lifetimes are how long the keys that get another time would
	// still live, and how long they will. Keys without a TTL count in neither.
	Remaining, Lifetimes Span

	Databases  []int               // in which the plan changes something, in order
	Everything []string            // commands that empty whole databases
	Parameters []Parameter         // that CONFIG SET sets, in turn
	Unforeseen map[string]string   // command: why nobody can tell what it will do
	NoWayBack  map[string]string   // command: why it cannot be taken back
	Lost       Named               // keys whose values are too large to be kept, and would be gone or others
	Rights     []permissions.Right // that the plan needs

	plain      bool // the last command changes one key and is no matter of the whole server
	unchanged  int64
	parameters []Parameter
	heavy      map[Place]bool // keys whose values are too large to be kept, of those weighed
	weighed    int            // keys
	weight     int64          // bytes of those
	heaviest   int64
}

// Span is the shortest and the longest of some times; zero where there are none.
type Span struct{ Least, Most time.Duration }

func (s *Span) take(d time.Duration) {
	if s.Most == 0 || d < s.Least {
		s.Least = d
	}
	s.Most = max(s.Most, d)
}

// Parameter is one of the server's that gets another value.
type Parameter struct {
	Name, Becomes string
	Was           string // empty where the server does not tell
}

// maxFirst is how many keys a plan names.
const maxFirst = 10

// Summary answers what was recorded so far.
func (p *Planning) Summary() Summary {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.summary
	s.Kinds, s.Unforeseen, s.NoWayBack = maps.Clone(s.Kinds), maps.Clone(s.Unforeseen), maps.Clone(s.NoWayBack)
	s.Partly = s.Keys > int64(s.weighed) && s.Gone+s.Altered > 0
	s.Users, s.Unchanged, s.Parameters = int64(p.users.Len()), s.unchanged, slices.Clone(s.parameters)
	s.Databases = slices.Clone(s.Databases)
	s.Plain = s.plain && s.Commands == 1 && s.heaviest <= maxBytes
	if s.weighed > 0 {
		s.Freed, s.Sampled = s.weight*s.Gone/int64(s.weighed), s.Gone > int64(s.weighed)
	}
	return s
}

// add counts a recorded call.
func (s *Summary) add(c *call, r reply) {
	s.Commands += int64(c.times())
	if s.Kinds == nil {
		s.Kinds = make(map[string]int64)
	}
	s.Kinds[c.cmd.name] += int64(c.times())
	if r.kind == errorReply {
		s.Failing++
	}
	if c.each {
		s.Failing += failures(r)
	}
	s.plain = c.isPlain()
	if len(c.keys) > 0 || c.cmd.name == "flushdb" {
		s.within(c.db())
	}
	for _, d := range c.rule.demands(c.keys) {
		s.needs(d.right)
	}
	if why := c.noWayBack(); why != "" {
		s.NoWayBack = noted(s.NoWayBack, c.cmd.shown(), why)
	}
	if c.cmd.name == "flushdb" || c.cmd.name == "flushall" {
		s.Everything = append(s.Everything, strings.ToUpper(c.cmd.name))
	}
}

// needs notes a right that the plan takes.
func (s *Summary) needs(right permissions.Right) {
	if right != permissions.Read && !slices.Contains(s.Rights, right) {
		s.Rights = append(s.Rights, right)
	}
}

// within notes that something is changed in a database.
func (s *Summary) within(db int) {
	if at, known := slices.BinarySearch(s.Databases, db); !known {
		s.Databases = slices.Insert(s.Databases, at, db)
	}
}

// isPlain reports whether a call changes one key, and nothing of the server.
func (c *call) isPlain() bool {
	changed := 0
	for _, k := range c.keys {
		if k.use.changes() {
			changed++
		}
	}
	return changed == 1 && !slices.Contains(c.rule.rights, permissions.Admin)
}

// noWayBack answers why a call cannot be taken back, as a clause; empty where
// it can.
func (c *call) noWayBack() string {
	switch c.cmd.name {
	case "config set":
		return ""
	case "flushdb", "flushall":
		return "what others write between the look at the keys and the flush is lost"
	case "publish", "spublish":
		return "others act on what is published"
	case "client kill", "client unblock":
		return "a connection cannot be brought back"
	case "config resetstat", "slowlog reset", "latency reset":
		return "figures that are reset are lost"
	case "move":
		return "it reaches into another database"
	case "copy":
		if hasWord(c.argv, 3, "db") {
			return "it reaches into another database"
		}
	}
	return ""
}

func noted(m map[string]string, command, why string) map[string]string {
	if m == nil {
		m = make(map[string]string)
	}
	m[command] = why
	return m
}

func (s *Summary) unforeseen(c *call, why error) {
	s.Unforeseen = noted(s.Unforeseen, c.cmd.shown(), why.Error())
}

// gone counts a key that is taken away.
func (s *Summary) gone(key string, g ghost, users *people) {
	if !g.is(present) {
		s.missing(key)
		return
	}
	s.changed(key, g)
	s.Gone++
	if !isSession(key) {
		return
	}
	s.Sessions++
	if rest, ok := strings.CutPrefix(key, sessionPrefix+"user:"); ok {
		user, _, _ := strings.Cut(rest, ":")
		users.add(user)
	}
}

func (s *Summary) missing(string) { s.Missing++ }

// weighs takes in how much memory a key takes.
func (s *Summary) weighs(at Place, bytes int64) {
	s.weighed++
	s.weight += bytes
	s.heaviest = max(s.heaviest, bytes)
	if bytes <= change.MaxKept {
		return
	}
	if s.heavy == nil {
		s.heavy = make(map[Place]bool)
	}
	s.heavy[at] = true
}

// loses counts a key whose value cannot come back.
func (s *Summary) loses(at Place) {
	if s.heavy[at] {
		s.Lost.add(at)
		delete(s.heavy, at)
	}
}

// changed counts a key at its first change.
func (s *Summary) changed(key string, was ghost) {
	if was.is(touched) {
		return
	}
	s.Keys++
	if len(s.First) < maxFirst {
		s.First = append(s.First, key)
	}
}

// retimed counts a key that will live until another time.
func (s *Summary) retimed(key string, was ghost, deadline int64, now time.Time) {
	s.changed(key, was)
	if was.deadline != 0 {
		s.Remaining.take(timeOf(was.deadline).Sub(now))
	}
	if deadline != 0 {
		s.Lifetimes.take(timeOf(deadline).Sub(now))
	}
	switch {
	case was.deadline == 0:
		s.Given++
	case deadline == 0:
		s.Taken++
	case deadline > was.deadline:
		s.Longer++
	default:
		s.Shorter++
	}
}

// written counts a key that was written to.
func (s *Summary) written(key string, was, is ghost, users *people) {
	switch {
	case was.is(present) && !is.is(present):
		s.gone(key, was, users)
		return
	case !was.is(present) && !is.is(present):
		return
	}
	s.changed(key, was)
	switch {
	case was.is(touched):
	case was.is(present):
		s.Altered++
	default:
		s.Created++
	}
}
