package bot_test

import (
	"encoding/json"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

// FuzzCustomIDs has somebody press and submit what Helix never made.
func FuzzCustomIDs(f *testing.F) {
	d := discordtest.New(f)
	d.AllowViolations()
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	start(f, d, echo, func(o *bot.Options) { o.Guilds = []string{acme.ID} })
	d.Gateway().AwaitReady(1)
	for _, prefix := range []string{"page:", "reveal:", "file:", "filter:", "stop:", "unwatch:", "plan:yes:", "plan:word:", "plan:no:", "plan:ok:", "say:", "try:", "ask:", "long:", "", ":"} {
		f.Add(3, prefix+"x:1", "a")
		f.Add(5, prefix+":", "b\x00")
	}
	ops := acme.ChannelID("#ops")
	f.Fuzz(func(t *testing.T, kind int, id, value string) {
		data := map[string]any{"custom_id": id, "component_type": 2, "values": []string{value}}
		if kind == 5 {
			data["components"] = []any{map[string]any{"type": 1, "components": []any{map[string]any{"type": 4, "custom_id": "word", "value": value}}}}
		}
		event, err := json.Marshal(map[string]any{
			"id": "1", "application_id": "1", "token": "t", "type": kind, "guild_id": acme.ID, "channel_id": ops, "data": data,
			"member":  map[string]any{"user": map[string]any{"id": "5", "username": "eve"}, "roles": []string{}, "permissions": "0"},
			"message": map[string]any{"id": "6", "channel_id": ops, "author": map[string]any{"id": "7"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Gateway().Inject("INTERACTION_CREATE", string(event))
		d.Forget()
	})
	acme.As("ann").Says("#ops", "!still here").Sees("!still here")
}
