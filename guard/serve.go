package guard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/permissions"
)

// visible tells which keys the caller may see.
func (c *call) visible() permissions.Scope { return c.policy.Scope(c.caller, permissions.Read) }

// runKeys serves KEYS by SCAN.
func runKeys(ctx context.Context, c *call, p *printer) (int, error) {
	pattern := c.pattern(c.argv[1])
	c.adviseOnPattern(pattern)
	if pattern == "" { // the key with the empty name, which SCAN would take for all
		return c.keysNamed(ctx, p, "")
	}
	query := keyspace.Query{Pattern: pattern}
	n := 0
	if p.format.style == ttyStyle { // it pads numbers to the width of the last
		if err := c.scan(ctx, query, func([]byte) error { n++; return nil }); err != nil {
			return 0, err
		}
	}
	out := p.list(arrayReply, n)
	out.keys = true
	if err := c.scan(ctx, query, func(key []byte) error { return out.add(reply{kind: bulkReply, text: key}) }); err != nil {
		_ = out.flushAll() // what came until then; err says that it is not all
		return 0, err
	}
	return out.end()
}

// keysNamed answers KEYS for a pattern that can mean one key.
func (c *call) keysNamed(ctx context.Context, p *printer, key string) (int, error) {
	out := p.list(arrayReply, 1)
	out.keys = true
	err := c.named(ctx, key, func(key []byte) error { return out.add(reply{kind: bulkReply, text: key}) })
	if err != nil {
		return 0, err
	}
	return out.end()
}

// named visits one key, if it exists and the caller may see it.
func (c *call) named(ctx context.Context, key string, visit func(key []byte) error) error {
	if !c.visible().Allows(key) {
		return nil
	}
	found, err := c.existing(ctx, []string{key})
	if err != nil {
		return err
	}
	there := len(found) > 0
	if c.plan != nil {
		if there, err = c.plan.exists(c, key, there); err != nil {
			return err
		}
	}
	if !there {
		return nil
	}
	return visit([]byte(key))
}

// scan visits the keys that the caller may see, in a plan those that there will
// be when the scan begins.
func (c *call) scan(ctx context.Context, q keyspace.Query, visit func(key []byte) error) error {
	var created [][]byte
	if c.plan != nil {
		if err := c.plan.countable(c); err != nil {
			return err
		}
		c.plan.patterned(q.Pattern)
		created = c.plan.created(c.db(), q)
	}
	scope := c.visible()
	var visitErr error
	visitAll := func(keys [][]byte) error {
		for _, key := range keys {
			if !scope.All() && !scope.Allows(string(key)) {
				continue
			}
			if visitErr = visit(key); visitErr != nil {
				return visitErr
			}
		}
		return nil
	}
	sift := c.plan.sift(c.db())
	_, err := keyspace.New(c.client).Scan(ctx, c.paced(q), func(keys [][]byte) error { return visitAll(sift(keys)) })
	if err == nil {
		err = visitAll(created)
	}
	if err == nil || visitErr != nil {
		return visitErr
	}
	c.distrust()
	return c.fault(ctx, err)
}

// paced answers a query that leaves the server its share of the time and tells
// how far it is.
func (c *call) paced(q keyspace.Query) keyspace.Query {
	q.Share, q.Progress = c.options.Share(), c.heard
	return q
}

// runScanning serves redis --scan. Like redis-cli it quotes keys only where
// --no-raw asks for it.
func runScanning(ctx context.Context, c *call, p *printer) (int, error) {
	s := c.in.scan
	s.pattern = c.pattern(s.pattern)
	c.adviseOnPattern(s.pattern)
	visit := func(key []byte) error {
		if p.format.style == ttyStyle {
			return p.stdout.WriteKey(appendQuoted(nil, p.curtain.key(key)), key)
		}
		return p.key(key)
	}
	if s.nameless {
		return 0, c.named(ctx, "", visit)
	}
	return 0, c.scan(ctx, keyspace.Query{Pattern: s.pattern, Type: s.typ, Count: s.count}, visit)
}

// maxScanCount bounds how many keys one typed SCAN looks at: about a
// millisecond of the server's time.
const maxScanCount = 1000

// runScan serves a typed SCAN, one step at a time.
func runScan(ctx context.Context, c *call, p *printer) (int, error) {
	if isCluster(c.client) {
		return 0, &Refused{Command: c.cmd.shown(), Reason: "a cursor belongs to one server of a Cluster; `redis --scan --pattern …` covers all masters"}
	}
	if err := c.plan.countable(c); err != nil {
		return 0, err
	}
	r, err := c.ask(ctx, boundedScan(c.argv), "")
	if err != nil {
		return 0, err
	}
	if r.kind != arrayReply || len(r.elems) != 2 {
		return p.reply(r)
	}
	keys := &r.elems[1]
	keys.elems = c.scanned(keys.elems, string(r.elems[0].text) == "0")
	if !p.format.plain() {
		return p.reply(r)
	}
	if err := p.write(append(slices.Clone(r.elems[0].text), '\n')); err != nil {
		return 0, err
	}
	return p.keyLines(keys.elems)
}

