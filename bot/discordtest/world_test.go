package discordtest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestIdsDependOnlyOnTheOrderOfBuilding(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	ids := func() string {
		d := discordtest.New(t, discordtest.WithClock(func() time.Time { return noon }))
		g := d.Guild("Acme").Text("#ops").Role("oncall").Join("ann")
		first, second := g.As("ann").Says("#ops", "one"), g.As("ann").Says("#ops", "two")
		return fmt.Sprint(d.BotID(), g.ID, g.ChannelID("#ops"), g.RoleID("oncall"), g.UserID("ann"), first.ID, second.ID, first.At)
	}
	if one, other := ids(), ids(); one != other {
		t.Errorf("%s\n%s", one, other)
	}
}

func TestTwentyWorldsSideBySide(t *testing.T) {
	t.Parallel()
	var guilds []*discordtest.Guild
	var closing sync.WaitGroup
	defer closing.Wait()
	for range 20 {
		d := discordtest.New(t)
		guilds = append(guilds, d.Guild("Acme").Text("#ops").Join("ann"))
		s := client(t, d)
		echo(s)
		if err := s.Open(); err != nil {
			t.Fatal(err)
		}
		defer closing.Go(func() { s.Close() }) // takes a second: all at once
	}
	for n := range 10 {
		question := fmt.Sprint("question ", n)
		var asked []*discordtest.Message
		for _, g := range guilds {
			asked = append(asked, g.As("ann").Says("#ops", question))
		}
		for _, m := range asked {
			m.Sees(question)
		}
	}
}

// fatal stands in for a test in order to see it stop.
type fatal struct {
	failure
	told string
}

func (f *fatal) Fatalf(format string, args ...any) {
	f.told = fmt.Sprintf(format, args...)
	panic(f)
}

// stops runs a step and answers what the test heard when it stopped there.
func stops(watched *fatal, step func()) (told string) {
	defer func() {
		if stopped := recover(); stopped != nil && stopped != any(watched) {
			panic(stopped)
		}
		told, watched.told = watched.told, ""
	}()
	step()
	return ""
}

func TestWhatAFailureTells(t *testing.T) {
	t.Parallel()
	watched := &fatal{failure: failure{TB: t}}
	d := discordtest.New(watched, discordtest.WithPatience(10*time.Millisecond))
	defer watched.end()
	acme := d.Guild("Acme").Text("#ops").Join("ann").Text("#closed").Deny("#closed", "@everyone", discordtest.SendMessages)
	s := client(t, d)
	ann := acme.As("ann")
	asked := ann.Says("#ops", "!redis dbsize")
	if _, err := s.ChannelMessageSend(asked.ChannelID, "something else"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		step func()
		want []string
	}{
		{"no such message", func() { acme.In("#ops").Sees("3") }, []string{`"3"`, "#ops", "ann> !redis dbsize\nhelix> something else"}},
		{"no answer", func() { asked.Sees() }, []string{"no new message", "ann> !redis dbsize"}},
		{"something said", func() { acme.In("#ops").SeesNothing(time.Second) }, []string{"helix> something else"}},
		{"no such person", func() { acme.As("zoe") }, []string{"zoe is not a member of Acme"}},
		{"no such channel", func() { ann.Says("#nowhere", "hi") }, []string{"no channel #nowhere"}},
		{"no right to speak", func() { ann.Says("#closed", "hi") }, []string{"ann may not speak in #closed"}},
		{"no such button", func() { ann.Clicks(acme.In("#ops").Sees(), "next") }, []string{`no button "next"`}},
		{"no such command", func() { ann.Slash("#ops", "redis", nil) }, []string{"no command /redis"}},
		{"no edit", func() { asked.Becomes("other") }, []string{"did not become", "ann> !redis dbsize"}},
		{"no session", func() { d.Gateway().AwaitReady(1) }, []string{"0 sessions"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := stops(watched, tc.step)
			for _, want := range tc.want {
				if !strings.Contains(told, want) {
					t.Errorf("told %q, without %q", told, want)
				}
			}
		})
	}
}

func TestSeenOnce(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops")
	s := client(t, d)
	for range 2 {
		if _, err := s.ChannelMessageSend(acme.ChannelID("#ops"), "again"); err != nil {
			t.Fatal(err)
		}
	}
	first, second := acme.In("#ops").Sees("again"), acme.In("#ops").Sees("again")
	if first.ID == second.ID {
		t.Error("one message was seen twice")
	}
	acme.In("#ops").SeesNothing(time.Millisecond)
}
