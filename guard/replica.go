package guard

import "context"

// TakesWrites answers a *Halted where writes go to a replica that nothing makes
// a master, so that a plan of them would lead nowhere. A server that does not
// tell what it is counts as one that takes them.
func (g *Guard) TakesWrites(ctx context.Context) error {
	if !g.options.Lone {
		return nil
	}
	client, err := g.clients.Client(g.options.DB, 2)
	if err != nil {
		return err
	}
	replies, err := askFor(ctx, client, []request{{args: []string{"INFO", "replication"}}})
	if err != nil {
		return fault(ctx, "redis info", err)
	}
	info := string(replies[0].text)
	if infoField(info, "role") == "slave" && infoField(info, "slave_read_only") == "1" {
		return &Halted{Code: "READONLY"}
	}
	return nil
}