// boundedScan answers the words of a SCAN with no COUNT above the bound.
func boundedScan(argv []string) []string {
	argv = slices.Clone(argv)
	for i := 2; i+1 < len(argv); i += 2 { // options come in pairs
		if strings.EqualFold(argv[i], "count") && magnitude(argv[i+1]) > maxScanCount {
			argv[i+1] = strconv.Itoa(maxScanCount)
		}
	}
	return argv
}

// scanned answers the keys of one step of a SCAN as the caller may see them, in
// a plan those that there will be; the last step has those that it makes.
func (c *call) scanned(found []reply, last bool) []reply {
	var keys [][]byte
	for _, k := range found {
		keys = append(keys, k.text)
	}
	keys = c.plan.staying(c.db(), keys)
	if last && c.plan != nil {
		keys = append(keys, c.plan.created(c.db(), queryOf(c.argv))...)
	}
	scope := c.visible()
	list := []reply{}
	for _, k := range keys {
		if scope.Allows(string(k)) {
			list = append(list, reply{kind: bulkReply, text: k})
		}
	}
	return list
}

// queryOf answers what a typed SCAN looks for.
func queryOf(argv []string) keyspace.Query {
	var q keyspace.Query
	for i := 2; i+1 < len(argv); i += 2 {
		switch strings.ToLower(argv[i]) {
		case "match":
			q.Pattern = argv[i+1]
		case "type":
			q.Type = argv[i+1]
		}
	}
	return q
}

// keyLines writes keys one a line; like redis-cli an empty line for none.
func (p *printer) keyLines(keys []reply) (int, error) {
	if len(keys) == 0 {
		return 0, p.write([]byte("\n"))
	}
	for _, k := range keys {
		if err := p.key(k.text); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// runKeyList serves commands whose reply is a list of keys.
func runKeyList(ctx context.Context, c *call, p *printer) (int, error) {
	r, err := c.ask(ctx, c.argv, c.firstKey())
	if err != nil {
		return 0, err
	}
	if r.kind != arrayReply || !p.format.plain() {
		return p.reply(r)
	}
	return p.keyLines(r.elems)
}

func runRandomKey(ctx context.Context, c *call, p *printer) (int, error) {
	r, err := c.ask(ctx, c.argv, "")
	if err != nil {
		return 0, err
	}
	if r.kind != bulkReply || !p.format.plain() {
		return p.reply(r)
	}
	return 0, p.key(r.text)
}

// runMGet asks for every key by itself, many in a round trip, so that no reply
// is large and no slot matters.
func runMGet(ctx context.Context, c *call, p *printer) (int, error) {
	total, err := measureValues(ctx, c)
	if err != nil {
		return 0, err
	}
	if total > maxBytes {
		return 0, &Refused{Command: c.cmd.shown(), Reason: fmt.Sprintf("one of the values has %d KiB; `redis get` reads a large value in parts", total>>10)}
	}
	out := p.list(arrayReply, len(c.keys))
	for from := 0; from < len(c.keys); {
		to := c.partOf(from)
		var qs []request
		for _, k := range c.keys[from:to] {
			qs = append(qs, request{[]string{"MGET", k.key}, k.key})
		}
		replies, err := c.askAll(ctx, qs)
		if err != nil {
			return 0, err
		}
		for _, r := range replies {
			if len(r.elems) != 1 {
				return p.reply(r)
			}
			if err := out.add(r.elems[0]); err != nil {
				return 0, err
			}
		}
		from = to
	}
	return out.end()
}

// measureValues answers the bytes of the call's largest string.
func measureValues(ctx context.Context, c *call) (largest int64, err error) {
	list, err := c.weights(ctx)
	for _, w := range list {
		if w.typ == "string" {
			largest = max(largest, w.bytes)
		}
	}
	return largest, err
}

// partOf answers where the keys end, from one on, that are read in one trip.
func (c *call) partOf(from int) int {
	var bytes int64
	to := from
	for to < len(c.keys) && to-from < maxPipeline && (to == from || bytes+c.weighed[to].bytes <= maxBytes) {
		bytes += c.weighed[to].bytes
		to++
	}
	return to
}

// runCounted serves EXISTS and TOUCH, which count keys, a key at a time.
func runCounted(ctx context.Context, c *call, p *printer) (int, error) {
	var total int64
	for part := range slices.Chunk(c.keys, maxPipeline) {
		var qs []request
		for _, k := range part {
			qs = append(qs, request{[]string{c.argv[0], k.key}, k.key})
		}
		replies, err := c.askAll(ctx, qs)
		if err != nil {
			return 0, err
		}
		for _, r := range replies {
			n, ok := r.integer()
			if !ok {
				return p.reply(r)
			}
			total += n
		}
	}
	return p.reply(integerOf(total))
}
