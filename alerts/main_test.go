package alerts

import (
	"maps"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// go-redis tries a server that is gone for another second after its client is
// closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(redistest.Shared(m), goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// values answers the values in force with some of them changed: "alerts.hold=0".
func values(t testing.TB, assignments ...string) *settings.Snapshot {
	t.Helper()
	flags := make(map[string]string)
	for _, a := range assignments {
		key, value, _ := strings.Cut(a, "=")
		flags[key] = value
	}
	base, err := settings.Load(settings.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return base.Snapshot()
}

// healthy is a Redis with which nothing is wrong.
func healthy() map[sample.Name]float64 {
	return map[sample.Name]float64{
		sample.Up: 1, sample.Sessions: 100, sample.WithoutTTL: 0, sample.PeopleOverLimit: 0, sample.AddressesOverLimit: 0,
		sample.CreatedPerMin: 10, sample.MemoryUsed: 50 << 20, sample.MaxMemory: 100 << 20, sample.MemoryPercent: 50,
		sample.SystemPercent: 20, sample.Fragmentation: 1.1, sample.EvictedPerMin: 0, sample.RejectedPerMin: 0,
		sample.OOMErrorsPerMin: 0, sample.ClientsPercent: 5, sample.Replicas: 1, sample.ReplicaLag: 0, sample.LinksDown: 0,
		sample.SaveAge: 60, sample.SaveFailed: 0, sample.AppendFailed: 0, sample.ChangesUnsaved: 0, sample.ClusterOK: 1,
	}
}

func sampled(at time.Time, changes map[sample.Name]float64) sample.Sample {
	v := healthy()
	maps.Copy(v, changes)
	return sample.Sample{At: at, Values: v, Texts: map[sample.Name]string{sample.Policy: "noeviction"}}
}
