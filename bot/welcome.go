package bot

import (
	"context"
	"fmt"
	"net/http"

	"go.uber.org/zap"
)

// Greeted remembers which servers have been greeted, whatever restarts.
type Greeted interface {
	// Greet reports whether a server has not been greeted yet, and remembers that
	// it is now.
	Greet(ctx context.Context, guild string) (first bool, err error)
}

// maxNewcomers bounds how many servers wait to be greeted.
const maxNewcomers = 100

// welcomeAll greets the servers that have let Helix in, once it is decided which
// are served.
func (b *Bot) welcomeAll(work context.Context) {
	newcomers := b.guilds.takeNewcomers()
	if b.options.Greeted == nil || len(newcomers) == 0 {
		return
	}
	b.queues.apart(func() {
		for _, guild := range newcomers {
			b.guarded("welcome", func() { b.welcome(work, guild) })
		}
	})
}

// welcome says once to whoever let Helix in what comes next.
func (b *Bot) welcome(work context.Context, guild string) {
	log := b.log.With(zap.String("server", guild))
	if b.guilds.pinnedElsewhere(guild) {
		log.Info("Helix was let into a server that it does not serve: another one is pinned; discord.guilds would change that")
		return
	}
	first, err := b.options.Greeted.Greet(work, guild)
	if err != nil {
		log.Warn("whether a new server was greeted before is not known, so it is not", zap.Error(err))
	}
	if err != nil || !first {
		return
	}
	g, err := b.guildToGreet(work, guild)
	if err == nil {
		err = b.greet(work, g)
	}
	if err != nil {
		log.Warn("nobody could be greeted in a new server", zap.Error(err))
		return
	}
	log.Info("Helix was let into a server, and has said what comes next", zap.Bool("served", b.serves(guild)))
}

// greetedGuild is what decides who is greeted, and where.
type greetedGuild struct {
	guildFacts
	Name   string `json:"name"`
	System string `json:"system_channel_id"` // where Discord's own words go; may be empty
}

func (b *Bot) guildToGreet(ctx context.Context, id string) (greetedGuild, error) {
	var g greetedGuild
	if err := b.rest.do(ctx, call{method: http.MethodGet, path: "/guilds/" + id}, &g); err != nil {
		return g, fmt.Errorf("read server %s: %w", id, err)
	}
	return g, nil
}

// greet tells whoever invited Helix, or else the owner; if they take no direct
// messages, everybody.
func (b *Bot) greet(ctx context.Context, g greetedGuild) error {
	who := b.inviter(ctx, g)
	if who == "" {
		who = g.Owner
	}
	words := outgoing{
		Content: b.welcomeText(g), Mentions: nobody(), Flags: flagNoEmbeds,
		Nonce: nonce("welcome " + g.ID), EnforceNonce: true,
	}
	err := b.whisperTo(ctx, who, words)
	if err == nil || g.System == "" {
		return err
	}
	return b.post(ctx, g.System, words, nil)
}

// whisperTo sends a direct message.
func (b *Bot) whisperTo(ctx context.Context, user string, words outgoing) error {
	var direct struct {
		ID string `json:"id"`
	}
	ask := call{method: http.MethodPost, path: "/users/@me/channels", body: map[string]string{"recipient_id": user}}
	if err := b.rest.do(ctx, ask, &direct); err != nil {
		return fmt.Errorf("open a direct channel: %w", err)
	}
	return b.post(ctx, direct.ID, words, nil)
}

// auditBotAdd is the number of the audit log's entries for bots that were let in.
const auditBotAdd = 28

// inviter answers who let Helix in, by the server's audit log; "" where that is
// not for us to read, or does not tell.
func (b *Bot) inviter(ctx context.Context, g greetedGuild) string {
	me := b.Status().UserID
	roles, err := b.memberRoles(ctx, g.ID, me)
	if err != nil || !(channelFacts{}).rightsOf(g.guildFacts, me, roles).has(viewAuditLog) {
		return ""
	}
	var log struct {
		Entries []struct {
			By     string `json:"user_id"`
			Target string `json:"target_id"`
		} `json:"audit_log_entries"`
	}
	path := fmt.Sprintf("/guilds/%s/audit-logs?action_type=%d&limit=10", g.ID, auditBotAdd)
	if err := b.rest.do(ctx, call{method: http.MethodGet, path: path}, &log); err != nil {
		b.log.Warn("who let Helix in could not be read", zap.String("server", g.ID), zap.Error(err))
		return ""
	}
	for _, e := range log.Entries { // the latest first
		if e.Target == me {
			return e.By
		}
	}
	return ""
}

// welcomeText says what is configured, what is missing and what to do next, or
// how a server comes to be served.
func (b *Bot) welcomeText(g greetedGuild) string {
	name := harmless(visible(clip(g.Name, 100)))
	if !b.serves(g.ID) {
		return fmt.Sprintf("Helix is in %s, but serves it only once the setting discord.guilds names its id, `%s`.", name, g.ID)
	}
	text := fmt.Sprintf("Helix is in **%s**. It takes commands in the server's channels, not in direct messages.", name)
	if b.options.Introduce != nil {
		text += "\n" + fenced(visible(b.options.Introduce()))
	}
	return clip(text, maxContent)
}
