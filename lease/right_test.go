package lease

import (
	"testing"
	"time"
)

// happening is one attempt of an instance's, by when it began and ended.
type happening struct {
	began, ended time.Duration
	answer       answer // of no word: it failed
}

func held(token string) answer { return answer{word: mine, value: token + ` {"id":"a"}`, left: Term} }

func theirs(left time.Duration) answer {
	return answer{word: other, value: `9 {"id":"b"}`, left: left}
}

func TestWhetherTheRightStands(t *testing.T) {
	sec, failed := time.Second, answer{}
	for _, c := range []struct {
		name   string
		after  []happening
		at     time.Duration
		stands bool
	}{
		{"before anything is known", nil, 10 * sec, false},
		{"for a term after it was had", []happening{{0, 0, held("1")}}, 5*sec - 1, true},
		{"no longer", []happening{{0, 0, held("1")}}, 5 * sec, false},
		{"from before the request was sent", []happening{{0, 4 * sec, held("1")}}, 5 * sec, false},
		{"renewed", []happening{{0, 0, held("1")}, {1 * sec, 1 * sec, held("1")}}, 5 * sec, true},
		{"Redis away", []happening{{0, 0, held("1")}, {2 * sec, 3 * sec, failed}, {6 * sec, 7 * sec, failed}, {10 * sec, 11 * sec, failed}}, 14 * sec, true},
		{"paused, and it wakes before it asks", []happening{{0, 0, held("1")}, {1 * sec, 1 * sec, failed}}, 60 * sec, false},
		{"paused during an attempt that failed", []happening{{0, 0, held("1")}, {1 * sec, 60 * sec, failed}}, 60 * sec, false},
		{"paused, and Redis is away on waking", []happening{{0, 0, held("1")}, {60 * sec, 60 * sec, failed}, {61 * sec, 61 * sec, failed}, {70 * sec, 70 * sec, failed}}, 70 * sec, false},
		{"paused, and confirmed on waking", []happening{{0, 0, held("1")}, {60 * sec, 60 * sec, held("1")}}, 61 * sec, true},
		{"somebody else has it", []happening{{0, 0, held("1")}, {1 * sec, 1 * sec, theirs(4 * sec)}}, 2 * sec, false},
		{"a standby, Redis away", []happening{{0, 0, theirs(4 * sec)}, {1 * sec, 1 * sec, failed}, {60 * sec, 60 * sec, failed}}, 60 * sec, false},
		{"Redis away since the start, for less than a term", []happening{{0, 1 * sec, failed}, {4 * sec, 4 * sec, failed}}, 4 * sec, false},
		{"Redis away since the start, for a term", []happening{{0, 1 * sec, failed}, {5 * sec, 5 * sec, failed}}, 6 * sec, true},
		{"Redis away since the start, then paused", []happening{{0, 1 * sec, failed}, {5 * sec, 5 * sec, failed}, {60 * sec, 60 * sec, failed}}, 60 * sec, false},
		{"Redis away since the start, and somebody has it", []happening{{5 * sec, 5 * sec, failed}, {6 * sec, 6 * sec, theirs(sec)}}, 6 * sec, false},
	} {
		start := time.Now()
		r := newRight(start)
		for _, h := range c.after {
			if h.answer.word == "" {
				r = r.unanswered(start.Add(h.began), start.Add(h.ended))
				continue
			}
			r, _ = r.answered(start.Add(h.began), h.answer)
		}
		if got := r.stands(start.Add(c.at)); got != c.stands {
			t.Errorf("%s: at %s it stands: %v", c.name, c.at, got)
		}
	}
}

func TestWhenARightIsLost(t *testing.T) {
	start := time.Now()
	r, lost := newRight(start).answered(start, held("7"))
	if lost {
		t.Error("one that is had is lost")
	}
	for _, c := range []struct {
		name  string
		began time.Duration
		a     answer
		lost  bool
	}{
		{"renewed", time.Second, held("7"), false},
		{"flushed meanwhile", time.Second, held("8"), false},
		{"paused, and nobody had it", time.Minute, held("7"), false},
		{"paused, and somebody may have had it", time.Minute, held("8"), true},
		{"somebody else's", time.Second, theirs(time.Second), true},
		{"nobody's", time.Second, answer{word: free, left: -2}, true},
	} {
		if _, lost := r.answered(start.Add(c.began), c.a); lost != c.lost {
			t.Errorf("%s: lost %v", c.name, lost)
		}
	}
}

func TestWhenAStandbyTakesAFreeLease(t *testing.T) {
	start := time.Now()
	seen, _ := newRight(start).answered(start, theirs(3*time.Second))
	away := seen.unanswered(start.Add(time.Second), start.Add(2*time.Second))
	back, _ := away.answered(start.Add(2500*time.Millisecond), theirs(100*time.Millisecond))
	alone := newRight(start).unanswered(start.Add(Term), start.Add(Term))
	for _, c := range []struct {
		name string
		r    right
		at   time.Duration
		want string
	}{
		{"at the start", newRight(start), 0, wantTake},
		{"within the term that it saw", seen, 3*time.Second - 1, wantKeep},
		{"after it", seen, 3 * time.Second, wantTake},
		{"within a term after a failure", away, 2*time.Second + Term - 1, wantKeep},
		{"when Redis is back, and its holder had no time to renew it", back, 2*time.Second + Term - 1, wantKeep},
		{"when it had", back, 2*time.Second + Term, wantTake},
		{"while it speaks without a token", alone, Term + time.Second, wantTake},
		{"after that", away, 2*time.Second + Term, wantTake},
	} {
		if got := c.r.wants(start.Add(c.at)); got != c.want {
			t.Errorf("%s it wants %s", c.name, got)
		}
	}
}
