package guard

import (
	"slices"
	"strings"
)

// asAsked answers a reply in RESP2 in the form that the call's own protocol
// gives it: in RESP3 some are maps, sets and doubles.
func (c *call) asAsked(r reply) reply {
	if c.in.protocol != 3 || c.cmd == nil {
		return r
	}
	switch c.cmd.name {
	case "hgetall":
		return r.in(mapReply)
	case "smembers", "sinter", "sunion", "sdiff", "spop":
		return r.in(setReply)
	case "zscore", "zincrby", "zadd":
		return r.double()
	case "zmscore":
		for i := range r.elems {
			r.elems[i] = r.elems[i].double()
		}
	case "zpopmin", "zpopmax":
		return r.scored(len(c.argv) > 2)
	case "zrange", "zrevrange", "zrangebyscore", "zrevrangebyscore", "zunion", "zinter", "zdiff":
		if hasWord(c.argv, 3, "withscores") {
			return r.scored(true)
		}
	case "zmpop":
		if len(r.elems) == 2 {
			for i := range r.elems[1].elems {
				r.elems[1].elems[i] = r.elems[1].elems[i].scored(false)
			}
		}
	}
	return r
}

// in is an array as an aggregate of another kind.
func (r reply) in(kind byte) reply {
	if r.kind == arrayReply {
		r.kind = kind
	}
	return r
}

// double is a number that came as text.
func (r reply) double() reply {
	if r.kind == bulkReply {
		r.kind = doubleReply
	}
	return r
}

// scored makes the scores among members and scores numbers, and with paired
// each member and its score a list of their own.
func (r reply) scored(paired bool) reply {
	if r.kind != arrayReply || len(r.elems)%2 != 0 {
		return r
	}
	var list []reply
	for pair := range slices.Chunk(r.elems, 2) {
		pair = []reply{pair[0], pair[1].double()}
		if paired {
			pair = []reply{{kind: arrayReply, elems: pair}}
		}
		list = append(list, pair...)
	}
	r.elems = list
	return r
}

// hasForm reports whether a reply in RESP2 can be given the form that the
// call's protocol asks for.
func (c *call) hasForm() bool {
	if c.in.protocol != 3 || c.cmd == nil {
		return true
	}
	switch c.cmd.name {
	case "hrandfield", "zrandmember", "xread", "xreadgroup", "geopos", "geosearch", "georadius_ro", "georadiusbymember_ro":
		return false
	}
	return !strings.HasPrefix(c.cmd.name, "xinfo")
}
