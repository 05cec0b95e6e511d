package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Value is a parsed value of one setting. It does not change.
type Value struct {
	kind   Kind
	number int64 // seconds, bytes, per cent, a count; 1 for true
	text   string
	list   []string

	// hidden is a secret. It stands behind a pointer because fmt prints
	// unexported fields, but not what a nested pointer leads to.
	hidden *string
}

// String answers the canonical form, which Parse reads back: durations as
// seconds, sizes as bytes, as in the guide and in Redis itself. A secret shows
// only whether it is set.
func (v Value) String() string {
	if v.hidden != nil {
		return maskSecret(*v.hidden)
	}
	switch v.kind {
	case Boolean:
		return strconv.FormatBool(v.number != 0)
	case Text, Enum:
		return v.text
	case List:
		return joinList(v.list)
	}
	return strconv.FormatInt(v.number, 10)
}

// Human answers the form that is easiest to read: 1d12h, 512mb, 80%.
func (v Value) Human() string {
	switch v.kind {
	case Duration:
		return humanDuration(v.number)
	case Bytes:
		return humanBytes(v.number)
	case Percent:
		return v.String() + "%"
	}
	return v.String()
}

// Format keeps a secret out of every verb, %+v and %#v included.
func (v Value) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, v.String()) }

func (v Value) duration() time.Duration { return time.Duration(v.number) * time.Second }

func maskSecret(secret string) string {
	if secret == "" {
		return "(not set)"
	}
	return "(set, not shown)"
}

// humanDuration writes seconds as 1d12h, with no part that is zero.
func humanDuration(seconds int64) string {
	if seconds == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		size int64
		name string
	}{{day, "d"}, {hour, "h"}, {minute, "m"}, {1, "s"}} {
		if n := seconds / u.size; n != 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			seconds -= n * u.size
		}
	}
	return b.String()
}

// humanBytes writes a size in the largest unit that leaves it whole.
func humanBytes(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{gib, "gb"}, {mib, "mb"}, {kib, "kb"}} {
		if n != 0 && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
