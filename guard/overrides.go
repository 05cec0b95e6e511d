package guard

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/permissions"
)

// row sets aside what the server's table says about a command.
type row struct {
	name string
	why  string // the reason for the row; of a refused one what the person reads
	rule rule
}

// reviewed lists the commands that the server's own table misdescribes for our
// purpose, or that belong to a closed category and run nonetheless.
func reviewed(now func() time.Time) []row {
	var rows []row
	for _, part := range [][]row{reviewedReads(), reviewedViews(), reviewedChanges(now), reviewedRefusals()} {
		rows = append(rows, part...)
	}
	return rows
}

func reviewedReads() []row {
	read := rule{kind: reading, size: bounded()}
	return []row{
		{"keys", "dangerous only as the server does it; served by SCAN", rule{kind: reading, size: bounded(), run: runKeys}},
		{"scan", "names keys, so each is checked; COUNT is bounded", rule{kind: reading, size: bounded(), run: runScan}},
		{"randomkey", "names a key that nobody typed", rule{kind: reading, size: bounded(), whole: true, run: runRandomKey}},
		{"dbsize", "covers all masters of a Cluster; a number alone, so for everyone who reads", rule{kind: reading, size: bounded(), run: runDBSize}},
		{"info", "dangerous in name only: it tells figures, of keys their number alone", rule{kind: reading, size: bounded(), run: runInfo}},
		{"config get", "admin, but it reads; its secrets are hidden", rule{kind: reading, size: bounded(), run: runConfigGet}},
		{"mget", "split so that no reply is large, and by slot", rule{kind: reading, run: runMGet, size: bounded()}},
		{"exists", "split by slot", rule{kind: reading, run: runCounted, refine: refineCounted, size: bounded()}},
		{"touch", "split by slot; what it changes is when a key was last used", rule{kind: reading, run: runCounted, refine: refineCounted, late: true, size: bounded()}},
		{"sort", "writes only with STORE", rule{kind: reading, ownKeys: true, refine: refineSort, size: sized(measureSort)}},
		{"sort_ro", "dangerous for its cost, which is asked first", rule{kind: reading, ownKeys: true, refine: refineSort, size: sized(measureSort)}},
		{"georadius", "writes only with STORE or STOREDIST", rule{kind: reading, refine: refineStore, size: sized(measureGeo)}},
		{"georadiusbymember", "writes only with STORE or STOREDIST", rule{kind: reading, refine: refineStore, size: sized(measureGeo)}},
		{"bitfield", "writes only with SET or INCRBY", rule{kind: reading, refine: refineBitfield, size: bounded()}},
		{"xread", "blocks only with BLOCK", rule{kind: reading, refine: refineBlock, size: sized(measureXRead)}},
		{"ping", "connection, but it changes nothing there", read},
		{"echo", "connection, but it changes nothing there", read},
		{"time", "neither reads nor writes keys", read},
		{"lolwut", "draws, for as long as the drawing is large", rule{kind: reading, size: bounded(), refine: refineDrawing}},
		{"command", "connection, but it only tells of the server", read},
		{"command count", "as COMMAND", read},
		{"command docs", "as COMMAND", read},
		{"command getkeys", "as COMMAND", read},
		{"command getkeysandflags", "as COMMAND", read},
		{"command info", "as COMMAND", read},
		{"command list", "as COMMAND", read},
		{"role", "admin, but it tells no more than INFO replication", read},
		{"lastsave", "admin, but it tells no more than INFO persistence", read},
		{"memory doctor", "not declared as reading", read},
		{"memory stats", "not declared as reading", read},
		{"memory malloc-stats", "not declared as reading", read},
		{"slowlog len", "admin, but a number alone", read},
		{"slowlog get", "shows the arguments of others' commands, values among them",
			rule{kind: reading, whole: true, rights: []permissions.Right{permissions.Reveal}, size: sized(measureSlowlog)}},
		{"latency latest", "admin, but figures alone", read},
		{"latency history", "admin, but figures alone", read},
		{"latency doctor", "admin, but figures alone", read},
		{"latency graph", "admin, but figures alone", read},
		{"latency histogram", "admin, but figures alone", read},
		{"client list", "admin, but it reads; tells addresses and the names of last commands, no arguments", rule{kind: reading, size: sized(measureClients)}},
		{"client info", "connection; tells of Helix's own", read},
		{"client id", "connection; tells of Helix's own", read},
		{"client getname", "connection; tells of Helix's own", read},
		{"acl whoami", "the user that Helix signs in with; no secret", read},
		{"acl cat", "not declared as reading", read},
		{"pubsub channels", "pubsub, but it subscribes to nothing; channel names may be as telling as keys", rule{kind: reading, size: sized(measureChannels("pubsub_channels")), whole: true}},
		{"pubsub shardchannels", "as PUBSUB CHANNELS", rule{kind: reading, size: sized(measureChannels("pubsubshard_channels")), whole: true}},
		{"pubsub numsub", "as PUBSUB CHANNELS, but only of named ones", read},
		{"pubsub shardnumsub", "as PUBSUB NUMSUB", read},
		{"pubsub numpat", "a number alone", read},
		{"cluster info", "not declared as reading", read},
		{"cluster nodes", "not declared as reading", read},
		{"cluster slots", "not declared as reading", read},
		{"cluster shards", "not declared as reading", read},
		{"cluster replicas", "admin, but it tells no more than CLUSTER NODES", read},
		{"cluster slaves", "as CLUSTER REPLICAS", read},
		{"cluster links", "not declared as reading", read},
		{"cluster keyslot", "not declared as reading; computes", read},
		{"cluster myid", "not declared as reading", read},
		{"cluster countkeysinslot", "not declared as reading; a number, but one that tells whether a key exists", rule{kind: reading, size: bounded(), whole: true}},
		{"cluster getkeysinslot", "not declared as reading; names keys", rule{kind: reading, size: sized(measureSlotKeys), whole: true, run: runKeyList}},
	}
}

