package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// call is one call that may run: known, allowed, and with its keys told.
type call struct {
	*Guard
	caller permissions.Member
	in     invocation
	argv   []string
	cmd    *command // nil for --scan
	rule   rule
	keys   []keyUse
	each   bool // it is a sweep: one call for each of its keys
	client redis.UniversalClient

	predicted []byte   // the reply that a plan foresaw, raw
	absent    []string // keys that must not exist when a change is made
	handed    bool     // it is with what makes changes
	weighed   []weight // of keys, once they have been asked for
	resolved  bool     // short forms of keys have been looked for

	// answer stands for the server's reply where that is certain without it.
	answer *reply
}

// prepare reads a call and decides whether it may run.
func (g *Guard) prepare(ctx context.Context, caller permissions.Member, args []string) (*call, error) {
	c, err := g.opened(caller, args)
	if err != nil {
		return nil, err
	}
	if c.in.scan.on {
		c.rule = rule{kind: reading, run: runScanning}
		return c, g.allowed(caller, "redis --scan", c.rule, nil)
	}
	if len(c.argv) == 0 {
		return nil, &misuse{"redis needs a command, as in `redis dbsize`; there is no interactive mode here"}
	}
	if c.cmd, err = g.lookup(ctx, c.argv); err != nil {
		return nil, err
	}
	return c, c.judge(ctx)
}

// opened reads a call and chooses its client.
func (g *Guard) opened(caller permissions.Member, args []string) (*call, error) {
	in, err := parseInvocation(args)
	if err != nil {
		return nil, err
	}
	c := &call{Guard: g, caller: caller, in: in, argv: in.argv}
	return c, c.connect()
}

// connect chooses the client for the database and protocol.
func (c *call) connect() error {
	db := c.in.db
	if db < 0 {
		db = c.options.DB
	}
	client, err := c.clients.Client(db, c.in.protocol)
	if err != nil {
		return &Refused{Command: fmt.Sprintf("redis -n %d", db), Reason: err.Error()}
	}
	c.client = client
	return nil
}

// judge decides on a call whose command is known.
func (c *call) judge(ctx context.Context) error {
	c.rule = c.cmd.rule.refined(c.argv)
	if len(c.cmd.subs) > 0 && c.cmd.listed && len(c.argv) < 2 && !c.cmd.fits(1) {
		r := c.cmd.arityError()
		c.answer, c.rule = &r, rule{kind: reading}
		return c.allowed(c.caller, c.cmd.shown(), c.rule, nil)
	}
	if c.rule.kind == refused {
		return &Refused{Command: c.cmd.shown(), Reason: c.rule.why}
	}
	if !c.cmd.fits(len(c.argv)) {
		r := c.cmd.arityError()
		c.answer = &r
		return c.allowed(c.caller, c.cmd.shown(), c.rule, nil)
	}
	if err := c.findKeys(ctx); err != nil {
		return err
	}
	if err := c.allowed(c.caller, c.cmd.shown(), c.rule, c.keys); err != nil {
		return err
	}
	if c.rule.kind != reading {
		return c.change(ctx)
	}
	if c.redaction != nil && c.redaction.reveals && c.in.viewing > 0 {
		return &Refused{Command: c.cmd.shown(), Reason: "a live view shows what happens meanwhile, so nothing of it can be shown once more"}
	}
	c.veil()
	if err := c.bounded(); err != nil {
		return err
	}
	return c.pass(ctx)
}

// pass asks the gate about each right beyond read that the call needs.
func (c *call) pass(ctx context.Context) error {
	for _, right := range c.rule.rights {
		if right == permissions.Read {
			continue
		}
		if err := c.gate(ctx, c.cmd.shown(), right); err != nil {
			return err
		}
	}
	return nil
}

// bounded refuses calls of very many words that are not split.
func (c *call) bounded() error {
	split := c.rule.run != nil || c.rule.kind == changing && c.onlyUnlinks()
	if !split && len(c.argv) > maxElements+1 {
		return &Refused{Command: c.cmd.shown(), Reason: fmt.Sprintf("%d words in one call are too many; up to %d are taken", len(c.argv)-1, maxElements)}
	}
	return nil
}

// findKeys tells the call's keys, by asking the server where its table leaves
// them open.
func (c *call) findKeys(ctx context.Context) error {
	keys, err := c.cmd.keys(c.rule, c.argv)
	if err == nil && c.cmd.asksForKeys(c.rule) {
		keys, err = c.askKeys(ctx)
	}
	if errors.Is(err, errKeys) && c.narrowed() == "" && c.rule.kind == reading {
		return nil // the server refuses it in its own words
	}
	if errors.Is(err, errKeys) {
		return &Refused{Command: c.cmd.shown(), Reason: "which keys it touches cannot be told: " + err.Error()}
	}
	c.keys = keys
	if err != nil {
		return err
	}
	if changed, err := c.resolve(ctx); err != nil || !changed {
		return err
	}
	c.rule = c.cmd.rule.refined(c.argv) // it may go by the keys
	return c.findKeys(ctx)
}

// asksForKeys reports whether the server has to be asked for the keys of a call
// under a rule.
func (c *command) asksForKeys(r rule) bool { return c.movable && !r.ownKeys && !r.exact }

