package audit

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestTheChainIsIntact(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		if r := verify(t, l); r.Break != nil || r.Records != 0 {
			t.Errorf("an empty audit: %+v", r)
		}
		fill(t, l, 1, 1200) // several pages
		if r := wantIntact(t, l, 1, 1200); !r.Keyed {
			t.Error("it is said to have no key")
		}
		again := open(t, client) // goes on where the first has ended
		require(t, again, entry(1201))
		require(t, l, entry(1202))
		wantIntact(t, again, 1, 1202)
		h, err := l.Head(t.Context())
		if list := stream(t, client); err != nil || h.Seq != 1202 || h.Hash != list[len(list)-1].hash {
			t.Errorf("the head is %+v, %v", h, err)
		}
	})
}

func TestTimesAreThoseOfRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(-40 * time.Hour) } })
		require(t, l, entry(1))
		r, _ := decode(stream(t, client)[0].body)
		if d := time.Since(r.Time()); d < -time.Minute || d > time.Minute {
			t.Errorf("the record is %v old", d)
		}
	})
}

func TestInstancesKeepOneChain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		const each = 150
		var all sync.WaitGroup
		for range 3 {
			l := open(t, client)
			all.Go(func() {
				for i := range each {
					if i%10 == 0 {
						l.Add(entry(i))
					} else if err := l.Require(t.Context(), entry(i)); err != nil {
						t.Error(err)
					}
				}
				l.Close()
			})
		}
		all.Wait()
		wantIntact(t, open(t, client), 1, 3*each)
	})
}

func TestTamperingIsFound(t *testing.T) {
	forge := func(list []item, at int, change func(*Record)) {
		r, _ := decode(list[at].body)
		change(&r)
		list[at].body, _ = r.encode()
		list[at].hash = sealer{}.seal(list[at].body)
	}
	for name, c := range map[string]struct {
		tamper func(list []item) []item
		at     int64
		says   string
	}{
		"changed": {func(list []item) []item {
			list[4].body = strings.Replace(list[4].body, "ann", "bob", 1)
			return list
		}, 5, "does not have its hash"},
		"changed with a hash anybody can make": {func(list []item) []item {
			forge(list, 4, func(r *Record) { r.Name = "bob" })
			return list
		}, 5, "does not have its hash"},
		"changed as if there were no key": {func(list []item) []item {
			forge(list, 4, func(r *Record) { r.Name, r.Key = "bob", "" })
			return list
		}, 5, "does not have the key's hash"},
		"removed":           {func(list []item) []item { return append(list[:4], list[5:]...) }, 6, "records 5 to 5 before it are missing"},
		"the first removed": {func(list []item) []item { return list[2:] }, 3, "records 1 to 2 before it are missing"},
		"the last removed":  {func(list []item) []item { return list[:18] }, 18, "records 19 to 20 behind it are missing"},
		"inserted": {func(list []item) []item {
			twin := list[4]
			twin.id = ""
			for i := 5; i < len(list); i++ {
				list[i].id = ""
			}
			return append(append(append([]item(nil), list[:5]...), twin), list[5:]...)
		}, 5, "it was put in"},
		"reordered": {func(list []item) []item {
			list[4].body, list[5].body = list[5].body, list[4].body
			list[4].hash, list[5].hash = list[5].hash, list[4].hash
			return list
		}, 6, "missing"},
		"nonsense put in": {func(list []item) []item {
			list[7].body = "hello"
			return list
		}, 8, "no record of ours"},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
				fill(t, open(t, client), 1, 20)
				rewrite(t, client, c.tamper(stream(t, client)))
				r := verify(t, open(t, client))
				if r.Break == nil || r.Break.Seq != c.at || !strings.Contains(r.Break.Reason, c.says) {
					t.Errorf("found %+v, want record %d: %s", r.Break, c.at, c.says)
				}
			})
		})
	}
}

func TestAnEndThatIsCutOffWithItsHeadIsKnownToWhoWroteIt(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		fill(t, l, 1, 20)
		list := stream(t, client)
		rewrite(t, client, list[:15])
		if err := client.HSet(t.Context(), headKey, "seq", 15, "hash", list[14].hash).Err(); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, l); r.Break == nil || !strings.Contains(r.Break.Reason, "records 16 to 20") {
			t.Errorf("found %+v", r.Break)
		}
		require(t, l, entry(21)) // goes on, and says so for good
		if r := wantIntact(t, open(t, client), 1, 16); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "lost records up to 20") {
			t.Errorf("notes %q", r.Notes)
		}
	})
}

