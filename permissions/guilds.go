package permissions

import (
	"fmt"
	"slices"
	"strings"
)

// Guilds says which guilds Helix serves: those of discord.guilds, or where
// that is unset the one that was pinned. The zero Guilds serves none.
type Guilds struct {
	configured []string
	pinned     string
}

// NewGuilds takes the setting discord.guilds and the id that was pinned
// earlier, "" if none was. It reports ids that are none.
func NewGuilds(configured []string, pinned string) (Guilds, error) {
	var bad []string
	for _, id := range configured {
		if !isSnowflake(id) {
			bad = append(bad, fmt.Sprintf("%q", id))
		}
	}
	if len(bad) > 0 {
		return Guilds{}, fmt.Errorf("discord.guilds: %s: a server is given by its id, a number in quotes", strings.Join(bad, ", "))
	}
	if pinned != "" && !isSnowflake(pinned) {
		return Guilds{}, fmt.Errorf("the pinned server %q is not an id", pinned)
	}
	return Guilds{configured: slices.Clone(configured), pinned: pinned}, nil
}

// Serves reports whether Helix acts in the guild. What is configured counts
// alone; a pin only where nothing is.
func (g Guilds) Serves(guild string) bool {
	if guild == "" {
		return false
	}
	if len(g.configured) > 0 {
		return slices.Contains(g.configured, guild)
	}
	return guild == g.pinned
}

// Pinned answers the guild that is served for having been pinned; "" if there is
// none, or configuration decides.
func (g Guilds) Pinned() string {
	if len(g.configured) > 0 {
		return ""
	}
	return g.pinned
}

// Pinning is the answer to the guilds that Helix finds itself in.
type Pinning struct {
	Guilds Guilds // to go by from now on
	Pin    string // the guild to remember for good; "" if there is nothing new
	Reason string // why, in a sentence
}

// Meet decides what to do about the guilds that Helix is in, at every start:
// it pins the only one if neither configuration nor an earlier start has
// chosen. A pin stays though Helix leaves that guild or enters others, so that
// an invitation elsewhere never moves it.
func (g Guilds) Meet(present []string) Pinning {
	present = slices.Compact(slices.Sorted(slices.Values(present)))
	keep := func(format string, args ...any) Pinning {
		return Pinning{Guilds: g, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(g.configured) > 0:
		return keep("discord.guilds names the servers to serve%s.", absent(g.configured, present))
	case g.pinned != "":
		return keep("server %s was pinned earlier%s; set discord.guilds to choose others.", g.pinned, absent([]string{g.pinned}, present))
	case len(present) == 0:
		return keep("Helix is in no server yet: invite it to one.")
	case len(present) > 1:
		return keep("Helix is in %d servers (%s) and cannot tell which is yours, so it serves none: set discord.guilds.", len(present), strings.Join(present, ", "))
	}
	g.pinned = present[0]
	return Pinning{Guilds: g, Pin: g.pinned, Reason: fmt.Sprintf("server %s is the only one that Helix is in, and is pinned from now on.", g.pinned)}
}

// absent says which of the wanted guilds Helix is not in, or "".
func absent(wanted, present []string) string {
	var missing []string
	for _, id := range wanted {
		if !slices.Contains(present, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return ", but Helix is not in " + strings.Join(missing, ", ")
}
