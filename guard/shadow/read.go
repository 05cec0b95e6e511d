package shadow

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/alicebob/miniredis/v2/server"
)

// reader is how a type is read.
type reader struct {
	count string
	value question
}

func readers() map[string]reader {
	return map[string]reader{
		typeString: {"STRLEN", asking("GET")},
		typeHash:   {"HLEN", asking("HGETALL")},
		typeList:   {"LLEN", asking("LRANGE", "0", "-1")},
		typeSet:    {"SCARD", asking("SMEMBERS")},
		typeZSet:   {"ZCARD", asking("ZRANGE", "0", "-1", "WITHSCORES")},
		typeStream: {"XLEN", asking("XRANGE", "-", "+")},
	}
}

// asking is a command with its key and what stands behind it.
func asking(name string, after ...string) question {
	return func(v *value) []string { return append([]string{name, v.key}, after...) }
}

// readTypes finds out types and deadlines.
func (l *loader) readTypes(ctx context.Context) error {
	replies, err := l.send(ctx, l.values, asking("TYPE"), asking("PTTL"))
	if err != nil {
		return err
	}
	now := l.now().UnixMilli()
	for i, v := range l.values {
		typ, _ := replies[0][i].(server.Simple)
		v.typ = string(typ)
		if ms, _ := replies[1][i].(int); ms >= 0 {
			v.deadline = now + min(int64(ms), math.MaxInt64-now)
		}
		if _, ok := readers()[v.typ]; !ok && v.typ != typeNone {
			return &UnsupportedError{Key: v.key, What: "a value of a module's type"}
		}
	}
	return nil
}

// readCounts finds out how many elements there are.
func (l *loader) readCounts(ctx context.Context) error {
	list := l.those()
	replies, err := l.send(ctx, list, func(v *value) []string { return []string{readers()[v.typ].count, v.key} })
	if err != nil {
		return err
	}
	for i, v := range list {
		n, _ := replies[0][i].(int)
		switch v.elements = int64(n); {
		case v.typ != typeString && v.elements > maxValueElements:
			return &TooLargeError{Key: v.key, Elements: v.elements}
		case v.typ == typeString:
			v.bytes, v.elements = v.elements, 0
		}
		if v.bytes > maxValueBytes {
			return &TooLargeError{Key: v.key, Bytes: v.bytes}
		}
	}
	return nil
}

// maxOverhead is how much more memory a small collection may take than its
// elements, as a factor.
const maxOverhead = 4

// readSizes finds out how much memory collections take, all their elements
// looked at, and what else is to be known before they are read.
func (l *loader) readSizes(ctx context.Context) error {
	for list := range windows(l.those(typeHash, typeList, typeSet, typeZSet, typeStream), (*value).counted, maxLookedAt) {
		replies, err := l.send(ctx, list, askMemory, askMore)
		if err != nil {
			return err
		}
		for i, v := range list {
			n, _ := replies[0][i].(int)
			if v.bytes = int64(n); v.bytes > maxValueBytes*maxOverhead {
				return &TooLargeError{Key: v.key, Elements: v.elements, Bytes: v.bytes}
			}
			if err := v.learn(replies[1][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func askMemory(v *value) []string { return []string{"MEMORY", "USAGE", v.key, "SAMPLES", "0"} }

// askMore asks how hashes and sets are kept, and what streams remember.
func askMore(v *value) []string {
	switch v.typ {
	case typeHash, typeSet:
		return []string{"OBJECT", "ENCODING", v.key}
	case typeStream:
		return []string{"XINFO", "STREAM", v.key}
	}
	return nil
}

// learn takes the answer to askMore. In a table elements change places while it
// grows or shrinks, even by being read; what is kept in one piece stays.
func (v *value) learn(reply any) error {
	switch reply {
	case "listpack", "ziplist", "intset":
		v.compact = true
	}
	fields, _ := reply.([]any)
	for pair := range slices.Chunk(fields, 2) {
		switch pair[0] {
		case "last-generated-id":
			v.last, _ = pair[1].(string)
		case "groups":
			if pair[1] != 0 {
				return &UnsupportedError{Key: v.key, What: "a stream with consumer groups"}
			}
		}
	}
	return nil
}

// readValues reads the values.
func (l *loader) readValues(ctx context.Context) error {
	for list := range windows(l.those(), (*value).measured, maxReplies) {
		replies, err := l.send(ctx, list, func(v *value) []string { return readers()[v.typ].value(v) })
		if err != nil {
			return err
		}
		for i, v := range list {
			if err := v.take(replies[0][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// take keeps the reply that holds the value, and notes what it really takes.
func (v *value) take(reply any) error {
	elements, size := weight(reply)
	if v.raw = reply; elements == 0 && v.typ != typeStream {
		v.typ, v.deadline = typeNone, 0 // gone meanwhile
	}
	v.bytes = size + int64(elements)*wordOverhead
	if size > maxValueBytes {
		return &TooLargeError{Key: v.key, Elements: v.elements, Bytes: size}
	}
	return nil
}

// weight counts the texts of a reply and their bytes.
func weight(reply any) (texts int, size int64) {
	switch v := reply.(type) {
	case string:
		return 1, int64(len(v))
	case []any:
		for _, e := range v {
			n, b := weight(e)
			texts, size = texts+n, size+b
		}
	}
	return texts, size
}

// readFieldTTLs refuses hashes with fields that have a TTL. Servers before 7.4
// have none, and do not know the command.
func (l *loader) readFieldTTLs(ctx context.Context) error {
	for list := range windows(l.those(typeHash), (*value).counted, maxLookedAt) {
		if !l.fields {
			return nil
		}
		if err := l.readFieldTTLsOf(ctx, list); err != nil {
			return err
		}
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
		if bytes.HasPrefix(raw[i], []byte("-ERR unknown command")) {
			l.fields = false
			return nil
		}
		ttls, err := parsed(raw[i])
		if err != nil {
			return fault(raw[i], commands[i][0], err)
		}
		remaining, _ := ttls.([]any)
		if slices.ContainsFunc(remaining, func(ms any) bool { n, ok := ms.(int); return ok && n >= 0 }) {
			return &UnsupportedError{Key: v.key, What: "a hash whose fields have a TTL"}
		}
	}
	return nil
}

// everyOther answers the first of every two.
func everyOther(list []string) []string {
	var firsts []string
	for pair := range slices.Chunk(list, 2) {
		firsts = append(firsts, pair[0])
	}
	return firsts
}
