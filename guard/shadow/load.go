package shadow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Bounds of one round trip of Load, which keep the server busy for a
// millisecond or so. A single key may go beyond the last two.
const (
	maxPipeline  = 256     // commands
	maxReplies   = 1 << 20 // bytes that the values are expected to take
	maxLookedAt  = 10_000  // elements
	maxQuestions = 2       // about a key
)

// Asker sends commands in one round trip to the database that is loaded from,
// and answers their raw RESP2 replies in order, error replies among them.
type Asker func(ctx context.Context, commands [][]string) ([][]byte, error)

// Load copies keys from the server, whatever the shadow held of them before.
// It changes nothing there, asks for no value before it knows that it is small,
// and needs a handful of round trips for every hundred keys.
//
// Its errors are *TooLargeError for a value above 1 MiB or 5,000 elements or
// for more than 64 MiB in all, *UnsupportedError for what cannot be copied, and
// those of ask. What was loaded before the error stays.
func (s *Shadow) Load(ctx context.Context, db int, keys []string, ask Asker) error {
	for batch := range slices.Chunk(unique(keys), maxPipeline/maxQuestions) {
		if err := s.loadBatch(ctx, db, batch, ask); err != nil {
			return err
		}
	}
	return nil
}

// unique answers the keys, each once.
func unique(keys []string) []string {
	seen := make(map[string]bool, len(keys))
	var list []string
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			list = append(list, key)
		}
	}
	return list
}

// errChanged says that a key changed its type, or went, between two commands of
// Load.
var errChanged = errors.New("a key changed while it was copied")

// maxAttempts is how often a batch is read whose keys change meanwhile.
const maxAttempts = 3

func (s *Shadow) loadBatch(ctx context.Context, db int, keys []string, ask Asker) (err error) {
	for range maxAttempts {
		l := &loader{ask: ask, now: s.now, fields: !s.noFieldTTL()}
		if err = l.load(ctx, keys); err == nil {
			return s.keep(db, l)
		}
		if !errors.Is(err, errChanged) {
			return err
		}
	}
	return err
}

func (s *Shadow) noFieldTTL() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fieldsLast
}

// loader reads a batch of keys.
type loader struct {
	ask    Asker
	now    func() time.Time
	fields bool // ask whether fields have a TTL; false once the server knows no such thing
	values []*value
}

// value is a key as it was read.
type value struct {
	key      string
	typ      string
	deadline int64  // Unix time in ms; 0 means none
	elements int64  // or of a string its bytes
	bytes    int64  // what it is expected to take
	raw      any    // the reply that holds it
	last     string // of a stream: the last id that it gave
	compact  bool   // it is kept in one piece, in which the order of elements is fixed
}

func (l *loader) load(ctx context.Context, keys []string) error {
	for _, key := range keys {
		l.values = append(l.values, &value{key: key})
	}
	for _, step := range []func(context.Context) error{l.readTypes, l.readCounts, l.readSizes, l.readValues, l.readFieldTTLs} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// those answers the values that are of one of the types; of none, all that exist.
func (l *loader) those(types ...string) []*value {
	var list []*value
	for _, v := range l.values {
		if slices.Contains(types, v.typ) || len(types) == 0 && v.typ != typeNone {
			list = append(list, v)
		}
	}
	return list
}

// windows parts values so that those of a part together weigh no more than
// limit; one that weighs more by itself is alone.
func windows(list []*value, weight func(*value) int64, limit int64) iter.Seq[[]*value] {
	return func(yield func([]*value) bool) {
		for len(list) > 0 {
			n, sum := 1, weight(list[0])
			for n < len(list) && sum+weight(list[n]) <= limit {
				sum += weight(list[n])
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

func (v *value) counted() int64  { return v.elements }
func (v *value) measured() int64 { return v.bytes }

// question is what is asked of a key; nil asks nothing.
type question func(*value) []string

// send asks questions of each value in one round trip and answers the parsed
// replies, by question and value. An error reply of the server is an error.
func (l *loader) send(ctx context.Context, values []*value, questions ...question) ([][]any, error) {
	var commands [][]string
	for _, ask := range questions {
		for _, v := range values {
			if words := ask(v); words != nil {
				commands = append(commands, words)
			}
		}
	}
	raw, err := l.exchange(ctx, commands)
	if err != nil {
		return nil, err
	}
	replies, next := make([][]any, len(questions)), 0
	for q, ask := range questions {
		replies[q] = make([]any, len(values))
		for i, v := range values {
			if ask(v) == nil {
				continue
			}
			if replies[q][i], err = parsed(raw[next]); err != nil {
				return nil, fault(raw[next], commands[next][0], err)
			}
			next++
		}
	}
	return replies, nil
}

func (l *loader) exchange(ctx context.Context, commands [][]string) ([][]byte, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	raw, err := l.ask(ctx, commands)
	switch {
	case err != nil:
		return nil, fmt.Errorf("copy keys: %w", err)
	case len(raw) != len(commands):
		return nil, fmt.Errorf("copy keys: %d replies to %d commands", len(raw), len(commands))
	}
	return raw, nil
}

// fault words an error reply.
func fault(raw []byte, command string, err error) error {
	if bytes.Equal(raw, errorReply(wrongType)) || bytes.Equal(raw, errorReply(noSuchKey)) {
		return errChanged
	}
	return fmt.Errorf("copy keys: %s: %w", command, err)
}
