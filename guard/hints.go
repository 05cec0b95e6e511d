package guard

import (
	"context"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/suggest"
)

// doubled is how keys look that a pasted prefix was put before once more, as
// the guide's own line `TTL session:$(… KEYS "session:*" …)` makes them.
const doubled = sessionPrefix + sessionPrefix

// advise says what a reply means where people often take it wrong.
func (c *call) advise(r reply) {
	if c.cmd == nil || len(c.keys) == 0 {
		return
	}
	key := c.keys[0].key
	switch c.cmd.name {
	case "ttl", "pttl", "expiretime", "pexpiretime":
		c.adviseOnTTL(key, r)
	case "get", "exists", "type":
		if strings.HasPrefix(key, doubled) {
			c.adviseOnDoubled(key)
		}
	}
}

func (c *call) adviseOnTTL(key string, r reply) {
	n, ok := r.integer()
	switch {
	case !ok:
	case n == -2 && strings.HasPrefix(key, doubled):
		c.adviseOnDoubled(key)
	case n == -2:
		c.hint("-2 means that there is no such key: the session has ended, or the name is not quite right.")
	case n == -1:
		c.hint("-1 means that the key never expires. `redis expire KEY SECONDS nx` gives a time to live to keys without one.")
	}
}

func (c *call) adviseOnDoubled(key string) {
	c.hint(fmt.Sprintf("The key begins with `%s` twice: names that KEYS answers have the prefix already. Did you mean `%s…`?",
		sessionPrefix, sessionPrefix+clip(firstPart(key))))
}

// firstPart answers what follows the doubled prefix, a few characters of it.
func firstPart(key string) string {
	rest := strings.TrimPrefix(key, doubled)
	return strings.ToValidUTF8(rest[:min(8, len(rest))], "")
}

func (c *call) adviseOnPattern(pattern string) {
	if strings.HasPrefix(pattern, doubled) {
		c.hint(fmt.Sprintf("The pattern begins with `%s` twice; `%s*` finds every session.", sessionPrefix, sessionPrefix))
	}
}

func (c *call) adviseOnParameter(name, value string) {
	switch {
	case name == "maxmemory" && value == "0":
		c.hint("maxmemory 0 means no limit: Redis grows until the host has no memory left. `redis config set maxmemory 2gb` sets one.")
	case name == "maxmemory-policy" && strings.HasPrefix(value, "allkeys-"):
		c.hint(fmt.Sprintf("Under %s Redis ends any session when memory runs short. `volatile-ttl` takes those first that would end soonest.", value))
	}
}

// adviseOnNoParameter names the parameter that may have been meant where there is
// none of the name.
func (c *call) adviseOnNoParameter(r reply) {
	if len(r.elems) > 0 || len(c.argv) != 3 {
		return
	}
	if near, ok := suggest.Nearest(c.argv[2], settable()); ok {
		c.hint(fmt.Sprintf("The server has no such parameter. Did you mean `%s`?", near))
	}
}

func (c *call) adviseOnInfo(info string) {
	if value := infoField(info, "maxmemory"); value != "" {
		c.adviseOnParameter("maxmemory", value)
	}
	if value := infoField(info, "maxmemory_policy"); value != "" {
		c.adviseOnParameter("maxmemory-policy", value)
	}
}

// adviseOnSize says how many of a database's keys are Helix's own, as far as
// they have fixed names.
func (c *call) adviseOnSize(ctx context.Context, total int64) {
	if total == 0 || len(c.options.OwnKeys) == 0 {
		return
	}
	own, err := c.existing(ctx, c.options.OwnKeys)
	if err != nil || len(own) == 0 {
		return // advice is not worth a failure
	}
	verb := "are"
	if len(own) == 1 {
		verb = "is"
	}
	c.hint(fmt.Sprintf("%d of them %s Helix's own (`{helix}:*`).", len(own), verb))
}
