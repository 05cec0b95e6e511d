package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
)

// trial is a judge before a round that is made up. Until a test breaks one, it
// keeps all promises.
type trial struct {
	*judge
	t        *testing.T
	server   *miniredis.Miniredis
	ops      []*discordtest.Message
	replies  map[string]string // to what the judge says to Helix
	told     string            // by instances, of changes that were interrupted
	verdicts []string          // what was found to be broken
	counts   map[string]int
	now      time.Time
}

func newTrial(t *testing.T, server *miniredis.Miniredis, client redis.UniversalClient) *trial {
	server.FlushAll()
	begun := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	tr := &trial{t: t, server: server, counts: make(map[string]int), now: begun,
		replies: map[string]string{"!audit verify": "Intact from record 1 to record 7."}}
	tr.judge = &judge{facts: facts{kind: "sentinel", begun: begun}, redis: client,
		ops:      func() []*discordtest.Message { return tr.ops },
		says:     func(line string) string { return tr.replies[line] },
		accounts: func() string { return tr.told },
		wait:     func(_ time.Duration, ready func() bool) { ready() },
		broken:   func(format string, args ...any) { tr.verdicts = append(tr.verdicts, fmt.Sprintf(format, args...)) },
		count:    func(what string, n int) { tr.counts[what] += n },
	}
	return tr
}

// posted is a message of Helix, now.
func (tr *trial) posted(text string) *discordtest.Message {
	tr.now = tr.now.Add(100 * time.Millisecond)
	return &discordtest.Message{Author: "helix", Content: text, At: tr.now}
}

// tells has something stand in the ops channel.
func (tr *trial) tells(text string) { tr.ops = append(tr.ops, tr.posted(text)) }

// asked has somebody be answered for the nth thing that they say in a channel.
func (tr *trial) asked(channel string, nth int, line string, answers ...string) *ask {
	a := &ask{channel: channel, nth: nth, mark: markOf(1, channel, nth), said: &discordtest.Message{Content: line}, at: tr.now}
	for _, text := range answers {
		a.replies = append(a.replies, tr.posted(text))
	}
	tr.asks = append(tr.asks, a)
	return a
}

// holds puts a value into Redis.
func (tr *trial) holds(key, value string) {
	tr.t.Helper()
	if err := tr.server.Set(key, value); err != nil {
		tr.t.Fatal(err)
	}
}

// case of a trial: want is a part of the one verdict; empty: there is none.
type trialCase struct {
	name  string
	round func(*trial)
	want  string
}

// try holds what a judge finds against what it should.
func try(t *testing.T, cases []trialCase) {
	t.Helper()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := newTrial(t, server, client)
			c.round(tr)
			tr.all()
			switch {
			case c.want == "" && len(tr.verdicts) > 0:
				t.Errorf("nothing is broken, and the judge says %q", tr.verdicts)
			case c.want != "" && (len(tr.verdicts) != 1 || !strings.Contains(tr.verdicts[0], c.want)):
				t.Errorf("the judge says %q; want one that says %q", tr.verdicts, c.want)
			}
		})
	}
}
