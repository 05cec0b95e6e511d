package discordtest

import (
	"slices"
	"strings"
	"time"
)

// object is a JSON object on its way to the bot.
type object = map[string]any

// list is a JSON array on its way to the bot.
type list = []any

type user struct {
	id   string
	name string
	bot  bool
	dm   *channel // with the bot, once there is one
}

type role struct {
	id          string
	name        string
	permissions Permission
	position    int
	managed     bool
	mentionable bool
}

type member struct {
	user          *user
	roles         []string // ids, @everyone left out
	nick          string
	joined        time.Time
	timedOutUntil time.Time
}

func (m *member) hasRole(id string) bool { return slices.Contains(m.roles, id) }

// Discord's channel types.
const (
	channelText          = 0
	channelDM            = 1
	channelPublicThread  = 11
	channelPrivateThread = 12
)

type channel struct {
	id         string
	guild      *Guild // nil for a direct one
	name       string
	kind       int
	topic      string
	parent     *channel // of a thread
	owner      string   // of a thread
	position   int
	overwrites []overwrite
	recipient  *user // of a direct one
	refused    bool  // its recipient takes no messages of the bot's
	archived   bool
	locked     bool
	invited    []string // ids of a thread's members
	typed      int      // how often the bot showed that it types
	messages   []*message
}

func (c *channel) isThread() bool {
	return c.kind == channelPublicThread || c.kind == channelPrivateThread
}

// rules answers the overwrites that hold here: a thread has its parent's.
func (c *channel) rules() []overwrite {
	if c.parent != nil {
		return c.parent.overwrites
	}
	return c.overwrites
}

func (c *channel) lastMessageID() any {
	if len(c.messages) == 0 {
		return nil
	}
	return c.messages[len(c.messages)-1].ID
}

// label is how a person names the channel.
func (c *channel) label() string {
	switch {
	case c.guild == nil:
		return "@" + c.recipient.name
	case c.isThread():
		return c.name
	default:
		return "#" + c.name
	}
}

// user answers the user of that name, making one if needed. The caller holds mu
// or is New.
func (d *Discord) user(name string) *user {
	if u := d.users[name]; u != nil {
		return u
	}
	u := &user{id: d.ids.next(), name: name}
	d.users[name], d.usersByID[u.id] = u, u
	return u
}

// direct answers the channel between the bot and a user.
func (d *Discord) direct(u *user) *channel {
	if u.dm == nil {
		u.dm = &channel{id: d.ids.next(), kind: channelDM, recipient: u}
		d.channels[u.dm.id] = u.dm
	}
	return u.dm
}

func (d *Discord) guildByID(id string) *Guild {
	for _, g := range d.guilds {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// channelNamed finds a guild's channel or thread; a leading # does not matter.
func (g *Guild) channelNamed(name string) *channel {
	name = strings.TrimPrefix(name, "#")
	for _, c := range g.channels {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (g *Guild) roleNamed(name string) *role {
	for _, r := range g.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (g *Guild) memberNamed(name string) *member {
	if u := g.d.users[name]; u != nil {
		return g.members[u.id]
	}
	return nil
}
