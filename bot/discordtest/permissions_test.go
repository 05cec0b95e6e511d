package discordtest_test

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	const (
		view                  = discordtest.ViewChannel
		send                  = discordtest.SendMessages
		manage                = discordtest.ManageMessages
		attach                = discordtest.AttachFiles
		history               = discordtest.ReadMessageHistory
		everyone, oncall, ann = "@everyone", "oncall", "ann"
	)
	for _, tc := range []struct {
		name  string
		build func(g *discordtest.Guild)
		where string
		has   discordtest.Permission
		lacks discordtest.Permission
	}{
		{"a fresh member talks", func(*discordtest.Guild) {}, "#ops", view | send | attach, manage},
		{"a role adds", func(g *discordtest.Guild) { g.Grant(oncall, manage) }, "#ops", view | manage, 0},
		{"@everyone is denied", func(g *discordtest.Guild) { g.Deny("#ops", everyone, view) }, "#ops", 0, view | send},
		{"a role's allow beats @everyone's deny", func(g *discordtest.Guild) {
			g.Deny("#ops", everyone, view).Allow("#ops", oncall, view)
		}, "#ops", view | send, 0},
		{"one role's allow beats another's deny", func(g *discordtest.Guild) {
			g.Role("muted").Join(ann, "muted").Deny("#ops", "muted", send).Allow("#ops", oncall, send)
		}, "#ops", send, 0},
		{"a member's deny beats a role's allow", func(g *discordtest.Guild) {
			g.Allow("#ops", oncall, manage).Deny("#ops", ann, manage)
		}, "#ops", view, manage},
		{"a member's allow beats a role's deny", func(g *discordtest.Guild) {
			g.Deny("#ops", oncall, send).Allow("#ops", ann, send)
		}, "#ops", send, 0},
		{"another channel's overwrite is no matter", func(g *discordtest.Guild) {
			g.Text("#other").Deny("#other", everyone, view)
		}, "#ops", view | send, 0},
		{"a thread has its parent's overwrites", func(g *discordtest.Guild) {
			g.Thread("#ops", "incident").Deny("#ops", everyone, view)
		}, "incident", 0, view},
		{"speaking in a thread is a right of its own", func(g *discordtest.Guild) {
			g.Thread("#ops", "incident").Deny("#ops", everyone, discordtest.SendMessagesInThreads)
		}, "incident", view, discordtest.SendMessagesInThreads | attach},
		{"who may not speak may not attach", func(g *discordtest.Guild) { g.Deny("#ops", everyone, send) }, "#ops", view | history, send | attach},
		{"administrators pass every deny", func(g *discordtest.Guild) {
			g.Deny("#ops", everyone, view).Deny("#ops", ann, view).Admin(ann)
		}, "#ops", view | send | manage, 0},
		{"so does the owner", func(g *discordtest.Guild) { g.Deny("#ops", ann, view).Owner(ann) }, "#ops", view | send | manage, 0},
		{"who is timed out only reads", func(g *discordtest.Guild) { g.Timeout(ann, time.Hour) }, "#ops", view | history, send},
		{"a time-out ends", func(g *discordtest.Guild) { g.Timeout(ann, -time.Hour) }, "#ops", send, 0},
		{"a taken role is gone", func(g *discordtest.Guild) { g.Grant(oncall, manage).Take(ann, oncall) }, "#ops", send, manage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := discordtest.New(t).Guild("Acme").Text("#ops").Role(oncall).Join(ann, oncall)
			tc.build(g)
			got := g.Permissions(ann, tc.where)
			if got&tc.has != tc.has || got&tc.lacks != 0 {
				t.Errorf("permissions = %b, want all of %b and none of %b", got, tc.has, tc.lacks)
			}
		})
	}
}