func reviewedChanges(now func() time.Time) []row {
	ttl := rule{kind: changing, use: &use{conserves: true}}
	step := rule{kind: changing, use: &use{reads: true, inserts: true}}
	after := rule{kind: changing, use: &use{conserves: true}, refine: refineExpire(func() int64 { return 0 }, 1)}
	at := rule{kind: changing, use: &use{conserves: true}, refine: refineExpire(func() int64 { return now().UnixMilli() }, 1000)}
	atMillis := rule{kind: changing, use: &use{conserves: true}, refine: refineExpire(func() int64 { return now().UnixMilli() }, 1)}
	admin := rule{kind: changing, rights: []permissions.Right{permissions.Admin}}
	flush := rule{kind: changing, rights: []permissions.Right{permissions.Destroy, permissions.Admin}}
	return []row{
		{"persist", "keeps the value", ttl},
		{"expire", "keeps the value, unless the time is past", after},
		{"pexpire", "as EXPIRE", after},
		{"expireat", "as EXPIRE", at},
		{"pexpireat", "as EXPIRE", atMillis},
		{"getex", "keeps the value; its options change the TTL, which deletes the key where the time is past",
			rule{kind: changing, use: &use{reads: true, conserves: true}, refine: refineGetEx(now)}},
		{"hexpire", "as EXPIRE, of fields", after},
		{"hpexpire", "as EXPIRE, of fields", after},
		{"hexpireat", "as EXPIRE, of fields", at},
		{"hpexpireat", "as EXPIRE, of fields", atMillis},
		{"hgetex", "as GETEX, of fields", rule{kind: changing, use: &use{reads: true, conserves: true}, refine: refineGetEx(now)}},
		{"vrem", "takes an element away", rule{kind: changing, use: &use{removes: true}}},
		{"getdel", "takes the key away", rule{kind: changing, use: &use{reads: true, deletes: true}}},
		{"incr", "a step that can be taken back loses nothing", step},
		{"incrby", "as INCR", step},
		{"incrbyfloat", "as INCR", step},
		{"decr", "as INCR", step},
		{"decrby", "as INCR", step},
		{"hincrby", "as INCR", step},
		{"hincrbyfloat", "as INCR", step},
		{"zincrby", "as INCR", step},
		{"set", "overwrites, but not with NX", rule{kind: changing, refine: refineSet}},
		{"setnx", "writes only where there is nothing", rule{kind: changing, use: &use{inserts: true}}},
		{"msetnx", "as SETNX", rule{kind: changing, use: &use{inserts: true}}},
		{"setex", "as SET", rule{kind: changing, use: &use{updates: true}}},
		{"psetex", "as SET", rule{kind: changing, use: &use{updates: true}}},
		{"append", "adds; named for servers before 7, as the rows below", rule{kind: changing, use: &use{inserts: true}}},
		{"lpush", "adds", rule{kind: changing, use: &use{inserts: true}}},
		{"rpush", "adds", rule{kind: changing, use: &use{inserts: true}}},
		{"sadd", "adds", rule{kind: changing, use: &use{inserts: true}}},
		{"del", "takes the key away", rule{kind: changing, use: &use{deletes: true}}},
		{"unlink", "takes the key away", rule{kind: changing, use: &use{deletes: true}}},
		{"move", "takes the key out of this database and makes it in another", rule{kind: changing, use: &use{reads: true, updates: true, deletes: true}}},
		{"rename", "takes one key away and overwrites the other", rule{kind: changing, refine: refineRename}},
		{"renamenx", "as RENAME, onto nothing", rule{kind: changing, refine: refineRename}},
		{"copy", "overwrites only with REPLACE, and may reach another database", rule{kind: changing, refine: refineCopy}},
		{"lmove", "moves an element; none is lost", rule{kind: changing, use: step.use}},
		{"rpoplpush", "as LMOVE", rule{kind: changing, use: step.use}},
		{"smove", "as LMOVE", rule{kind: changing, use: step.use}},
		{"xadd", "adds, but with MAXLEN or MINID it also trims", rule{kind: changing, refine: refineXAdd}},
		{"xack", "forgets what was delivered", rule{kind: changing, use: &use{removes: true}}},
		{"xclaim", "changes who has an entry; none is lost", rule{kind: changing, use: step.use}},
		{"xautoclaim", "as XCLAIM", rule{kind: changing, use: step.use}},
		{"xreadgroup", "marks entries as delivered", rule{kind: changing, use: step.use, refine: refineBlock}},
		{"publish", "changes no key, but others act on it", rule{kind: changing, rights: []permissions.Right{permissions.Write}, refine: refinePublish}},
		{"spublish", "as PUBLISH", rule{kind: changing, rights: []permissions.Right{permissions.Write}, refine: refinePublish}},
		{"flushdb", "named among what destroy and admin are for", flush},
		{"flushall", "as FLUSHDB", flush},
		{"config set", "reviewed parameters only", rule{kind: changing, rights: admin.rights, refine: refineConfigSet}},
		{"config resetstat", "loses the counters", admin},
		{"client kill", "ends others' connections", admin},
		{"client unblock", "ends others' waiting", admin},
		{"slowlog reset", "loses the log", admin},
		{"latency reset", "loses the samples", admin},
	}
}

