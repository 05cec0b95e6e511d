package guard

import (
	"context"
	"strconv"
	"strings"
)

// sizings bounds the reading commands whose cost Helix can tell; those of the
// reviewed table name their own.
func sizings() map[string]sizing {
	table := map[string]sizing{
		"get":                  {measure: measureBytes, page: pageString},
		"getrange":             {measure: measureRange, page: pageString},
		"substr":               {measure: measureRange, page: pageString},
		"dump":                 {measure: measureWhole},
		"bitcount":             {measure: measureBytes},
		"bitpos":               {measure: measureBytes},
		"lcs":                  {measure: measureProduct},
		"stralgo":              {measure: measureProduct},
		"hgetall":              paged(pageHash),
		"hkeys":                paged(pageHash),
		"hvals":                paged(pageHash),
		"smembers":             paged(pageSet),
		"lrange":               {measure: measureIndexes, page: pageRange},
		"zrange":               {measure: measureZRange, page: pageRange, advice: "LIMIT 0 1000 at the end reads a thousand."},
		"zrevrange":            {measure: measureIndexes, page: pageRange},
		"hget":                 sized(measureFields),
		"hmget":                sized(measureFields),
		"lindex":               sized(measurePart(func([]string) int64 { return 1 })),
		"lpos":                 {measure: measurePart(option{word: "maxlen", from: 3, zero: everything, absent: everything}.wanted), advice: "MAXLEN 1000 at the end looks at a thousand elements."},
		"srandmember":          sized(measureRepeated),
		"hrandfield":           sized(measureRepeated),
		"zrandmember":          sized(measureRepeated),
		"hscan":                sized(measureScan),
		"sscan":                sized(measureScan),
		"zscan":                sized(measureScan),
		"xrange":               {measure: measurePart(option{word: "count", from: 4, absent: everything}.wanted), advice: "COUNT 1000 at the end reads a thousand."},
		"xrevrange":            {measure: measurePart(option{word: "count", from: 4, absent: everything}.wanted), advice: "COUNT 1000 at the end reads a thousand."},
		"xinfo stream":         sized(measureStreamInfo),
		"xpending":             {measure: measurePending, advice: "A smaller COUNT, without IDLE, answers at once."},
		"pfcount":              sized(measureWhole),
		"memory usage":         {measure: measureSamples, advice: "Fewer SAMPLES answer at once."},
		"geosearch":            sized(measureWhole),
		"georadius_ro":         sized(measureWhole),
		"georadiusbymember_ro": sized(measureWhole),
	}
	for _, name := range []string{"zrangebyscore", "zrevrangebyscore", "zrangebylex", "zrevrangebylex"} {
		table[name] = sizing{measure: measurePart(wantedWithin), advice: "LIMIT 0 1000 at the end reads a thousand."}
	}
	for _, name := range strings.Fields(constantTime) {
		table[strings.Replace(name, "|", " ", 1)] = bounded()
	}
	return table
}

// constantTime lists commands that answer at once and little, however large
// their keys are. Some take logarithmic time, some as long as they have words.
// A sub-command stands behind a bar.
const constantTime = `exists ttl pttl type expiretime pexpiretime touch strlen getbit bitfield_ro
	hexists hlen hstrlen hexpiretime hpexpiretime httl hpttl
	llen scard sismember smismember zcard zscore zmscore zrank zrevrank zcount zlexcount
	xlen xinfo|groups xinfo|consumers geodist geohash geopos
	object object|encoding object|freq object|idletime object|refcount`

// measureSort is for SORT, which reads its key whole and looks up more for
// every element where patterns ask for it.
func measureSort(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 {
		return cost{}, err
	}
	lookups := int64(1)
	for _, word := range c.argv[2:] {
		if strings.EqualFold(word, "by") || strings.EqualFold(word, "get") {
			lookups++
		}
	}
	total := cost{elements: list[0].elements * lookups, bytes: list[0].bytes}
	for _, replaced := range list[1:] {
		total.elements += replaced.elements
	}
	return total, nil
}

func measureGeo(ctx context.Context, c *call) (cost, error) { return measureWhole(ctx, c) }

// measureRange is for GETRANGE: what the two numbers enclose.
func measureRange(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 || len(c.argv) < 4 {
		return cost{}, err
	}
	from, to := span(c.argv[2], c.argv[3], list[0].bytes)
	return cost{bytes: to - from}, nil
}

