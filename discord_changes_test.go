package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// newChangingPlace is a guild whose people may change things: ann is on call and
// may hold all the rights that are named, lea leads and approves. A state
// directory outlives each instance.
func newChangingPlace(t *testing.T, rights, more string) *place {
	t.Helper()
	d := discordtest.New(t, discordtest.WithPatience(patience))
	g := d.Guild("Acme").Text("#ops").Role("oncall").Role("lead").Join("ann", "oncall").Join("ben", "oncall").Join("lea", "lead").Owner("olga")
	p := &place{g, d, t.TempDir()}
	p.allow(t, rights, more)
	return p
}

// allow writes the configuration anew.
func (p *place) allow(t *testing.T, rights, more string) {
	t.Helper()
	writeFile(t, p.dir, "config.yaml", fmt.Sprintf(`discord:
  ops_channel: %q
state:
  dir: %q
%spermissions:
  roles:
    oncall:
      discord: [%q]
      allow: [%s]
    lead:
      discord: [%q]
      allow: [read, approve]
`, p.ChannelID("#ops"), filepath.Join(p.dir, "state"), more, p.RoleID("oncall"), rights, p.RoleID("lead")))
}

// crash ends an instance as a power cut does.
func (i *instance) crash(t *testing.T) {
	t.Helper()
	if err := i.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-i.done
}

const annsSession = "session:user:ann@example.com:3f2a9c0112e4d877"

