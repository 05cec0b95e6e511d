package series_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/series"
)

func TestSeriesBecomeSamplesAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := series.New(client, sample.Sessions, sample.MemoryUsed)
		begin := time.Now().Add(-5 * time.Minute).Truncate(time.Millisecond)
		for i := range 10 {
			values := map[sample.Name]float64{sample.MemoryUsed: float64(100 * i)}
			if i%2 == 0 {
				values[sample.Sessions] = float64(i)
			}
			add(t, s, taken(begin.Add(time.Duration(i)*15*time.Second), values))
		}
		got, err := s.Samples(t.Context(), []sample.Name{sample.MemoryUsed, sample.Sessions}, time.Hour)
		if err != nil || len(got) != 10 {
			t.Fatalf("%v, %v", got, err)
		}
		for i, one := range got {
			sessions, known := one.Get(sample.Sessions)
			if !one.At.Equal(begin.Add(time.Duration(i)*15*time.Second)) || one.Values[sample.MemoryUsed] != float64(100*i) ||
				known != (i%2 == 0) || known && sessions != float64(i) || one.Values[sample.Up] != 1 {
				t.Errorf("%d is %+v", i, one)
			}
		}
		recent, err := s.Samples(t.Context(), []sample.Name{sample.MemoryUsed}, 4*time.Minute)
		if err != nil || len(recent) >= 10 || len(recent) == 0 {
			t.Errorf("of four minutes: %v, %v", recent, err)
		}
	})
}
