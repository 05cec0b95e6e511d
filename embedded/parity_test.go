package embedded

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

func start(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// parityData is what both servers hold.
const parityData = `
SET session:abc123 '{"user_id": "john"}' EX 86400
SET session:user:john@example.com:1 one EX 3600
SET session:user:john@example.com:2 two
SET number 42
SET long xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
SET "with space" 1
SET a[b 1
HSET hash field value other 2
RPUSH list a b c a
SADD set a b c
SADD ints 1 2 3
ZADD zset 1 a 2.5 b 3 c
XADD stream 1-1 f v
XADD stream 2-1 f w g x
PFADD hll a b c
SETBIT bits 7 1
GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
SELECT 3
SET elsewhere 1
SELECT 0
`

// How replies are compared.
type comparison int

const (
	exact  comparison = iota
	sorted            // an order that Redis does not promise
	shape             // figures that differ by nature
	kinds             // text that differs by nature
)

// parity are commands as people type them, right and wrong.
var parity = []struct {
	how   comparison
	lines string
}{
	{exact, `
PING
PING hello
PING a b
ECHO hello
ECHO
ECHO a b
TYPE session:abc123
TYPE hash
TYPE list
TYPE set
TYPE zset
TYPE stream
TYPE hll
TYPE none
TYPE
GET session:abc123
GET none
GET hash
GET
GET a b
get number
gett number
getx
foo a b "c d"
STRLEN session:abc123
STRLEN none
STRLEN list
GETRANGE session:abc123 0 4
GETRANGE session:abc123 -3 -1
GETRANGE session:abc123 a b
MGET number none hash
MGET
EXISTS number
EXISTS number number none
EXISTS
TTL session:abc123
TTL number
TTL none
TTL
PTTL number
PTTL none
EXPIRETIME number
EXPIRETIME none
DBSIZE
DBSIZE x
KEYS none*
KEYS number
KEYS
KEYS a b
KEYS a\\[b
KEYS [
KEYS [z-a
KEYS [z-a]umber
KEYS [^m]umber
KEYS num[a-c]er
KEYS numbe?
KEYS \\number
KEYS n*b*r
KEYS ""
RANDOMKEY x
SCAN
SCAN x
SCAN 0 COUNT
SCAN 0 COUNT x
SCAN 0 COUNT 0
SCAN 0 COUNT -1
SCAN 0 FOO 1
SCAN 0 MATCH number COUNT 1000
SCAN 0 TYPE hash COUNT 1000
SCAN 0 TYPE HASH COUNT 1000
SCAN 0 TYPE nonsense COUNT 1000
SCAN 0 COUNT 1000 MATCH z* TYPE zset
HGET hash field
HGET hash none
HGET none field
HGET list field
HGET hash
HMGET hash field none
HMGET none a b
HLEN hash
HLEN none
HLEN set
HEXISTS hash field
HSTRLEN hash field
HKEYS none
HGETALL none
HSCAN hash 0 MATCH f*
HSCAN hash 0 COUNT x
HSCAN none 0
HSCAN list 0
HSCAN hash
HSCAN hash x
LLEN list
LLEN none
LLEN hash
LRANGE list 0 -1
LRANGE list 1 2
LRANGE list 5 9
LRANGE list a 2
LRANGE none 0 -1
LRANGE hash 0 -1
LRANGE list 0
LINDEX list 0
LINDEX list -1
LINDEX list 99
LPOS list a
LPOS list a COUNT 0
LPOS list z
SCARD set
SCARD none
SISMEMBER set a
SISMEMBER set z
SISMEMBER zset z
SMISMEMBER set a z
SMEMBERS none
SMEMBERS list
SSCAN none 0
SSCAN hash 0
SSCAN ints 0
SINTER set ints
SINTERCARD 2 set ints
SDIFF none set
ZCARD zset
ZCARD none
ZCARD set
ZSCORE zset b
ZSCORE zset z
ZMSCORE zset a z
ZRANK zset c
ZRANK zset z
ZREVRANK zset c
ZCOUNT zset 1 2
ZCOUNT zset -inf +inf
ZCOUNT zset a b
ZRANGE zset 0 -1
ZRANGE zset 0 -1 WITHSCORES
ZRANGE zset 0 -1 REV
ZRANGE zset (1 3 BYSCORE
ZRANGE zset - + BYLEX
ZRANGE zset 0 x
ZRANGE none 0 -1
ZRANGE none 0 -1 WITHSCORES
ZRANGE zset x -1 WITHSCORES
ZUNION 2 zset none WITHSCORES
ZINTER 2 zset none
HRANDFIELD none 2 WITHVALUES
ZRANDMEMBER none 2 WITHSCORES
SRANDMEMBER none 2
ZREVRANGE zset 0 0 WITHSCORES
ZRANGEBYSCORE zset -inf (3 WITHSCORES
ZRANGEBYSCORE zset 1 3 LIMIT 1 1
ZRANGEBYLEX zset - +
ZLEXCOUNT zset - +
ZSCAN zset 0
ZSCAN none 0
ZSCAN set 0
XLEN stream
XLEN none
XLEN hash
XRANGE stream - +
XRANGE stream - + COUNT 1
XRANGE none - +
XREVRANGE stream + -
XRANGE stream x +
XINFO GROUPS stream
PFCOUNT hll
PFCOUNT none
BITCOUNT bits
GETBIT bits 7
GETBIT bits x
BITPOS bits 1
GEOPOS geo none
GEODIST geo Palermo none
OBJECT ENCODING number
OBJECT ENCODING session:abc123
OBJECT ENCODING long
OBJECT ENCODING hash
OBJECT ENCODING list
OBJECT ENCODING set
OBJECT ENCODING ints
OBJECT ENCODING zset
OBJECT ENCODING stream
OBJECT ENCODING none
OBJECT REFCOUNT session:abc123
OBJECT REFCOUNT none
OBJECT FREQ number
OBJECT FREQ none
OBJECT IDLETIME none
OBJECT FOO number
OBJECT
OBJECT ENCODING
MEMORY USAGE none
MEMORY USAGE
MEMORY USAGE number SAMPLES
MEMORY USAGE number SAMPLES x
MEMORY USAGE number SAMPLES -1
MEMORY FOO
MEMORY
CONFIG
CONFIG FOO
CONFIG GET
CONFIG GET maxmemory
CONFIG GET MAXMEMORY
CONFIG GET nonsense
CONFIG GET maxmemory-p*
CONFIG GET save
CONFIG SET maxmemory
CONFIG SET maxmemory 2gb maxmemory
CONFIG SET maxmemory lots
CONFIG SET maxmemory 2xb
CONFIG SET maxmemory -1
CONFIG SET maxmemory-policy nonsense
CONFIG SET nonsense 1
CONFIG SET appendfsync sometimes
CONFIG SET stop-writes-on-bgsave-error maybe
CONFIG SET databases 3
CONFIG SET dir /tmp
CONFIG SET hash-max-listpack-entries many
CONFIG SET maxmemory-samples 0
CONFIG SET maxmemory-eviction-tenacity 101
CONFIG SET slowlog-log-slower-than -2
CONFIG SET notify-keyspace-events X
CONFIG SET save "900"
CONFIG SET save "a b"
CONFIG SET maxmemory 1gb maxmemory 2gb
CONFIG SET maxmemory 100mb nonsense 1
CONFIG GET maxmemory
CONFIG SET maxmemory 2gb
CONFIG GET maxmemory
CONFIG SET maxmemory 3g maxmemory-policy ALLKEYS-LRU
CONFIG SET maxmemory 0
CONFIG SET maxmemory-policy allkeys-lfu
OBJECT FREQ none
OBJECT IDLETIME number
CONFIG SET maxmemory-policy noeviction
CONFIG SET notify-keyspace-events KEA
CONFIG GET notify-keyspace-events
CONFIG SET notify-keyspace-events Ex
CONFIG GET notify-keyspace-events
CONFIG SET notify-keyspace-events ""
CONFIG SET save "900 1 300 10"
CONFIG GET save
CONFIG SET save ""
CONFIG SET slowlog-max-len 64
CONFIG GET slowlog-max-len
CONFIG SET slowlog-max-len 128
CONFIG RESETSTAT
INFO nonsense
INFO cluster
CLIENT
CLIENT FOO
CLIENT GETNAME
CLIENT SETNAME "with space"
CLIENT SETNAME ops
CLIENT GETNAME
CLIENT SETNAME ""
CLIENT GETNAME
CLIENT ID x
CLIENT LIST TYPE foo
CLIENT LIST ID x
CLIENT LIST FOO
CLIENT KILL 127.0.0.1:1
CLIENT KILL ID 999999
CLIENT KILL
SLOWLOG GET x
SLOWLOG GET -2
SLOWLOG RESET
SLOWLOG GET
SLOWLOG LEN
SLOWLOG FOO
LATENCY LATEST
LATENCY HISTORY command
LATENCY FOO
TIME x
ROLE
ROLE x
WAIT 0 10
WAIT x 10
SELECT 16
SELECT -1
SELECT x
SELECT 3
DBSIZE
KEYS *
SELECT 0
COMMAND FOO
COMMAND INFO nonsense
COMMAND INFO get
COMMAND INFO config|get
COMMAND INFO get nonsense mget
COMMAND LIST FOO
COMMAND LIST FILTERBY FOO x
COMMAND LIST FILTERBY MODULE json
COMMAND GETKEYS
COMMAND GETKEYS get a
COMMAND GETKEYS GET
COMMAND GETKEYS nonsense a
COMMAND GETKEYS ping
COMMAND GETKEYS mget a b c
COMMAND GETKEYS mset a 1 b 2
COMMAND GETKEYS rename a b
COMMAND GETKEYS eval x 2 a b c
COMMAND GETKEYS sintercard 5 a b
COMMAND GETKEYS zunionstore d 5 a
COMMAND GETKEYS mset a 1 b
COMMAND GETKEYS georadius a 1 1 1 m store b
COMMAND GETKEYS zunionstore d 2 a b
COMMAND GETKEYS sintercard 2 a b
COMMAND GETKEYS xread count 1 streams a b 0 0
COMMAND GETKEYS xread count 1
COMMAND GETKEYS object encoding a
COMMAND GETKEYS memory usage a
COMMAND GETKEYS blpop a b 0
COMMAND GETKEYS set a 1
HELLO 4
HELLO x
HELLO 2 FOO
HELLO 2 AUTH nobody x
PUBSUB CHANNELS
PUBSUB CHANNELS [z-a
PUBSUB NUMPAT
PUBSUB NUMSUB
PUBSUB FOO
SCRIPT EXISTS abc
SCRIPT FOO
EVAL "return 1" 0
EVAL "return {1,'a',{2}}" 0
EVAL "return redis.call('GET', KEYS[1])" 1 number
EVAL "return redis.call('SCAN', '0', 'MATCH', 'number', 'COUNT', '1000')" 0
EVAL "return redis.call('TYPE', KEYS[1])" 1 hash
EVAL "#!lua flags=allow-oom
return redis.call('GET', KEYS[1])" 1 number
EVAL "#!lua flags=allow-oom
return redis.call('GET', KEYS[1])" 1 number
EVALSHA 0e0f2dbf4ed9f4a2f5b6f9ee2c0f7cfbbd0d3e5a 1 number
SCRIPT LOAD "#!lua flags=no-writes
return 5"
EVAL "#!js
return 5" 0
EVAL "return redis.status_reply('FINE')" 0
EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
MULTI
GET number
SCAN 0 MATCH number COUNT 1000
OBJECT ENCODING number
EXEC
MULTI
GET
EXEC
MULTI
CONFIG FOO
EXEC
MULTI
SELECT 3
DBSIZE
SELECT 0
EXEC
MULTI
DISCARD
EXEC
DISCARD
SETEX a 0 b
SETEX a x b
SET a b EX 0
SET a b FOO
INCR hash
INCR session:abc123
EXPIRE none 10
EXPIRE number x
EXPIRE number 10 FOO
PERSIST number
DEL none
UNLINK none
RENAME none a
RENAME a
COPY none a
TOUCH number none
LPUSH hash a
SADD hash a
ZADD zset x a
ZADD hash 1 a
HSET hash field
HSET list a b
DUMP none
`},
	{sorted, `
CONFIG GET maxmemory maxmemory-policy
CONFIG GET maxmemory*
HSCAN hash 0
HRANDFIELD hash 9
SDIFF set ints none
KEYS session:*
KEYS *
SMEMBERS set
SUNION set ints
HGETALL hash
HKEYS hash
HVALS hash
SSCAN set 0
SCAN 0 COUNT 1000
SCAN 0 TYPE string COUNT 1000
ZINTER 2 zset zset WITHSCORES
COMMAND LIST FILTERBY PATTERN zrem*
`},
	{shape, `
INFO
INFO all
INFO everything
INFO default
INFO memory
INFO server
INFO clients
INFO persistence
INFO stats
INFO replication
INFO cpu
INFO keyspace
INFO clients keyspace nonsense clients
INFO keyspace clients
INFO MEMORY
TIME
LASTSAVE
MEMORY USAGE number
MEMORY USAGE session:abc123
MEMORY USAGE hash SAMPLES 5
OBJECT IDLETIME number
CLIENT ID
PTTL session:abc123
EXPIRETIME session:abc123
COMMAND COUNT
`},
	{kinds, `
EVAL "return redis.call('CONFIG', 'GET', 'maxmemory')" 0
CLIENT LIST
CLIENT LIST TYPE normal
CLIENT INFO
RANDOMKEY
HRANDFIELD hash
SRANDMEMBER set
ZRANDMEMBER zset
HELLO
HELLO 2
HELLO 2 SETNAME me
SCRIPT LOAD "return 1"
SELECT 0
`},
}

// TestParity runs the same commands here and on a real server, in RESP 2 and 3.
func TestParity(t *testing.T) {
	for _, protocol := range []string{"2", "3"} {
		t.Run("RESP"+protocol, func(t *testing.T) {
			ours := dialRaw(t, start(t, Options{Empty: true}).Addr())
			theirs := dialRaw(t, redistest.Standalone(t).Addr)
			for _, line := range strings.Split(strings.TrimSpace(parityData), "\n") {
				ours.ask(t, words(t, line)...)
				theirs.ask(t, words(t, line)...)
			}
			for _, group := range parity {
				ours.ask(t, "HELLO", protocol)
				theirs.ask(t, "HELLO", protocol)
				for _, line := range commandLines(group.lines) {
					got, want := ours.ask(t, words(t, line)...), theirs.ask(t, words(t, line)...)
					if g, w := comparable(group.how, got), comparable(group.how, want); !same(group.how, g, w) {
						t.Errorf("%s\n got %s\nwant %s", line, g, w)
					}
				}
			}
		})
	}
}

// commandLines parts lines, of which one may go on while a quote is open.
func commandLines(text string) (lines []string) {
	open := ""
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		open += line
		if strings.Count(open, `"`)%2 == 1 {
			open += "\n"
			continue
		}
		lines = append(lines, open)
		open = ""
	}
	return lines
}

