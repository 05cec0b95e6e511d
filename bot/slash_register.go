package bot

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// Slash is what can be asked without typing a line.
type Slash interface {
	// SlashVerbs answers what can be chosen, and SlashLine the line that says
	// what was chosen and filled in; its error is for the one who did.
	SlashVerbs() []commands.SlashVerb
	SlashLine(use commands.SlashUse) (string, error)
	// Suggest answers what could stand in an option that is being filled in.
	Suggest(ctx context.Context, t commands.Typing) []commands.Suggestion
}

// Scope is where slash commands are registered.
type Scope string

// The scopes.
const (
	ScopeGuild  Scope = "guild"  // in each served server, where they show at once
	ScopeGlobal Scope = "global" // in all servers
	ScopeOff    Scope = "off"    // nowhere; those that were are taken away
)

// registry is where the commands are registered as this process has seen to it.
type registry struct {
	mu   sync.Mutex // held while Discord is asked and told
	done map[string]bool
}

// forget has the commands of a server looked at anew once we are in it again.
func (r *registry) forget(guild string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.done, guild)
}

// register sees to it that Discord knows the commands where they are wanted, and
// nowhere else. What is as it should be is left alone; what could not be done is
// logged, and tried again with the next connection.
func (b *Bot) register(work context.Context) {
	if b.options.Slash == nil || !b.awaitDecision(work) {
		return
	}
	b.registry.mu.Lock()
	defer b.registry.mu.Unlock()
	b.registerAt(work, "", b.wanted(ScopeGlobal))
	for _, guild := range b.guilds.list() {
		if b.serves(guild) {
			b.registerAt(work, guild, b.wanted(ScopeGuild))
		}
	}
}

// wanted answers the commands that a scope shall have.
func (b *Bot) wanted(scope Scope) []slashCommand {
	if b.options.SlashScope != scope {
		return []slashCommand{}
	}
	list := slashCommands(b.options.Slash.SlashVerbs())
	if scope == ScopeGlobal {
		for i := range list {
			list[i].Contexts = []int{contextServer}
		}
	}
	return list
}

// registerAt sees to the commands of one server, or with "" of all.
func (b *Bot) registerAt(work context.Context, guild string, wanted []slashCommand) {
	if b.registry.done[guild] {
		return
	}
	path := "/applications/" + b.application() + "/commands"
	if guild != "" {
		path = "/applications/" + b.application() + "/guilds/" + guild + "/commands"
	}
	var known []slashCommand
	err := b.rest.do(work, call{method: http.MethodGet, path: path}, &known)
	if err == nil && !sameCommands(known, wanted) {
		err = b.rest.do(work, call{method: http.MethodPut, path: path, body: wanted}, nil)
		b.log.Info("slash commands have changed", zap.String("server", guild), zap.Int("commands", len(wanted)), zap.Error(err))
	}
	if b.registry.done[guild] = err == nil; err != nil && work.Err() == nil {
		b.unregistered(guild, len(wanted), err)
	}
}

// unregistered says in the log why commands could not be registered.
func (b *Bot) unregistered(guild string, wanted int, err error) {
	switch {
	case hasStatus(err, http.StatusForbidden):
		b.log.Warn("slash commands cannot be registered in a server: invite Helix once more by its link, which asks for that right",
			zap.String("server", guild), zap.String("invite", InviteURL(b.application())))
	case hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented) && wanted == 0:
		b.log.Debug("no slash commands are known there", zap.String("server", guild), zap.Error(err))
	default:
		b.log.Warn("slash commands could not be registered; typed commands work as ever", zap.String("server", guild), zap.Error(err))
	}
}

// application is our application's id, which for most is the bot's.
func (b *Bot) application() string {
	s := b.Status()
	if s.Application == "" {
		return s.UserID
	}
	return s.Application
}

// slashVerb finds the verb of a command, and the form that was chosen of it.
func (b *Bot) slashVerb(use commands.SlashUse) (v commands.SlashVerb, form commands.SlashForm, ok bool) {
	verbs := b.options.Slash.SlashVerbs()
	i := slices.IndexFunc(verbs, func(v commands.SlashVerb) bool { return v.Name == use.Verb })
	if i < 0 {
		return v, form, false
	}
	j := slices.IndexFunc(verbs[i].Forms, func(f commands.SlashForm) bool { return f.Name == use.Form })
	if j < 0 {
		return verbs[i], form, false
	}
	return verbs[i], verbs[i].Forms[j], true
}
