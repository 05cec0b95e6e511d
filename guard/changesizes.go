package guard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// changeSizings bounds the changing commands whose cost Helix can tell. What is
// not in it, and not among those that change a little whatever their keys hold,
// is taken to go through its keys whole.
func changeSizings() map[string]sizing {
	const inTheWay = "`redis unlink` of the key that is in the way gives its memory back beside the server's work."
	replacing := sizing{measure: measureReplaced, advice: inTheWay, untyped: true}
	algebra := sizing{measure: measureWhole}
	byScore := sizing{measure: measureWithin("ZCOUNT"), advice: "Narrower bounds take away fewer at once."}
	byName := sizing{measure: measureWithin("ZLEXCOUNT"), advice: byScore.advice}
	fewer := func(m measure) sizing { return sizing{measure: m, advice: "A smaller count takes fewer at once."} }
	pop := fewer(measurePart(wantedNumber(2, 1)))
	mpop := fewer(measureEach(option{word: "count", from: 3, absent: 1}.wanted))
	trim := sizing{measure: measureXTrim, advice: "`~` behind MAXLEN or MINID takes away what goes easily."}
	table := map[string]sizing{
		"set": {measure: measureSet, advice: inTheWay, untyped: true}, "setex": replacing, "psetex": replacing, "mset": replacing, "msetex": replacing,
		"rename": replacing, "renamenx": sized(measureMoved), "move": sized(measureMoved), "copy": {measure: measureCopy, advice: inTheWay},
		"getset": sized(measureBytes), "getdel": sized(measureBytes), "getex": sized(measureBytes), "delex": sized(measureBytes),
		"setrange": sized(measureGrowth(setRangeEnd)), "setbit": sized(measureGrowth(setBitEnd)), "bitfield": sized(measureGrowth(bitfieldEnd)),
		"bitop": sized(measureWhole), "pfmerge": sized(measureWhole),
		"hgetdel": sized(measureFields), "hgetex": sized(measureFields),
		"linsert": sized(measureWhole), "lrem": sized(measureWhole), "ltrim": {measure: measureLTrim, advice: "Trimming in steps takes away fewer at once."},
		"lpop": pop, "rpop": pop, "lmove": pop1(), "rpoplpush": pop1(), "lmpop": mpop,
		"spop": pop, "zpopmin": pop, "zpopmax": pop, "zmpop": mpop,
		"sunionstore": algebra, "sinterstore": algebra, "sdiffstore": algebra,
		"zunionstore": algebra, "zinterstore": algebra, "zdiffstore": algebra, "geosearchstore": algebra,
		"zrangestore":     {measure: measureRangeStore, advice: "LIMIT 0 1000 at the end stores a thousand."},
		"zremrangebyrank": {measure: measureIndexes, advice: byScore.advice}, "zremrangebyscore": byScore, "zremrangebylex": byName,
		"xtrim": trim, "xadd": trim,
		"xclaim": fewer(measurePart(func(argv []string) int64 { return int64(len(argv)) })), "xautoclaim": fewer(measurePart(option{word: "count", from: 6, absent: 100}.wanted)),
		"xreadgroup":    {measure: measureXRead, advice: "COUNT 1000 before STREAMS reads a thousand."},
		"xgroup create": bounded(), "xgroup createconsumer": bounded(), "xgroup setid": bounded(),
		"xgroup destroy": sized(measureGroup), "xgroup delconsumer": sized(measureGroup),
	}
	for _, name := range strings.Fields(littleChanged) {
		table[name] = bounded()
	}
	return table
}

// littleChanged lists commands that change no more than what their own words
// name, however large their keys are. DEL and EXPIRE are sent as what gives
// memory back beside the server's work.
const littleChanged = `append decr decrby incr incrby incrbyfloat setnx msetnx del unlink
	expire pexpire expireat pexpireat persist
	hdel hset hmset hsetnx hsetex hincrby hincrbyfloat hexpire hpexpire hexpireat hpexpireat hpersist
	lpush rpush lpushx rpushx lset sadd srem smove zadd zincrby zrem geoadd pfadd
	xack xdel xackdel xdelex xsetid`

