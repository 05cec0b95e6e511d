package discordtest

import (
	"slices"
	"strconv"
	"strings"
)

func (c *call) getMyUser() (any, *apiError) { return c.d.bot.wire(), nil }

func (c *call) getUser() (any, *apiError) {
	u := c.d.usersByID[c.params["user_id"]]
	if u == nil {
		return nil, refusal(codeUnknownUser)
	}
	return u.wire(), nil
}

func (c *call) getMyApplication() (any, *apiError) {
	return object{
		"id": c.d.bot.id, "name": c.d.bot.name, "icon": nil, "description": "", "summary": "",
		"bot_public": true, "bot_require_code_grant": false, "verify_key": strings.Repeat("0", 64),
		"owner": c.d.user("owner").wire(), "team": nil, "bot": c.d.bot.wire(),
		"flags": applicationFlags(c.d.opts.disallowed), "redirect_uris": list{},
		"integration_types_config": object{"0": object{}},
	}, nil
}

func (c *call) listMyGuilds() (any, *apiError) {
	all := list{}
	for _, g := range c.d.botGuilds() {
		all = append(all, object{
			"id": g.ID, "name": g.Name, "icon": nil, "banner": nil, "owner": g.ownerID == c.d.bot.id,
			"permissions": g.basePermissions(g.members[c.d.bot.id]).String(), "features": list{},
		})
	}
	return all, nil
}

// guild finds the guild of the path, if the bot is in it.
func (c *call) guild() (*Guild, *apiError) {
	g := c.d.guildByID(c.params["guild_id"])
	switch {
	case g == nil:
		return nil, refusal(codeUnknownGuild)
	case g.botGone:
		return nil, refusal(codeMissingAccess)
	}
	return g, nil
}

func (c *call) getGuild() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	o := g.wire()
	if c.query.Get("with_counts") == "true" {
		o["approximate_member_count"], o["approximate_presence_count"] = len(g.order), len(g.order)
	}
	return o, nil
}

func (c *call) listGuildChannels() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	all := list{}
	for _, ch := range g.channels {
		if !ch.isThread() && c.d.mayIn(ch, c.d.bot).has(ViewChannel) {
			all = append(all, ch.wire())
		}
	}
	return all, nil
}

func (c *call) listGuildRoles() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	return wireAll(g.roles, (*role).wire), nil
}

// listGuildMembers needs the members intent in the application's settings.
func (c *call) listGuildMembers() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	if c.d.opts.disallowed&IntentGuildMembers != 0 {
		return nil, refusal(codeMissingAccess)
	}
	limit := c.limit(1)
	all := list{}
	members := slices.Clone(g.order)
	slices.SortFunc(members, func(a, b *member) int {
		if later(a.user.id, b.user.id) {
			return 1
		}
		return -1
	})
	for _, m := range members {
		if len(all) < limit && later(m.user.id, c.query.Get("after")) {
			all = append(all, m.wire())
		}
	}
	return all, nil
}

func (c *call) searchGuildMembers() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	found := g.search(c.query.Get("query"), nil)
	return found[:min(len(found), c.limit(1))], nil
}

// search finds members by ids or, without any, by the beginning of their name.
func (g *Guild) search(prefix string, ids []string) list {
	found := list{}
	for _, m := range g.order {
		named := strings.HasPrefix(strings.ToLower(m.user.name), strings.ToLower(prefix))
		if len(ids) == 0 && named || slices.Contains(ids, m.user.id) {
			found = append(found, m.wire())
		}
	}
	return found
}

func (c *call) getGuildMember() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	if m := g.members[c.params["user_id"]]; m != nil {
		return m.wire(), nil
	}
	if c.d.usersByID[c.params["user_id"]] == nil {
		return nil, refusal(codeUnknownUser)
	}
	return nil, refusal(codeUnknownMember)
}

func (c *call) getActiveThreads() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	threads := list{}
	for _, ch := range g.channels {
		if ch.isThread() && !ch.archived && c.d.mayIn(ch, c.d.bot).has(ViewChannel) {
			threads = append(threads, ch.wire())
		}
	}
	return object{"threads": threads, "members": list{}, "has_more": false}, nil
}

func (c *call) createDM() (any, *apiError) {
	u := c.d.usersByID[text(c.body["recipient_id"])]
	switch {
	case u == nil:
		return nil, refusal(codeUnknownUser)
	case u.bot:
		return nil, refusal(codeCannotMessageUser)
	}
	return c.d.direct(u).wire(), nil
}

// limit reads the query's limit.
func (c *call) limit(otherwise int) int {
	if n, err := strconv.Atoi(c.query.Get("limit")); err == nil {
		return n
	}
	return otherwise
}
