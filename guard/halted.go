package guard

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
)

// Halted says that the server takes no more changes of the kind, whatever their
// keys, so that a program was not carried on with.
type Halted struct {
	Code string // OOM, MISCONF, READONLY or NOREPLICAS
	Text string // the server's own words
}

// Error says what is the matter and what cures it.
func (e *Halted) Error() string {
	switch e.Code {
	case "OOM":
		return "Redis has no memory left for this: it uses more than maxmemory (OOM). " + cureForMemory
	case "MISCONF":
		return "Redis refuses every write, since it cannot save its data to disk (MISCONF). " + cureForDisk
	case "NOREPLICAS":
		return "Redis refuses every write, since fewer replicas are in step with it than min-replicas-to-write asks for (NOREPLICAS). " + cureForReplicas
	}
	return "This Redis is a replica that takes no writes (READONLY). " + cureForReplica
}

// What cures a server that refuses writes.
const (
	cureForMemory = "DEL, EXPIRE and CONFIG SET work all the same: `redis config set maxmemory 2gb` raises the limit, " +
		"`redis --scan --pattern session:* | xargs redis del` makes room."
	cureForDisk     = "Mend the disk; or `redis config set stop-writes-on-bgsave-error no` has it take writes that are not saved, deletions among them."
	cureForReplicas = "Bring the replicas back; or `redis config set min-replicas-to-write 0` has it take writes that a failover loses."
	cureForReplica  = "Whoever runs Helix has to point redis.url at its master."
)

// halted answers an error reply that any other change would be answered with,
// too; nil for all else.
func halted(r reply) *Halted {
	if r.kind != errorReply {
		return nil
	}
	return haltedBy(&change.ServerError{Text: string(r.text)})
}

func haltedBy(e *change.ServerError) *Halted {
	if !e.Halts() {
		return nil
	}
	return &Halted{e.Code(), e.Text}
}

// HaltedBy answers what a *Halted says where an error is what a server answered
// that takes no writes at all; else nil.
func HaltedBy(err error) *Halted {
	var answered redis.Error
	if !errors.As(err, &answered) {
		return nil
	}
	return haltedBy(&change.ServerError{Text: answered.Error()})
}

// OnTheServer is the cure that takes no Helix, where that is needed; else empty.
func (e *Halted) OnTheServer() string {
	if e.Code == "MISCONF" {
		return "On the server itself `redis-cli config set stop-writes-on-bgsave-error no` has Redis take writes again, that are not saved."
	}
	return ""
}

// asHalted answers why the server took no changes, if that is what ended a run.
func asHalted(err error) *Halted {
	var refused *change.RefusedError
	if !errors.As(err, &refused) {
		return nil
	}
	return haltedBy(refused.Why)
}
