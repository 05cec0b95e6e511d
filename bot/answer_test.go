package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
)

// world is a guild with a person and a connected bot. The test runs beside
// others: discordgo takes a second to close a session.
func world(t *testing.T, h handler, change ...func(*bot.Options)) (*discordtest.Discord, *discordtest.Guild, *running) {
	t.Helper()
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Text("#talk").Role("oncall").Join("ann", "oncall")
	r := start(t, d, h, change...)
	d.Gateway().AwaitReady(1)
	return d, acme, r
}

func TestAnAnswerIsAReplyThatRingsNobody(t *testing.T) {
	_, acme, _ := world(t, echo)
	asked := acme.As("ann").Says("#ops", "!say @everyone "+acme.Mention("ann")+" "+acme.Mention("oncall"))
	reply := asked.Sees("!say @everyone")
	if reply.ReplyTo != asked.ID {
		t.Errorf("it answers message %q", reply.ReplyTo)
	}
	if len(reply.Pings) > 0 {
		t.Errorf("it rings %q", reply.Pings)
	}
	if !strings.HasPrefix(reply.Content, "```\n") {
		t.Errorf("the output is not in a block: %q", reply.Content)
	}
}

func TestAMentionIsHeardWithoutAPrefix(t *testing.T) {
	_, acme, _ := world(t, echo)
	acme.As("ann").Says("#ops", acme.Mention("helix")+" dbsize").Sees("dbsize")
}

func TestOthersAreNamedByID(t *testing.T) {
	_, acme, _ := world(t, echo)
	acme.Join("bob")
	acme.As("ann").Says("#ops", "!why "+acme.Mention("bob")+" dbsize").Sees("!why user:" + acme.UserID("bob") + " dbsize")
}

func TestWhatIsNotForUsIsLetBe(t *testing.T) {
	_, acme, _ := world(t, echo)
	acme.Bot("other")
	said := acme.As("ann").Says("#talk", "!original")
	acme.In("#talk").Sees("!original")
	for name, say := range map[string]func() *discordtest.Message{
		"no prefix":      func() *discordtest.Message { return acme.As("ann").Says("#ops", "good morning") },
		"another bot":    func() *discordtest.Message { return acme.As("other").Says("#ops", "!dbsize") },
		"a webhook":      func() *discordtest.Message { return acme.Webhook("#ops", "hook").Says("#ops", "!dbsize") },
		"a forward":      func() *discordtest.Message { return acme.As("ann").Forwards(said, "#ops") },
		"direct message": func() *discordtest.Message { return acme.As("ann").Whispers("!dbsize") },
	} {
		t.Run(name, func(t *testing.T) { say() })
	}
	acme.As("ann").Says("#ops", "!last").Sees("!last")
	acme.In("#ops").SeesNothing(50 * time.Millisecond)
	acme.As("ann").Direct().SeesNothing(0)
}

func TestAnswersOfAChannelKeepTheirOrder(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		if strings.HasSuffix(req.Text, "slow") {
			<-release
		}
		return echo(ctx, req)
	})
	acme.As("ann").Says("#ops", "!slow")
	for i := range 20 {
		acme.As("ann").Says("#ops", fmt.Sprintf("!quick %02d", i))
	}
	acme.As("ann").Says("#talk", "!elsewhere").Sees("!elsewhere") // others do not wait
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
	close(release)
	acme.In("#ops").Sees("!quick 19")
	var answers []string
	for _, m := range acme.In("#ops").Messages() {
		if m.Author == "helix" {
			answers = append(answers, m.Content)
		}
	}
	if len(answers) != 21 || !strings.Contains(answers[0], "!slow") || !slices.IsSorted(answers[1:]) {
		t.Errorf("the answers came as %q", answers)
	}
}

func TestACrowdedChannelRefusesMore(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		<-release
		return echo(ctx, req)
	})
	for i := range 40 {
		acme.As("ann").Says("#ops", fmt.Sprintf("!n %d", i))
	}
	acme.In("#ops").Sees("32 commands are waiting")
	close(release)
	acme.In("#ops").Sees("!n 31")
}

