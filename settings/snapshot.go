package settings

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Source is the layer that a value in force comes from.
type Source string

// The layers, each before the ones above it.
const (
	FromDefault     Source = "default"
	FromProfile     Source = "profile"
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
	FromFlag        Source = "flag"
	FromLive        Source = "live"
)

// Origin says where a value comes from.
type Origin struct {
	Source Source
	Where  string // "config.yaml line 12", "HELIX_REDIS_URL"; empty for defaults and live values
}

// String answers "file, config.yaml line 12".
func (o Origin) String() string {
	if o.Where == "" {
		return string(o.Source)
	}
	return string(o.Source) + ", " + o.Where
}

type inForce struct {
	value  Value
	origin Origin
}

// Snapshot holds the values in force at one moment. It never changes, so a
// piece of work that keeps its Snapshot sees one policy to its end.
//
// Its getters panic for a key that is not in the table or is of another kind,
// which only a key made from a string literal can be.
type Snapshot struct {
	values   map[string]inForce // every key of the table
	revision int64
}

// Revision answers the number of the live change that it includes; 0 where
// nothing was ever changed live.
func (s *Snapshot) Revision() int64 { return s.revision }

// Duration answers a duration in whole seconds.
func (s *Snapshot) Duration(k DurationKey) time.Duration {
	return s.get(string(k), Duration).duration()
}

// Int answers a count or a percentage.
func (s *Snapshot) Int(k IntKey) int { return int(s.get(string(k), Integer, Percent).number) }

// Bytes answers a size in bytes.
func (s *Snapshot) Bytes(k BytesKey) int64 { return s.get(string(k), Bytes).number }

// Bool answers whether a switch is on.
func (s *Snapshot) Bool(k BoolKey) bool { return s.get(string(k), Boolean).number != 0 }

// Text answers a text, or which word of an Enum is chosen.
func (s *Snapshot) Text(k TextKey) string {
	v := s.get(string(k), Text, Enum)
	if v.hidden != nil {
		panic("settings: " + string(k) + " is secret; ask for it with Secret")
	}
	return v.text
}

// List answers a list, the caller's own copy.
func (s *Snapshot) List(k ListKey) []string { return slices.Clone(s.get(string(k), List).list) }

// Secret answers a secret in clear, empty where it is not set. Nothing else
// in this package does.
func (s *Snapshot) Secret(k SecretKey) string {
	v := s.get(string(k), Text)
	if v.hidden == nil {
		panic("settings: " + string(k) + " is not secret; ask for it with Text")
	}
	return *v.hidden
}

func (s *Snapshot) get(key string, kinds ...Kind) Value {
	held, ok := s.values[key]
	if !ok {
		panic("settings: no setting " + key)
	}
	if !slices.Contains(kinds, held.value.kind) {
		panic(fmt.Sprintf("settings: %s is of kind %s", key, held.value.kind))
	}
	return held.value
}

// Source answers which layer the value of key comes from.
func (s *Snapshot) Source(key string) Source { return s.values[key].origin.Source }

// Item is one setting with its value in force, for people to read.
type Item struct {
	Setting
	Value  Value
	Origin Origin
}

// Item answers one setting. The error is an *UnknownError.
func (s *Snapshot) Item(key string) (Item, error) {
	row, err := Lookup(key)
	if err != nil {
		return Item{}, err
	}
	return s.item(row), nil
}

func (s *Snapshot) item(row Setting) Item {
	held := s.values[row.Key]
	return Item{Setting: row, Value: held.value, Origin: held.origin}
}

// Items answers the settings whose key begins with prefix, in the table's
// order. With a * in it, which stands for any letters, the prefix has to match
// the whole key.
func (s *Snapshot) Items(prefix string) []Item {
	prefix = canonicalKey(prefix)
	var items []Item
	for _, row := range Table() {
		if matches(prefix, row.Key) {
			items = append(items, s.item(row))
		}
	}
	return items
}

func matches(prefix, key string) bool {
	if !strings.Contains(prefix, "*") {
		return strings.HasPrefix(key, prefix)
	}
	ok, err := path.Match(prefix, key)
	return ok && err == nil
}

// Policy answers the canonical value of every live setting, as it is published
// for back ends in any language.
func (s *Snapshot) Policy() map[string]string {
	policy := make(map[string]string)
	for _, key := range keysOf(func(s Setting) bool { return s.Live }) {
		policy[key] = s.values[key].value.String()
	}
	return policy
}

// with answers a copy that has other values for some keys.
func (s *Snapshot) with(values map[string]inForce, revision int64) *Snapshot {
	merged := maps.Clone(s.values)
	maps.Copy(merged, values)
	return &Snapshot{values: merged, revision: revision}
}
