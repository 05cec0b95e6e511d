package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// The keys of cleanup's own state.
const (
	lockKey    = "{helix}:cleanup"
	consentKey = "{helix}:cleanup:foreign"
	reportsKey = "{helix}:cleanup:runs"
)

// OwnKeys lists the keys of fixed names that this package keeps its state in.
func OwnKeys() []string {
	return []string{lockKey, consentKey, reportsKey, censusKey, censusLockKey, countsKey}
}

// Consent says who confirmed that cleanup may end other software's sessions, and
// when. The zero Consent says that nobody has.
type Consent struct {
	By   string    `json:"by"`   // an id
	Name string    `json:"name"` // as people call them
	At   time.Time `json:"at"`
}

// wrongType says that a key of ours holds something that is not ours, as if ours
// were not there.
func wrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }

// Given reports whether anybody has.
func (c Consent) Given() bool { return !c.At.IsZero() }

// Consent answers who confirmed a cleanup of other software's sessions.
func (s *Store) Consent(ctx context.Context) (Consent, error) {
	text, err := s.client.Get(ctx, consentKey).Bytes()
	if errors.Is(err, redis.Nil) || wrongType(err) {
		return Consent{}, nil
	}
	if err != nil {
		return Consent{}, fmt.Errorf("ask whether cleanup may end other software's sessions: %w", err)
	}
	var c Consent
	if err := json.Unmarshal(text, &c); err != nil {
		return Consent{}, nil // a foreign hand's: it is nobody's word
	}
	return c, nil
}

// noteLua keeps a text: KEYS is where, ARGV the text.
const noteLua = `
redis.call('SET', KEYS[1], ARGV[1])
return 1
`

// ConfirmForeign lets cleanup treat other software's sessions as it does ours,
// until RevokeForeign.
func (s *Store) ConfirmForeign(ctx context.Context, by Consent) error {
	text, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("note who confirmed a cleanup: %w", err)
	}
	if err := s.run.note.Run(ctx, s.client, []string{consentKey}, text).Err(); err != nil {
		return fmt.Errorf("note who confirmed a cleanup: %w", err)
	}
	return nil
}

// RevokeForeign has cleanup leave other software's sessions alone again, and
// answers whether it did not before. A pass that runs goes on as it began.
func (s *Store) RevokeForeign(ctx context.Context) (bool, error) {
	n, err := s.client.Unlink(ctx, consentKey).Result()
	if err != nil {
		return false, fmt.Errorf("take back that cleanup may end other software's sessions: %w", err)
	}
	return n > 0, nil
}

// maxReports is how many reports are kept: of a week, at one an hour.
const maxReports = 168

// keepLua keeps a report once, also where its reply is lost and it is sent again:
// KEYS is the list, ARGV the report and how many are kept.
const keepLua = `
if redis.call('TYPE', KEYS[1]).ok ~= 'list' then redis.call('DEL', KEYS[1]) end
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then
  redis.call('LPUSH', KEYS[1], ARGV[1])
  redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
end
return 1
`

func (s *Store) keepReport(ctx context.Context, r Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep a report: %w", err)
	}
	if err := s.run.keep.Run(ctx, s.client, []string{reportsKey}, text, maxReports).Err(); err != nil {
		return fmt.Errorf("keep a report: %w", err)
	}
	return nil
}

// Reports answers the reports of the last passes, the newest first, at most n of
// the 168 that are kept.
func (s *Store) Reports(ctx context.Context, n int) ([]Report, error) {
	texts, err := s.client.LRange(ctx, reportsKey, 0, int64(min(n, maxReports))-1).Result()
	if err != nil && !wrongType(err) {
		return nil, fmt.Errorf("read the reports of cleanup: %w", err)
	}
	var all []Report
	for _, text := range texts {
		var r Report
		if json.Unmarshal([]byte(text), &r) == nil { // else a foreign hand's
			all = append(all, r)
		}
	}
	return all, nil
}