// measureIndexes is for LRANGE and ZREVRANGE: what the two numbers enclose.
func measureIndexes(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 || len(c.argv) < 4 {
		return cost{}, err
	}
	from, to := span(c.argv[2], c.argv[3], list[0].elements)
	return cost{elements: to - from, bytes: (to - from) * list[0].each()}, nil
}

// measureZRange is for ZRANGE: by index it can be read in parts, by score or
// name only within a LIMIT.
func measureZRange(ctx context.Context, c *call) (cost, error) {
	if hasWord(c.argv, 4, "byscore") || hasWord(c.argv, 4, "bylex") {
		total, err := measurePart(wantedWithin)(ctx, c)
		c.rule.size.page = nil
		return total, err
	}
	return measureIndexes(ctx, c)
}

// span turns two indexes as Redis takes them, the second one inclusive and
// negative ones from the end, into a half-open range within n.
func span(first, last string, n int64) (from, to int64) {
	from, to = index(first, n), index(last, n)+1
	from, to = max(from, 0), min(to, n)
	return from, max(to, from)
}

func index(word string, n int64) int64 {
	i, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return -1 // the server refuses it in its own words
	}
	if i < 0 {
		return max(i+n, -1)
	}
	return min(i, n)
}

// measureScan bounds the COUNT of HSCAN and its like. Small collections are
// answered whole whatever it says.
func measureScan(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 {
		return cost{}, err
	}
	n := min(option{word: "count", from: 3}.wanted(c.argv), list[0].elements)
	return cost{elements: n, bytes: n * list[0].each()}, nil
}

// measureXRead is for XREAD, which answers up to COUNT entries of each key.
func measureXRead(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	most := option{word: "count", from: 1, until: "streams", zero: everything, absent: everything}.wanted(c.argv)
	var total cost
	for _, w := range list {
		n := min(most, w.elements)
		total.elements += n
		total.bytes += n * w.each()
	}
	return total, err
}

// measurePending is for XPENDING, which tells a few figures of a group unless it
// is asked for entries. With IDLE it looks at all that are pending.
func measurePending(ctx context.Context, c *call) (cost, error) {
	if len(c.argv) < 6 {
		return cost{}, nil
	}
	r, err := c.ask(ctx, []string{"XPENDING", c.argv[1], c.argv[2]}, c.argv[1])
	if err != nil || len(r.elems) == 0 {
		return cost{}, err // the server refuses it in its own words
	}
	pending, _ := r.elems[0].integer()
	if !strings.EqualFold(c.argv[3], "idle") {
		pending = min(pending, magnitude(c.argv[5]))
	}
	return cost{elements: pending}, nil
}

// measureSlowlog is for SLOWLOG GET: each entry may be some kilobytes.
func measureSlowlog(_ context.Context, c *call) (cost, error) {
	if len(c.argv) < 3 {
		return cost{}, nil // ten
	}
	if n, err := strconv.ParseInt(c.argv[2], 10, 64); err == nil && (n < 0 || n > 128) {
		return cost{bytes: maxBytes + 1}, nil
	}
	return cost{}, nil
}

// measureClients is for CLIENT LIST: a line of some 300 bytes for each client.
func measureClients(ctx context.Context, c *call) (cost, error) {
	r, err := c.ask(ctx, []string{"INFO", "clients"}, "")
	if err != nil {
		return cost{}, err
	}
	n, _ := strconv.ParseInt(infoField(string(r.text), "connected_clients"), 10, 64)
	return cost{elements: n}, nil
}

// measureChannels is for PUBSUB CHANNELS, which looks at every channel. The
// field of INFO says how many there are.
func measureChannels(field string) measure {
	return func(ctx context.Context, c *call) (cost, error) {
		r, err := c.ask(ctx, []string{"INFO", "stats"}, "")
		if err != nil {
			return cost{}, err
		}
		n, _ := strconv.ParseInt(infoField(string(r.text), field), 10, 64)
		return cost{elements: n}, nil
	}
}

// measureSlotKeys is for CLUSTER GETKEYSINSLOT, which says how many it wants.
func measureSlotKeys(_ context.Context, c *call) (cost, error) {
	if len(c.argv) < 4 {
		return cost{}, nil
	}
	return cost{elements: magnitude(c.argv[3])}, nil
}

// infoField answers one figure of INFO; "" if it is not there.
func infoField(info, name string) string {
	_, after, ok := strings.Cut("\n"+info, "\n"+name+":")
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(after, "\r")
	return value
}
