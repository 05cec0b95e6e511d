package guard

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// refreshAfter is how long a table is believed where a call names a command
// that is not in it: a module may have been loaded.
const refreshAfter = 10 * time.Second

// tables keeps the server's command table once it has been asked for.
type tables struct {
	mu     sync.Mutex
	last   *table
	loaded time.Time
	stale  bool // the connection failed since: another server may have come
}

// table answers the server's command table, from the server at first use and
// after a failed connection.
func (g *Guard) table(ctx context.Context) (*table, error) {
	return g.tableSince(ctx, time.Time{})
}

// known answers the table that was read last; one without commands where none
// was.
func (s *tables) known() *table {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return &table{}
	}
	return s.last
}

// tableSince answers a table that is not older than since.
func (g *Guard) tableSince(ctx context.Context, since time.Time) (*table, error) {
	g.tables.mu.Lock()
	defer g.tables.mu.Unlock()
	if g.tables.last != nil && !g.tables.stale && !g.tables.loaded.Before(since) {
		return g.tables.last, nil
	}
	t, err := g.loadTable(ctx)
	if err != nil {
		return nil, err
	}
	g.tables.last, g.tables.loaded, g.tables.stale = t, g.options.Now(), false
	return t, nil
}

func (g *Guard) loadTable(ctx context.Context) (*table, error) {
	client, err := g.clients.Client(g.options.DB, 2)
	if err != nil {
		return nil, fmt.Errorf("read the server's command table: %w", err)
	}
	r, err := ask(ctx, client, request{args: []string{"COMMAND"}})
	if err != nil {
		return nil, fault(ctx, "read the server's command table", err)
	}
	return parseTable(r, g.options.Now)
}

// distrust makes the next call ask for the table again.
func (g *Guard) distrust() {
	g.tables.mu.Lock()
	defer g.tables.mu.Unlock()
	g.tables.stale = true
}

// lookup answers the command that argv calls. A name that is not in the table
// is looked for once more in a fresh one.
func (g *Guard) lookup(ctx context.Context, argv []string) (*command, error) {
	t, err := g.table(ctx)
	if err != nil {
		return nil, err
	}
	c, unknown := t.find(argv)
	if unknown == nil {
		return c, nil
	}
	t, err = g.tableSince(ctx, g.options.Now().Add(-refreshAfter))
	if err != nil {
		return nil, err
	}
	c, unknown = t.find(argv)
	if unknown != nil {
		return nil, unknown
	}
	return c, nil
}