// using answers the rule with another use of all keys.
func (r rule) using(u use) rule {
	r.use = &u
	return r
}

// exactly answers the rule with these keys and no others.
func (r rule) exactly(keys ...keyUse) rule {
	r.keys, r.exact = keys, true
	return r
}

func (r rule) refusing(why string) rule { return rule{kind: refused, why: why} }

// refineSort makes SORT a change where it stores, and careful where it looks
// at keys that patterns name.
func refineSort(r rule, argv []string) rule {
	if hasWord(argv, 2, "by") || hasWord(argv, 2, "get") {
		r.whole = true
	}
	if strings.EqualFold(argv[0], "sort") {
		return r.storing(argv, 2)
	}
	return r
}

func refineStore(r rule, argv []string) rule { return r.storing(argv, 5) }

// storing makes a call a change where one of its options, which begin at the
// given word, stores the result: the last of them does, but each is checked.
func (r rule) storing(argv []string, from int) rule {
	for name, args := range options(argv, from, argumentsOfStoring) {
		if name != "store" && name != "storedist" {
			continue
		}
		r.kind = changing
		for _, key := range args {
			r.keys = append(r.keys, keyUse{key, use{updates: true}})
		}
	}
	return r
}

// refineCounted leaves a call with one key to be sent as it is.
func refineCounted(r rule, argv []string) rule {
	if len(argv) == 2 {
		r.run = nil
	}
	return r
}

// options walks the options of a call from the given word on, in lower case,
// with as many words behind each as it has arguments; at the call's end some may
// be missing. An argument is never taken for an option, whatever it says.
func options(argv []string, from int, arguments func(option string) int) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for i := from; i < len(argv); {
			name := strings.ToLower(argv[i])
			end := min(i+1+arguments(name), len(argv))
			if !yield(name, argv[i+1:end]) {
				return
			}
			i = end
		}
	}
}

