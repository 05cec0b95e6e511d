package guard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/keyspace"
)

// runDBSize adds up all masters.
func runDBSize(ctx context.Context, c *call, p *printer) (int, error) {
	replies, _, err := askMasters(ctx, c.client, c.argv...)
	if err != nil {
		c.distrust()
		return 0, c.fault(ctx, err)
	}
	var total int64
	for _, r := range replies {
		n, ok := r.integer()
		if !ok {
			return p.reply(r)
		}
		total += n
	}
	if c.plan != nil {
		if err := c.plan.countable(c); err != nil {
			return 0, err
		}
		delta, emptied := c.plan.grown(c.db())
		if emptied {
			if total, err = c.keptByFlush(ctx); err != nil {
				return 0, err
			}
		}
		total += delta
	}
	c.adviseOnSize(ctx, total)
	return p.reply(integerOf(total))
}

// keptByFlush counts the keys that a flush leaves.
func (c *call) keptByFlush(ctx context.Context) (n int64, err error) {
	_, err = keyspace.New(c.client).Scan(ctx, c.paced(keyspace.Query{Pattern: ownKeys}), func(keys [][]byte) error {
		n += int64(len(keys))
		return nil
	})
	if err != nil {
		c.distrust()
		return 0, c.fault(ctx, err)
	}
	return n, nil
}

func integerOf(n int64) reply {
	return reply{kind: integerReply, text: strconv.AppendInt(nil, n, 10)}
}

// runInfo shows INFO of every master, each under its address where there are
// several.
func runInfo(ctx context.Context, c *call, p *printer) (int, error) {
	replies, addrs, err := askMasters(ctx, c.client, c.argv...)
	if err != nil {
		c.distrust()
		return 0, c.fault(ctx, err)
	}
	p.verbatim = true
	for i, r := range replies {
		if len(replies) > 1 {
			if err := p.write(fmt.Appendf(nil, "# Node %s\r\n", addrs[i])); err != nil {
				return 0, err
			}
		}
		c.adviseOnInfo(string(r.text))
		if status, err := p.reply(r); status != 0 || err != nil {
			return status, err
		}
	}
	return 0, nil
}

// secretParameters are those whose values are never shown.
func secretParameters() []string {
	return []string{"requirepass", "masterauth", "masteruser", "user", "tls-key-file-pass", "tls-client-key-file-pass"}
}

// hiddenValue stands in the place of a secret that is set.
const hiddenValue = "(hidden)"

// runConfigGet shows parameters, secrets hidden. In a Cluster it asks every
// master and says where they differ.
func runConfigGet(ctx context.Context, c *call, p *printer) (int, error) {
	replies, addrs, err := askMasters(ctx, c.client, c.argv...)
	if err != nil {
		c.distrust()
		return 0, c.fault(ctx, err)
	}
	r := replies[0]
	c.adviseOnNoParameter(r)
	if err := c.plan.foreseeParameters(c, r); err != nil {
		return 0, err
	}
	for i := 0; i+1 < len(r.elems); i += 2 {
		name, value := string(r.elems[i].text), &r.elems[i+1]
		c.adviseOnParameter(name, string(value.text))
		for j, other := range replies[1:] {
			if o, _ := other.field(name); c.plan == nil && string(o.text) != string(value.text) && !isSecret(name) {
				c.hint(fmt.Sprintf("`%s` differs between masters: %q on %s, %q on %s.", name, value.text, addrs[0], o.text, addrs[j+1]))
			}
		}
		if isSecret(name) && len(value.text) > 0 {
			value.text = []byte(hiddenValue)
		}
	}
	return p.reply(r)
}

func isSecret(parameter string) bool {
	return slices.Contains(secretParameters(), strings.ToLower(parameter))
}
