package probe

import (
	"math"
	"strconv"
	"strings"
)

// info is the answer to INFO: what each field says.
type info map[string]string

func parseInfo(text string) info {
	fields := make(info)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if section, ok := strings.CutPrefix(line, "# "); ok {
			fields["# "+section] = ""
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// number answers a field; ok is false where there is none of a number.
func (i info) number(field string) (value float64, ok bool) { return number(i[field]) }

// mostCounted bounds a number: nothing that a server counts comes near, and sums
// of such stay numbers.
const mostCounted = 1e24

// number reads a number; NaN, and what is beyond any count, is none.
func number(text string) (value float64, ok bool) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(value) <= mostCounted) {
		return 0, false
	}
	return value, true
}

// part answers one part of a field of several, as in keys=3,expires=1.
func (i info) part(field, name string) string {
	for pair := range strings.SplitSeq(i[field], ",") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func (i info) partNumber(field, name string) (float64, bool) {
	return number(i.part(field, name))
}

// has reports whether there is such a section.
func (i info) has(section string) bool {
	_, ok := i["# "+section]
	return ok
}

// keys answers how many keys a database has.
func (i info) keys(database int) float64 {
	n, _ := i.partNumber("db"+strconv.Itoa(database), "keys") // one without keys is not listed
	return n
}

// allKeys answers how many keys all databases have.
func (i info) allKeys() (n float64) {
	for field := range i {
		if number, ok := strings.CutPrefix(field, "db"); ok {
			if database, err := strconv.Atoi(number); err == nil {
				n += i.keys(database)
			}
		}
	}
	return n
}

// replica is what a master says of one of its replicas.
type replica struct {
	online bool
	lag    float64 // seconds since it was heard of last
}

func (i info) replicas() []replica {
	var all []replica
	for n := 0; ; n++ {
		field := "slave" + strconv.Itoa(n)
		if _, ok := i[field]; !ok {
			return all
		}
		lag, _ := i.partNumber(field, "lag") // it says so while it is online
		all = append(all, replica{online: i.part(field, "state") == "online", lag: max(lag, 0)})
	}
}
