package bot_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

// rawEvents are events as no Discord of today sends them, each by its name.
func rawEvents(acme *discordtest.Guild, ops string) []struct{ event, data string } {
	message := func(rest string) string {
		return fmt.Sprintf(`{"id":"7","channel_id":%q,"guild_id":%q%s}`, ops, acme.ID, rest)
	}
	var all []struct{ event, data string }
	for _, event := range []string{
		"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "INTERACTION_CREATE",
		"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "GUILD_MEMBER_ADD", "GUILD_MEMBERS_CHUNK",
		"GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE",
		"THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC", "THREAD_MEMBERS_UPDATE",
		"VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE", "PRESENCE_UPDATE", "TYPING_START", "TOMORROWS_EVENT",
	} {
		for _, data := range []string{`{}`, `null`, `[]`, `"text"`, `7`, `{"id":null}`, `{"id":7}`, `{"guild_id":"` + acme.ID + `"}`} {
			all = append(all, struct{ event, data string }{event, data})
		}
	}
	for _, data := range []string{
		message(``), message(`,"author":null`), message(`,"author":{}`), message(`,"author":{"id":"5"},"mentions":[null],"content":"!x"`),
		message(`,"author":{"id":"5"},"content":"!x","member":{"roles":null}`), message(`,"author":{"id":"5"},"components":[{"type":99}]`),
		message(`,"author":{"id":"5"},"message_reference":{"type":9},"content":"!x"`), message(`,"author":{"id":"5"},"content":7`),
		message(`,"author":{"id":"5"},"embeds":[null],"attachments":[null],"sticker_items":[null]`),
		message(`,"author":{"id":"5"},"timestamp":"yesterday","edited_timestamp":"now"`),
	} {
		all = append(all, struct{ event, data string }{"MESSAGE_CREATE", data}, struct{ event, data string }{"MESSAGE_UPDATE", data})
	}
	for _, data := range []string{
		`{"id":"` + acme.ID + `","channels":[null],"threads":[null]}`, `{"id":"` + acme.ID + `","members":[{}],"roles":[null]}`,
		`{"id":"` + acme.ID + `","threads":[null],"roles":[null],"voice_states":[null]}`, `{"id":"8","unavailable":true}`,
	} {
		all = append(all, struct{ event, data string }{"GUILD_UPDATE", data}, struct{ event, data string }{"GUILD_DELETE", `{"id":"9"}`})
	}
	for _, data := range []string{
		`{"id":"3","type":2,"data":null}`, `{"id":"3","type":3,"data":{}}`, `{"id":"3","type":5,"data":{"components":[null]}}`, `{"id":"3","type":99}`,
		`{"id":"3","type":3,"guild_id":"` + acme.ID + `","member":{"user":null},"data":{"custom_id":"page:x","component_type":2}}`,
		`{"id":"4","type":3,"guild_id":"` + acme.ID + `","member":{"user":{"id":"5"}},"data":{"custom_id":"page:x","component_type":2}}`,
	} {
		all = append(all, struct{ event, data string }{"INTERACTION_CREATE", data})
	}
	return all
}

