package alerts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func TestSavingComparesVersions(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := newStore(client)
		save := func(in Incident) bool {
			t.Helper()
			saved, _, err := s.save(t.Context(), incidentsKey, Fence{}, "m", nil, []record{{in.ID, in.Version, in}})
			if err != nil {
				t.Fatal(err)
			}
			return saved[in.ID]
		}
		in := Incident{ID: "a-1", Version: 2, Words: "two"}
		other := Incident{ID: "a-1", Version: 2, Words: "another two"}
		older := Incident{ID: "a-1", Version: 1, Words: "one"}
		if first, again := save(in), save(in); !first || !again || save(other) || save(older) {
			t.Error("a version is replaced by one that is not newer, or a repeated one does not count")
		}
		held, err := read[Incident](t.Context(), s, incidentsKey)
		if err != nil || len(held) != 1 || held["a-1"].Words != "two" {
			t.Errorf("%v, %v", held, err)
		}
		if _, _, err := s.save(t.Context(), incidentsKey, Fence{}, "m", []string{"a-1"}, nil); err != nil {
			t.Fatal(err)
		}
		if held, _ := read[Incident](t.Context(), s, incidentsKey); len(held) != 0 {
			t.Errorf("after removing: %v", held)
		}
	})
}

func TestOnlyWhoeverHoldsTheFenceSavesAndSends(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		const key = "{helix}:lease"
		client.Set(t.Context(), key, "mine", 0)
		r := newRig(t, client, "alerts.hold=0")
		r.restart(func(o *Options) { o.Fence = func() Fence { return Fence{key, "mine"} } })
		r.set(full())
		r.look()
		r.only()
		client.Set(t.Context(), key, "another's", 0)
		r.set(map[sample.Name]float64{sample.MemoryPercent: 95, sample.Sessions: 20_000})
		r.pass(time.Minute)
		r.set(nil)
		r.pass(10 * time.Minute)
		if m := r.only(); m.shows.State != Active {
			t.Errorf("without the fence it shows %s", m.shows.State)
		}
		client.Set(t.Context(), key, "mine", 0)
		r.pass(time.Minute)
		if m := r.channel.messages[0]; m.shows.State != Resolved {
			t.Errorf("with the fence again it shows %s", m.shows.State)
		}
	})
}

func TestALaterReleaseIsLeftAlone(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.client.HSet(t.Context(), incidentsKey, schemaField, schema+1, "x-1", "9 a record of tomorrow")
	r.set(full())
	r.look()
	if held := r.client.HGetAll(t.Context(), incidentsKey).Val(); len(held) != 2 || len(r.channel.messages) != 0 {
		t.Errorf("Redis holds %v, the channel %v", held, r.channel.texts())
	}
}