// pop1 is for what takes one element of its first key.
func pop1() sizing { return sized(measurePart(func([]string) int64 { return 1 })) }

// admitChange refuses a changing call that would hold the server.
func (c *call) admitChange(ctx context.Context) error {
	s := c.rule.size
	if s.measure == nil || c.answer != nil {
		return nil
	}
	total, err := s.measure(ctx, c)
	if err != nil || !total.tooMuch() || !s.untyped && c.misfit() {
		return err
	}
	reason := fmt.Sprintf("it would take the server through %s at once, which would hold it; up to %d elements and %d KiB are changed at once",
		total, maxElements, maxBytes>>10)
	if s.advice != "" {
		reason += ". " + s.advice
	}
	return &Refused{Command: c.cmd.shown(), Reason: reason}
}

// measureReplaced is for calls that put something in the place of what their
// keys hold, which gives the memory of that back before they answer. A string's
// is given back at once, however long it is.
func measureReplaced(ctx context.Context, c *call) (cost, error) {
	if !slices.ContainsFunc(c.keys, func(k keyUse) bool { return k.use.updates }) {
		return cost{}, nil
	}
	list, err := c.weights(ctx)
	var total cost
	for i, w := range list {
		if c.keys[i].use.updates && w.typ != "string" {
			total.elements += w.elements
		}
	}
	return total, err
}

// moves reports whether a call makes a key what another one was.
func (c *call) moves() bool {
	switch c.cmd.name {
	case "rename", "renamenx", "move":
		return true
	}
	return false
}

// measureMoved is for what costs little, but whose key's weight goes with it.
func measureMoved(ctx context.Context, c *call) (cost, error) {
	_, err := c.weights(ctx)
	return cost{}, err
}

// measureSet is for SET, which with GET also answers what there was.
func measureSet(ctx context.Context, c *call) (cost, error) {
	total, err := measureReplaced(ctx, c)
	if err != nil || !slices.ContainsFunc(c.keys, func(k keyUse) bool { return k.use.reads }) {
		return total, err
	}
	whole, err := measureBytes(ctx, c)
	total.bytes = whole.bytes
	return total, err
}

// measureCopy is for COPY: the whole of what is copied, and what is replaced.
func measureCopy(ctx context.Context, c *call) (cost, error) {
	total, err := measureReplaced(ctx, c)
	if err != nil {
		return cost{}, err
	}
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 {
		return total, err
	}
	total.elements += list[0].elements
	total.bytes += list[0].bytes
	return total, nil
}

// measureEach takes a call to read some elements of each of its keys, as many
// as its words ask for.
func measureEach(wanted func(argv []string) int64) measure {
	return func(ctx context.Context, c *call) (cost, error) {
		list, err := c.weights(ctx)
		var most cost
		for _, w := range list {
			n := min(wanted(c.argv), w.elements)
			most.elements = max(most.elements, n)
			most.bytes = max(most.bytes, n*w.each())
		}
		return most, err
	}
}

// measureGrowth is for calls that write somewhere in a string: up to there it
// is filled with zeros. end answers how many bytes it has then at least.
func measureGrowth(end func(argv []string) int64) measure {
	return func(ctx context.Context, c *call) (cost, error) {
		n := end(c.argv)
		if n <= maxBytes {
			return cost{}, nil
		}
		list, err := c.weights(ctx)
		if err != nil || len(list) == 0 || list[0].typ == "string" && n <= list[0].bytes {
			return cost{}, err
		}
		return cost{bytes: n}, nil
	}
}

func setRangeEnd(argv []string) int64 {
	if argv[3] == "" {
		return 0 // it changes nothing
	}
	return magnitude(argv[2]) + int64(len(argv[3]))
}

func setBitEnd(argv []string) int64 { return magnitude(argv[2])/8 + 1 }

