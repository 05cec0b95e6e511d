package commands

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/register"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// tooLongError is why a program's context ends at its deadline.
type tooLongError struct{ limit time.Duration }

func (e *tooLongError) Error() string {
	return fmt.Sprintf("Stopped after %s, the time limit. What stands above is not the whole result.", e.limit)
}

// sayError ends a program with a reply whose words stand already.
type sayError struct{ reply Reply }

func (e *sayError) Error() string { return e.reply.Problem }

// unable says that what was asked for cannot be done as things are; nothing is
// wrong with how it was asked.
func unable(format string, args ...any) error {
	return &sayError{Reply{Outcome: OK, Status: 1, Problem: fmt.Sprintf(format, args...)}}
}

// answer turns the end of a program into what the person reads: what happened,
// then the next step. It is the only place that does.
func (d *Dispatcher) answer(err error) Reply {
	if err == nil {
		return Reply{Outcome: OK}
	}
	for _, judge := range []func(error) (Reply, bool){d.asRefusal, d.asMistake, d.asBroken, d.asStop, d.asOutput, d.asConnection} {
		if reply, ok := judge(err); ok {
			return reply
		}
	}
	ref := reference()
	return Reply{Outcome: Faulty, ref: ref,
		Problem: fmt.Sprintf("Something went wrong on our side (ref %s). The log has the details.", ref)}
}

// asRefusal words what the caller may not, or may not yet.
func (d *Dispatcher) asRefusal(err error) (Reply, bool) {
	var denied *permissions.Denied
	var refused *guard.Refused
	var unforeseen *guard.UnforeseenError
	switch {
	case errors.As(err, &unforeseen):
		return Reply{Outcome: Unconfirmed, Problem: unforeseen.Error() + ". Nothing was changed. Run that command by itself, so that nothing depends on its answer."}, true
	case errors.As(err, &denied):
		return Reply{Outcome: Denied, Problem: denied.Error()}, true
	case errors.As(err, &refused) && refused.NeedsPlan:
		return Reply{Outcome: Unconfirmed, Problem: refused.Error()}, true
	case errors.As(err, &refused):
		return Reply{Outcome: Denied, Problem: refused.Error()}, true
	}
	return Reply{}, false
}

// asMistake words what was typed wrong.
func (d *Dispatcher) asMistake(err error) (Reply, bool) {
	var (
		syntax      *shell.SyntaxError
		unknown     *unknownError
		redisName   *guard.UnknownCommand
		usage       *usageError
		setting     *settings.UnknownError
		value       *settings.ValueError
		combination *settings.CombinationError
		startOnly   *settings.StartOnlyError
		conflict    *settings.Conflict
		revision    *settings.RevisionError
		imported    *settings.ImportError
		expand      *shell.ExpandError
		said        *sayError
	)
	switch {
	case errors.As(err, &said):
		return said.reply, true
	case errors.As(err, &syntax):
		return Reply{Outcome: Syntax, Problem: sentence(syntax.Error()) + "\n" + syntax.Excerpt()}, true
	case errors.As(err, &unknown):
		return Reply{Outcome: Unknown, Problem: unknown.Error()}, true
	case errors.As(err, &redisName):
		return Reply{Outcome: Unknown, Problem: redisName.Error()}, true
	case errors.As(err, &usage):
		return Reply{Outcome: Syntax, Problem: usage.Error()}, true
	case errors.As(err, &expand):
		return Reply{Outcome: OK, Status: 1, Problem: sentence(expand.Error())}, true
	case errors.As(err, &conflict), errors.As(err, &revision):
		return Reply{Outcome: OK, Status: 1, Problem: err.Error()}, true
	case errors.As(err, &setting), errors.As(err, &value), errors.As(err, &combination),
		errors.As(err, &startOnly), errors.As(err, &imported):
		return Reply{Outcome: OK, Status: 1, Problem: d.settingProblem(err)}, true
	}
	return Reply{}, false
}

// settingProblem words what is wrong about settings: all of it, one a line.
func (d *Dispatcher) settingProblem(err error) string {
	text := err.Error() + "\n"
	if unchanged := (*unchangedError)(nil); errors.As(err, &unchanged) {
		text += "Nothing was changed. "
	}
	return text + fmt.Sprintf("`%sconfig help KEY` explains a setting.", d.prefix())
}

// midwayError is what ended a change of which something was made.
type midwayError struct{ err error }

func (e *midwayError) Error() string { return "in the middle of a change: " + e.err.Error() }

func (e *midwayError) Unwrap() error { return e.err }