// What a foreign hand has put in our keys is healed.
func TestForeignValuesAreHealed(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client, "alerts.hold=0")
		client.Set(t.Context(), incidentsKey, "a text", 0)
		client.HSet(t.Context(), silencesKey, "no version", "{}", "x", "1 {", "y", "99999999999999999999 {}", "z", "1 "+strings.Repeat("x", maxRecord))
		r.set(full())
		r.look()
		r.only()
		if held, err := read[Incident](t.Context(), r.store, incidentsKey); err != nil || len(held) != 1 {
			t.Errorf("%v, %v", held, err)
		}
		if list, err := r.Silences(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// Out of memory is when incidents matter most.
func TestIncidentsAreSavedWhereMemoryIsShort(t *testing.T) {
	client := redistest.Standalone(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction").Client()
	if err := client.Set(t.Context(), "plain", "x", 0).Err(); !redis.HasErrorPrefix(err, "OOM") {
		t.Fatalf("memory is not short: %v", err)
	}
	r := newRig(t, client, "alerts.hold=0")
	r.set(full())
	r.look()
	if held, err := read[Incident](t.Context(), r.store, incidentsKey); err != nil || len(held) != 1 {
		t.Errorf("%v, %v", held, err)
	}
}

func TestIncidentsAreKeptInACluster(t *testing.T) {
	r := newRig(t, redistest.Cluster(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	r.restart()
	r.set(nil)
	r.pass(time.Minute)
	if m := r.only(); m.shows.State != Resolved {
		t.Errorf("%v", r.channel.texts())
	}
}

// A process without a running Engine, the console for one, acts through Redis.
func TestAnotherProcessActsThroughRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client, "alerts.hold=0")
		r.set(full())
		r.look()
		console, err := New(Options{Client: client, Settings: r.knobs, Now: r.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		in, err := console.Acknowledge(t.Context(), "memory", ann)
		if err != nil || in.Owner == nil {
			t.Fatal(in, err)
		}
		if _, err := console.Silence(t.Context(), Wish{Target: "sessions", For: time.Hour, By: ann}); err != nil {
			t.Fatal(err)
		}
		drill, err := console.Test(t.Context(), "memory", ann)
		if err != nil {
			t.Fatal(err)
		}
		r.pass(15 * time.Second)
		if m := r.channel.messages[0]; m.shows.State != Acknowledged || m.shows.Owner.Person != ann || !slices.Equal(r.channel.told, []string{"sessions begins"}) {
			t.Errorf("%v, %v", r.channel.texts(), r.channel.told)
		}
		r.pass(2 * time.Minute)
		if m := r.channel.messages[1]; m.shows.ID != drill.ID || m.shows.State != Resolved {
			t.Errorf("the drill: %v", r.channel.texts())
		}
		if list, err := console.List(t.Context()); err != nil || len(list) != 2 || list[0].ID != in.ID {
			t.Errorf("the console lists %v, %v", list, err)
		}
		if list, err := console.Silences(t.Context()); err != nil || len(list) != 1 || list[0].Told != ToldStart {
			t.Errorf("the console lists %v, %v", list, err)
		}
	})
}

// Two who change one incident at the same moment both get through.
func TestChangesAtTheSameMomentAreBothMade(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	id := r.open()[0].ID
	var busy sync.WaitGroup
	for range 4 {
		other, err := New(Options{Client: r.client, Settings: r.knobs, Now: r.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		busy.Go(func() {
			if _, err := other.Silence(t.Context(), Wish{Target: "disk", For: time.Hour, By: ann}); err != nil {
				t.Error(err)
			}
			if _, err := other.Acknowledge(t.Context(), id, bob); err != nil {
				t.Error(err)
			}
		})
	}
	busy.Wait()
	r.pass(15 * time.Second)
	if list, err := r.Silences(t.Context()); err != nil || len(list) != 4 || r.only().shows.Owner == nil {
		t.Errorf("%d silences, %v, %v", len(list), r.channel.texts(), err)
	}
}

// Without Redis another process says so, and has changed nothing.
func TestWithoutRedisAnotherProcessRefuses(t *testing.T) {
	server := redistest.Standalone(t)
	console, err := New(Options{Client: server.Client(), Settings: &knobs{values(t)}})
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if _, err := console.Silence(t.Context(), Wish{Target: "memory", For: time.Hour, By: ann}); err == nil {
		t.Error("a silence is made where none can be kept")
	}
	server.Restart()
	if list, err := console.Silences(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestSilencesAreRefusedForWhatIsNotThere(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.look()
	for target, want := range map[string]string{
		"memroy": "there is no rule, label or incident `memroy`. Did you mean `memory`?",
		"":       "there is no rule, label or incident ``",
		"`x`":    "there is no rule, label or incident `'x'`",
	} {
		var unknown *UnknownError
		if _, err := r.Silence(t.Context(), Wish{Target: target, For: time.Hour, By: ann}); !errors.As(err, &unknown) || err.Error() != want {
			t.Errorf("%q: %v, want %s", target, err, want)
		}
	}
	if _, err := r.Silence(t.Context(), Wish{Target: "memory", By: ann}); err == nil {
		t.Error("a silence until nothing is resolved is made")
	}
	if _, err := r.Unsilence(t.Context(), "memory", ann); err == nil {
		t.Error("ending nothing is no error")
	}
	for range maxSilences {
		if _, err := r.Silence(t.Context(), Wish{Target: "Memory ", For: 1000 * time.Hour, By: ann, Reason: strings.Repeat("é", 300)}); err != nil {
			t.Fatal(err)
		}
	}
	var limit *LimitError
	if _, err := r.Silence(t.Context(), Wish{Target: "memory", For: time.Hour, By: ann}); !errors.As(err, &limit) {
		t.Errorf("one more than there may be: %v", err)
	}
	list, _ := r.Silences(t.Context())
	if s := list[0]; len(s.Reason) > maxReason || s.Until.Sub(s.From) != LongestSilence || s.Target != "memory" {
		t.Errorf("%+v", s)
	}
}

// Run watches and delivers of itself.
func TestRunWatchesAndDelivers(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.interval=1", "alerts.hold=0")
	r.running = false
	told := make(chan State, 10)
	r.options.Notifier = &loud{r.channel, told}
	r.options.Now = time.Now
	r.set(full())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	if got := <-told; got != Active {
		t.Errorf("first it is %s", got)
	}
	if _, err := r.Acknowledge(t.Context(), "memory", ann); err != nil {
		t.Error(err)
	}
	if got := <-told; got != Acknowledged {
		t.Errorf("then it is %s", got)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run answers %v", err)
	}
}

// loud says what it shows.
type loud struct {
	*channel
	told chan State
}

func (l *loud) Show(ctx context.Context, in Incident) (Place, error) {
	place, err := l.channel.Show(ctx, in)
	l.told <- in.State
	return place, err
}

func TestNothingIsDeliveredForever(t *testing.T) {
	b := newBook()
	for i := range maxUntold + 50 {
		b.put(Incident{ID: nonce("x", "y", i), State: Resolved, Revision: 1, Fired: noon.Add(time.Duration(i) * time.Second)})
	}
	if untold := b.trim(); untold != 50 || len(b.incidents) != maxUntold {
		t.Errorf("%d forgotten, %d kept", untold, len(b.incidents))
	}
	for id, in := range b.incidents {
		in.Delivery.Revision = 1
		b.incidents[id] = in
	}
	if untold := b.trim(); untold != 0 || len(b.incidents) != maxHistory {
		t.Errorf("%d forgotten, %d kept", untold, len(b.incidents))
	}
}

func TestNoEngineBeginsWithARuleThatItCannotRead(t *testing.T) {
	if _, err := New(Options{Settings: &knobs{values(t, "alerts.rules=a: b")}}); err == nil {
		t.Error("it begins")
	}
}

// A rule that cannot be read is refused where it is asked for. One that another
// release has taken all the same keeps nothing else from being watched.
func TestALiveRuleThatCannotBeReadIsLeftOut(t *testing.T) {
	client := redistest.Any(t).Client()
	live := settings.Open(t.Context(), client, settings.Defaults())
	const bad = "flood: sesions > 5"
	unsubscribe := live.Subscribe(settings.Subscriber{Check: Check})
	wish := []settings.Assignment{{Key: string(settings.AlertsRules), Value: bad}}
	if _, err := live.Set(t.Context(), wish, settings.Who{}); err == nil || !strings.Contains(err.Error(), "Did you mean `sessions`?") {
		t.Errorf("asked for, it comes to %v", err)
	}
	unsubscribe()
	if _, err := live.Set(t.Context(), wish, settings.Who{}); err != nil {
		t.Fatal(err)
	}
	c := &hands{noon}
	e, err := New(Options{Client: client, Settings: live, Prober: &probe{full()}, Notifier: newChannel(c), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.evaluate(t.Context()); err != nil || e.verdicts["memory"].Status != Firing {
		t.Errorf("%v, %v", e.verdicts["memory"], err)
	}
}
