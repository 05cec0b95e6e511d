// Package schedules keeps lines that run by the clock, and tells which are due:
// in Redis, by its time, so that any number of instances of Helix may look and
// each run is one instance's alone. It knows nothing of what a line means, and
// never runs one.
package schedules

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/register"
	"github.com/helix-collective/helix/script"
)

// The bounds of what is kept.
const (
	MaxSchedules = 50
	MaxEach      = 10   // of one person
	MaxLine      = 1500 // bytes of a line; a Discord message has at most 2,000 characters
	maxRecord    = 8*MaxLine + 4096
	maxReason    = 300 // bytes of why a schedule pauses
)

// Our keys in Redis, in one slot.
const (
	key     = "{helix}:schedules"      // hash: id, record in JSON
	runsKey = "{helix}:schedules:runs" // hash: id, the last run that was claimed; "failed" and id, failures in a row
)

// OwnKeys lists the keys that schedules live in.
func OwnKeys() []string { return []string{key, runsKey} }

// schema numbers the layout of a record. What has a higher number is left alone,
// and while there is such a record nothing is changed.
const schema = 1

// Schedule is a line that runs by the clock.
type Schedule struct {
	ID      string    `json:"-"` // short, of letters and digits
	Line    string    `json:"line"`
	When    When      `json:"when"`
	Guild   string    `json:"guild"`
	Channel string    `json:"channel"` // where its output goes
	Author  string    `json:"author"`  // whose rights it has: a Discord user id
	Nick    string    `json:"name"`
	Made    time.Time `json:"made"`             // by the clock of Redis
	Paused  string    `json:"paused,omitempty"` // why it does not run; empty: it does

	kept string // the record as it was read
}

// record is a Schedule as it is kept.
type record struct {
	Schema int `json:"schema"`
	Schedule
}

// Due answers the run that a schedule is due for at now, unless it was tried
// already. A run that was missed is not made up for: nothing is due any more
// ten minutes after its time, or half the time to the next run.
func (s Schedule) Due(now, tried time.Time) (at time.Time, due bool) {
	at, ok := s.When.latest(s.Made, now)
	late := min(10*time.Minute, s.When.between()/2)
	return at, ok && s.Paused == "" && at.After(tried) && now.Sub(at) <= late
}

// Next answers when a schedule is due next.
func (s Schedule) Next(now time.Time) time.Time { return s.When.next(s.Made, now) }

// Store is the schedules of one Redis. Its methods may be called from several
// goroutines, and on several instances.
type Store struct {
	client                redis.UniversalClient
	kept                  *register.Register
	claim, failed, recall *script.Script
}

// Open answers the schedules in a Redis. Nothing is asked of it yet.
func Open(client redis.UniversalClient) *Store {
	return &Store{
		client: client,
		kept:   register.New(client, key, register.Bounds{Records: MaxSchedules, Bytes: maxRecord, Schema: schema}),
		claim:  script.New(claimSource), failed: script.New(failedSource), recall: script.New(recallSource),
	}
}

// NewID makes the name of a schedule.
func NewID() string { return strings.ToLower(rand.Text()[:5]) }

// Now is the time by the clock that schedules go by.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of Redis: %w", err)
	}
	return now.UTC(), nil
}

// All answers the schedules, the oldest first. What nobody of ours has written,
// and what a later release has, is left out.
func (s *Store) All(ctx context.Context) ([]Schedule, error) {
	kept, err := s.kept.All(ctx)
	if err != nil {
		return nil, err
	}
	var all []Schedule
	for id, text := range kept {
		var r record
		if err := json.Unmarshal([]byte(text), &r); err == nil && r.Schema == schema && r.sound() {
			r.Schedule.ID, r.Schedule.kept = id, text
			all = append(all, r.Schedule)
		}
	}
	slices.SortFunc(all, func(a, b Schedule) int {
		if c := a.Made.Compare(b.Made); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, nil
}

// sound reports whether a schedule is within the bounds of those that we make.
func (s Schedule) sound() bool {
	w := s.When
	often := w.Every >= Shortest && w.Every <= Longest && !w.Daily
	daily := w.Daily && w.Every == 0 && w.At >= 0 && w.At < day
	return (often || daily) && len(s.Line) <= MaxLine && s.Author != "" && s.Guild != "" && s.Channel != ""
}

// Put keeps a new schedule. The error is a *register.FullError where there are as
// many as are kept, and a *register.NewerError where a later release keeps them.
func (s *Store) Put(ctx context.Context, n Schedule) error {
	if !n.sound() {
		return fmt.Errorf("keep schedule %s: it is beyond the bounds", n.ID)
	}
	text, err := n.record()
	if err != nil {
		return err
	}
	return s.kept.Put(ctx, n.ID, text)
}

func (s Schedule) record() (string, error) {
	text, err := json.Marshal(record{schema, s})
	if err != nil {
		return "", fmt.Errorf("keep schedule %s: %w", s.ID, err)
	}
	return string(text), nil
}

// Remove ends a schedule, and reports whether there was one.
func (s *Store) Remove(ctx context.Context, id string) (bool, error) {
	there, err := s.kept.Remove(ctx, id)
	if err != nil || !there {
		return there, err
	}
	if err := s.forget(ctx, id, "failed "+id); err != nil {
		return true, fmt.Errorf("forget the runs of schedule %s: %w", id, err)
	}
	return true, nil
}

// Pause has a schedule run no more until Resume, and reports whether it was this
// call that did so.
func (s *Store) Pause(ctx context.Context, p Schedule, why string) (bool, error) {
	p.Paused = strings.ToValidUTF8(why[:min(len(why), maxReason)], "")
	return s.replace(ctx, p)
}

// Resume has a schedule run again from its next time on.
func (s *Store) Resume(ctx context.Context, p Schedule) (bool, error) {
	p.Paused = ""
	if err := s.Succeeded(ctx, p); err != nil {
		return false, err
	}
	return s.replace(ctx, p)
}

// Heal stores again what Redis has lost of the schedules that are known here, and
// reports whether it had lost any.
func (s *Store) Heal(ctx context.Context) (lost bool, err error) { return s.kept.Heal(ctx) }

func (s *Store) replace(ctx context.Context, p Schedule) (bool, error) {
	text, err := p.record()
	if err != nil || text == p.kept {
		return false, err
	}
	return s.kept.Replace(ctx, p.ID, p.kept, text)
}
