// Package aliases keeps the names that people give to lines: in Redis, so that
// every instance of Helix has them, and after a restart. It knows nothing of
// what a line means, and never runs one.
package aliases

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/register"
)

// The bounds of what is kept.
const (
	MaxAliases = 100
	MaxLine    = 1500 // bytes of a line; a Discord message has at most 2,000 characters
	maxRecord  = 8 * MaxLine
)

const key = "{helix}:aliases" // hash: name, record in JSON

// OwnKeys lists the keys that aliases live in.
func OwnKeys() []string { return []string{key} }

// schema numbers the layout of a record. What has a higher number is left alone,
// and while there is such a record nothing is changed.
const schema = 1

// Alias is a name that stands for a line.
type Alias struct {
	Name string    `json:"-"`
	Line string    `json:"line"`
	By   string    `json:"by"` // who defined it: the person's id, "local" at a terminal
	Nick string    `json:"name,omitempty"`
	At   time.Time `json:"at"`
}

// record is an Alias as it is kept.
type record struct {
	Schema int `json:"schema"`
	Alias
}

// Store is the aliases of one Redis. Its methods may be called from several
// goroutines.
type Store struct{ kept *register.Register }

// Open answers the aliases in a Redis. Nothing is asked of it yet.
func Open(client redis.UniversalClient) *Store {
	return &Store{register.New(client, key, register.Bounds{Records: MaxAliases, Bytes: maxRecord, Schema: schema})}
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// IsName reports whether a word can be the name of an alias.
func IsName(word string) bool { return validName.MatchString(word) }

// All answers the aliases by name. What nobody of ours has written is left out.
func (s *Store) All(ctx context.Context) (map[string]Alias, error) {
	kept, err := s.kept.All(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Alias, len(kept))
	for name, text := range kept {
		var r record
		if err := json.Unmarshal([]byte(text), &r); err == nil && r.Schema == schema && IsName(name) && len(r.Line) <= MaxLine {
			r.Alias.Name = name
			all[name] = r.Alias
		}
	}
	return all, nil
}

// Put keeps an alias, in the place of one of the same name. The error is a
// *register.FullError where there are as many as are kept, and a
// *register.NewerError where a later release of Helix keeps them.
func (s *Store) Put(ctx context.Context, a Alias) error {
	if !IsName(a.Name) || len(a.Line) > MaxLine {
		return fmt.Errorf("keep the alias %q: its name or its line is beyond what is kept", a.Name)
	}
	text, err := json.Marshal(record{schema, a})
	if err != nil {
		return fmt.Errorf("keep the alias %s: %w", a.Name, err)
	}
	return s.kept.Put(ctx, a.Name, string(text))
}

// Remove forgets an alias, and reports whether there was one.
func (s *Store) Remove(ctx context.Context, name string) (bool, error) {
	return s.kept.Remove(ctx, name)
}

// Heal stores again what Redis has lost of the aliases that are known here, and
// reports whether it had lost any.
func (s *Store) Heal(ctx context.Context) (lost bool, err error) { return s.kept.Heal(ctx) }

// Sorted lists aliases by their names.
func Sorted(all map[string]Alias) []Alias {
	list := make([]Alias, 0, len(all))
	for _, a := range all {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
	return list
}
