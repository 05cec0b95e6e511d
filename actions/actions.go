// Package actions holds the HTTP calls that a configuration ties to typed
// lines, such as the restart of a service through its host's API. A call says
// exactly what the configuration says: nothing typed gets into it. It is never
// repeated, follows no redirect, and of what it sent and what was answered
// nothing is shown but the address, the status and the first error of GraphQL.
package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Spec is one action of the configuration, as written.
type Spec struct {
	Line        string            // the words that call it, parted by blanks
	Description string            // for people
	Method      string            // empty means POST
	URL         string            // https, or http on this machine
	Headers     map[string]string // ${NAME} stands for a variable
	Body        any               // maps, lists and scalars, sent as JSON; ${NAME} works in its texts; nil: none
	Expect      int               // the status that means success; 0: any of 200 to 299
	Timeout     string            // as in 30s; empty means 30s
}

// Set is what is configured. It never changes, and may be used from several
// goroutines. A nil Set holds nothing.
type Set struct{ list []Action }

// Action is one call and the line that asks for it. Printing one shows none of
// what it sends.
type Action struct {
	Name        string
	Line        string // its words, parted by one blank each
	Description string // may be empty

	words []string
	plan  string
	run   func(context.Context) (Result, error)
	holds func() []string // the values of variables in what it sends
}

// call is what is sent, and when it has succeeded.
type call struct {
	client  *http.Client
	method  string
	shown   string // the address without its query
	url     string
	header  http.Header
	body    []byte
	graphQL bool
	expect  int
	timeout time.Duration
	secrets []string // values of variables
}

// New reads the configured actions. The error joins all that is wrong with
// them; no value of a variable is in it.
func New(specs map[string]Spec, o Options) (*Set, error) {
	reader := newReader(o)
	s := &Set{}
	var errs []error
	for name, spec := range specs {
		a, problems := reader.read(name, spec)
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("actions.%s%s", name, p))
		}
		s.list = append(s.list, a)
	}
	slices.SortFunc(s.list, func(a, b Action) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	errs = append(errs, s.twice()...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// twice reports lines that two actions have.
func (s *Set) twice() []error {
	var errs []error
	first := make(map[string]string)
	for _, a := range s.list {
		other, known := first[a.Line]
		if known && a.Line != "" {
			errs = append(errs, fmt.Errorf("actions.%s.line: actions.%s has the same line %q", a.Name, other, a.Line))
		}
		first[a.Line] = cmp.Or(other, a.Name)
	}
	return errs
}

// Match answers the action that exactly these words call.
func (s *Set) Match(words []string) (Action, bool) {
	for _, a := range s.All() {
		if slices.Equal(a.words, words) {
			return a, true
		}
	}
	return Action{}, false
}

// Begins reports whether a line of some action begins with these words.
func (s *Set) Begins(words ...string) bool {
	return slices.ContainsFunc(s.All(), func(a Action) bool {
		return len(words) <= len(a.words) && slices.Equal(a.words[:len(words)], words)
	})
}

// All lists the actions by name.
func (s *Set) All() []Action {
	if s == nil {
		return nil
	}
	return s.list
}

// Secrets lists the values of the variables in what the actions send, for
// hiding them.
func (s *Set) Secrets() []string {
	var list []string
	for _, a := range s.All() {
		list = append(list, a.holds()...)
	}
	return list
}

// Word answers the first word of the line.
func (a Action) Word() string { return a.words[0] }

// Plan says in words what Run would do, without anything that may be secret.
func (a Action) Plan() string { return a.plan }

// Run makes the call, once. An answer of whatever status is a Result; without
// one the error is an *Unanswered, whose text holds no secret.
func (a Action) Run(ctx context.Context) (Result, error) { return a.run(ctx) }

func (c *call) plan() string {
	expects := "any status from 200 to 299"
	if c.expect != 0 {
		expects = fmt.Sprint(c.expect)
	}
	return fmt.Sprintf("%s %s · expects %s", c.method, c.shown, expects)
}

// masked answers a text without the values of variables.
func (c *call) masked(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "•••")
	}
	return text
}
