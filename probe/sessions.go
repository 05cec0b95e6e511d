package probe

import (
	"context"
	"math"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// addSessions adds what is known of the sessions. What cannot be learnt is left
// out.
func (p *Prober) addSessions(ctx context.Context, s *sample.Sample, nodes []*node) {
	keys := p.keys(nodes)
	last, ok, err := p.counts.latest(ctx, s.At, keys)
	if err != nil {
		p.options.Failed(err)
	}
	now := state{at: s.At, keys: keys, rates: s.Values, share: 1}
	if ok {
		now.counted = !last.At.Before(s.At)
		now.share = share(last)
		now.sessions = estimate(last, now)
		addCensus(s, last, now)
	}
	rate, source, known := p.newSessions(ctx, now)
	if known {
		s.Values[sample.CreatedPerMin], s.Texts[sample.CreatedSource] = rate, source
	}
}

// keys answers how many keys the database of the sessions has; negative where
// that is not known.
func (p *Prober) keys(nodes []*node) (n float64) {
	masters, away := split(nodes)
	for _, m := range masters {
		if away || !m.info.has("Keyspace") {
			return -1
		}
		n += m.info.keys(p.database())
	}
	return n
}

// share answers what part of the keys were sessions when they were counted.
func share(last sessions.Census) float64 {
	if last.Keys <= 0 {
		return 1
	}
	return min(float64(last.Sessions.All)/float64(last.Keys), 1)
}

// estimate answers how many sessions there are: as many as were counted, and of
// the keys that have come or gone since the same part as then.
func estimate(last sessions.Census, now state) float64 {
	counted := float64(last.Sessions.All)
	if now.counted || now.keys < 0 {
		return counted
	}
	moved := (now.keys - float64(last.Keys)) * now.share
	return min(max(math.Round(counted+moved), 0), now.keys)
}

func addCensus(s *sample.Sample, last sessions.Census, now state) {
	v := s.Values
	v[sample.Sessions] = now.sessions
	v[sample.SignedIn] = float64(last.Sessions.SignedIn)
	if all := float64(last.Sessions.All); all > 0 {
		v[sample.SignedIn] = math.Round(now.sessions * v[sample.SignedIn] / all)
	}
	v[sample.WithoutTTL] = float64(last.WithoutTTL)
	v[sample.PeopleOverLimit] = float64(last.PeopleOverLimit)
	v[sample.AddressesOverLimit] = float64(last.AddressesOverLimit)
	v[sample.SessionsAge] = max(s.At.Sub(last.At).Seconds(), 0)
	s.People, s.Addresses = shares(last.People), shares(last.Addresses)
}

func shares(tallies []sessions.Tally) []sample.Share {
	all := make([]sample.Share, len(tallies))
	for i, t := range tallies {
		all[i] = sample.Share{Name: t.Name, Count: float64(t.Sessions)}
	}
	return all
}
