package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/script"
)

// watchesKey is a HASH: a channel → the answer there that is kept up to date.
const watchesKey = "{helix}:watches"

// watchesLast is how long they are remembered after the last one began: longer than
// any goes on.
const watchesLast = 48 * time.Hour

// keptWatches remembers in Redis which answers are kept up to date.
type keptWatches struct {
	client     redis.UniversalClient
	keep, drop *script.Script
}

func newKeptWatches(client redis.UniversalClient) keptWatches {
	return keptWatches{client, script.New(keepWatchSource), script.New(dropWatchSource)}
}

// keepWatchSource remembers an answer. KEYS: watches. ARGV: the channel; the answer;
// for how long, in ms.
const keepWatchSource = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`

// dropWatchSource forgets an answer unless there is another by now. KEYS: watches.
// ARGV: the channel; the answer.
const dropWatchSource = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`

// Keep remembers an answer.
func (k keptWatches) Keep(ctx context.Context, w bot.KeptWatch) error {
	text, err := json.Marshal(w)
	if err == nil {
		err = k.keep.Run(ctx, k.client, []string{watchesKey}, w.Channel, text, watchesLast.Milliseconds()).Err()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", watchesKey, err)
	}
	return nil
}

// Drop forgets an answer unless another has taken its place.
func (k keptWatches) Drop(ctx context.Context, w bot.KeptWatch) error {
	text, err := json.Marshal(w)
	if err == nil {
		err = k.drop.Run(ctx, k.client, []string{watchesKey}, w.Channel, text).Err()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", watchesKey, err)
	}
	return nil
}

// All answers what is remembered. A foreign hand's is left out.
func (k keptWatches) All(ctx context.Context) (all []bot.KeptWatch, err error) {
	texts, err := k.client.HVals(ctx, watchesKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", watchesKey, err)
	}
	for _, text := range texts {
		var w bot.KeptWatch
		if json.Unmarshal([]byte(text), &w) == nil && w.Message != "" {
			all = append(all, w)
		}
	}
	return all, nil
}
