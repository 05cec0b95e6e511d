package series_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/series"
)

// taken is a sample of some values.
func taken(at time.Time, values map[sample.Name]float64) sample.Sample {
	values[sample.Up] = 1
	return sample.Sample{At: at, Values: values}
}

func read(t *testing.T, s *series.Store, name sample.Name, back time.Duration) sample.Series {
	t.Helper()
	got, err := s.Range(t.Context(), name, back)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func add(t *testing.T, s *series.Store, samples ...sample.Sample) {
	t.Helper()
	for _, one := range samples {
		if err := s.Append(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSamplesAreKeptAsTheyWereAndThinned(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := series.New(client, sample.Sessions, sample.MemoryUsed)
		now := time.Now().Truncate(30 * time.Minute) // the begin of a slot of every size
		for i := range 16 {                          // four minutes, but for one gap in the middle
			if i == 6 || i == 7 || i == 8 {
				continue
			}
			values := map[sample.Name]float64{sample.Sessions: float64(1000 + i), sample.Keys: 1}
			if i < 8 {
				values[sample.MemoryUsed] = 1e15 + 0.25
			}
			add(t, s, taken(now.Add(time.Duration(i)*15*time.Second), values))
		}
		hour := read(t, s, sample.Sessions, time.Hour)
		if len(hour.Points) != 13 || hour.Step != 15*time.Second || hour.Points[12] != (sample.Point{At: now.Add(225 * time.Second), Min: 1015, Max: 1015, Avg: 1015}) {
			t.Errorf("the hour is %+v", hour)
		}
		for i := range hour.Points {
			if hour.Gap(i) != (i == 6) {
				t.Errorf("a gap before %d: %v", i, hour.Gap(i))
			}
		}
		day := read(t, s, sample.Sessions, 24*time.Hour)
		want := sample.Point{At: now, Min: 1000, Max: 1005, Avg: 1002.5}
		if len(day.Points) != 2 || day.Step != 2*time.Minute || !day.Points[0].At.Equal(want.At) || day.Points[0].Avg != want.Avg || day.Points[0].Max != want.Max || day.Points[0].Min != want.Min {
			t.Errorf("the day is %+v", day)
		}
		week := read(t, s, sample.Sessions, 7*24*time.Hour)
		if last, ok := week.Last(); len(week.Points) != 1 || !ok || math.Abs(last-1007.615) > 0.01 || week.Step != 15*time.Minute {
			t.Errorf("the week is %+v", week)
		}
		if memory := read(t, s, sample.MemoryUsed, time.Hour); len(memory.Points) != 6 || memory.Points[0].Avg != 1e15+0.25 {
			t.Errorf("memory is %+v", memory)
		}
		if none := read(t, s, sample.Keys, time.Hour); len(none.Points) != 0 {
			t.Errorf("kept without being asked for: %+v", none)
		}
	})
}

func TestASampleSentTwiceCountsOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := series.New(client, sample.Sessions)
		now := time.Now().Truncate(15 * time.Minute)
		one, two := taken(now, map[sample.Name]float64{sample.Sessions: 10}), taken(now.Add(10*time.Second), map[sample.Name]float64{sample.Sessions: 40})
		add(t, s, one, two, two)
		for _, back := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour} {
			if got := read(t, s, sample.Sessions, back); len(got.Points) != 1 || got.Points[0].Avg != 25 {
				t.Errorf("of %v: %+v", back, got)
			}
		}
	})
}

