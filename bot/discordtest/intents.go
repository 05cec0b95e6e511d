package discordtest

// Intent is a set of gateway intents.
type Intent int

// The intents that this gateway honours.
const (
	intentGuilds                Intent = 1 << 0
	IntentGuildMembers          Intent = 1 << 1
	IntentPresences             Intent = 1 << 8
	intentGuildMessages         Intent = 1 << 9
	intentGuildMessageReactions Intent = 1 << 10
	intentGuildTyping           Intent = 1 << 11
	intentDirectMessages        Intent = 1 << 12
	intentDirectReactions       Intent = 1 << 13
	intentDirectTyping          Intent = 1 << 14
	IntentMessageContent        Intent = 1 << 15

	privilegedIntents = IntentGuildMembers | IntentPresences | IntentMessageContent
)

// applicationFlags tells by the application's flags which privileged intents
// its settings allow, in the form that a bot of under 100 guilds has.
func applicationFlags(disallowed Intent) int {
	flags := 0
	for intent, flag := range map[Intent]int{
		IntentPresences: 1 << 13, IntentGuildMembers: 1 << 15, IntentMessageContent: 1 << 19,
	} {
		if disallowed&intent == 0 {
			flags |= flag
		}
	}
	return flags
}

func messageIntent(c *channel) Intent { return byKind(c, intentGuildMessages, intentDirectMessages) }
func typingIntent(c *channel) Intent  { return byKind(c, intentGuildTyping, intentDirectTyping) }
func reactionIntent(c *channel) Intent {
	return byKind(c, intentGuildMessageReactions, intentDirectReactions)
}

func byKind(c *channel, inGuild, direct Intent) Intent {
	if c.guild == nil {
		return direct
	}
	return inGuild
}
