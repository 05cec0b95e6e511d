package keyspace

import (
	"testing"
	"time"
)

// serve lets a server answer calls that takes perKey for each key beyond the
// way there and back, and answers what is asked for in the end.
func serve(p *pace, way, perKey time.Duration, calls int) (ask int) {
	p.way(way)
	for range calls {
		p.call(p.ask, way+time.Duration(p.ask)*perKey)
	}
	return p.ask
}

func TestPaceAimsAtAMillisecondAndAHalf(t *testing.T) {
	for _, tt := range []struct {
		name        string
		way, perKey time.Duration
		least, most int
	}{
		{"near", 50 * time.Microsecond, 1400 * time.Nanosecond, 1035, 1095},
		{"far", 80 * time.Millisecond, 1400 * time.Nanosecond, 1035, 1095},
		{"slow", 50 * time.Microsecond, 20 * time.Microsecond, 74, 76},
		{"very slow", time.Millisecond, time.Millisecond, minAsk, minAsk},
		{"fast", 50 * time.Microsecond, 10 * time.Nanosecond, maxAsk, maxAsk},
	} {
		if ask := serve(newPace(Query{}), tt.way, tt.perKey, 40); ask < tt.least || ask > tt.most {
			t.Errorf("%s: it asks for %d keys, want %d to %d", tt.name, ask, tt.least, tt.most)
		}
	}
}

func TestPaceForgivesOneSlowCall(t *testing.T) {
	p := newPace(Query{})
	before := serve(p, 50*time.Microsecond, time.Microsecond, 40)
	p.call(p.ask, 500*time.Millisecond)
	if p.ask != before {
		t.Errorf("it asked for %d keys, and after one slow call for %d", before, p.ask)
	}
	p.call(p.ask, 500*time.Millisecond)
	if p.ask >= before/2 {
		t.Errorf("after two slow calls it asks for %d keys", p.ask)
	}
}

func TestPaceNeverMoreThanDoubles(t *testing.T) {
	p := newPace(Query{})
	p.way(time.Microsecond)
	for range 10 {
		before := p.ask
		p.call(p.ask, 2*time.Microsecond)
		if p.ask > 2*before {
			t.Fatalf("%d keys, then %d", before, p.ask)
		}
	}
}

func TestPaceKeepsAFixedCount(t *testing.T) {
	for count, want := range map[int]int{10: 10, 1000: 1000, 1_000_000: maxAsk, -5: firstAsk} {
		if p := newPace(Query{Count: count}); p.ask != want {
			t.Errorf("COUNT %d asks for %d keys, want %d", count, p.ask, want)
		}
	}
}

func TestPaceAsksForFewerKeysWhereTheyAreLong(t *testing.T) {
	for name, p := range map[string]*pace{"measured": newPace(Query{}), "fixed": newPace(Query{Count: 1000})} {
		p.way(time.Microsecond)
		ask := p.ask
		p.fit(ask, ask<<20)
		if p.ask != 1 {
			t.Errorf("%s: of keys of a mebibyte it asks for %d", name, p.ask)
		}
		for range 20 {
			ask = p.ask
			p.call(ask, time.Microsecond+time.Duration(ask)*time.Microsecond)
			p.fit(ask, 100*ask)
		}
		if p.ask < 900 {
			t.Errorf("%s: of short keys it asks for %d afterwards", name, p.ask)
		}
	}
}

func TestPaceRests(t *testing.T) {
	for _, tt := range []struct {
		share int
		want  time.Duration
	}{{100, 0}, {50, time.Millisecond}, {10, 9 * time.Millisecond}, {1, 99 * time.Millisecond}, {0, 0}, {-3, 0}, {200, 0}} {
		if got := newPace(Query{Share: tt.share}).rest(time.Millisecond); got != tt.want {
			t.Errorf("share %d: a rest of %v, want %v", tt.share, got, tt.want)
		}
	}
}