// asBroken words a server that left a change in the middle.
func (d *Dispatcher) asBroken(err error) (Reply, bool) {
	var lost *change.LostError
	var undone *change.UndoneError
	var midway *midwayError
	reply := Reply{Outcome: Unreachable}
	switch {
	case errors.As(err, &undone) && errors.As(err, &lost): // of two servers of a Cluster
		reply.Problem = d.goneText(undone) + " " + d.unknownText(lost)
	case errors.As(err, &undone):
		reply.Problem = d.goneText(undone)
	case errors.As(err, &lost):
		reply.Problem = d.unknownText(lost)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Reply{}, false
	case errors.As(err, &midway) && errors.Is(err, lease.ErrSilent):
		reply.Problem = unsureOfRight + ", and stopped in the middle of the change."
	case errors.As(err, &midway) && isAway(err):
		reply.Problem = fmt.Sprintf("Redis at %s went away in the middle of the change.", d.Redis)
	default:
		return Reply{}, false
	}
	return reply, true
}

func (d *Dispatcher) goneText(undone *change.UndoneError) string {
	return fmt.Sprintf("Redis at %s came back without the last %s that it had confirmed: it was restarted without them, or another server took its place. The change ended there.",
		d.Redis, counted(undone.Commands, "command", "commands"))
}

func (d *Dispatcher) unknownText(lost *change.LostError) string {
	return fmt.Sprintf("Redis at %s went away in the middle of the change, and of the last %s it is not known yet whether they were carried out. `%sundo list` finds out once Redis is back.",
		d.Redis, counted(int64(lost.Unknown), "command", "commands"), d.prefix())
}

// counted is a number of things.
func counted(n int64, one, many string) string { return grouped(n) + " " + plural(n, one, many) }

// isAway reports whether a fault is that Redis does not answer.
func isAway(err error) bool {
	var system syscall.Errno
	if errors.As(err, &system) {
		return slices.Contains(brokenOff, system)
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, redis.ErrPoolTimeout) || redis.IsClusterDownError(err)
}

// brokenOff are the system's errors that are about a connection. Others are none of
// Redis's, such as that no worker can be started.
var brokenOff = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ENOTCONN, syscall.ETIMEDOUT,
	syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENETRESET,
}

// asStop words programs that were ended before their own end.
func (d *Dispatcher) asStop(err error) (Reply, bool) {
	var limit *shell.LimitError
	var busy *busyError
	var tooLong *tooLongError
	switch {
	case errors.As(err, &busy):
		return Reply{Outcome: Limited, Problem: busy.Error()}, true
	case errors.As(err, &limit):
		return Reply{Outcome: Limited, Problem: sentence(limit.Error()) + " What stands above is not the whole result."}, true
	case errors.As(err, &tooLong):
		return Reply{Outcome: Limited, Problem: tooLong.Error() + " `shell.timeout` sets how long a program may run."}, true
	case errors.Is(err, context.DeadlineExceeded):
		return Reply{Outcome: Limited, Problem: "Stopped at its time limit. What stands above is not the whole result."}, true
	case errors.Is(err, context.Canceled):
		return Reply{Outcome: Cancelled, Problem: "Stopped. What stands above is not the whole result."}, true
	}
	return Reply{}, false
}

// asOutput words a destination that takes no more, such as a full disk.
func (d *Dispatcher) asOutput(err error) (Reply, bool) {
	var write *writeError
	if !errors.As(err, &write) {
		return Reply{}, false
	}
	return Reply{Outcome: OK, Status: 1, Problem: sentence("the output could not be written: " + write.err.Error())}, true
}

