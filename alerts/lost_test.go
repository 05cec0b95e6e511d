package alerts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// TestWhatRedisLosesOfAnIncidentIsSavedAgain has the one that speaks find an
// incident and a silence damaged, in part or whole.
func TestWhatRedisLosesOfAnIncidentIsSavedAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		r := newRig(t, c, "alerts.hold=0")
		r.set(full())
		r.look()
		id := r.open()[0].ID
		if _, err := r.Silence(t.Context(), Wish{Target: "memory", For: 24 * time.Hour, By: Person{ID: "1", Name: "ann"}}); err != nil {
			t.Fatal(err)
		}
		for name, lose := range map[string]func(ctx context.Context) error{
			"flushed":      func(ctx context.Context) error { return c.FlushAll(ctx).Err() },
			"records gone": func(ctx context.Context) error { return c.HDel(ctx, incidentsKey, id).Err() },
			"marks gone":   func(ctx context.Context) error { return c.HDel(ctx, incidentsKey, markField, schemaField).Err() },
			"another type": func(ctx context.Context) error {
				return errors.Join(c.Set(ctx, incidentsKey, "x", 0).Err(), c.Set(ctx, silencesKey, "x", 0).Err())
			},
			"silences evicted": func(ctx context.Context) error { return c.Del(ctx, silencesKey).Err() },
		} {
			if err := lose(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.pass(time.Minute)
			incidents, err := read[Incident](t.Context(), r.store, incidentsKey)
			silences, silencesErr := read[Silence](t.Context(), r.store, silencesKey)
			if err = errors.Join(err, silencesErr); err != nil || incidents[id].ID != id || len(silences) != 1 {
				t.Errorf("%s: Redis has %v and %v, %v", name, incidents, silences, err)
			}
			r.only()
		}
	})
}
