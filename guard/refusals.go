package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/helix-collective/helix/suggest"
)

// reviewedRefusals lists what never runs, each with the reason that people read.
func reviewedRefusals() []row {
	const (
		never      = "it is for a terminal on the server, never for chat"
		identity   = "it would show or change who may do what on the server"
		state      = "it changes the state of a connection, and connections are shared"
		blocks     = "it waits on the connection, which others share"
		scripts    = "scripts can do anything, for any length of time, while the server serves nobody else"
		persistent = "it forks the server, which can stall a large one; the server saves by its own schedule (`redis config get save`)"
		live       = "a live view ends by itself, and there is nothing else to unsubscribe from"
		internal   = "it is part of how servers talk to each other"
	)
	reasons := []struct {
		why   string
		names string
	}{
		{never, "shutdown,replicaof,slaveof,failover,migrate,swapdb,cluster meet,cluster forget,cluster reset,cluster failover," +
			"cluster replicate,cluster addslots,cluster addslotsrange,cluster delslots,cluster delslotsrange,cluster flushslots," +
			"cluster setslot,cluster bumpepoch,cluster set-config-epoch,cluster saveconfig,config rewrite"},
		{"it can do anything to the server, a crash included", "debug,pfdebug,pfselftest"},
		{"it loads code into the server", "module,module list,module load,module loadex,module unload"},
		{"it holds the server until all data is written; the server saves by its own schedule (`redis config get save`)", "save"},
		{persistent, "bgsave,bgrewriteaof"},
		{internal, "sync,psync,replconf,asking,restore-asking,readonly,readwrite"},
		{"it stops every client of the server", "client pause,client unpause"},
		{identity, "acl setuser,acl deluser,acl load,acl save,acl list,acl getuser,acl users,acl log,acl dryrun"},
		{"a secret that passes through chat is none", "acl genpass"},
		{scripts, "eval,evalsha,eval_ro,evalsha_ro,fcall,fcall_ro,script,function,script load,script exists,script flush,script kill," +
			"script debug,function list,function stats,function dump,function load,function delete,function flush,function restore,function kill"},
		{state + "; write `-n` before a command to ask another database, as in `redis -n 2 dbsize`", "select"},
		{state + "; Helix signs in with the user of its configuration", "auth,hello"},
		{state + "; each command runs for itself", "multi,exec,discard,watch,unwatch"},
		{state, "reset,quit,client setname,client setinfo,client reply,client tracking,client trackinginfo,client caching," +
			"client getredir,client no-evict,client no-touch"},
		{blocks + "; without the B it answers at once", "blpop,brpop,brpoplpush,blmove,blmpop,bzpopmin,bzpopmax,bzmpop"},
		{blocks + "; `redis info replication` tells how far the replicas are", "wait,waitaof"},
		{live, "unsubscribe,punsubscribe,sunsubscribe"},
		{"it writes what a dump says, unseen; `copy` and `rename` move values", "restore"},
		{"it can stall the server while memory is given back", "memory purge"},
	}
	var rows []row
	for _, r := range reasons {
		for name := range strings.SplitSeq(r.names, ",") {
			rows = append(rows, row{name, r.why, rule{kind: refused, why: r.why}})
		}
	}
	return rows
}

// settable lists the parameters that CONFIG SET may change: those that neither
// reach files, networks or rights nor lose what is stored at once.
func settable() []string {
	return []string{
		"maxmemory", "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity", "maxmemory-clients",
		"save", "appendonly", "appendfsync", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size",
		"timeout", "tcp-keepalive", "maxclients", "hz", "dynamic-hz",
		"slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold", "latency-tracking",
		"notify-keyspace-events", "active-expire-effort", "activedefrag", "stop-writes-on-bgsave-error",
		"lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del", "lazyfree-lazy-user-del", "lazyfree-lazy-user-flush",
		"lfu-log-factor", "lfu-decay-time", "min-replicas-to-write", "min-replicas-max-lag", "loglevel",
	}
}

// IsParameter reports whether CONFIG SET may change the parameter of this name,
// in any case.
func IsParameter(name string) bool { return slices.Contains(settable(), strings.ToLower(name)) }

func refineConfigSet(r rule, argv []string) rule {
	for i := 2; i < len(argv); i += 2 {
		if near, ok := suggest.Nearest(argv[i], settable()); ok && !IsParameter(argv[i]) {
			return r.refusing(fmt.Sprintf("`%s` is not among the parameters that may be changed from here; `%s` may be meant", clip(argv[i]), near))
		}
		if !IsParameter(argv[i]) {
			return r.refusing(fmt.Sprintf("`%s` is not among the parameters that may be changed from here (maxmemory, maxmemory-policy, save, timeout and others of their kind); it is changed on the server itself", clip(argv[i])))
		}
	}
	return r
}
