package discordtest

// listCommands answers the registered commands, global or of a guild.
func (c *call) listCommands() (any, *apiError) {
	if c.params["application_id"] != c.d.bot.id {
		return nil, refusal(codeMissingAccess)
	}
	all := list{}
	for _, command := range c.d.commands[c.params["guild_id"]] {
		all = append(all, command)
	}
	return all, nil
}

// setCommands replaces the registered commands. One that was there by the same
// name keeps its id.
func (c *call) setCommands() (any, *apiError) {
	if c.params["application_id"] != c.d.bot.id {
		return nil, refusal(codeMissingAccess)
	}
	scope := c.params["guild_id"]
	if scope != "" && c.d.guildByID(scope) == nil {
		return nil, refusal(codeUnknownGuild)
	}
	var set []object
	for _, command := range objects(c.array) {
		set = append(set, c.d.register(scope, command))
	}
	c.d.commands[scope] = set
	c.d.touch()
	return c.listCommands()
}

func (d *Discord) register(scope string, command object) object {
	kind := number(command["type"])
	if kind == 0 {
		kind = 1
	}
	o := with(with(command, "type", kind), "application_id", d.bot.id)
	o["id"], o["version"] = d.ids.next(), d.ids.next()
	if scope != "" {
		o["guild_id"] = scope
	}
	for _, old := range d.commands[scope] {
		if old["name"] == o["name"] && old["type"] == o["type"] {
			o["id"] = old["id"]
		}
	}
	return o
}

// Commands answers the names of the registered global commands, in order, and
// those of guilds after them.
func (d *Discord) Commands() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	add := func(scope string) {
		for _, command := range d.commands[scope] {
			names = append(names, text(command["name"]))
		}
	}
	add("")
	for _, g := range d.guilds {
		add(g.ID)
	}
	return names
}
