package discordtest_test

import (
	"testing"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestAnInvitationIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#general").System("#general").Join("ann")
	acme.Expel()
	s := client(t, d)
	open(t, d, s)
	acme.Invite("ann")
	if _, err := s.GuildAuditLog(acme.ID, "", "", 28, 5); code(t, err) != 50013 {
		t.Errorf("without the right the audit log answers %v", err)
	}
	acme.Grant("helix", discordtest.ViewAuditLog|discordtest.ViewChannel|discordtest.SendMessages)
	log, err := s.GuildAuditLog(acme.ID, "", "", 28, 5)
	if err != nil || len(log.AuditLogEntries) != 1 || log.AuditLogEntries[0].UserID != acme.UserID("ann") || log.AuditLogEntries[0].TargetID != d.BotID() {
		t.Errorf("the audit log is %+v, %v", log, err)
	}
	if log, err := s.GuildAuditLog(acme.ID, "", "", 1, 5); err != nil || len(log.AuditLogEntries) != 0 {
		t.Errorf("other entries are %+v, %v", log, err)
	}
	if g, err := s.Guild(acme.ID); err != nil || g.SystemChannelID != acme.ChannelID("#general") {
		t.Errorf("the guild is %+v, %v", g, err)
	}
}

func TestDirectMessagesCanBeRefused(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Join("ann")
	s := client(t, d)
	acme.As("ann").RefusesDirect()
	ch, err := s.UserChannelCreate(acme.UserID("ann"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChannelMessageSend(ch.ID, "hello"); code(t, err) != 50007 {
		t.Errorf("it answers %v", err)
	}
}
