package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
)

// asked hands on what a handler was asked.
func asked(into *commands.Request) handler {
	return func(ctx context.Context, req commands.Request) commands.Reply {
		*into = req
		return echo(ctx, req)
	}
}

func TestChannelsAreNamedAsPeopleAre(t *testing.T) {
	_, acme, _ := world(t, echo)
	acme.Text("#talk")
	talk, ann := acme.ChannelID("#talk"), acme.UserID("ann")
	acme.As("ann").Says("#ops", "!every 1h in <#"+talk+">: echo <@"+ann+"> x<#12> #talk").
		Sees("!every 1h in channel:" + talk + ": echo user:" + ann + " x<#12> #talk")
}

// absence answers why somebody is not where they would have to be, or "".
func absence(t *testing.T, err error) string {
	t.Helper()
	absent := (*commands.AbsentError)(nil)
	if err != nil && !errors.As(err, &absent) {
		t.Fatal(err)
	}
	if err == nil {
		return ""
	}
	return absent.Reason
}

func TestWhoSomebodyIsElsewhere(t *testing.T) {
	var req commands.Request
	d, acme, r := world(t, asked(&req))
	acme.Role("oncall").Join("bob", "oncall").Text("#talk").Text("#closed").Deny("#closed", "ann", discordtest.SendMessages).
		Text("#hidden").Deny("#hidden", "ann", discordtest.ViewChannel)
	thread := acme.Thread("#talk", "incident")
	acme.As("ann").Says("#ops", "!now").Sees("!now")
	other := d.Guild("Other").Text("#far")
	ctx := context.Background()
	ann, bob := acme.UserID("ann"), acme.UserID("bob")
	m, err := req.Elsewhere(ctx, acme.ChannelID("#talk"))
	want := permissions.Member{ID: ann, Name: "ann", Guild: acme.ID, Channel: acme.ChannelID("#talk")}
	if err != nil || m.ID != want.ID || m.Name != want.Name || m.Guild != want.Guild || m.Channel != want.Channel || m.Parent != "" || m.Owner || m.Administrator {
		t.Errorf("ann in #talk is %+v, %v", m, err)
	}
	m, err = r.MemberIn(ctx, acme.ID, thread.ChannelID("incident"), bob)
	if err != nil || m.Parent != acme.ChannelID("#talk") || !slices.Contains(m.Roles, acme.RoleID("oncall")) {
		t.Errorf("bob in the thread is %+v, %v", m, err)
	}
	acme.Take("bob", "oncall")
	if m, err = r.MemberIn(ctx, acme.ID, acme.ChannelID("#talk"), bob); err != nil || len(m.Roles) > 0 {
		t.Errorf("bob, whose role was taken, is %+v, %v", m, err)
	}
	acme.Leave("bob")
	for _, tt := range []struct{ guild, channel, user, want string }{
		{acme.ID, acme.ChannelID("#closed"), ann, "may not write"},
		{acme.ID, acme.ChannelID("#hidden"), ann, "may not write"},
		{acme.ID, acme.ChannelID("#talk"), bob, "no member"},
		{acme.ID, other.ChannelID("#far"), ann, "no such channel"},
		{acme.ID, "123456789012345678", ann, "no such channel"},
		{other.ID, other.ChannelID("#far"), ann, "does not serve"},
	} {
		_, err := r.MemberIn(ctx, tt.guild, tt.channel, tt.user)
		if got := absence(t, err); !strings.Contains(got, tt.want) {
			t.Errorf("channel %s: %q, want %q", tt.channel, got, tt.want)
		}
	}
}

func TestAPostIsShownOnce(t *testing.T) {
	_, acme, r := world(t, echo, func(o *bot.Options) { o.Timing = quick() })
	ctx := context.Background()
	reply := commands.Reply{Outcome: commands.OK, Output: []byte("12\n@everyone ``` x\n"), Footer: "1 line · every 1h, scheduled by ann"}
	for range 2 {
		if err := r.Post(ctx, acme.ChannelID("#ops"), "a 1", reply); err != nil {
			t.Fatal(err)
		}
	}
	seen := acme.In("#ops").Sees("12", "-# 1 line · every 1h, scheduled by ann")
	if seen.ReplyTo != "" || len(seen.Pings) > 0 {
		t.Errorf("it is %s", seen)
	}
	if n := len(acme.In("#ops").Messages()); n != 1 {
		t.Errorf("it was posted %d times", n)
	}
	if err := r.Post(ctx, "123456789012345678", "a 2", reply); err == nil {
		t.Error("a channel that there is not was written to")
	}
}
