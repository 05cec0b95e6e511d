package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/helix-collective/helix/permissions"
)

// Finding is one thing that Check looked at.
type Finding struct {
	Name   string
	Level  Level
	Detail string // a sentence
	Mend   string // the next step, a sentence; empty where all is well
}

// Level is how grave a finding is.
type Level int

// The levels.
const (
	OK Level = iota
	Warning
	Fatal
)

// neededRights is what Helix needs in a channel that it answers in, by name.
func neededRights() []struct {
	name string
	bits permissions64
} {
	return []struct {
		name string
		bits permissions64
	}{
		{"View Channel", viewChannel},
		{"Send Messages", sendMessages},
		{"Send Messages in Threads", sendInThreads},
		{"Read Message History", readHistory},
		{"Attach Files", attachFiles},
		{"Embed Links", embedLinks},
	}
}

// InviteURL answers the link by which somebody who manages a server invites
// Helix, with the rights that it needs and no others.
func InviteURL(application string) string {
	bits := useCommands | createThreads
	for _, r := range neededRights() {
		bits |= r.bits
	}
	return fmt.Sprintf("https://discord.com/oauth2/authorize?client_id=%s&scope=bot+applications.commands&permissions=%d", application, bits)
}

// Check looks at everything on Discord's side that the bot needs, without
// connecting to the gateway. It changes nothing.
func Check(ctx context.Context, o Options) []Finding {
	b, err := New(o)
	if err != nil {
		return []Finding{{"Discord", Fatal, sentence(err.Error()), "Mend the setting."}}
	}
	defer b.rest.close()
	c := &checker{bot: b}
	if !c.token(ctx) {
		return c.findings
	}
	c.intent(ctx)
	c.starts(ctx)
	c.guilds(ctx)
	c.opsChannel(ctx)
	c.add("Discord invite", OK, InviteURL(c.user.ID), "")
	return c.findings
}

// checker gathers findings.
type checker struct {
	bot      *Bot
	user     struct{ ID, Username string }
	findings []Finding
}

func (c *checker) add(name string, level Level, detail, mend string) {
	c.findings = append(c.findings, Finding{name, level, detail, mend})
}

func (c *checker) get(ctx context.Context, path string, out any) error {
	return c.bot.rest.do(ctx, call{method: http.MethodGet, path: path}, out)
}

// token reports whether Discord takes the token.
func (c *checker) token(ctx context.Context) bool {
	const name = "Discord token"
	err := c.get(ctx, "/users/@me", &c.user)
	switch fatal := c.bot.judge(err, true); {
	case fatal != nil:
		c.add(name, Fatal, "Discord refuses the token.", "Reset it on the application's Bot page in the developer portal and put the new one into DISCORD_TOKEN.")
	case err != nil:
		c.add(name, Fatal, "Discord is out of reach: "+sentence(err.Error()), "Look at the network and at discord.api_url.")
	default:
		c.add(name, OK, "Discord knows us as "+c.user.Username+".", "")
		return true
	}
	return false
}

// Flags of an application that is allowed to read messages; the second one is
// for those in fewer than a hundred servers.
const (
	flagMessageContent        = 1 << 18
	flagMessageContentLimited = 1 << 19
)

func (c *checker) intent(ctx context.Context) {
	const name = "Discord intents"
	var app struct {
		Flags int `json:"flags"`
	}
	switch err := c.get(ctx, "/applications/@me", &app); {
	case err != nil:
		c.add(name, Warning, "The application could not be read: "+sentence(err.Error()), "Look at its Bot page in the developer portal whether the Message Content Intent is on.")
	case app.Flags&(flagMessageContent|flagMessageContentLimited) == 0:
		c.add(name, Warning, "The message-content intent is off, so only messages that mention Helix are understood.", intentMend)
	default:
		c.add(name, OK, "The message-content intent is on.", "")
	}
}

// fewStarts is when the day's remaining connections are worth a word.
const fewStarts = 20

