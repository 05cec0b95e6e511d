package shadow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/alicebob/miniredis/v2/server"
)

// Bounds of one round trip of Load.
const (
	maxPipeline = 256     // commands
	maxReplies  = 4 << 20 // bytes that the values are expected to take
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
	for batch := range slices.Chunk(unique(keys), maxPipeline/2) {
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

// errChanged says that a key changed its type between two commands of Load.
var errChanged = errors.New("a key changed while it was copied")

// maxAttempts is how often a batch is read whose keys change meanwhile.
const maxAttempts = 3

func (s *Shadow) loadBatch(ctx context.Context, db int, keys []string, ask Asker) (err error) {
	for range maxAttempts {
		l := &loader{ask: ask, now: s.now().UnixMilli, fields: !s.noFieldTTL()}
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
	now    func() int64
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
	for _, step := range []func(context.Context) error{l.readTypes, l.readCounts, l.readSizes, l.readValues, l.readFieldTTLs} {
		if l.values == nil {
			for _, key := range keys {
				l.values = append(l.values, &value{key: key})
			}
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// send asks one thing of each value and answers the parsed replies. An error
// reply of the server is an error, except that of a changed type.
func (l *loader) send(ctx context.Context, values []*value, words func(*value) []string) ([]any, error) {
	commands := make([][]string, len(values))
	for i, v := range values {
		commands[i] = words(v)
	}
	raw, err := l.exchange(ctx, commands)
	if err != nil {
		return nil, err
	}
	replies := make([]any, len(raw))
	for i := range raw {
		if replies[i], err = parsed(raw[i]); err != nil {
			return nil, fault(raw[i], commands[i][0], err)
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
	if string(raw) == "-"+wrongType+"\r\n" {
		return errChanged
	}
	return fmt.Errorf("copy keys: %s: %w", command, err)
}

// readTypes finds out types and deadlines.
func (l *loader) readTypes(ctx context.Context) error {
	types, err := l.send(ctx, l.values, func(v *value) []string { return []string{"TYPE", v.key} })
	if err != nil {
		return err
	}
	remaining, err := l.send(ctx, l.values, func(v *value) []string { return []string{"PTTL", v.key} })
	if err != nil {
		return err
	}
	now := l.now()
	for i, v := range l.values {
		typ, _ := types[i].(server.Simple)
		v.typ = string(typ)
		if ms, _ := remaining[i].(int); ms >= 0 {
			v.deadline = now + int64(ms)
		}
		if _, ok := readers()[v.typ]; !ok && v.typ != typeNone {
			return &UnsupportedError{Key: v.key, What: "a value of a module's type"}
		}
	}
	return nil
}

// reader is how a type is read.
type reader struct {
	count  string
	values func(key string) []string
}

func readers() map[string]reader {
	words := func(before string, after ...string) func(string) []string {
		return func(key string) []string { return append([]string{before, key}, after...) }
	}
	return map[string]reader{
		typeString: {"STRLEN", words("GET")},
		typeHash:   {"HLEN", words("HGETALL")},
		typeList:   {"LLEN", words("LRANGE", "0", "-1")},
		typeSet:    {"SCARD", words("SMEMBERS")},
		typeZSet:   {"ZCARD", words("ZRANGE", "0", "-1", "WITHSCORES")},
		typeStream: {"XLEN", words("XRANGE", "-", "+")},
	}
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

// readCounts finds out how many elements there are.
func (l *loader) readCounts(ctx context.Context) error {
	list := l.those()
	counts, err := l.send(ctx, list, func(v *value) []string { return []string{readers()[v.typ].count, v.key} })
	if err != nil {
		return err
	}
	for i, v := range list {
		n, _ := counts[i].(int)
		v.elements = int64(n)
		switch {
		case v.typ == typeString && v.elements > maxValueBytes:
			return &TooLargeError{Key: v.key, Bytes: v.elements}
		case v.typ == typeString:
			v.bytes = v.elements
		case v.elements > maxValueElements:
			return &TooLargeError{Key: v.key, Elements: v.elements}
		}
	}
	return nil
}

// maxOverhead is how much more memory a small collection may take than its
// elements, as a factor.
const maxOverhead = 4

// readSizes finds out how much memory collections take, all their elements
// counted: they are few by now.
func (l *loader) readSizes(ctx context.Context) error {
	list := l.those(typeHash, typeList, typeSet, typeZSet, typeStream)
	sizes, err := l.send(ctx, list, func(v *value) []string { return []string{"MEMORY", "USAGE", v.key, "SAMPLES", "0"} })
	if err != nil {
		return err
	}
	for i, v := range list {
		n, _ := sizes[i].(int)
		if v.bytes = int64(n); v.bytes > maxValueBytes*maxOverhead {
			return &TooLargeError{Key: v.key, Elements: v.elements, Bytes: v.bytes}
		}
	}
	if err := l.readEncodings(ctx); err != nil {
		return err
	}
	return l.readStreams(ctx)
}

// readEncodings finds out which hashes and sets are kept in one piece. In a
// table elements change places while it grows or shrinks, even by being read.
func (l *loader) readEncodings(ctx context.Context) error {
	list := l.those(typeHash, typeSet)
	encodings, err := l.send(ctx, list, func(v *value) []string { return []string{"OBJECT", "ENCODING", v.key} })
	if err != nil {
		return err
	}
	for i, v := range list {
		switch encodings[i] {
		case "listpack", "ziplist", "intset":
			v.compact = true
		}
	}
	return nil
}

// readStreams finds out what a stream remembers beside its entries.
func (l *loader) readStreams(ctx context.Context) error {
	list := l.those(typeStream)
	infos, err := l.send(ctx, list, func(v *value) []string { return []string{"XINFO", "STREAM", v.key} })
	if err != nil {
		return err
	}
	for i, v := range list {
		fields, _ := infos[i].([]any)
		for f := 0; f+1 < len(fields); f += 2 {
			switch fields[f] {
			case "last-generated-id":
				v.last, _ = fields[f+1].(string)
			case "groups":
				if fields[f+1] != 0 {
					return &UnsupportedError{Key: v.key, What: "a stream with consumer groups"}
				}
			}
		}
	}
	return nil
}

// readValues reads the values, several in a round trip as long as they are small.
func (l *loader) readValues(ctx context.Context) error {
	list := l.those()
	for len(list) > 0 {
		n, bytes := 1, list[0].bytes
		for n < len(list) && n < maxPipeline && bytes+list[n].bytes <= maxReplies {
			bytes += list[n].bytes
			n++
		}
		replies, err := l.send(ctx, list[:n], func(v *value) []string { return readers()[v.typ].values(v.key) })
		if err != nil {
			return err
		}
		for i, v := range list[:n] {
			if v.raw = replies[i]; v.raw == nil {
				v.typ = typeNone // gone meanwhile
			}
		}
		list = list[n:]
	}
	return l.weigh()
}

// weigh finds out what the values really take.
func (l *loader) weigh() error {
	for _, v := range l.those() {
		elements, bytes := weight(v.raw)
		v.bytes = bytes + int64(elements)*wordOverhead
		if v.typ != typeString && (bytes > maxValueBytes || elements > 2*maxValueElements && v.typ != typeStream) {
			return &TooLargeError{Key: v.key, Elements: v.elements, Bytes: bytes}
		}
	}
	return nil
}

// weight counts the texts of a reply and their bytes.
func weight(raw any) (texts int, bytes int64) {
	switch v := raw.(type) {
	case string:
		return 1, int64(len(v))
	case []any:
		for _, e := range v {
			n, b := weight(e)
			texts, bytes = texts+n, bytes+b
		}
	}
	return texts, bytes
}

// readFieldTTLs refuses hashes with fields that have a TTL. Servers before 7.4
// have none, and do not know the command.
func (l *loader) readFieldTTLs(ctx context.Context) error {
	list := l.those(typeHash)
	for len(list) > 0 && l.fields {
		n, words := 1, list[0].elements
		for n < len(list) && words+list[n].elements <= maxValueElements {
			words += list[n].elements
			n++
		}
		if err := l.readFieldTTLsOf(ctx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (l *loader) readFieldTTLsOf(ctx context.Context, list []*value) error {
	commands := make([][]string, len(list))
	for i, v := range list {
		names := everyOther(texts(v.raw))
		commands[i] = append([]string{"HPTTL", v.key, "FIELDS", fmt.Sprint(len(names))}, names...)
	}
	raw, err := l.exchange(ctx, commands)
	if err != nil {
		return err
	}
	for i, v := range list {
		if raw[i][0] == '-' {
			l.fields = false
			return nil
		}
		ttls, err := parsed(raw[i])
		if err != nil {
			return fault(raw[i], "HPTTL", err)
		}
		remaining, _ := ttls.([]any)
		if slices.ContainsFunc(remaining, func(ms any) bool { n, _ := ms.(int); return n >= 0 }) {
			return &UnsupportedError{Key: v.key, What: "a hash whose fields have a TTL"}
		}
	}
	return nil
}

// everyOther answers the first of every two.
func everyOther(list []string) []string {
	var firsts []string
	for i := 0; i < len(list); i += 2 {
		firsts = append(firsts, list[i])
	}
	return firsts
}
