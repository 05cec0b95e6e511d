package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// Viewer follows live views: MONITOR and the SUBSCRIBE commands. Its methods
// may be called from several goroutines.
type Viewer interface {
	// Begin is told that a view begins. Closing stop ends the view as if its
	// time were over; where it is closed already, the view does not begin.
	// over is called at its end.
	Begin() (stop <-chan struct{}, over func())
	// Saw is told what a view has just printed. The slice is the caller's.
	Saw(printed []byte)
}

// nobody is a Viewer that sees nothing.
type nobody struct{}

func (nobody) Begin() (<-chan struct{}, func()) { return nil, func() {} }
func (nobody) Saw([]byte)                       {}

// WithViewer returns a Guard that shares everything with g and shows its live
// views to v.
func (g *Guard) WithViewer(v Viewer) *Guard {
	viewed := *g
	viewed.viewer = v
	return &viewed
}

const (
	viewLasts    = 10 * time.Second // where nothing else is asked for
	viewAtLeast  = time.Second
	viewAtMost   = time.Minute
	viewFlag     = "--for"
	viewFlagHelp = "--for takes how long to watch, from 1s to 60s, as in `redis monitor --for 30s`"
)

// isView reports whether a command is served as a live view.
func isView(name string) bool {
	return slices.Contains([]string{"monitor", "subscribe", "psubscribe", "ssubscribe"}, strings.ToLower(name))
}

func reviewedViews() []row {
	subscribing := rule{kind: reading, size: bounded(), whole: true, refine: refineSubscribe, run: runSubscribe}
	return []row{
		{"monitor", "a live view of what everybody does, for a bounded time", rule{
			kind: reading, size: bounded(), whole: true, rights: []permissions.Right{permissions.Admin}, run: runMonitor}},
		{"subscribe", "a live view, on a connection of its own, for a bounded time", subscribing},
		{"psubscribe", "as SUBSCRIBE", subscribing},
		{"ssubscribe", "as SUBSCRIBE", subscribing},
	}
}

func refineSubscribe(r rule, argv []string) rule {
	if slices.ContainsFunc(argv[1:], isOwn) {
		return r.refusing("channels under `{helix}:` and `helix:` belong to Helix; they carry its settings")
	}
	return r.exactly()
}

// takeViewing takes --for out of the words of a live view. A channel of that
// name cannot be listened to.
func (in *invocation) takeViewing() error {
	if in.scan.on || len(in.argv) == 0 || !isView(in.argv[0]) {
		return nil
	}
	in.viewing = viewLasts
	words, rest := in.argv[:1:1], in.argv[1:]
	for len(rest) > 0 {
		word := rest[0]
		rest = rest[1:]
		value, given := strings.CutPrefix(word, viewFlag+"=")
		if word == viewFlag && len(rest) > 0 {
			value, given, rest = rest[0], true, rest[1:]
		}
		switch {
		case given:
			d, err := viewingTime(value)
			if err != nil {
				return err
			}
			in.viewing = d
		case word == viewFlag:
			return &misuse{viewFlagHelp}
		default:
			words = append(words, word)
		}
	}
	in.argv = words
	return nil
}

// viewingTime reads a duration as people write it: 30s, 1m, or 30 for seconds.
func viewingTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if n, atoiErr := strconv.Atoi(text); atoiErr == nil && n >= 0 && n <= int(viewAtMost/time.Second) {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < viewAtLeast || d > viewAtMost {
		return 0, &misuse{fmt.Sprintf("%s, not %q", viewFlagHelp, clip(text))}
	}
	return d, nil
}

// runMonitor shows what every master carries out; in a Cluster each line says
// where.
func runMonitor(ctx context.Context, c *call, p *printer) (int, error) {
	servers, err := c.servers(ctx)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	t, err := c.table(ctx)
	if err != nil {
		return 0, err
	}
	return c.watch(ctx, p, servers, func(_ string, r reply) (reply, bool) {
		if r.kind == statusReply {
			r.text = p.curtain.monitored(t, r.text)
		}
		return r, true
	})
}

// runSubscribe shows what is published, on any node; of shards on theirs, and what
// the servers of a Cluster tell of their own keys on each. Helix's own messages, which
// patterns may catch, are left out.
func runSubscribe(ctx context.Context, c *call, p *printer) (int, error) {
	servers, err := c.subscribed(ctx)
	if err != nil {
		return 0, c.fault(ctx, err)
	}
	first := servers[0].Options().Addr
	return c.watch(ctx, p, servers, func(from string, r reply) (reply, bool) {
		channel := string(messageChannel(r))
		again := from != "" && from != first && !strings.HasPrefix(channel, keyEvents)
		if again || isOwn(channel) {
			return r, false
		}
		return p.curtain.published(r), true
	})
}

// keyEvents is how the channels begin on which a server tells what becomes of its
// keys. No other server of a Cluster passes that on.
const keyEvents = "__key"