var word = regexp.MustCompile(`"((?s:[^"]*))"|'([^']*)'|(\S+)`)

// words parts a line at blanks outside of quotes; \\ is a backslash.
func words(t *testing.T, line string) (list []string) {
	t.Helper()
	for _, m := range word.FindAllStringSubmatch(line, -1) {
		list = append(list, strings.ReplaceAll(m[1]+m[2]+m[3], `\\`, `\`))
	}
	return list
}

// comparable writes a reply as text, without what may differ.
func comparable(how comparison, v value) string {
	switch how {
	case sorted:
		texts := leaves(v)
		slices.Sort(texts)
		return fmt.Sprintf("%c%q", v.kind, texts)
	case shape:
		if strings.Contains("$=", string(v.kind)) {
			return string(v.kind) + infoShape(v.text)
		}
		return figures.ReplaceAllString(written(v), "N")
	case kinds:
		return string(v.kind)
	}
	return written(v)
}

// same reports whether a reply is what it has to be. What INFO tells may be a
// part of what the real server tells.
func same(how comparison, got, want string) bool {
	if how != shape || !strings.Contains(got, "\n") {
		return got == want
	}
	rest := want
	for line := range strings.Lines(got) {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			return false
		}
		rest = after
	}
	return true
}

var figures = regexp.MustCompile(`[0-9]+`)

// infoShape reduces every value of INFO to what kind of value it is.
func infoShape(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case !ok:
			b.WriteString(name + "\n")
		case regexp.MustCompile(`^-?[0-9.]+([BKMGT%]?)$`).MatchString(value):
			b.WriteString(name + ":" + "N" + strings.TrimLeft(value, "-0123456789.BKMGT") + "\n")
		case strings.HasPrefix(name, "db"):
			b.WriteString(name + ":" + figures.ReplaceAllString(value, "N") + "\n")
		default:
			b.WriteString(name + ":text\n")
		}
	}
	return b.String()
}

// written writes a reply with all its kinds.
func written(v value) string {
	if len(v.elems) == 0 {
		return fmt.Sprintf("%c%q", v.kind, v.text)
	}
	var parts []string
	for _, e := range v.elems {
		parts = append(parts, written(e))
	}
	return fmt.Sprintf("%c[%s]", v.kind, strings.Join(parts, " "))
}

func leaves(v value) []string {
	if len(v.elems) == 0 {
		return []string{written(v)}
	}
	var all []string
	for _, e := range v.elems {
		all = append(all, leaves(e)...)
	}
	return all
}

func TestParityCoversWhatPeopleType(t *testing.T) {
	n := 0
	for _, group := range parity {
		n += len(commandLines(group.lines))
	}
	t.Logf("%d commands", n)
	if n < 300 {
		t.Errorf("only %d commands are compared", n)
	}
}
