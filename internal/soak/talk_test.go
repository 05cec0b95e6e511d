package soak

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
)

const (
	sayEvery   = slower * 20 * time.Millisecond  // 50 messages a second
	slashEvery = slower * 500 * time.Millisecond // between slash commands
	sweepEvery = 499 * time.Millisecond
	askEvery   = 5 * time.Second // between completions
	mostBehind = 150             // unanswered messages: people wait then
)

// soak is one conversation and what is still awaited of it.
type soak struct {
	*world
	client  *redis.Client
	topics  []topic
	random  *rand.Rand
	figures *figures
	talked  time.Duration // rests left out

	said, unsaid, completed, slashed, pressed, limited, late int
	behind                                                   int // what helix had not answered when it was last looked at
	waiting                                                  []*awaited
	used                                                     []used
	faults                                                   map[string]*faulty
}

func newSoak(w *world) *soak {
	return &soak{
		world: w, client: w.server.Client(), topics: spread(topics()), random: rand.New(rand.NewPCG(7, 7)),
		figures: newFigures(), faults: make(map[string]*faulty),
	}
}

// spread has each topic as often as it weighs.
func spread(all []topic) (list []topic) {
	for _, one := range all {
		for range one.weight {
			list = append(list, one)
		}
	}
	return list
}

// talk goes on until people have talked for so long. What was held up is caught up
// with.
func (s *soak) talk(t *testing.T, until time.Duration) {
	t.Helper()
	began, before := time.Now(), s.talked
	next := make(map[time.Duration]time.Duration)
	due := func(every time.Duration) bool {
		is := s.talked >= next[every]
		if is {
			next[every] = s.talked + every
		}
		return is
	}
	tick := time.NewTicker(sayEvery)
	defer tick.Stop()
	for ; s.talked < until; <-tick.C {
		s.talked = before + time.Since(began)
		s.sayWhatIsDue()
		if due(sweepEvery) {
			s.sweep()
		}
		if due(slashEvery) {
			s.slash()
		}
		if due(askEvery) {
			s.complete(t)
		}
		if due(often) {
			s.figures.lookAtProcess(t, s.world)
		}
		if due(seldom) {
			s.figures.lookAtState(t, s.world, s.client)
		}
	}
}

// sayWhatIsDue catches up with the time that people have talked. Where helix is far
// behind, they wait.
func (s *soak) sayWhatIsDue() {
	due := int(s.talked / sayEvery)
	if s.behind > mostBehind {
		s.unsaid = max(due-s.said, s.unsaid)
	}
	for s.said+s.unsaid < due {
		s.say()
	}
}

// say says the next thing.
func (s *soak) say() {
	one := s.topics[s.random.IntN(len(s.topics))]
	by := s.As(personName(s.said))
	if one.guest {
		by = s.As("guest")
	}
	message := by.Says(channelName(s.said/3), one.said(s.said, "<@"+s.discord.BotID()+">"))
	s.said++
	s.waiting = append(s.waiting, &awaited{topic: one, by: by, message: message, at: time.Now()})
}

// slash uses a slash command.
func (s *soak) slash() {
	all := []struct {
		command string
		args    discordtest.Args
	}{
		{"redis", discordtest.Args{"command": "dbsize"}},
		{"sessions count", nil},
		{"config get", discordtest.Args{"keys": "redis.session_ttl"}},
		{"config set", discordtest.Args{"key": "alerts.no_ttl", "value": "0"}},
		{"status", nil},
		{"help", nil},
	}
	one := all[s.slashed%len(all)]
	s.slashed++
	s.used = append(s.used, used{"/" + one.command, time.Now(), s.As(personName(s.slashed)).Slash(channelName(s.slashed), one.command, one.args)})
}

// complete types into an option.
func (s *soak) complete(t *testing.T) {
	t.Helper()
	s.completed++
	if got := s.As(personName(s.completed)).Completes(channelName(0), "config get", "keys", discordtest.Args{"keys": "redis.session_t"}); len(got) == 0 {
		s.fault("completion", "nothing is offered")
	}
}
