package bot

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// counted is a bot whose requests are counted by a Discord that takes all.
func counted(t *testing.T) (*Bot, *atomic.Int32) {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	b, err := New(Options{Token: "token", APIURL: server.URL, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.rest.close)
	return b, &requests
}

// A plan whose time ends while it is confirmed must not be shown as lapsed.
func TestAConfirmedPlanDoesNotLapse(t *testing.T) {
	for name, c := range map[string]struct {
		confirmed bool
		requests  int32
	}{"confirmed": {true, 0}, "refused": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			b, requests := counted(t)
			b.showsPlan(t.Context(), b.expectYes(t.Context(), occasion{channel: "1"}, &commands.Plan{ID: "p", Until: time.Now().Add(time.Hour)}, answer{}), "2")
			shown := b.plans.find("p")
			defer shown.lapse.Stop()
			held := b.plans.decide("p")
			lapsed := make(chan struct{})
			go func() { b.lapsePlan(t.Context(), shown); close(lapsed) }()
			if c.confirmed {
				b.plans.end(held)
			}
			held.decided()
			<-lapsed
			if got := requests.Load(); got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
			if left := b.plans.find("p"); left != nil {
				t.Error("it is still kept")
			}
		})
	}
}

// Who waits for a decision decides on what took the plan's place meanwhile.
func TestADecisionIsOnThePlanAsItIs(t *testing.T) {
	b, _ := counted(t)
	keep := func() {
		b.showsPlan(t.Context(), b.expectYes(t.Context(), occasion{channel: "1"}, &commands.Plan{ID: "p", Until: time.Now().Add(time.Hour)}, answer{}), "2")
	}
	keep()
	first := b.plans.decide("p")
	second := make(chan *waitingPlan)
	go func() { second <- b.plans.decide("p") }()
	b.plans.end(first)
	keep()
	first.decided()
	got := <-second
	if got == first || got != b.plans.find("p") {
		t.Error("it is on the plan that was replaced")
	}
	got.decided()
	b.plans.close()
	var none *waitingPlan
	none.decided()
	if b.plans.decide("unknown") != none {
		t.Error("an unknown plan is watched over")
	}
}

// A question that was edited or caught up, and then waited for its turn, changes
// nothing any more. One that was just asked may wait as long as it has to.
func TestLate(t *testing.T) {
	for _, c := range []struct {
		how  hearing
		age  time.Duration
		want bool
	}{
		{replayed, 10 * time.Second, false},
		{replayed, 31 * time.Second, true},
		{fresh, 31 * time.Second, false},
	} {
		q := question{how: c.how, message: &discordgo.Message{Timestamp: time.Now().Add(-c.age)}}
		if got := q.late(time.Now()); got != c.want {
			t.Errorf("%v after %s: %v", c.how, c.age, got)
		}
	}
}

// However long its parts are, a plan is one that Discord takes, with room for
// what is said where its files are refused; and it says when it lapses.
func TestNoPartOfAPlanIsTooLong(t *testing.T) {
	until := time.Now().Add(time.Minute)
	for _, unit := range []string{"x", "`", "\x00", "🙂", "x\n", "<@1> ", "``` [a](http://b) "} {
		for _, n := range []int{0, 1, 100, 1000, 20000} {
			long := strings.Repeat(unit, n)
			for _, reply := range []commands.Reply{
				{Plan: &commands.Plan{Text: long, Until: until}},
				{Plan: &commands.Plan{Text: long, Word: long, Approval: long, Until: until}, Problem: long, Hints: []string{long, long}},
				{Plan: &commands.Plan{Text: long, Word: long, Approval: long, Until: until}, Problem: long, Hints: []string{long}, Output: []byte(long), Truncated: 5},
			} {
				r := render(reply)
				if len(r.pages) != 1 || width(r.pages[0]) > maxContent-len(noFileSize) {
					t.Errorf("%d of %q: %d pages, the first of %d units", n, unit, len(r.pages), width(r.pages[0]))
				}
				if !strings.HasSuffix(r.pages[0], "\n"+stands(reply.Plan)) {
					t.Errorf("%d of %q: it ends with %q", n, unit, r.pages[0][max(0, len(r.pages[0])-60):])
				}
				for _, b := range planButtons(reply.Plan, false)[0].Buttons {
					if width(b.CustomID) > maxCustomID {
						t.Errorf("%d of %q: a button with %d units", n, unit, width(b.CustomID))
					}
				}
			}
		}
	}
}

func TestCloseWaitsForWhatAJobWentOnWith(t *testing.T) {
	q := newQueues(1)
	done := make(chan struct{})
	ctx, release := context.WithCancel(t.Context())
	q.aside(func() { q.onwards(func() { <-ctx.Done(); close(done) }) })
	time.AfterFunc(10*time.Millisecond, release)
	q.close()
	select {
	case <-done:
	default:
		t.Error("close did not wait for what a job went on with")
	}
}