func TestLongWorkShowsAsTyping(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		<-release
		return echo(ctx, req)
	}, func(o *bot.Options) { o.Timing.TypingFrom = time.Millisecond })
	acme.As("ann").Says("#ops", "!slow")
	acme.In("#ops").AwaitTyping(1)
	close(release)
	acme.In("#ops").Sees("!slow")
}

func TestQuickWorkDoesNotType(t *testing.T) {
	_, acme, _ := world(t, echo)
	acme.As("ann").Says("#ops", "!quick").Sees("!quick")
	if n := acme.In("#ops").Typings(); n > 0 {
		t.Errorf("it typed %d times", n)
	}
}

func TestQuietRepliesAreNotSent(t *testing.T) {
	_, acme, _ := world(t, says(commands.Reply{Outcome: commands.Denied, Problem: "no", Quiet: true}))
	acme.As("ann").Says("#ops", "!secret").SeesNothing(60 * time.Millisecond)
}

func TestAFaultOfTheHandlerCostsOneAnswer(t *testing.T) {
	_, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		if req.Text == "!boom" {
			panic("boom")
		}
		return echo(ctx, req)
	})
	acme.As("ann").Says("#ops", "!boom").Sees("Something went wrong on our side")
	acme.As("ann").Says("#ops", "!on").Sees("!on")
}

func TestTheHandlerLearnsWhoAsks(t *testing.T) {
	asked := make(chan commands.Request, 1)
	_, acme, _ := world(t, func(_ context.Context, req commands.Request) commands.Reply {
		asked <- req
		return commands.Reply{Quiet: true}
	})
	acme.Admin("ada").Owner("olga").Join("guest").Thread("#ops", "incident")
	ops := acme.ChannelID("#ops")
	for _, c := range []struct {
		who, where           string
		roles                []string
		owner, administrator bool
		channel, parent      string
	}{
		{who: "ann", where: "#ops", roles: []string{acme.RoleID("oncall")}, channel: ops},
		{who: "guest", where: "#ops", channel: ops},
		{who: "ada", where: "#ops", roles: []string{acme.RoleID("administrators")}, administrator: true, channel: ops},
		{who: "olga", where: "#ops", owner: true, channel: ops},
		{who: "guest", where: "incident", channel: acme.ChannelID("incident"), parent: ops},
	} {
		t.Run(c.who+" in "+c.where, func(t *testing.T) {
			said := acme.As(c.who).Says(c.where, "!who")
			req := <-asked
			want := permissions.Member{
				ID: acme.UserID(c.who), Name: c.who, Guild: acme.ID, Channel: c.channel, Parent: c.parent,
				Roles: c.roles, Owner: c.owner, Administrator: c.administrator,
			}
			if got := req.Caller; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the caller is %+v, want %+v", got, want)
			}
			if req.ID != said.ID {
				t.Errorf("the request is %s, the message %s", req.ID, said.ID)
			}
			other, err := req.Member(t.Context(), acme.UserID("ada"))
			if err != nil || !other.Administrator || other.Name != "ada" || other.Channel != c.channel {
				t.Errorf("another member is %+v, %v", other, err)
			}
		})
	}
}

func TestAnUndecodableEventChangesNothing(t *testing.T) {
	d, acme, _ := world(t, echo)
	acme.Undecodable("#ops")
	d.Gateway().Inject("MESSAGE_CREATE", `{}`)
	d.Gateway().Inject("MESSAGE_CREATE", `{"id":"1","channel_id":"2","guild_id":"3","author":{"id":"4"}}`)
	d.Gateway().Inject("INTERACTION_CREATE", `{"id":"1","type":3,"data":{"component_type":2,"custom_id":"page:x"}}`)
	acme.As("ann").Says("#ops", "!still here").Sees("!still here")
}
