package discordtest

import "regexp"

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
	if refused := acceptableCommands(objects(c.array)); refused != nil {
		return nil, refused
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

// Discord's types of commands.
const (
	commandSlash   = 1
	commandMessage = 3
)

// slashName is how slash commands and their options are named.
var slashName = regexp.MustCompile(`^[-_\p{Ll}\p{Lo}\p{N}]{1,32}$`)

// acceptableCommands refuses what Discord's description lets pass: names of another
// form or that come twice, and options that are required behind others that are not.
func acceptableCommands(all []object) *apiError {
	seen := make(map[string]bool)
	for _, command := range all {
		kind, name := number(command["type"]), text(command["name"])
		if kind == 0 {
			kind = commandSlash
		}
		switch key := itoa(kind) + name; {
		case seen[key]:
			return invalidForm("APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique", "name")
		case kind == commandSlash && !slashName.MatchString(name):
			return invalidForm("STRING_TYPE_REGEX", "The name of the command does not match", "name")
		case kind == commandSlash && text(command["description"]) == "":
			return invalidForm("BASE_TYPE_REQUIRED", "This field is required", "description")
		default:
			seen[key] = true
		}
		if refused := acceptableOptions(objects(command["options"])); refused != nil {
			return refused
		}
	}
	return nil
}

func acceptableOptions(options []object) *apiError {
	seen := make(map[string]bool)
	optional := false
	for _, o := range options {
		name := text(o["name"])
		switch {
		case seen[name]:
			return invalidForm("APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Option names must be unique", "options")
		case !slashName.MatchString(name):
			return invalidForm("STRING_TYPE_REGEX", "The name of the option does not match", "options")
		case optional && o["required"] == true:
			return invalidForm("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options", "options")
		case o["autocomplete"] == true && len(objects(o["choices"])) > 0:
			return invalidForm("APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", "Choices and autocomplete exclude each other", "options")
		}
		seen[name], optional = true, optional || o["required"] != true
		if refused := acceptableOptions(objects(o["options"])); refused != nil {
			return refused
		}
	}
	return nil
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