// subscribed answers the servers to subscribe on, one at least.
func (c *call) subscribed(ctx context.Context) ([]*redis.Client, error) {
	if cluster, ok := c.client.(*redis.ClusterClient); ok && c.cmd.name == "ssubscribe" {
		server, err := cluster.MasterForKey(ctx, c.argv[1])
		return []*redis.Client{server}, err
	}
	servers, err := c.servers(ctx)
	if err != nil {
		return nil, err
	}
	ofKeys := func(channel string) bool { return strings.HasPrefix(channel, keyEvents) }
	if c.cmd.name == "psubscribe" || slices.ContainsFunc(c.argv[1:], ofKeys) {
		return servers, nil
	}
	return servers[:1], nil
}

// servers answers the clients of all masters, of which there is one at least.
func (c *call) servers(ctx context.Context) ([]*redis.Client, error) {
	switch client := c.client.(type) {
	case *redis.Client:
		return []*redis.Client{client}, nil
	case *redis.ClusterClient:
		nodes, err := clusterMasters(ctx, client)
		if err == nil && len(nodes) == 0 {
			err = errors.New("the Cluster has no master")
		}
		return nodes, err
	}
	return nil, fmt.Errorf("a %T cannot be watched", c.client)
}

// view is a live view under way.
type view struct {
	*call
	p    *printer
	feed *feed
	show shower
}

// shower answers a reply as it is shown, and whether it is at all. It is told which
// server sent it where there are several.
type shower func(from string, r reply) (shown reply, wanted bool)

// watch sends the call to servers and prints what they say until its time is
// over, the viewer or ctx ends it, or nobody reads any more. Its connections
// are closed when it returns.
func (c *call) watch(ctx context.Context, p *printer, servers []*redis.Client, show shower) (int, error) {
	stop, over := c.viewer.Begin()
	defer over()
	select {
	case <-stop:
		return 0, context.Canceled
	default:
	}
	reading, cancel := context.WithCancel(ctx)
	v := &view{call: c, p: p, feed: newFeed(len(servers)), show: show}
	defer v.feed.readers.Wait()
	defer cancel()
	for _, s := range servers {
		from := ""
		if len(servers) > 1 {
			from = s.Options().Addr
		}
		if err := v.feed.follow(reading, s, c.argv, from); err != nil {
			c.distrust()
			return 0, c.fault(ctx, err)
		}
	}
	defer v.adviseOnLeftOut()
	return v.run(ctx, stop)
}

// run passes on what comes.
func (v *view) run(ctx context.Context, stop <-chan struct{}) (int, error) {
	began := time.Now()
	end := time.NewTimer(v.lasting(ctx))
	defer end.Stop()
	for {
		select {
		case x := <-v.feed.lines:
			if done, status, err := v.pass(x); done || err != nil {
				return status, err
			}
		case err := <-v.feed.ended:
			if _, drainErr := v.drain(); drainErr != nil {
				return 0, drainErr
			}
			v.distrust()
			return 0, v.fault(ctx, err)
		case <-end.C:
			return v.drain()
		case <-stop:
			v.hint(fmt.Sprintf("Stopped after %s; this is what was seen until then.", time.Since(began).Round(time.Second)))
			return v.drain()
		case <-v.p.stdout.Gone():
			return 0, v.p.stdout.Flush()
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// beforeTheEnd is what a program keeps of its time for what follows a view
// that was asked to last as long as the program may.
const beforeTheEnd = time.Second

// lasting answers for how long to watch.
func (v *view) lasting(ctx context.Context) time.Duration {
	end, bounded := ctx.Deadline()
	left := time.Until(end) - beforeTheEnd
	if bounded && left < v.in.viewing && v.in.viewing <= left+2*beforeTheEnd {
		return max(left, 0)
	}
	return v.in.viewing
}

// drain passes on what waits by now, and nothing that comes meanwhile.
func (v *view) drain() (int, error) {
	for range len(v.feed.lines) {
		if done, status, err := v.pass(<-v.feed.lines); done || err != nil {
			return status, err
		}
	}
	return 0, v.p.stdout.Flush()
}

// pass prints one reply. An error of the server ends the view.
func (v *view) pass(x fed) (done bool, status int, err error) {
	v.feed.taken(x)
	r, err := parseReply(x.raw)
	if err != nil {
		return false, 0, fmt.Errorf("%s: %w", v.cmd.shown(), err)
	}
	if r.kind == errorReply {
		if err := serverFault(r); err != nil {
			return false, 0, err
		}
		status, err := v.p.reply(r)
		return true, status, err
	}
	r, wanted := v.show(x.from, r)
	if !wanted {
		return false, 0, nil
	}
	if x.from != "" {
		r.text = append([]byte(x.from+" "), r.text...)
	}
	printed := v.p.format.append(nil, r)
	if err := v.p.write(printed); err != nil {
		return false, 0, err
	}
	v.viewer.Saw(printed)
	if len(v.feed.lines) > 0 {
		return false, 0, nil
	}
	return false, 0, v.p.stdout.Flush()
}

// adviseOnLeftOut says what the view did not show.
func (v *view) adviseOnLeftOut() {
	if n := v.feed.leftOut(); n > 0 {
		v.hint(fmt.Sprintf("Left out: %d of the lines, as a live view passes on %d a second, each up to %d KiB.", n, maxViewRate, maxFrame>>10))
	}
}