// Whatever comes by the gateway costs that event at the most.
func TestNoEventCrashesTheBot(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.AllowViolations() // answers to members and interactions that nobody made
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	ops := acme.ChannelID("#ops")
	r := start(t, d, echo, func(o *bot.Options) { o.Guilds = []string{acme.ID} })
	d.Gateway().AwaitReady(1)
	for _, e := range rawEvents(acme, ops) {
		d.Gateway().Inject(e.event, e.data)
	}
	acme.As("ann").Says("#ops", "!still here").Sees("!still here")
	if n := d.Gateway().Identifies(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
	r.awaitLog(t, "makes no sense")
}

// FuzzEvents does so with any event. Its seeds run with the tests.
func FuzzEvents(f *testing.F) {
	f.Add("MESSAGE_CREATE", `{"id":"1","author":{"id":"2"},"guild_id":"3","content":"!x"}`)
	f.Add("GUILD_CREATE", `{"id":"1","channels":[{"id":"2"}],"members":[{"user":{"id":"3"}}]}`)
	f.Add("READY", `{"guilds":[null],"user":null}`)
	f.Add("READY", `{"guilds":[{"id":"1"}],"user":{}}`)
	d := discordtest.New(f)
	d.AllowViolations()
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	start(f, d, echo, func(o *bot.Options) { o.Guilds = []string{acme.ID} })
	d.Gateway().AwaitReady(1)
	f.Fuzz(func(t *testing.T, event, data string) {
		if !json.Valid([]byte(data)) {
			return
		}
		d.Gateway().Inject(event, data)
		d.Forget()
	})
	acme.As("ann").Says("#ops", "!still here").Sees("!still here")
}

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

func TestAServerThatDiscordHasTroubleWithStaysOurs(t *testing.T) {
	d, acme, r := world(t, echo)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	acme.Outage()
	r.awaitLog(t, "Discord has trouble with a server")
	acme.As("ann").Says("#ops", "!meanwhile")
	acme.As("ann").Says("#talk", "!elsewhere meanwhile")
	acme.Restore()
	acme.In("#ops").Sees("!meanwhile")
	acme.In("#talk").Sees("!elsewhere meanwhile")
	acme.As("ann").Says("#ops", "!after").Sees("!after")
	if n := r.Status().Guilds; n != 1 {
		t.Errorf("it is said to be in %d servers", n)
	}
	for _, e := range r.log.All() {
		if strings.Contains(e.Message, "was removed") {
			t.Errorf("the log says %q", e.Message)
		}
	}
	r.awaitLog(t, "a server is back")
	if n := d.Gateway().Identifies(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
}

// sharded is two servers in different shards of two.
func sharded(t *testing.T, change ...func(*bot.Options)) (d *discordtest.Discord, one, two *discordtest.Guild, r *running) {
	t.Helper()
	d = discordtest.New(t)
	one, two = d.Guild("One").Text("#ops").Join("ann"), d.Guild("Two").Text("#ops").Join("ann")
	d.Gateway().RequireShards(2)
	serveBoth := func(o *bot.Options) { o.Shards, o.Guilds = 2, []string{one.ID, two.ID} }
	r = start(t, d, echo, append([]func(*bot.Options){serveBoth}, change...)...)
	return d, one, two, r
}

func TestShardsServeTheirServers(t *testing.T) {
	t.Parallel()
	d, one, two, r := sharded(t)
	await(t, "both shards", func() bool { return r.Status().Connected })
	if got, want := d.Gateway().Shards(), []string{"0/2", "1/2"}; !slices.Equal(got, want) {
		t.Errorf("the shards are %v, want %v", got, want)
	}
	for _, g := range []*discordtest.Guild{one, two} {
		g.As("ann").Says("#ops", "!hello").Sees("!hello")
	}
	if s := r.Status(); s.Guilds != 2 || s.Shards != 2 || s.Up != 2 {
		t.Errorf("the status is %+v", s)
	}
	d.Gateway().Refuse()
	d.Gateway().DropShard(one.Shard(2))
	await(t, "one shard to be away", func() bool { return r.Status().Up == 1 })
	if r.Status().Connected {
		t.Error("it is said to be connected although a shard is away")
	}
	two.As("ann").Says("#ops", "!unmoved").Sees("!unmoved")
	one.As("ann").Says("#ops", "!in the gap")
	d.Gateway().Accept()
	one.In("#ops").Sees("!in the gap")
	await(t, "both shards again", func() bool { return r.Status().Connected })
}

func TestAsManyShardsAsDiscordRecommends(t *testing.T) {
	t.Parallel()
	d, one, _, r := sharded(t, func(o *bot.Options) { o.Shards = bot.AutoShards })
	d.Gateway().RecommendShards(3)
	d.FailNext("get_bot_gateway", discordtest.Status(500), discordtest.Status(500), discordtest.Status(500), discordtest.Status(500), discordtest.Status(500))
	await(t, "three shards", func() bool { return r.Status().Up == 3 })
	one.As("ann").Says("#ops", "!hello").Sees("!hello")
}

// The only server cannot be told before every shard has said which it is in.
func TestShardsPinNoServerTooSoon(t *testing.T) {
	t.Parallel()
	p := &pin{}
	d, one, two, r := sharded(t, func(o *bot.Options) { o.Guilds, o.Pin = nil, p })
	await(t, "both shards", func() bool { return r.Status().Connected })
	r.awaitLog(t, "serves none: set discord.guilds")
	if got, _ := p.Pinned(t.Context()); got != "" {
		t.Errorf("%s is pinned", got)
	}
	for _, g := range []*discordtest.Guild{one, two} {
		g.As("ann").Says("#ops", "!hello").SeesNothing(20 * time.Millisecond)
	}
	if n := d.Gateway().Identifies(); n != 2 {
		t.Errorf("it identified %d times", n)
	}
}

func TestTooFewShardsEndTheBot(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().RequireShards(2)
	r := start(t, d, echo)
	mustEnd(t, r, "raise discord.shards")
}

func TestShardsKeepDiscordsPace(t *testing.T) {
	t.Parallel()
	const every = 300 * time.Millisecond
	d := discordtest.New(t)
	d.Gateway().Pace(2, every)
	r := start(t, d, echo, func(o *bot.Options) { o.Shards, o.Timing.Identify = 4, every })
	await(t, "four shards", func() bool { return r.Status().Up == 4 })
	d.Gateway().DropShard(0)
	d.Gateway().AwaitReady(5)
}

// Two shards never take the last start of the day at once.
func TestShardsShareTheStartsThatAreLeft(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().LimitStarts(1, time.Hour)
	r := start(t, d, echo, func(o *bot.Options) { o.Shards = 2 })
	await(t, "one shard", func() bool { return r.Status().Up == 1 })
	r.awaitLog(t, "Discord allows no further connection")
	if n := d.Gateway().Identifies(); n != 1 {
		t.Errorf("%d sessions were started, one was left", n)
	}
}

func TestTheShardsThatAskedForTheContentIntentDoWithout(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithoutIntents(discordtest.IntentMessageContent))
	r := start(t, d, echo, func(o *bot.Options) { o.Shards = 2 })
	await(t, "both shards", func() bool { return r.Status().Connected })
	if !r.Status().NoContent {
		t.Error("the status does not tell")
	}
}
