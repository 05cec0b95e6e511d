package bot

import (
	"strconv"
	"testing"
	"time"
)

func TestAnswersAreKeptWithinABound(t *testing.T) {
	p := newPager(time.Minute)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	for i := range 5 {
		p.keep(&book{id: strconv.Itoa(i), whole: make([]byte, pagerBytes/4), pages: []string{"x"}})
	}
	for i, want := range []bool{false, false, true, true, true} {
		if kept := p.find(strconv.Itoa(i)); (kept != nil) != want {
			t.Errorf("answer %d is kept: %v", i, kept != nil)
		}
	}
	p.keep(&book{id: "huge", whole: make([]byte, pagerBytes+1)})
	if p.find("huge") != nil || p.bytes != 0 {
		t.Errorf("an answer beyond the bound is kept, %d bytes in all", p.bytes)
	}
	p.keep(&book{id: "a", whole: []byte("1")})
	p.keep(&book{id: "a", whole: []byte("22")})
	if got := p.find("a"); string(got.whole) != "22" || p.bytes != 2 {
		t.Errorf("kept is %q of %d bytes", got.whole, p.bytes)
	}
	now = now.Add(time.Minute + 1)
	if p.find("a") != nil || p.bytes != 0 || p.order.Len() != 0 {
		t.Errorf("an old answer is kept, %d bytes", p.bytes)
	}
}