// askKeys has the server find the keys.
func (c *call) askKeys(ctx context.Context) ([]keyUse, error) {
	r, err := c.ask(ctx, append([]string{"COMMAND", "GETKEYS"}, c.argv...), "")
	if err != nil {
		return nil, err
	}
	if r.kind != arrayReply {
		return nil, errKeys
	}
	u := use{reads: true}
	if c.rule.kind == changing {
		u = use{reads: true, updates: true, removes: true}
	}
	var keys []keyUse
	for _, k := range r.strings() {
		keys = append(keys, keyUse{k, u})
	}
	return keys, nil
}

// narrowed answers the patterns that the caller's right to read is confined
// to, as a clause; empty where it covers every key.
func (c *call) narrowed() string {
	return narrowed(c.policy.Scope(c.caller, permissions.Read))
}

func narrowed(s permissions.Scope) string {
	switch {
	case s.All():
		return ""
	case s.Only() != nil:
		return "you may read only keys like `" + strings.Join(s.Only(), "`, `") + "`"
	}
	return "you may not read keys like `" + strings.Join(s.Except(), "`, `") + "`"
}

// allowed reports whether the caller has every right that a call of the rule
// with these keys needs.
func (g *Guard) allowed(caller permissions.Member, name string, r rule, keys []keyUse) error {
	for _, d := range r.demands(keys) {
		if err := g.policy.Check(caller, permissions.Action{Right: d.right, Name: name, Keys: d.keys}); err != nil {
			return err
		}
	}
	if why := narrowed(g.policy.Scope(caller, permissions.Read)); r.whole && why != "" {
		return &Refused{Command: name, Reason: "it may show or name any key, and " + why}
	}
	if r.kind != changing {
		return nil
	}
	for _, k := range keys {
		if k.use.changes() && isOwn(k.key) {
			return &Refused{Command: name, Reason: "keys under `{helix}:` and `helix:` belong to Helix; no typed command changes them"}
		}
	}
	return nil
}

// run carries out the call.
func (c *call) run(ctx context.Context, stdout Sink, stderr io.Writer) (int, error) {
	p := c.printer(stdout, stderr)
	if err := c.afterChanges(); err != nil {
		return 0, err
	}
	switch {
	case c.answer != nil:
		return p.reply(*c.answer)
	case c.rule.kind == changing:
		return c.carry(ctx, stdout, stderr)
	case c.ghostly():
		if r, ok, err := c.plan.read(ctx, c); ok || err != nil {
			if err != nil {
				return 0, err
			}
			return p.reply(c.asAsked(r))
		}
	}
	if c.rule.run != nil {
		return c.rule.run(ctx, c, p)
	}
	return c.sized(ctx, p)
}

func (c *call) printer(stdout Sink, stderr io.Writer) *printer {
	return &printer{format: c.in.format, strict: c.in.strict, verbatim: isVerbatim(c.argv), curtain: c.curtain(), stdout: stdout, stderr: stderr, failed: c.adviseOnWord}
}

// isVerbatim reports whether redis-cli writes a command's reply as it is in
// every format, since it is text for people.
func isVerbatim(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	first, second := strings.ToLower(argv[0]), ""
	if len(argv) > 1 {
		second = argv[1]
	}
	is := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, second) })
	}
	switch first {
	case "info", "lolwut":
		return true
	case "memory":
		return is("malloc-stats", "doctor")
	case "client":
		return is("list", "info")
	case "cluster":
		return len(argv) == 2 && is("nodes", "info")
	case "latency":
		return len(argv) == 2 && is("doctor") || len(argv) == 3 && is("graph")
	}
	return false
}

// ask sends one command by the call's client.
func (c *call) ask(ctx context.Context, args []string, key string) (reply, error) {
	replies, err := c.askAll(ctx, []request{{args: args, key: key}})
	if err != nil {
		return reply{}, err
	}
	return replies[0], nil
}

// askAll sends commands by the call's client in one round trip, after what was
// to be changed before that they may tell of.
func (c *call) askAll(ctx context.Context, qs []request) ([]reply, error) {
	if err := c.afterChangesOf(qs); err != nil {
		return nil, err
	}
	replies, err := askAll(ctx, c.client, qs)
	if err != nil {
		c.distrust()
		return nil, c.fault(ctx, err)
	}
	return replies, nil
}

// askFor is askAll for what can be done without: faults are replies, too.
func (c *call) askFor(ctx context.Context, qs []request) ([]reply, error) {
	if err := c.afterChangesOf(qs); err != nil {
		return nil, err
	}
	replies, err := askFor(ctx, c.client, qs)
	if err != nil {
		c.distrust()
		return nil, c.fault(ctx, err)
	}
	return replies, nil
}

// fault names what failed. A database that the server does not have is no
// fault but a refusal.
func (c *call) fault(ctx context.Context, err error) error {
	var answered redis.Error
	if errors.As(err, &answered) && strings.Contains(answered.Error(), "DB index is out of range") {
		return &Refused{Command: fmt.Sprintf("redis -n %d", c.in.db), Reason: "the server has no such database"}
	}
	return fault(ctx, c.shown(), err)
}

// shown is what the call is named in messages.
func (c *call) shown() string {
	if c.cmd == nil {
		return "redis --scan"
	}
	return c.cmd.shown()
}

// request is the call itself.
func (c *call) request() request { return request{args: c.instead(), key: c.firstKey()} }

func (c *call) firstKey() string {
	if len(c.keys) == 0 {
		return ""
	}
	return c.keys[0].key
}