func TestTrimmingLeavesAnAnchor(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client, func(o *Options) { o.MaxRecords = 100 })
		fill(t, l, 1, 350)
		wantIntact(t, l, 251, 350)
		list := stream(t, client)
		anchor, err := client.HGet(t.Context(), headKey, "anchor").Result()
		if first, _ := decode(list[0].body); err != nil || first.Prev != anchor || anchor == "" {
			t.Fatalf("the anchor is %q, %v; the first record follows %q", anchor, err, first.Prev)
		}
		for name, change := range map[string]func(){
			"more than was trimmed is gone": func() { rewrite(t, client, list[3:]) },
			"and the head says it was trimmed": func() {
				r, _ := decode(list[3].body)
				client.HSet(t.Context(), headKey, "first", 254, "anchor", r.Prev)
			},
		} {
			change()
			if verify(t, l).Break == nil {
				t.Errorf("%s: not found", name)
			}
			rewrite(t, client, list)
			client.HSet(t.Context(), headKey, "first", 251, "anchor", anchor)
		}
		client.HSet(t.Context(), headKey, "anchor", strings.Repeat("0", 64))
		if r := verify(t, l); r.Break == nil || !strings.Contains(r.Break.Reason, "anchor") {
			t.Errorf("another anchor: %+v", r.Break)
		}
	})
}

func TestALowerLimitTakesEffectInSteps(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		fill(t, open(t, client), 1, 700)
		l := open(t, client, func(o *Options) { o.MaxRecords = 100 })
		require(t, l, entry(701))
		wantIntact(t, l, 202, 701)
		fill(t, l, 702, 300)
		wantIntact(t, l, 902, 1001)
	})
}

func TestALostHeadIsReadFromTheStream(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		fill(t, open(t, client), 1, 5)
		client.Del(t.Context(), headKey)
		l := open(t, client)
		wantIntact(t, l, 1, 5)
		require(t, l, entry(6))
		wantIntact(t, l, 1, 6)
	})
}

func TestAFlushIsSaidForGood(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		fill(t, l, 1, 5)
		if err := redistest.Flush(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		require(t, l, entry(6))
		if r := wantIntact(t, l, 6, 6); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "up to 5") {
			t.Errorf("notes %q", r.Notes)
		}
	})
}

// After a failover that lost records another instance may go on first, which never
// knew of them. Whoever wrote them says so as soon as it writes again.
func TestALossIsSaidByWhomItConcerns(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		fill(t, l, 1, 20)
		list := stream(t, client)
		rewrite(t, client, list[:15])
		if err := client.HSet(t.Context(), headKey, "seq", 15, "hash", list[14].hash).Err(); err != nil {
			t.Fatal(err)
		}
		other := open(t, client)
		fill(t, other, 21, 10)
		require(t, l, entry(31))
		for _, one := range []*Log{l, other, open(t, client)} {
			if r := wantIntact(t, one, 1, 26); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "record 26 was written, Redis had lost records up to 20") {
				t.Errorf("notes %q", r.Notes)
			}
		}
		require(t, other, entry(32)) // which lost nothing
		require(t, l, entry(33))
		if r := wantIntact(t, l, 1, 28); len(r.Notes) != 1 {
			t.Errorf("notes %q", r.Notes)
		}
	})
}

func TestOtherKeysProveLess(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		keyless := open(t, client, func(o *Options) { o.Key = "" })
		fill(t, keyless, 1, 3)
		if r := wantIntact(t, keyless, 1, 3); r.Keyed {
			t.Error("without a key it is said to have one")
		}
		l := open(t, client)
		fill(t, l, 4, 3)
		r := wantIntact(t, l, 1, 6)
		if r.Keyed || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "from 1 on were written without a key") {
			t.Errorf("%+v", r)
		}
		require(t, keyless, entry(7))
		if r := verify(t, l); r.Break == nil || r.Break.Seq != 7 {
			t.Errorf("a record without the key behind some with it: %+v", r.Break)
		}
	})
}

func TestAnOlderInstanceOnlyReads(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		require(t, l, entry(1))
		client.HSet(t.Context(), headKey, "schema", schema+1)
		if err := l.Require(t.Context(), entry(2)); err == nil || !strings.Contains(err.Error(), "later release") {
			t.Errorf("%v", err)
		}
		wantIntact(t, l, 1, 1)
	})
}

func TestAHeadThatIsNonsenseStopsNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		fill(t, l, 1, 3)
		client.HSet(t.Context(), headKey, "seq", "soon", "first", "x")
		require(t, l, entry(4))
		wantIntact(t, l, 1, 4)
	})
}

func TestAClusterKeepsTheAuditToo(t *testing.T) {
	l := open(t, redistest.Cluster(t).Client())
	fill(t, l, 1, 30)
	wantIntact(t, l, 1, 30)
}