// asConnection words a Redis that does not answer as it should.
func (d *Dispatcher) asConnection(err error) (Reply, bool) {
	var settingsAway *settings.Unavailable
	var laterRelease *settings.ReadOnlyError
	var laterRecords *register.NewerError
	var laterIncidents *alerts.NewerError
	var halted *guard.Halted
	var answered redis.Error
	var unrecorded *audit.Unrecorded
	var untrusted *tls.CertificateVerificationError
	reply := Reply{Outcome: Unreachable}
	switch {
	case errors.Is(err, lease.ErrSilent):
		reply.Problem = unsureOfRight + ", so it was not run to its end. Nothing was changed; send it again."
	case errors.As(err, &unrecorded):
		reply.Problem = unrecordedText(unrecorded)
	case errors.As(err, &halted):
		reply.Problem = d.asTyped(halted.Error())
	case errors.As(err, &settingsAway):
		reply.Problem = d.settingsText(settingsAway)
	case errors.As(err, &laterRelease):
		reply = Reply{Outcome: OK, Status: 1, Problem: laterRelease.Error()}
	case errors.As(err, &laterIncidents):
		reply = Reply{Outcome: OK, Status: 1, Problem: "Nothing was changed: " + sentence(laterIncidents.Error())}
	case errors.As(err, &laterRecords):
		reply = Reply{Outcome: OK, Status: 1, Problem: "Nothing was changed: " + sentence(laterRecords.Error())}
	case redis.IsAuthError(err):
		reply.Problem = fmt.Sprintf("Redis at %s refuses our user or password. Whoever runs Helix has to put the right ones into REDIS_URL.", d.Redis)
	case lacksRight(err):
		reply.Problem = sentence(serverWords(err)) + " " + acl.Mend(serverWords(err))
	case redis.IsLoadingError(err):
		reply.Problem = "Redis is still loading its data. Try again in a moment."
	case passingWords(err) != "":
		reply.Problem = passingWords(err)
	case guard.HaltedBy(err) != nil: // a write of our own
		reply.Problem = d.asTyped(guard.HaltedBy(err).Error())
	case errors.As(err, &untrusted):
		reply.Problem = fmt.Sprintf("Redis at %s shows a certificate that is not trusted here: %s Whoever runs Helix can name the authority behind it in redis.tls_ca_file.",
			d.Redis, sentence(untrusted.Err.Error()))
	case isAway(err):
		reply.Problem = fmt.Sprintf("Redis at %s does not answer. Nothing was changed; try again once it is back. `helix check` looks at the connection.", d.Redis)
	case errors.As(err, &answered) && !errors.Is(err, redis.Nil): // such as a database that there is not, or no Cluster
		reply.Problem = fmt.Sprintf("Redis at %s answers: %s `helix check` looks at the connection.", d.Redis, sentence(answered.Error()))
	default:
		return Reply{}, false
	}
	return reply, true
}

// unsureOfRight is why something ended that was begun with the right to speak, and
// that is answered all the same: the right came back.
const unsureOfRight = "Helix stood still while this ran, and could not be sure any more that no other instance had taken over"

// passingWords tells of a state of the servers that is over by itself, as a
// failover or a move of slots is; "" for all else.
func passingWords(err error) string {
	var answered redis.Error
	if !errors.As(err, &answered) {
		return ""
	}
	code, _, _ := strings.Cut(answered.Error(), " ")
	switch code {
	case "CLUSTERDOWN":
		return "The Redis Cluster is not whole: for some keys there is no master now. Try again once a replica has taken over; `helix check` tells which slots are concerned."
	case "MASTERDOWN":
		return "This Redis is a replica that has lost its master, and answers nothing until it has one. Whoever runs Helix has to point redis.url at the master."
	case "TRYAGAIN":
		return "These keys are just being moved from one server of the Cluster to another. Try again in a moment."
	case "MOVED", "ASK":
		return "This Redis is part of a Cluster, and these keys are on another server of it. Whoever runs Helix has to say so in redis.url: redis+cluster://host:port."
	}
	return ""
}

// asTyped puts the prefix before the lines of Redis that a text proposes, as they
// have to be typed.
func (d *Dispatcher) asTyped(text string) string {
	return strings.ReplaceAll(text, "`redis ", "`"+d.prefix()+"redis ")
}

// unrecordedText says why a change could not be recorded, and so was not made,
// and what lies in people's hands.
func unrecordedText(u *audit.Unrecorded) string {
	text := u.Error()
	if halted := guard.HaltedBy(u); halted != nil {
		text = strings.TrimSpace(text + " " + halted.OnTheServer())
	}
	return text
}

// settingsText says why settings could not be read or changed.
func (d *Dispatcher) settingsText(u *settings.Unavailable) string {
	if halted := guard.HaltedBy(u); halted != nil {
		return "The settings stay as they are. " + d.asTyped(halted.Error())
	}
	if lacksRight(u) {
		return u.Error() + " " + acl.Mend(serverWords(u))
	}
	return u.Error()
}

// lacksRight reports whether the server refused something to the user that Helix
// signs in with.
func lacksRight(err error) bool {
	var answered redis.Error
	return errors.As(err, &answered) && acl.Refused(answered.Error())
}

// serverWords answers what the server itself said.
func serverWords(err error) string {
	var reply redis.Error
	if errors.As(err, &reply) {
		return reply.Error()
	}
	return err.Error()
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// reference answers a short word by which a fault is found in the log.
func reference() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