// addSessions puts two sessions of one person and one of another into Redis.
func addSessions(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	for _, key := range []string{annsSession, "session:user:ann@example.com:91e4a77d03c55b18", "session:user:bob@example.com:b07f3d1e66a9c224"} {
		if err := client.Set(t.Context(), key, "{}", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func countSessions(t *testing.T, client redis.UniversalClient) (n int) {
	t.Helper()
	for _, key := range redistest.Keys(t, client) {
		if strings.HasPrefix(key, "session:") {
			n++
		}
	}
	return n
}

// TestAChangeOutlivesTheBot plans a deletion, cuts the power, and confirms,
// undoes and flushes with the instances that come after.
func TestAChangeOutlivesTheBot(t *testing.T) {
	server := redistest.Any(t)
	addSessions(t, server.Client())
	acme := newChangingPlace(t, "read, write, destroy, admin", "")
	redis := "REDIS_URL=" + server.URL()
	ann, ben := acme.As("ann"), acme.As("ben")
	one := acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(1)

	asked := ann.Says("#ops", "!redis keys session:* | xargs redis del")
	shown := asked.Sees("Plan: delete 3 keys", "ends 3 sessions of 2 people", "`!undo` can take it back for 15 min afterwards", "Lapses <t:")
	if strings.Contains(shown.Content, annsSession) {
		t.Errorf("the plan shows whole ids:\n%s", shown.Content)
	}
	for button, says := range map[string]string{"Confirm": "Only who asked for a plan may confirm it", "Cancel": "may cancel it"} {
		if refusal := ben.Clicks(shown, button).Sees(says); !refusal.Ephemeral {
			t.Errorf("everybody sees what %s answers to another person", button)
		}
	}

	one.crash(t)
	acme.discord.Gateway().AwaitGone()
	acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(2)
	if n := countSessions(t, server.Client()); n != 3 {
		t.Fatalf("%d sessions are left before anybody confirmed", n)
	}
	ann.Clicks(shown, "Confirm")
	shown.Becomes("```\n3\n```", "3 of 3 keys changed, 1 of 1 commands carried out (1 × del", "takes it back, for 15 min")
	if again := ann.ClicksAsSeen(shown, "Confirm").Sees("There is no such plan any more"); !again.Ephemeral {
		t.Error("everybody sees that somebody pressed twice")
	}
	if n := countSessions(t, server.Client()); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	ann.Says("#ops", "!undo").Sees("3 are as before")
	if n := countSessions(t, server.Client()); n != 3 {
		t.Errorf("%d sessions are back", n)
	}

	shown = ann.Says("#ops", "!redis flushdb").Sees("Plan: empty database 0", "type `flush`")
	if wrong := ann.Submits(ann.Clicks(shown, "Confirm…"), map[string]string{"word": "yes"}).Sees("That is not the word"); !wrong.Ephemeral {
		t.Error("everybody sees a mistyped word")
	}
	ann.Submits(ann.Clicks(shown, "Confirm…"), map[string]string{"word": "Flush"})
	shown.Becomes("OK", "3 keys changed, 1 of 1 commands carried out (1 × flushdb")
	ann.Says("#ops", "!undo").Sees("3 are as before")

	shown = ann.Says("#ops", "!redis del session:user:ann@example.com:3f2a9c01… session:user:bob@example.com:b07f3d1e66a9c224").Sees("Plan: delete 2 keys")
	ann.Clicks(shown, "Cancel")
	if left := shown.Becomes("Cancelled by ann"); len(left.Buttons()) > 0 || countSessions(t, server.Client()) != 3 {
		t.Errorf("a cancelled plan became %s", left)
	}
}

// TestRightsAreAskedForAgain has a right taken away between plan and press, and a
// second person agree.
func TestRightsAreAskedForAgain(t *testing.T) {
	server := redistest.Any(t)
	addSessions(t, server.Client())
	const approvals = "approvals:\n  rights: [destroy]\n"
	acme := newChangingPlace(t, "read, write, destroy", approvals)
	redis := "REDIS_URL=" + server.URL()
	ann, lea := acme.As("ann"), acme.As("lea")
	one := acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(1)

	shown := ann.Says("#ops", "!redis keys session:* | xargs redis del").Sees("A second person who has the right approve has to agree")
	if own := ann.Clicks(shown, "Approve").Sees("You need **approve**"); !own.Ephemeral {
		t.Error("everybody sees whose approval does not count")
	}
	if early := ann.Clicks(shown, "Confirm").Sees("Nobody has yet"); !early.Ephemeral {
		t.Error("everybody sees a press that came too early")
	}
	lea.Says("#ops", "!pending").Sees("ann", "a second person", "!redis keys session:*")
	lea.Clicks(shown, "Approve")
	agreed := shown.Becomes("lea agrees. ann can confirm it now", "Plan: delete 3 keys")
	for _, b := range agreed.Buttons() {
		if b.Label == "Approve" {
			t.Error("it still asks for an approval")
		}
	}

	one.stop(t)
	acme.discord.Gateway().AwaitGone()
	acme.allow(t, "read, write", approvals)
	acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(2)
	ann.Clicks(agreed, "Confirm")
	shown.Becomes("You need **destroy**", "0 of 1 commands carried out")
	if n := countSessions(t, server.Client()); n != 3 {
		t.Errorf("%d sessions are left", n)
	}
}

// TestALongChangeIsStoppedFromTheChannel stops a change on its way; what is said
// of it is what Redis holds, and taking it back takes back just that.
func TestALongChangeIsStoppedFromTheChannel(t *testing.T) {
	server := redistest.Standalone(t, "--enable-debug-command", "yes")
	if err := server.Client().Do(t.Context(), "DEBUG", "POPULATE", 100000, "session", 10).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newChangingPlace(t, "read, write, configure", "")
	acme.launch(t, "REDIS_URL="+server.URL())
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")

	shown := ann.Says("#ops", "!redis keys session:* | xargs -I {} redis expire {} 86400").Sees("Plan: give 100,000 keys without a TTL one of 24 h", "type `all`")
	ann.Says("#ops", "!config set redis.max_share=1").Sees("1 (was 100)")
	ann.Submits(ann.Clicks(shown, "Confirm…"), map[string]string{"word": "all"})
	running := shown.Becomes("of 100,000 changes made", "a second")
	ann.Clicks(running, "Stop")
	report := shown.Becomes("Stopped. ", " of 100,000 keys changed, ", " of 100,000 commands carried out", "takes it back")
	var changed int
	_, after, _ := strings.Cut(report.Content, "Stopped. ")
	number, _, _ := strings.Cut(after, " of")
	if _, err := fmt.Sscan(strings.ReplaceAll(number, ",", ""), &changed); err != nil {
		t.Fatal(err)
	}
	if got := withTTL(t, server); got != changed || got == 0 || got == 100000 {
		t.Errorf("%d keys have a TTL, and it says %d", got, changed)
	}
	ann.Says("#ops", "!config set redis.max_share=100").Sees("100 (was 1)")
	_, id, _ := strings.Cut(report.Content, "`!undo ")
	id, _, _ = strings.Cut(id, "`")
	ann.Says("#ops", "!undo "+id).Sees(number + " are as before")
	if got := withTTL(t, server); got != 0 {
		t.Errorf("%d keys still have a TTL", got)
	}
}

// withTTL is how many sessions have a TTL, at one moment.
func withTTL(t *testing.T, server *redistest.Server) int {
	t.Helper()
	n, err := server.Client().Eval(t.Context(), `
local n = 0
for _, key in ipairs(redis.call('KEYS', 'session:*')) do
	if redis.call('PTTL', key) > 0 then n = n + 1 end
end
return n`, nil).Int()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
