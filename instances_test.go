package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/lease"
)

// watched is a way to Discord that counts what goes along it.
func (c *crew) watched(t *testing.T) (address string, requests *atomic.Int64) {
	t.Helper()
	to, err := url.Parse(strings.TrimSuffix(c.discord.URL(), "/api/v10"))
	if err != nil {
		t.Fatal(err)
	}
	requests = &atomic.Int64{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/api/v10", requests
}

// written collects the commands that a user of Redis sends and that are neither
// reads nor the lease's own, until it is asked for them.
func (c *crew) written(t *testing.T, user string) (commands func() []string) {
	t.Helper()
	connections := c.connections(t)
	conn, err := net.Dial("tcp", c.server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	seen := bufio.NewReader(conn)
	if ok, err := seen.ReadString('\n'); err != nil || ok != "+OK\r\n" {
		t.Fatalf("MONITOR answers %q, %v", ok, err)
	}
	all := make(chan []string, 1)
	go func() {
		var lines []string
		for {
			line, err := seen.ReadString('\n')
			if err != nil {
				all <- lines
				return
			}
			lines = append(lines, line)
		}
	}()
	return func() (found []string) {
		connections += c.connections(t) // those that it closed meanwhile, and those that it opened
		conn.Close()
		for _, line := range <-all {
			from, command, _ := strings.Cut(line, "] ")
			_, address, _ := strings.Cut(from, "[0 ")
			theirs := false
			for connection := range strings.Lines(connections) {
				theirs = theirs || strings.Contains(connection, " addr="+address+" ") && strings.Contains(connection, " user="+user+" ")
			}
			if theirs && changes(command) {
				found = append(found, command)
			}
		}
		return found
	}
}

// connections lists those of Redis.
func (c *crew) connections(t *testing.T) string {
	t.Helper()
	list, err := c.client.ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// changes reports whether a command, as MONITOR shows it, may change anything but
// the lease, and what every instance keeps of itself: in the audit how what it had
// begun ended, its figures, and the mark of its own last transaction.
func changes(command string) bool {
	for _, harmless := range []string{`"get"`, `"hget`, `"hello"`, `"client"`, `"ping"`, `"subscribe"`, `"info"`, `"time"`, `"config" "get"`, `"zrange"`, `"exists"`, `"select"`, `"auth"`, `"command"`,
		`"scan"`, `"watch"`, `"unwatch"`, `"dump"`, `"pttl"`, `"pexpiretime"`, `"type"`, `"memory"`, `"strlen"`, `"getrange"`, `"hmget"`, `"hlen"`, `"llen"`, `"unlink" "{helix}:change:`} {
		if strings.HasPrefix(strings.ToLower(command), harmless) {
			return false
		}
	}
	return !slices.ContainsFunc([]string{`"{helix}:lease" "{helix}:lease:last"`, `"{helix}:audit" "{helix}:audit:head"`, `"{helix}:counts"`}, func(keys string) bool {
		return strings.Contains(command, keys)
	})
}

// A holder that was stopped for longer than its term wakes up in the middle of a
// change, with a message in its ears that another instance has answered: it writes
// nothing more, and says nothing.
func TestTakeoverOfAPausedHolderThatWakesUp(t *testing.T) {
	t.Parallel()
	c := newCrew(t, newChangingPlace(t, "read, write, destroy", ""), "HELIX_REDIS_MAX_SHARE=1", "HELIX_CONFIRM_WORD_ABOVE=10000000")
	c.fill(20000)
	if err := c.client.Do(t.Context(), "ACL", "SETUSER", "a", "on", ">s3cret", "allcommands", "allkeys", "allchannels").Err(); err != nil {
		t.Fatal(err)
	}
	by, requests := c.watched(t)
	a := c.joins("REDIS_URL="+strings.Replace(c.server.URL(), "redis://", "redis://a:s3cret@", 1), "HELIX_DISCORD_API_URL="+by)
	b := c.joins()
	ann := c.As("ann")
	shown := ann.Says("#ops", "!redis keys k:* | xargs -I {} redis append x {}").Sees("Plan")
	ann.Clicks(shown, "Confirm")
	redistest.Eventually(t, "the change is under way", func(ctx context.Context) bool { return c.client.StrLen(ctx, "x").Val() > 1000 })

	a.signal(t, syscall.SIGSTOP)
	c.awaitHolder(b)
	c.discord.Gateway().AwaitReady(2)
	said := ann.Says("#ops", "!redis echo once")
	said.Sees("once")
	before, sent, written := c.client.StrLen(t.Context(), "x").Val(), requests.Load(), c.written(t, "a")
	a.signal(t, syscall.SIGCONT)
	a.awaitLog(t, "the right to speak is lost")
	said.SeesNothing(500 * time.Millisecond)
	if after := c.client.StrLen(t.Context(), "x").Val(); after != before || before >= 20000 {
		t.Errorf("%d were changed when it was stopped, and %d after it woke up", before, after)
	}
	if n := requests.Load() - sent; n > 0 {
		t.Errorf("it sends Discord %d requests", n)
	}
	if commands := written(); len(commands) > 0 {
		t.Errorf("it sends Redis %s", strings.Join(commands, "\n"))
	}
	b.stop(t)
	c.awaitHolder(a)
	ann.Says("#ops", "!redis echo again").Sees("again")
}

// fill puts keys into Redis.
func (c *crew) fill(keys int) {
	c.t.Helper()
	_, err := c.client.Pipelined(c.t.Context(), func(p redis.Pipeliner) error {
		for i := range keys {
			p.Set(c.t.Context(), "k:"+strconv.Itoa(i), "v", 0)
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// The last holder says that Redis is down, alone, and goes on when it is back; so it
// does after everything in Redis has gone, under a higher token.
func TestTakeoverDoesNotHappenWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	c := newCrew(t, newPlace(t))
	a := c.joins()
	c.joins()
	c.joins()
	ann := c.As("ann")
	first := c.token()
	c.server.Kill()
	time.Sleep(lease.Term + time.Second) // so that the right has to outlast a term
	said := ann.Says("#ops", "!redis dbsize")
	said.Sees("does not answer")
	ann.Says("#ops", "!version").Sees("helix")
	c.server.Restart()
	c.awaitHolder(a)
	awaitHealed(t, ann)
	if err := c.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	c.awaitHolder(a)
	answer := ann.Says("#ops", "!redis echo 'still here'")
	answer.Sees("still here")
	said.SeesNothing(50 * time.Millisecond)
	answer.SeesNothing(50 * time.Millisecond)
	if now := c.token(); now <= first {
		t.Errorf("the token is %d after it was %d", now, first)
	}
	if n := c.discord.Gateway().Identifies(); n != 1 {
		t.Errorf("%d connections were opened", n)
	}
}

// token answers the token of the lease.
func (c *crew) token() (n int64) {
	c.t.Helper()
	redistest.Eventually(c.t, "there is a lease", func(ctx context.Context) bool {
		token, _, _ := strings.Cut(c.client.Get(ctx, "{helix}:lease").Val(), " ")
		var err error
		n, err = strconv.ParseInt(token, 10, 64)
		return err == nil
	})
	return n
}

// Work that was under way is told of once, and not run again; what waits goes on
// with the next instance, which has the same state directory.
func TestTakeoverGoesOnWithPlansAndTellsOfInterruptedWork(t *testing.T) {
	t.Parallel()
	c := newCrew(t, newChangingPlace(t, "read, write, destroy, alerts", ""), "HELIX_REDIS_MAX_SHARE=1", "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0")
	c.fill(3000)
	addSessions(t, c.server.Client())
	a := c.joins()
	b := c.joins()
	ann := c.As("ann")
	incident := c.In("#ops").Sees("maxmemory is not set", "firing")
	plan := ann.Says("#ops", "!redis keys session:* | xargs redis del").Sees("Plan: delete 3 keys")
	long := ann.Says("#ops", "!while true; do redis keys k:* | wc -l; done")
	redistest.Eventually(t, "it is under way", func(ctx context.Context) bool { return c.client.HExists(ctx, "{helix}:working", long.ID).Val() })
	a.crash(t)
	missed := ann.Says("#ops", "!redis echo 'in the gap'")
	missed.Sees("in the gap")
	c.awaitHolder(b)
	long.Sees("This was interrupted", "undo list")
	long.SeesNothing(100 * time.Millisecond)
	ann.Clicks(plan, "Confirm")
	plan.Becomes("3 of 3 keys changed")
	ann.Clicks(incident, "Acknowledge")
	incident.Becomes("acknowledged", "ann sees to it")
	missed.SeesNothing(10 * time.Millisecond)
	if n := c.client.HLen(t.Context(), "{helix}:working").Val(); n != 0 {
		t.Errorf("%d works are still under way", n)
	}
}

// A plan whose steps lie on the disk of an instance that is gone cannot be run by
// another, which says so.
func TestTakeoverSaysWhereAPlanLies(t *testing.T) {
	t.Parallel()
	c := newCrew(t, newChangingPlace(t, "read, write, destroy", ""))
	c.fill(3)
	there, here := t.TempDir(), t.TempDir()
	a := c.joins("HELIX_STATE_DIR=" + there)
	c.joins("HELIX_STATE_DIR="+here, "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	b := c.members[1]
	at := healthOf(t, b)
	if status, body := page(t, at+"/readyz"); status != http.StatusOK || !strings.Contains(body, "ok   Discord gateway: standby; ") {
		t.Errorf("a standby's /readyz: %d %s", status, body)
	}
	if _, body := page(t, at+"/metrics"); !strings.Contains(body, "helix_leader 0") {
		t.Errorf("a standby's metrics: %s", body)
	}
	ann := c.As("ann")
	plan := ann.Says("#ops", "!redis keys k:* | xargs redis del").Sees("Plan: delete 3 keys")
	table := ann.Says("#ops", "!instances").Sees("holder", "standby", "address")
	if strings.Contains(table.Content, c.server.Addr) {
		t.Errorf("the list tells where Redis is: %s", table)
	}
	a.stop(t)
	c.awaitHolder(b)
	c.discord.Gateway().AwaitReady(2)
	ann.Clicks(plan, "Confirm").Sees("another instance of Helix, " + there)
	if _, body := page(t, at+"/metrics"); !strings.Contains(body, "helix_leader 1") || !strings.Contains(body, "helix_discord_connected 1") {
		t.Errorf("a holder's metrics: %s", body)
	}
	if _, body := page(t, at+"/readyz"); !strings.Contains(body, "this instance speaks") {
		t.Errorf("a holder's /readyz: %s", body)
	}
	checked := runHelixIn(t, c.dir, append(c.env, "DISCORD_TOKEN="+c.discord.Token(), "HELIX_DISCORD_API_URL="+c.discord.URL()), "", "check")
	if !strings.Contains(checked.stdout, "1 run; ") || !strings.Contains(checked.stdout, " speaks") {
		t.Errorf("check says\n%s", checked.stdout)
	}
}

// A bot of another application keeps out, and says why.
func TestASecondBotOnTheSameRedisKeepsOut(t *testing.T) {
	t.Parallel()
	c := newCrew(t, newPlace(t))
	c.joins()
	other := placeOn(t, discordtest.New(t, discordtest.WithBotID("1191168914227209999")))
	i := other.launch(t, c.env...)
	if status := i.ended(t); status != exitFailure || !strings.Contains(i.log.String(), "nother bot, of the Discord application "+c.discord.BotID()) {
		t.Errorf("it ends with %d", status)
	}
	if n := other.discord.Gateway().Identifies(); n > 0 {
		t.Error("it connects to Discord")
	}
	checked := runHelixIn(t, other.dir, append(c.env, "DISCORD_TOKEN="+other.discord.Token(), "HELIX_DISCORD_API_URL="+other.discord.URL()), "", "check")
	if checked.status != exitFailure || !strings.Contains(checked.stdout, fmt.Sprintf("application %s", c.discord.BotID())) {
		t.Errorf("check ends with %d and says\n%s", checked.status, checked.stdout)
	}
	c.As("ann").Says("#ops", "!redis echo undisturbed").Sees("undisturbed")
}
