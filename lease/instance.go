package lease

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Our keys in Redis, in one slot.
const (
	leaseKey     = "{helix}:lease"
	lastKey      = "{helix}:lease:last" // what is left of the last holder: its token, its application, whether it gave the right back; and since when nothing was lost
	instancesKey = "{helix}:instances"
	workingKey   = "{helix}:working" // what was claimed and is not done yet
	heardKey     = "{helix}:heard"   // the channels where somebody asked lately
	seenPrefix   = "{helix}:seen:"
	latestPrefix = seenPrefix + "latest:" // a channel → the latest of its messages that was claimed
)

// OwnKeys lists the keys with fixed names that outlast a flush asked for through
// Helix. What is left of the last holder goes with the claims, which do not: it says
// since when they are known.
func OwnKeys() []string { return []string{leaseKey, instancesKey, workingKey, heardKey} }

// Instance is one running Helix, as it tells the others of itself. It holds
// nothing secret.
type Instance struct {
	ID      string    `json:"id"`      // new at each start
	Host    string    `json:"host"`    // of the machine
	Version string    `json:"version"` // of Helix
	Since   time.Time `json:"since"`   // it runs, by its own clock
	Address string    `json:"address"` // where it listens; may be empty
	Speaks  bool      `json:"speaks"`  // it can take the right; false for the session service alone

	// What the list says, by Redis's clock.
	Holder bool          `json:"-"`
	Seen   time.Time     `json:"-"`
	Age    time.Duration `json:"-"` // since Seen
}

// goneAfter is how long an instance that is not heard of stays in the list.
const goneAfter = 30 * time.Second

// maxInstance bounds what is read of one instance, in bytes.
const maxInstance = 4 << 10

// List answers the instances that were heard of lately, the holder first, then
// the longest running.
func List(ctx context.Context, client redis.UniversalClient) ([]Instance, error) {
	pipe := client.Pipeline()
	now, held, all := pipe.Time(ctx), pipe.Get(ctx, leaseKey), pipe.HGetAll(ctx, instancesKey)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read the instances: %w", err)
	}
	_, holder := splitValue(held.Val())
	var list []Instance
	for _, text := range all.Val() {
		in, ok := parseInstance(text)
		if !ok {
			continue
		}
		in.Age = max(now.Val().Sub(in.Seen), 0)
		in.Holder = in.ID == holder.ID
		if in.Age < goneAfter {
			list = append(list, in)
		}
	}
	slices.SortFunc(list, func(a, b Instance) int {
		if a.Holder != b.Holder {
			if a.Holder {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Foreign answers the *ForeignError that a bot of an application would meet now, or
// nil.
func Foreign(ctx context.Context, client redis.UniversalClient, application string) error {
	pipe := client.Pipeline()
	now, held, last := pipe.Time(ctx), pipe.Exists(ctx, leaseKey), pipe.HGetAll(ctx, lastKey)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("read who speaks: %w", err)
	}
	owner := last.Val()["application"]
	ms, _ := strconv.ParseInt(last.Val()["seen"], 10, 64) // none: long ago
	wait := foreignFor - now.Val().Sub(time.UnixMilli(ms))
	if application == "" || owner == "" || owner == application || held.Val() == 0 && wait <= 0 {
		return nil
	}
	return &ForeignError{owner, max(wait, 0)}
}

// parseInstance reads an entry of the list: milliseconds, then the record.
func parseInstance(text string) (in Instance, ok bool) {
	seen, record, ok := strings.Cut(text, " ")
	ms, err := strconv.ParseInt(seen, 10, 64)
	if !ok || err != nil || len(text) > maxInstance || json.Unmarshal([]byte(record), &in) != nil || in.ID == "" {
		return Instance{}, false
	}
	in.Seen = time.UnixMilli(ms)
	return in, true
}

// record is an instance as it stands in Redis.
func (in Instance) record() string {
	text, err := json.Marshal(in)
	if err != nil {
		return "{}" // texts and a time always marshal
	}
	return string(text)
}

// splitValue takes the value of the lease apart: its token, and who holds it.
func splitValue(value string) (token int64, holder Instance) {
	number, record, _ := strings.Cut(value, " ")
	token, err := strconv.ParseInt(number, 10, 64)
	if err != nil || len(value) > maxInstance || json.Unmarshal([]byte(record), &holder) != nil {
		return 0, Instance{}
	}
	return token, holder
}