func TestWhatIsKeptIsBoundedAndEnds(t *testing.T) {
	client := redistest.Any(t).Client()
	s := series.New(client, sample.Sessions)
	begin := time.Now().Add(-8 * 24 * time.Hour)
	for i := range 3000 { // eight days
		add(t, s, taken(begin.Add(time.Duration(i)*8*24*time.Hour/3000), map[sample.Name]float64{sample.Sessions: float64(i)}))
	}
	now := time.Now()
	for i := range 800 { // an hour and more, faster than is kept
		add(t, s, taken(now.Add(time.Duration(i-800)*4900*time.Millisecond), map[sample.Name]float64{sample.Sessions: 1}))
	}
	for _, key := range s.Keys() {
		n, left := client.HLen(t.Context(), key).Val(), client.PTTL(t.Context(), key).Val()
		if n < 300 || n > 725 || left <= 0 || left > 8*24*time.Hour {
			t.Errorf("%s has %d slots and ends in %v", key, n, left)
		}
	}
	for back, most := range map[time.Duration]int{time.Hour: 721, 24 * time.Hour: 721, 7 * 24 * time.Hour: 673, 1000 * time.Hour: 673} {
		got := read(t, s, sample.Sessions, back)
		if len(got.Points) > most || len(got.Points) < most/4 || got.Points[0].At.Before(now.Add(-min(back, 7*24*time.Hour)-time.Second)) {
			t.Errorf("of %v: %d points from %v", back, len(got.Points), got.Points[0].At)
		}
		for i := 1; i < len(got.Points); i++ {
			if !got.Points[i].At.After(got.Points[i-1].At) {
				t.Errorf("of %v: out of order at %d", back, i)
			}
		}
	}
	if keys := client.Keys(t.Context(), "*").Val(); len(keys) != 3 {
		t.Errorf("there are %v", keys)
	}
}

// Charts of memory are looked at when there is none left.
func TestSamplesAreKeptWhileMemoryIsFull(t *testing.T) {
	client := redistest.Any(t).Client()
	s := series.New(client, sample.Sessions)
	err := redistest.OnMasters(t.Context(), client, func(ctx context.Context, c *redis.Client) error {
		return c.ConfigSet(ctx, "maxmemory", "1").Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), "a", "b", 0).Err(); err == nil {
		t.Fatal("memory is not full")
	}
	add(t, s, taken(time.Now(), map[sample.Name]float64{sample.Sessions: 7}))
	if last, ok := read(t, s, sample.Sessions, time.Hour).Last(); !ok || last != 7 {
		t.Errorf("kept is %v, %v", last, ok)
	}
}

func TestARedisThatWasAwayLeavesAGap(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := series.New(client, sample.Sessions)
		away := sample.Sample{At: time.Now(), Values: map[sample.Name]float64{sample.Up: 0, sample.Sessions: 3}}
		add(t, s, away, taken(time.Now(), map[sample.Name]float64{sample.Keys: 3}))
		if n := client.DBSize(t.Context()).Val(); n != 0 {
			t.Errorf("%d keys were made", n)
		}
		client.HSet(t.Context(), "{helix}:series:hour:sessions", "1", "foreign hand", "2", "a b c d e f")
		if got := read(t, s, sample.Sessions, time.Hour); len(got.Points) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheUsualNamesInOneRoundTrip(t *testing.T) {
	client := redistest.Any(t).Client()
	s := series.New(client, series.Usual()...)
	values := make(map[sample.Name]float64)
	for i, name := range series.Usual() {
		values[name] = float64(i)
	}
	add(t, s, taken(time.Now(), values))
	all, err := s.Ranges(t.Context(), series.Usual(), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range all {
		if last, ok := one.Last(); !ok || last != float64(i) || one.Name != series.Usual()[i] {
			t.Errorf("%s: %v, %v", one.Name, last, ok)
		}
	}
	for _, key := range s.Keys() { // so that a Cluster has them in one slot
		if !strings.HasPrefix(key, "{helix}:series:") {
			t.Errorf("a key is %s", key)
		}
	}
}

// BenchmarkAppend says what a sample of all usual values takes a server, and how
// much memory they have there. 17,280 of them are a day at the finest.
func BenchmarkAppend(b *testing.B) {
	client := redistest.Standalone(b).Client()
	s := series.New(client, series.Usual()...)
	begin := time.Now().Add(-7 * 24 * time.Hour)
	i := 0
	for b.Loop() {
		values := make(map[sample.Name]float64)
		for n, name := range series.Usual() {
			values[name] = float64(n)*1e6 + float64(i)/3
		}
		if err := s.Append(b.Context(), taken(begin.Add(time.Duration(i)*5*time.Second), values)); err != nil {
			b.Fatal(err)
		}
		i++
	}
	bytes := int64(0)
	for _, key := range s.Keys() {
		bytes += client.MemoryUsage(b.Context(), key).Val()
	}
	b.ReportMetric(float64(bytes)/(1<<20), "MiB")
}
