package bot

import (
	"encoding/json"
	"slices"

	"github.com/bwmarrin/discordgo"
)

// heeded are the events that the bot or discordgo's state goes by.
var heeded = []string{
	"READY", "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE",
	"GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE",
	"CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE",
	"THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC",
	"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK",
	"INTERACTION_CREATE",
}

// opDispatch is the gateway's number for an event.
const opDispatch = 0

// sift reports whether discordgo is to be shown a message of the gateway, and
// whether it made sense: it has to be an object, and an event has to be one that
// somebody heeds and must not lack what discordgo takes for granted.
func sift(message []byte) (passes, sense bool) {
	var m *struct {
		Op   int             `json:"op"`
		Type string          `json:"t"`
		Data json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(message, &m); err != nil || m == nil {
		return false, false
	}
	switch {
	case m.Op != opDispatch:
		return true, true
	case !slices.Contains(heeded, m.Type):
		return false, true
	}
	passes = whole(m.Type, m.Data)
	return passes, passes
}

// whole reports whether the guilds of an event and what is in them are there.
// What else does not decode is left out, by discordgo and here alike.
func whole(event string, data []byte) bool {
	switch event {
	case "READY":
		var e discordgo.Ready
		_ = json.Unmarshal(data, &e)
		return !slices.ContainsFunc(e.Guilds, func(g *discordgo.Guild) bool { return !wholeGuild(g) })
	case "GUILD_CREATE", "GUILD_UPDATE":
		var e discordgo.GuildCreate
		_ = json.Unmarshal(data, &e)
		return wholeGuild(e.Guild)
	}
	return true
}

func wholeGuild(g *discordgo.Guild) bool {
	return g != nil && g.ID != "" &&
		!slices.Contains(g.Channels, nil) && !slices.Contains(g.Members, nil) && !slices.Contains(g.VoiceStates, nil)
}
