package series

import (
	"context"
	"slices"
	"time"

	"github.com/helix-collective/helix/sample"
)

// Samples is Ranges put together to samples again, the oldest first: what of those
// values was measured, or was on average, at each moment that is kept. Their times
// are by the clock of Redis.
func (s *Store) Samples(ctx context.Context, names []sample.Name, back time.Duration) ([]sample.Sample, error) {
	ranges, err := s.Ranges(ctx, names, back)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]sample.Sample)
	for _, r := range ranges {
		for _, p := range r.Points {
			one, known := at[p.At.UnixMilli()]
			if !known {
				one = sample.Sample{At: p.At, Values: map[sample.Name]float64{sample.Up: 1}}
				at[p.At.UnixMilli()] = one
			}
			one.Values[r.Name] = p.Avg
		}
	}
	all := make([]sample.Sample, 0, len(at))
	for _, one := range at {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b sample.Sample) int { return a.At.Compare(b.At) })
	return all, nil
}
