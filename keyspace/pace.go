package keyspace

import "time"

const (
	scanAim   = 1500 * time.Microsecond // of the server's time a call of SCAN
	applyAim  = time.Millisecond        // of the server's time a batch of other commands
	firstAsk  = 10                      // keys to ask for before anything was measured; they may be long
	minAsk    = 10                      // what SCAN itself takes by default
	maxAsk    = 2000                    // what a wrong measurement costs stays a few milliseconds
	maxBeside = 1000                    // keys, of a scan beside changes: it is seldom alone with the server to be measured
	maxReply  = 1 << 20                 // bytes; for fewer keys than that takes, if they are long
)

// pace decides how many keys to ask for, so that a call keeps the server busy
// for as long as it aims at, and how long to let it rest in between.
//
// The server's work is what a call takes beyond the way there and back. The
// time that a long reply needs on the network counts as work too, which errs to
// the server's advantage.
type pace struct {
	aim   time.Duration // of the server's time a call
	most  int           // keys a call
	fixed int           // keys a call; 0: as measured
	share int           // per cent
	floor time.Duration // the way there and back: the shortest seen
	key   float64       // the server's time a key in nanoseconds, smoothed; 0: not yet measured
	last  float64       // the same of the last call alone
	ask   int           // keys to ask for in the next call
}

func newPace(q Query) *pace {
	p := &pace{aim: scanAim, most: maxAsk, fixed: min(max(q.Count, 0), maxAsk), share: q.Share, ask: firstAsk}
	if p.share <= 0 || p.share > 100 {
		p.share = 100
	}
	if p.fixed > 0 {
		p.ask = p.fixed
	}
	return p
}

// calibrated reports whether the way there and back has been measured.
func (p *pace) calibrated() bool { return p.floor > 0 }

// way learns what a call takes that gives the server nothing to do.
func (p *pace) way(took time.Duration) {
	took = max(took, 1)
	if p.floor == 0 || took < p.floor {
		p.floor = took
	}
}

// call learns from a call for ask keys and answers how long the server worked
// on it. One call that was held up by something else counts for nothing, and
// the number of keys never more than doubles from one call to the next.
func (p *pace) call(ask int, took time.Duration) (work time.Duration) {
	if !p.calibrated() {
		return took
	}
	p.way(took)
	work = took - p.floor
	if p.fixed > 0 || work == 0 {
		return work
	}
	sample := float64(work) / float64(ask)
	if p.key == 0 {
		p.key, p.last = sample, sample
	}
	p.key += (min(sample, p.last) - p.key) / 4
	p.last = sample
	p.ask = min(max(int(float64(p.aim)/p.key), minAsk), p.most, 2*p.ask)
	return work
}

// estimate answers how long the server works on a call for ask keys, as far as
// that is known.
func (p *pace) estimate(ask int) time.Duration { return time.Duration(p.key * float64(ask)) }

// unceasing reports whether one call may follow another at once: the server is
// to have no rest, and how long it works has been measured.
func (p *pace) unceasing() bool { return p.share == 100 && p.key > 0 }

// fit keeps replies within bounds where keys are long: it learns from a reply to
// a call for ask keys how many such keys make up maxReply.
func (p *pace) fit(ask, bytes int) {
	if p.fixed > 0 {
		p.ask = p.fixed
	}
	p.ask = max(min(p.ask, maxReply*ask/max(bytes, 1)), 1)
}

// rest answers how long the server is to be left alone after it worked.
func (p *pace) rest(work time.Duration) time.Duration {
	return work * time.Duration(100-p.share) / time.Duration(p.share)
}