// argumentsOfStoring says how many arguments an option of SORT or GEORADIUS has.
func argumentsOfStoring(option string) int {
	switch option {
	case "by", "get", "count", "store", "storedist":
		return 1
	case "limit":
		return 2
	}
	return 0
}

// argumentsOfSetting is the same for SET and GETEX.
func argumentsOfSetting(option string) int {
	switch option {
	case "ex", "px", "exat", "pxat", "ifeq", "ifne", "ifdeq", "ifdne":
		return 1
	}
	return 0
}

func refineBitfield(r rule, argv []string) rule {
	if hasWord(argv, 2, "set") || hasWord(argv, 2, "incrby") {
		r.kind = changing
		return r
	}
	return r.using(use{reads: true})
}

// maxDrawing bounds each side of what LOLWUT draws: about a millisecond.
const maxDrawing = 100

func refineDrawing(r rule, argv []string) rule {
	for _, word := range argv[1:] {
		if magnitude(word) > maxDrawing {
			return r.refusing(fmt.Sprintf("so large a drawing would hold the server; each number may be %d at most", maxDrawing))
		}
	}
	return r
}

func refineBlock(r rule, argv []string) rule {
	if hasWord(argv, 1, "block") {
		return r.refusing("it waits on the connection, which others share; without BLOCK it answers at once")
	}
	return r
}

// refineExpire makes EXPIRE destroy as well where its time, in units of so many
// milliseconds, is past: that deletes the key.
func refineExpire(past func() int64, unit int64) func(rule, []string) rule {
	return func(r rule, argv []string) rule {
		if len(argv) > 2 && isPast(argv[2], past()/unit) {
			return r.using(use{conserves: true, deletes: true})
		}
		return r
	}
}

// refineGetEx is the same for the moments that GETEX can be given.
func refineGetEx(now func() time.Time) func(rule, []string) rule {
	return func(r rule, argv []string) rule {
		for name, args := range options(argv, 2, argumentsOfSetting) {
			past := now().UnixMilli()
			if name == "exat" {
				past /= 1000
			}
			if (name == "exat" || name == "pxat") && len(args) > 0 && isPast(args[0], past) {
				return r.using(use{reads: true, conserves: true, deletes: true})
			}
		}
		return r
	}
}

func isPast(moment string, past int64) bool {
	n, err := strconv.ParseInt(moment, 10, 64)
	return err == nil && n <= past
}

// refineSet tells what SET does. Conditions on the value, which newer servers
// know, tell something about it.
func refineSet(r rule, argv []string) rule {
	u := use{updates: true}
	for name := range options(argv, 3, argumentsOfSetting) {
		switch name {
		case "nx":
			u.updates, u.inserts = false, true
		case "get", "ifeq", "ifne", "ifdeq", "ifdne":
			u.reads = true
		}
	}
	return r.using(u)
}

func refineRename(r rule, argv []string) rule {
	onto := use{updates: true}
	if strings.EqualFold(argv[0], "renamenx") {
		onto = use{inserts: true}
	}
	uses := []use{{reads: true, deletes: true}, onto}
	var keys []keyUse
	for i, key := range argv[1:min(3, len(argv))] {
		keys = append(keys, keyUse{key, uses[i]})
	}
	if keys == nil {
		return r
	}
	return r.exactly(keys...)
}

func refineCopy(r rule, argv []string) rule {
	if len(argv) < 3 {
		return r
	}
	onto := use{inserts: true}
	if hasWord(argv, 3, "replace") {
		onto = use{updates: true}
	}
	return r.exactly(keyUse{argv[1], use{reads: true}}, keyUse{argv[2], onto})
}

// refineXAdd tells whether XADD trims: that stands before the entry's id.
func refineXAdd(r rule, argv []string) rule {
	return r.using(use{inserts: true, removes: trimsAt(argv) >= 0})
}

func refinePublish(r rule, argv []string) rule {
	if len(argv) > 1 && isOwn(argv[1]) {
		return r.refusing("channels under `{helix}:` and `helix:` belong to Helix; no typed command publishes there")
	}
	return r.exactly()
}