// bitfieldEnd answers the furthest byte that SET or INCRBY type offset writes;
// #n counts in units of the type.
func bitfieldEnd(argv []string) int64 {
	end := int64(0)
	for i := 2; i+2 < len(argv); i++ {
		if !strings.EqualFold(argv[i], "set") && !strings.EqualFold(argv[i], "incrby") {
			continue
		}
		width := int64(1)
		if n, err := strconv.ParseInt(argv[i+1][min(1, len(argv[i+1])):], 10, 64); err == nil && n > 0 && n <= 64 {
			width = n
		}
		offset, counted := strings.CutPrefix(argv[i+2], "#")
		n := min(magnitude(offset), everything/64)
		if counted {
			n *= width
		}
		end = max(end, (n+width)/8+1)
	}
	return end
}

// droppedPerElement is how many elements of lists and streams the server takes
// away in whole blocks in the time in which it reads one.
const droppedPerElement = 100

// measureLTrim is for LTRIM: what the two numbers leave out.
func measureLTrim(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 {
		return cost{}, err
	}
	from, to := span(c.argv[2], c.argv[3], list[0].elements)
	return cost{elements: (list[0].elements - (to - from)) / droppedPerElement}, nil
}

// measureWithin is for ZREMRANGEBYSCORE and its like: as many elements as a
// counting command finds within the same bounds.
func measureWithin(counter string) measure {
	return func(ctx context.Context, c *call) (cost, error) {
		list, err := c.weights(ctx)
		if err != nil || len(list) == 0 || list[0].typ != "zset" || list[0].elements <= maxElements {
			return cost{}, err
		}
		r, err := c.ask(ctx, append([]string{counter}, c.argv[1:4]...), c.argv[1])
		if err != nil {
			return cost{}, err
		}
		n, _ := r.integer() // else the server refuses the bounds in its own words
		return cost{elements: n}, nil
	}
}

// measureRangeStore is for ZRANGESTORE: what the two numbers enclose, or LIMIT
// allows, and what is replaced.
func measureRangeStore(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) != 2 {
		return cost{}, err
	}
	n := wantedWithin(c.argv[1:])
	if !hasWord(c.argv, 5, "byscore") && !hasWord(c.argv, 5, "bylex") {
		from, to := span(c.argv[3], c.argv[4], list[1].elements)
		n = to - from
	}
	n = min(n, list[1].elements)
	return cost{elements: n + list[0].elements, bytes: n * list[1].each()}, nil
}

// measureXTrim is for XADD and XTRIM: how many entries MAXLEN leaves over. What
// ~ leaves to the server is taken away in whole blocks, a few at once.
func measureXTrim(ctx context.Context, c *call) (cost, error) {
	i := trimsAt(c.argv)
	if i < 0 || i+1 >= len(c.argv) || c.argv[i+1] == "~" && !hasWord(c.argv, i, "limit") {
		return cost{}, nil
	}
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 || list[0].typ != "stream" {
		return cost{}, err
	}
	left := int64(0)
	if strings.EqualFold(c.argv[i], "maxlen") {
		left = magnitude(c.argv[min(i+1+sign(c.argv[i+1]), len(c.argv)-1)])
	}
	return cost{elements: max(list[0].elements-left, 0) / droppedPerElement}, nil
}

// trimsAt answers where MAXLEN or MINID stands, before the id of an entry; -1
// where neither does.
func trimsAt(argv []string) int {
	for i := 2; i < len(argv); i++ {
		switch {
		case strings.EqualFold(argv[i], "maxlen"), strings.EqualFold(argv[i], "minid"):
			return i
		case argv[i] == "*" || argv[i] != "" && argv[i][0] >= '0' && argv[i][0] <= '9':
			return -1
		}
	}
	return -1
}

// sign counts the words that stand between MAXLEN and its number.
func sign(word string) int {
	if word == "~" || word == "=" {
		return 1
	}
	return 0
}

// measureGroup is for taking away a group or a consumer: what is pending of the
// group is given back with it.
func measureGroup(ctx context.Context, c *call) (cost, error) {
	if len(c.argv) < 4 {
		return cost{}, nil
	}
	r, err := c.ask(ctx, []string{"XPENDING", c.argv[2], c.argv[3]}, c.argv[2])
	if err != nil || len(r.elems) == 0 {
		return cost{}, err // the server refuses it in its own words
	}
	n, _ := r.elems[0].integer()
	return cost{elements: n}, nil
}