func (c *checker) starts(ctx context.Context) {
	const name = "Discord gateway"
	limit, err := c.bot.startLimit(ctx)
	switch {
	case err != nil:
		c.add(name, Fatal, "The gateway could not be asked for: "+sentence(err.Error()), "Try again later; if that stays, look at discord.api_url.")
	case limit.Limit == nil:
		c.add(name, OK, "Connections are not counted.", "")
	case limit.Limit.Remaining < fewStarts:
		c.add(name, Warning, fmt.Sprintf("Discord allows %d more connections until the day's limit is renewed.", limit.Limit.Remaining), "Find out why Helix starts so often before it is locked out.")
	case limit.Shards > len(c.bot.allShards()) && c.bot.options.Shards != AutoShards:
		c.add(name, Warning, fmt.Sprintf("Discord recommends %d connections, and discord.shards is %d.", limit.Shards, len(c.bot.allShards())), "Raise discord.shards, or set it to auto.")
	default:
		c.add(name, OK, fmt.Sprintf("%d more connections are allowed today.", limit.Limit.Remaining), "")
	}
}

// guilds tells which servers are served.
func (c *checker) guilds(ctx context.Context) {
	const name = "Discord servers"
	var in []guildFacts
	if err := c.get(ctx, "/users/@me/guilds", &in); err != nil {
		c.add(name, Warning, "The servers could not be read: "+sentence(err.Error()), "Try again later.")
		return
	}
	pinned := ""
	if len(c.bot.options.Guilds) == 0 && c.bot.options.Pin != nil {
		var err error
		if pinned, err = c.bot.options.Pin.Pinned(ctx); err != nil {
			c.add(name, Warning, "Which server was pinned is kept in Redis, which does not answer.", "Mend Redis first.")
			return
		}
	}
	guilds, err := permissions.NewGuilds(c.bot.options.Guilds, pinned)
	if err != nil {
		c.add(name, Fatal, sentence(err.Error()), "Mend discord.guilds.")
		return
	}
	var ids []string
	for _, g := range in {
		ids = append(ids, g.ID)
	}
	pinning := guilds.Meet(ids)
	if slices.ContainsFunc(ids, pinning.Guilds.Serves) {
		c.add(name, OK, sentence(pinning.Reason), "")
		return
	}
	c.add(name, Warning, sentence(pinning.Reason), "Invite Helix: "+InviteURL(c.user.ID))
}

// opsChannel tells whether Helix may speak where it is to speak up by itself.
func (c *checker) opsChannel(ctx context.Context) {
	const name = "Discord ops channel"
	id := c.bot.opsChannel()
	if id == "" {
		c.add(name, Warning, "No ops channel is set, so Helix does not speak up by itself.", "Say `setup ops channel:ID` in your server, or set discord.ops_channel to a channel's id.")
		return
	}
	missing, err := c.missing(ctx, id)
	switch {
	case err != nil:
		c.add(name, Warning, fmt.Sprintf("Channel %s cannot be read: %s", id, sentence(err.Error())), "Check discord.ops_channel, and let Helix's role view the channel.")
	case len(missing) > 0:
		c.add(name, Warning, "In the ops channel Helix lacks "+strings.Join(missing, ", ")+".", "Give these rights to Helix's role in that channel.")
	default:
		c.add(name, OK, "Helix has the rights that it needs there.", "")
	}
}

// missing answers the names of the needed rights that we lack in a channel.
func (c *checker) missing(ctx context.Context, channel string) ([]string, error) {
	var ch channelFacts
	if err := c.get(ctx, "/channels/"+channel, &ch); err != nil {
		return nil, err
	}
	if ch.Type.thread() {
		if err := c.get(ctx, "/channels/"+ch.Parent, &ch); err != nil {
			return nil, err
		}
	}
	var g guildFacts
	if err := c.get(ctx, "/guilds/"+ch.Guild, &g); err != nil {
		return nil, err
	}
	roles, err := c.bot.memberRoles(ctx, ch.Guild, c.user.ID)
	if err != nil {
		return nil, err
	}
	have := ch.rightsOf(g, c.user.ID, roles)
	var missing []string
	for _, r := range neededRights() {
		if !have.has(r.bits) {
			missing = append(missing, r.name)
		}
	}
	return missing, nil
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}
