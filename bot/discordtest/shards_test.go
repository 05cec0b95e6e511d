package discordtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

// identifyShard starts a session for one part of the guilds.
func (s *socket) identifyShard(d *discordtest.Discord, id, of int) {
	s.t.Helper()
	s.send(fmt.Sprintf(`{"op":2,"d":{"token":%q,"intents":33281,"properties":{},"shard":[%d,%d]}}`, d.Token(), id, of))
}

func TestAShardHasItsGuildsOnly(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	one, two := d.Guild("One").Text("#ops").Join("ann"), d.Guild("Two").Text("#ops").Join("ann")
	if one.Shard(2) == two.Shard(2) {
		t.Fatal("both guilds are in one shard")
	}
	s := dial(t, d)
	s.identifyShard(d, two.Shard(2), 2)
	ready := string(s.until("READY").Data)
	if !strings.Contains(ready, two.ID) || strings.Contains(ready, one.ID) || !strings.Contains(ready, fmt.Sprintf(`"shard":[%d,2]`, two.Shard(2))) {
		t.Errorf("ready = %s", ready)
	}
	s.until("GUILD_CREATE")
	one.As("ann").Says("#ops", "elsewhere")
	one.Text("#new")
	two.As("ann").Says("#ops", "here")
	if p := s.read(); p.Event != "MESSAGE_CREATE" || !strings.Contains(string(p.Data), "here") {
		t.Errorf("heard %s %s", p.Event, p.Data)
	}
	if got, want := d.Gateway().Shards(), []string{fmt.Sprintf("%d/2", two.Shard(2))}; !slices.Equal(got, want) {
		t.Errorf("shards %v, want %v", got, want)
	}
	d.Gateway().DropShard(two.Shard(2))
	if code := s.closed(); code != 0 {
		t.Errorf("the shard was closed with %d, not dropped", code)
	}
}

func TestShardsThatCannotBe(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().RequireShards(2)
	for _, c := range []struct{ id, of, code int }{{2, 2, 4010}, {-1, 2, 4010}, {0, 0, 4010}, {0, 1, 4011}} {
		s := dial(t, d)
		s.identifyShard(d, c.id, c.of)
		if got := s.closed(); got != c.code {
			t.Errorf("shard %d of %d is closed with %d, want %d", c.id, c.of, got, c.code)
		}
	}
}

func TestIdentifyingTooFastIsAViolation(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.AllowViolations()
	d.Gateway().Pace(2, time.Hour)
	for shard, want := range []int{0, 0, 1} {
		s := dial(t, d)
		s.identifyShard(d, shard, 3)
		s.until("READY")
		if got := len(d.Violations()); got != want {
			t.Errorf("%d violations after shard %d, want %d", got, shard, want)
		}
	}
	d.Forget()
	if len(d.Violations()) != 1 {
		t.Error("what broke a rule is forgotten")
	}
}
