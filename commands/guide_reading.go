package commands

import (
	"context"
	"fmt"
	"strconv"

	"github.com/helix-collective/helix/settings"
)

// guideReading says in a sentence or two what a look at the caller's part of Redis
// tells of a topic; empty: nothing is looked at.
func (t *turn) guideReading(ctx context.Context, topic string) (string, error) {
	switch topic {
	case "sessions", "monitoring":
		return t.readSessions(ctx)
	case "leaks":
		return t.readLeaks(ctx)
	case "memory":
		return t.readMemory(ctx)
	}
	return "", nil
}

// manySessions is from how many on the guide calls them too many.
const manySessions = 10_000

func (t *turn) readSessions(ctx context.Context) (string, error) {
	v, err := t.survey(ctx)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%s, %s without a TTL", counted(v.totals.All, "session", "sessions"), grouped(v.noTTL))
	switch {
	case v.noTTL > 0:
		text += ": those never end by themselves, so set a TTL first."
	case v.totals.All > manySessions:
		text += ": all of them end by themselves, so look whose they are, or let them end sooner."
	default:
		text += ": that is as it should be."
	}
	return text, nil
}

// countedOver is how many people are told apart that may be over their limit.
const countedOver = 1000

func (t *turn) readLeaks(ctx context.Context) (string, error) {
	people, err := t.sessionsSeen().TopUsers(ctx, countedOver)
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "No key names a person here: sessions of signed-in people are called session:user:WHO:….", nil
	}
	most, over := t.snapshot().Int(settings.MaxSessionsPerUser), int64(0)
	for _, p := range people {
		if p.Sessions > int64(most) {
			over++
		}
	}
	text := fmt.Sprintf("%s has the most, %s; %s %s more than %d (redis.max_sessions_per_user).",
		oneLine(people[0].Name, maxShownName), counted(people[0].Sessions, "session", "sessions"), counted(over, "person", "people"), plural(over, "has", "have"), most)
	if over == 0 {
		text += " So nothing leaks that this would show."
	}
	return text, nil
}

func (t *turn) readMemory(ctx context.Context) (string, error) {
	text, err := t.Client.Info(ctx, "memory").Result()
	if err != nil {
		return "", fmt.Errorf("read INFO: %w", err)
	}
	info := infoFields(text)
	used, limit := number(info["used_memory"]), number(info["maxmemory"])
	policy := info["maxmemory_policy"]
	switch {
	case limit == 0:
		return fmt.Sprintf("Redis uses %s and has no limit of its own (maxmemory 0): it ends with the machine's memory.", info["used_memory_human"]), nil
	case policy == "noeviction":
		return fmt.Sprintf("Redis uses %s of %s (%d %%). When that is full it refuses writes (noeviction).", info["used_memory_human"], info["maxmemory_human"], used*100/limit), nil
	}
	return fmt.Sprintf("Redis uses %s of %s (%d %%). When that is full it drops keys (%s).", info["used_memory_human"], info["maxmemory_human"], used*100/limit, policy), nil
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // 0 where the server does not say
	return n
}
