package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/permissions"
)

// guildFacts is what decides over a guild's members.
type guildFacts struct {
	ID    string `json:"id"`
	Owner string `json:"owner_id"`
	Roles []role `json:"roles"`
}

type role struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Permissions permissions64 `json:"permissions"`
}

// seat is where somebody does something.
type seat struct{ guild, channel string }

// member builds who asks, from what came with the message or the press and what
// the gateway has told of the guild; what is missing there is asked for: of is
// nil where the event left it out. An error means that it is not known who may
// what.
func (b *Bot) member(ctx context.Context, s *discordgo.Session, at seat, who *discordgo.User, of *discordgo.Member) (permissions.Member, error) {
	guild, err := b.guildFacts(ctx, s, at.guild)
	if err != nil {
		return permissions.Member{}, err
	}
	var roles []string
	if of != nil {
		roles = of.Roles
	} else if roles, err = b.memberRoles(ctx, at.guild, who.ID); err != nil {
		return permissions.Member{}, err
	}
	parent, err := b.parent(ctx, s, at.channel)
	if err != nil {
		return permissions.Member{}, err
	}
	m := permissions.Member{ID: who.ID, Name: who.Username, Guild: at.guild, Channel: at.channel, Parent: parent}
	return guild.rank(m, roles), nil
}

// rank adds to a member what the roles make of it.
func (g guildFacts) rank(m permissions.Member, roles []string) permissions.Member {
	m.Roles = roles
	m.Owner = m.ID != "" && m.ID == g.Owner
	for _, r := range g.Roles {
		if r.Permissions.has(administrator) && (r.ID == g.ID || slices.Contains(roles, r.ID)) {
			m.Administrator = true
		}
	}
	return m
}

// memberFinder finds other members of the caller's guild, as if they had asked
// where the caller does.
func (b *Bot) memberFinder(s *discordgo.Session, caller permissions.Member) func(context.Context, string) (permissions.Member, error) {
	return func(ctx context.Context, id string) (permissions.Member, error) {
		guild, err := b.guildFacts(ctx, s, caller.Guild)
		if err != nil {
			return permissions.Member{}, err
		}
		var found struct {
			User  struct{ Username string } `json:"user"`
			Roles []string                  `json:"roles"`
		}
		if err := b.rest.do(ctx, call{method: http.MethodGet, path: memberPath(caller.Guild, id), patient: true}, &found); err != nil {
			return permissions.Member{}, fmt.Errorf("read member %s: %w", id, err)
		}
		m := permissions.Member{ID: id, Name: found.User.Username,
			Guild: caller.Guild, Channel: caller.Channel, Parent: caller.Parent}
		return guild.rank(m, found.Roles), nil
	}
}

func memberPath(guild, user string) string { return "/guilds/" + guild + "/members/" + user }

func (b *Bot) memberRoles(ctx context.Context, guild, user string) ([]string, error) {
	var m struct {
		Roles []string `json:"roles"`
	}
	if err := b.rest.do(ctx, call{method: http.MethodGet, path: memberPath(guild, user), patient: true}, &m); err != nil {
		return nil, fmt.Errorf("read member %s: %w", user, err)
	}
	return m.Roles, nil
}

// guildFacts answers what the gateway told of a guild, or else what REST does.
func (b *Bot) guildFacts(ctx context.Context, s *discordgo.Session, id string) (guildFacts, error) {
	if g, ok := stateGuild(s, id); ok {
		return g, nil
	}
	var g guildFacts
	if err := b.rest.do(ctx, call{method: http.MethodGet, path: "/guilds/" + id, patient: true}, &g); err != nil {
		return guildFacts{}, fmt.Errorf("read server %s: %w", id, err)
	}
	return g, nil
}

func stateGuild(s *discordgo.Session, id string) (guildFacts, bool) {
	g, err := s.State.Guild(id)
	if err != nil {
		return guildFacts{}, false
	}
	s.State.RLock()
	defer s.State.RUnlock()
	if g.Unavailable || g.OwnerID == "" {
		return guildFacts{}, false
	}
	facts := guildFacts{ID: g.ID, Owner: g.OwnerID}
	for _, r := range g.Roles {
		facts.Roles = append(facts.Roles, role{ID: r.ID, Name: r.Name, Permissions: permissions64(r.Permissions)})
	}
	return facts, true
}

// parent answers the channel that a thread hangs on; "" if it is no thread.
func (b *Bot) parent(ctx context.Context, s *discordgo.Session, channel string) (string, error) {
	c, err := s.State.Channel(channel)
	if err != nil {
		c = &discordgo.Channel{}
		if err := b.rest.do(ctx, call{method: http.MethodGet, path: "/channels/" + channel, patient: true}, c); err != nil {
			return "", fmt.Errorf("read channel %s: %w", channel, err)
		}
	}
	if c.IsThread() {
		return c.ParentID, nil
	}
	return "", nil
}

// permissions64 are Discord's permission bits, which travel as a string.
type permissions64 uint64

const (
	administrator permissions64 = 1 << 3
	viewAuditLog  permissions64 = 1 << 7
	viewChannel   permissions64 = 1 << 10
	sendMessages  permissions64 = 1 << 11
	embedLinks    permissions64 = 1 << 14
	attachFiles   permissions64 = 1 << 15
	readHistory   permissions64 = 1 << 16
	useCommands   permissions64 = 1 << 31
	createThreads permissions64 = 1 << 35
	sendInThreads permissions64 = 1 << 38
	everything    permissions64 = 1<<64 - 1
)

func (p permissions64) has(bits permissions64) bool { return p&bits == bits }

// UnmarshalJSON reads the bits from a string, as Discord writes them.
func (p *permissions64) UnmarshalJSON(data []byte) error {
	text, err := strconv.Unquote(string(data))
	if err != nil {
		text = string(data)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	*p = permissions64(n)
	return err
}
