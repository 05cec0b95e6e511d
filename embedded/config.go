package embedded

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// config holds the values of all parameters.
type config struct {
	checks map[string]check

	mu     sync.Mutex
	values map[string]string
}

func newConfig(port string) *config {
	c := &config{checks: make(map[string]check), values: make(map[string]string)}
	for _, p := range parameters() {
		c.checks[p.name], c.values[p.name] = p.check, p.initial
	}
	c.values["port"] = port
	return c
}

func (c *config) get(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[name]
}

// matching answers names and values in turns of what any of the patterns means.
func (c *config) matching(patterns []string) []value {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []value
	for _, name := range slices.Sorted(maps.Keys(c.values)) {
		i := slices.IndexFunc(patterns, func(p string) bool { return globFold(p, name) })
		switch {
		case i < 0:
		case strings.EqualFold(patterns[i], name):
			list = append(list, str(patterns[i]), str(c.values[name])) // as it was typed
		default:
			list = append(list, str(name), str(c.values[name]))
		}
	}
	return list
}

// set changes parameters, all or none. Names and values come in turns.
func (c *config) set(pairs []string) (refusal string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		name := strings.ToLower(pairs[i])
		check, known := c.checks[name]
		if !known {
			return fmt.Sprintf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", pairs[i])
		}
		kept, why := check(pairs[i+1])
		if _, twice := changed[name]; twice {
			why = "duplicate parameter"
		}
		if why != "" {
			return fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", pairs[i], why)
		}
		changed[name] = kept
	}
	maps.Copy(c.values, changed)
	return ""
}

// CONFIG GET pattern …
func (c *call) configGet() { c.reply(dict(c.config.matching(c.args)...)) }

// CONFIG SET name value …
func (c *call) configSet() {
	if len(c.args)%2 != 0 {
		c.fail(syntaxError)
		return
	}
	if refusal := c.config.set(c.args); refusal != "" {
		c.fail(refusal)
		return
	}
	c.ok()
}

// CONFIG RESETSTAT
func (c *call) configResetStat() {
	c.stats.reset()
	c.memory.forgetPeak()
	c.ok()
}
