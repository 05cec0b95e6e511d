package guard

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

// configSet changes parameters of every master, after their values are kept.
// The first error is the answer; masters that took the change keep it.
func (m *Making) configSet(ctx context.Context, c *call) (reply, error) {
	nodes, err := masters(ctx, c.client)
	if err != nil {
		return reply{}, c.fault(ctx, err)
	}
	var names []string
	for i := 2; i < len(c.argv); i += 2 {
		names = append(names, strings.ToLower(c.argv[i]))
	}
	var failed *reply
	err = m.keepParameters(ctx, nodes, names, isCluster(c.client), func() error {
		for _, node := range nodes {
			r, err := ask(ctx, node, request{args: c.argv})
			if err != nil {
				return c.fault(ctx, err)
			}
			if r.kind == errorReply && failed == nil {
				failed = &r
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return reply{}, err
	case failed != nil:
		return *failed, nil
	}
	return reply{kind: statusReply, text: []byte("OK")}, nil
}

// keepParameters keeps what parameters are on each of the masters, and what they
// are after a change. The server may write a value in its own way: 2gb is
// 2147483648 there.
func (m *Making) keepParameters(ctx context.Context, nodes []redis.UniversalClient, names []string, placed bool, change func() error) error {
	if m.kept == nil {
		return change()
	}
	before, err := parameters(ctx, nodes, names, placed)
	if err != nil {
		return err
	}
	if len(before) > 0 {
		if err := m.kept.Before(before); err != nil {
			return fmt.Errorf("keep what there was: %w", err)
		}
	}
	if err := change(); err != nil || len(before) == 0 {
		return err
	}
	after, err := parameters(ctx, nodes, names, placed)
	if err != nil {
		return err
	}
	states := make([]journal.State, len(after))
	for i, image := range after {
		states[i] = journal.State{Exists: true, Altered: true, Content: image.Content}
	}
	if err := m.kept.After(states); err != nil {
		return fmt.Errorf("keep what there is now: %w", err)
	}
	return nil
}

// parameters answers the values of parameters; placed asks for the address of
// the server behind each name. Those that a server does not have are left out.
func parameters(ctx context.Context, nodes []redis.UniversalClient, names []string, placed bool) ([]journal.Image, error) {
	var images []journal.Image
	for _, node := range nodes {
		for _, name := range names {
			r, err := ask(ctx, node, request{args: []string{"CONFIG", "GET", name}})
			if err != nil {
				return nil, fault(ctx, "redis config get", err)
			}
			value, ok := r.field(name)
			if !ok {
				continue
			}
			if placed {
				name += " " + address(node)
			}
			images = append(images, journal.Image{Kind: journal.Parameter, Name: []byte(name), Exists: true, Content: value.text})
		}
	}
	return images, nil
}

// parameterUndo sets a parameter of the server to what it was.
type parameterUndo struct {
	entry   change.Entry
	force   bool
	verdict change.Verdict
	reason  string // why the server refused it
}

// name is that of the parameter alone.
func (p *parameterUndo) name() string {
	name, _, _ := strings.Cut(string(p.entry.Before.Name), " ")
	return name
}

func (p *parameterUndo) undo(ctx context.Context, m *Making) error {
	node, err := p.server(ctx, m.guard)
	if err != nil || node == nil {
		return err
	}
	nodes, names, old := []redis.UniversalClient{node}, []string{p.name()}, string(p.entry.Before.Content)
	now, err := parameters(ctx, nodes, names, false)
	if err != nil {
		return err
	}
	switch {
	case len(now) == 0:
		p.fail("the server has no such parameter")
		return nil
	case string(now[0].Content) == old:
		return nil
	case string(now[0].Content) != string(p.entry.After.Content) && !p.force:
		p.verdict = change.Since
		return nil
	}
	return m.keepParameters(ctx, nodes, names, string(p.entry.Before.Name) != p.name(), func() error {
		r, err := ask(ctx, node, request{args: []string{"CONFIG", "SET", p.name(), old}})
		if err != nil {
			return fault(ctx, "redis config set", err)
		}
		if r.kind == errorReply {
			p.fail(string(r.text))
			return nil
		}
		p.verdict = change.Restored
		m.counted("config set", 1)
		return nil
	})
}

func (p *parameterUndo) fail(why string) { p.verdict, p.reason = change.Failed, why }

// server answers the one whose parameter it was; nil where it is not among the
// masters any more.
func (p *parameterUndo) server(ctx context.Context, g *Guard) (redis.UniversalClient, error) {
	client, err := g.clients.Client(g.options.DB, 2)
	if err != nil {
		return nil, err
	}
	nodes, err := masters(ctx, client)
	if err != nil {
		return nil, fault(ctx, "redis config get", err)
	}
	_, addr, named := strings.Cut(string(p.entry.Before.Name), " ")
	for _, node := range nodes {
		if !named || address(node) == addr {
			return node, nil
		}
	}
	p.fail("no master has the address " + addr + " any more")
	return nil, nil
}
