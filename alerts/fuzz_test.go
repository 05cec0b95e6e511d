package alerts

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// FuzzKept holds that no record of an incident or a silence, whoever wrote it,
// stops the reader or what goes on with it.
func FuzzKept(f *testing.F) {
	f.Add("memory-k7f3", `3 {"id":"memory-k7f3","version":3,"rule":"memory","state":"firing"}`)
	f.Add("@schema", "9")
	f.Add("a", `1 {"history":[{}],"flaps":-1,"since":"0001-01-01T00:00:00Z"}`)
	f.Add("a", "99999999999999999999 {}")
	m := miniredis.RunT(f)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	f.Cleanup(func() { client.Close() })
	s := store{client: client}
	f.Fuzz(func(t *testing.T, id, record string) {
		for _, key := range OwnKeys() {
			m.Del(key)
			m.HSet(key, id, record)
		}
		incidents, err := read[Incident](t.Context(), s, incidentsKey)
		if err != nil {
			return
		}
		for _, in := range incidents {
			in.Took(time.Now())
			in.Rings()
			in.due()
			if len(in.Nonce()) > 25 || len(in.RingNonce()) > 25 {
				t.Errorf("a nonce of %d characters", len(in.Nonce()))
			}
		}
		silences, err := read[Silence](t.Context(), s, silencesKey)
		if err != nil {
			t.Fatal(err)
		}
		for _, silence := range silences {
			if silence.words() == "" {
				t.Errorf("%s is a silence without words", record)
			}
		}
	})
}
