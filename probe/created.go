package probe

import (
	"context"
	"errors"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// state is what a probe knows that the next one compares with.
type state struct {
	at       time.Time // by the server's clock
	keys     float64   // negative: not known
	sessions float64
	counted  bool    // just now, rather than estimated
	share    float64 // of the keys that are sessions
	rates    map[sample.Name]float64
}

// created is what the rate of new sessions is told from.
type created struct {
	before    state
	instances map[string]instance
}

// instance is what one instance of Helix has told of itself.
type instance struct {
	sessions.Tallied
	created, ended float64 // a minute, between the last two times it told
	known          bool    // they are
}

// silent is how long an instance may say nothing before it counts for nothing.
const silent = 30 * time.Second

// newSessions answers how many sessions come up a minute, and who says so. None
// of the three can say too many, so that the highest holds; of those that about
// agree, the one that is to be trusted most.
func (p *Prober) newSessions(ctx context.Context, now state) (rate float64, source string, known bool) {
	before := p.created.before
	p.created.before = now
	told, ended, own := p.told(ctx)
	events, heard := p.events.take()
	span := now.at.Sub(before.at)
	if !before.at.IsZero() && span > 0 {
		rate, known = deltas(before, now, ended)
		source = sample.FromDeltas
		if found := float64(events) / span.Minutes(); heard && (!known || atLeastAbout(found, rate, span)) {
			rate, source, known = found, sample.FromEvents, true
		}
	}
	if own && (!known || atLeastAbout(told, rate, span)) {
		rate, source, known = told, sample.FromCounters, true
	}
	return rate, source, known
}

// atLeastAbout reports whether a rate is no lower than another, but for what
// comes of their not being taken at the very same moment: a tenth, or 10 a minute,
// or three sessions of the span that they are for.
func atLeastAbout(rate, other float64, span time.Duration) bool {
	slack := 10.0
	if span > 0 {
		slack = max(slack, 3/span.Minutes())
	}
	return rate >= other*0.9-slack
}

// deltas answers how many sessions must have been made for there to be as many as
// there are, after those that have ended in ways that are counted.
func deltas(before, now state, ended float64) (rate float64, known bool) {
	if before.keys < 0 || now.keys < 0 {
		return 0, false
	}
	more := (now.keys - before.keys) * now.share
	if before.counted && now.counted {
		more = now.sessions - before.sessions
	}
	gone := now.rates[sample.ExpiredPerMin] + now.rates[sample.EvictedPerMin]
	return max(more/now.at.Sub(before.at).Minutes()+gone*now.share+ended, 0), true
}

// told answers what all instances of Helix tell of the sessions that they make
// and end a minute. own is false where none of them has ever made one.
func (p *Prober) told(ctx context.Context) (made, ended float64, own bool) {
	err := p.store.TellCounts(ctx)
	all, failed := p.store.AllCounts(ctx)
	if err != nil || failed != nil {
		p.options.Failed(errors.Join(err, failed))
	}
	var newest time.Time
	for _, t := range all {
		if t.At.After(newest) {
			newest = t.At
		}
	}
	next := make(map[string]instance, len(all))
	for name, t := range all {
		i := follow(p.created.instances[name], t)
		next[name] = i
		if !i.known || newest.Sub(t.At) > silent {
			continue
		}
		made, ended = made+i.created, ended+i.ended
		own = own || t.Created > 0
	}
	p.created.instances = next
	return made, ended, own
}

// follow answers what an instance tells, after what it told before.
func follow(before instance, now sessions.Tallied) instance {
	span := now.At.Sub(before.At)
	switch {
	case before.At.IsZero():
		return instance{Tallied: now}
	case span <= 0:
		return before
	}
	return instance{
		Tallied: now, known: true,
		created: float64(now.Created-before.Created) / span.Minutes(),
		ended:   float64(now.Ended-before.Ended) / span.Minutes(),
	}
}
