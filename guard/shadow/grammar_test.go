package shadow

import (
	"math/rand/v2"
	"strings"
)

// grammar is what programs are made of, a form to a line: K is a key, V a
// value, M a member or field, N an integer, S a small one, F a float, B a bound
// of scores, L one of names, I an id of a stream. {a|b|} chooses. A form that
// is chosen more often stands more often.
const grammar = `
APPEND K V
BITCOUNT K
BITCOUNT K S S {|BYTE|BIT}
BITOP {AND|OR|XOR|NOT} K K {K|}
BITOP NOT K K
COPY K K {REPLACE|}
COPY K K DB S
DECR K
DECRBY K N
DEL K {K|}
EXISTS K {K|K K|}
EXPIRE K D {NX|XX|GT|LT|} {GT|XX|}
EXPIRE K D
EXPIREAT K A {NX|XX|GT|LT|}
GEOADD K {NX|XX|CH|} G G M
GEOADD K G G M G G M
GET K
GET K
GETBIT K S
GETDEL K
GETEX K {EX D|PX D|PERSIST|EXAT A|PXAT A|}
GETRANGE K S S
GETSET K V
HDEL K M {M|}
HEXISTS K M
HGET K M
HGETALL K
HINCRBY K M N
HINCRBYFLOAT K M F
HKEYS K
HLEN K
HMGET K M {M|}
HMSET K M V {M V|}
HSET K M V {M V|}
HSET K M V {M V|}
HSETNX K M V
HSTRLEN K M
HVALS K
INCR K
INCRBY K N
INCRBYFLOAT K F
LINDEX K S
LINSERT K {BEFORE|AFTER} M V
LLEN K
LMOVE K K {LEFT|RIGHT} {LEFT|RIGHT}
LMPOP 1 K {LEFT|RIGHT} {COUNT S|}
LMPOP 2 K K {LEFT|RIGHT} {COUNT S|}
LPOP K {S|}
LPOS K M {RANK S|} {COUNT S|} {MAXLEN S|}
LPUSH K M {M|}
LPUSHX K M {M|}
LRANGE K S S
LREM K S M
LSET K S V
LTRIM K S S
MGET K {K|}
MSET K V {K V|}
MSETNX K V {K V|}
PERSIST K
PEXPIRE K D {NX|XX|GT|LT|}
PEXPIREAT K A
PSETEX K D V
PTTL K
RENAME K K
RENAMENX K K
RPOP K {S|}
RPOPLPUSH K K
RPUSH K M {M|}
RPUSH K M M M
RPUSHX K M
SADD K M {M|}
SADD K M M M
SADD K S S
SCARD K
SDIFF K {K|}
SDIFFSTORE K K {K|}
SET K V
SET K V {NX|XX|} {GET|} {EX D|PX D|EXAT A|PXAT A|KEEPTTL|}
SET K V {KEEPTTL|GET|NX|XX|} {EX D|PX D|} {NX|XX|PERSIST|}
SET K N
SETBIT K S {0|1}
SETEX K D V
SETNX K V
SETRANGE K S V
SINTER K {K|}
SINTERCARD 1 K {LIMIT S|}
SINTERCARD 2 K K {LIMIT S|}
SINTERSTORE K K {K|}
SISMEMBER K M
SMEMBERS K
SMISMEMBER K M {M|}
SMOVE K K M
SREM K M {M|}
STRLEN K
SUNION K {K|}
SUNIONSTORE K K {K|}
TOUCH K {K|}
TTL K
TYPE K
UNLINK K {K|}
XADD K {NOMKSTREAM|} {MAXLEN S|} I M V {M V|}
XADD K I M V
XDEL K I {I|}
XLEN K
XRANGE K {-|I|(I} {+|I} {COUNT S|}
XREVRANGE K {+|I} {-|I} {COUNT S|}
XTRIM K MAXLEN {=|~|} S
XTRIM K MINID {=|} I {LIMIT S|}
ZADD K {NX|XX|} {GT|LT|} {CH|} {INCR|} F M {F M|}
ZADD K F M {F M|}
ZADD K S M S M
ZCARD K
ZCOUNT K B B
ZINCRBY K F M
ZINTERSTORE K 1 K {AGGREGATE {SUM|MIN|MAX}|}
ZINTERSTORE K 2 K K {AGGREGATE {SUM|MIN|MAX}|}
ZLEXCOUNT K L L
ZMPOP 1 K {MIN|MAX} {COUNT S|}
ZMPOP 2 K K {MIN|MAX} {COUNT S|}
ZMSCORE K M {M|}
ZPOPMAX K {S|}
ZPOPMIN K {S|}
ZRANGE K S S {REV|} {WITHSCORES|}
ZRANGE K B B BYSCORE {REV|} {LIMIT S S|} {WITHSCORES|}
ZRANGE K L L BYLEX {REV|} {LIMIT S S|}
ZRANGEBYLEX K L L {LIMIT S S|}
ZRANGEBYSCORE K B B {WITHSCORES|} {LIMIT S S|}
ZRANK K M
ZREM K M {M|}
ZREMRANGEBYLEX K L L
ZREMRANGEBYRANK K S S
ZREMRANGEBYSCORE K B B
ZREVRANGE K S S {WITHSCORES|}
ZREVRANGEBYLEX K L L {LIMIT S S|}
ZREVRANGEBYSCORE K B B {WITHSCORES|} {LIMIT S S|}
ZREVRANK K M
ZSCORE K M
ZUNION 1 K {WITHSCORES|}
ZUNION 2 K K {WITHSCORES|}
ZUNIONSTORE K 1 K {WEIGHTS S {S|}|} {AGGREGATE {SUM|MIN|MAX}|}
ZUNIONSTORE K 2 K K {WEIGHTS S {S|}|} {AGGREGATE {SUM|MIN|MAX}|}
`

// pools are the words that stand for the letters of the grammar.
func pools() map[string][]string {
	return map[string][]string{
		"K":        {"a", "b", "text", "hash", "list", "set", "zset", "stream", "session:user:\xff\x00 1"},
		typeString: {"text", "a", "session:user:\xff\x00 1"},
		typeHash:   {"hash", "a"},
		typeList:   {"list", "queue"},
		typeSet:    {"set", "group"},
		typeZSet:   {"zset", "rank"},
		typeStream: {"stream"},

		"V": {"", "v", "hello world", "12", "-7", "007", "+5", "3.5", "1e3", "abc\r\n\x00\xff", "9223372036854775807", strings.Repeat("x", 70)},
		"M": {"a", "b", "c", "d", "1", "2", "3", "10", "", "\x00\r\n", "aa"},
		"N": {"0", "1", "-1", "5", "100", "9223372036854775807", "-9223372036854775808", "4611686018427387904"},
		"S": {"0", "1", "2", "3", "-1", "-2", "-3", "5", "100", "-100"},
		"F": {"0", "1", "-1", "2.5", "-0", "0.1", "3.14", "1e3", "-2.25", "100", "1e17", "1732716155.125", "1732716155.123", "inf", "-inf", "5."},
		"B": {"-inf", "+inf", "(1", "1", "2", "(2.5", "100", "0", "(-1", "inf"},
		"L": {"-", "+", "[a", "(a", "[b", "(c", "[", "(", "[aa"},
		"I": {"1-1", "2-0", "3-5", "5-1", "5-2", "7-0", "0-1", "9-9", "*", "6", "0-0"},
		"D": {"1000000", "1500000", "86400000", "5000000", "0", "-1", "9223372036854775807", "9223372036854775", "-9223372036854775808"},
		"A": {"1", "99999999999", "4102444800", "4102444800000", "0", "-5", "9223372036854775807"},
		"G": {"13.361389", "38.115556", "15.087269", "0", "-5.5", "86", "181"},
		"?": {"x", "", "nan", "007", "+5", " 5", "5 ", "0x10", "1e400", "9223372036854775808", "1.5", "inf", "infinity", "-0", "LIMIT", "1e-400", "1_0", "(", "[", "*", "NX", "WITHSCORES", "a", "0", "-1"},
	}
}

// grower makes calls of the grammar.
type grower struct {
	*rand.Rand
	forms    []string
	pools    map[string][]string
	families map[string]command
}

func newGrower(seed uint64) *grower {
	return &grower{Rand: rand.New(rand.NewPCG(seed, 1)), forms: strings.Split(strings.TrimSpace(grammar), "\n"), pools: pools(), families: commands()}
}

// call answers the words of a call; some are wrong, in number or kind.
func (g *grower) call() []string { return g.spoil(g.whole()) }

// whole answers a call in one of the forms.
func (g *grower) whole() []string {
	form := g.forms[g.IntN(len(g.forms))]
	for strings.Contains(form, "{") {
		form = g.choose(form)
	}
	argv := strings.Fields(form)
	family := g.pools[g.families[strings.ToLower(argv[0])].of]
	for i, word := range argv[1:] {
		if word == "K" && family != nil && g.IntN(6) > 0 {
			argv[i+1] = family[g.IntN(len(family))]
			continue
		}
		if pool, ok := g.pools[strings.TrimLeft(word, "(")]; ok {
			argv[i+1] = strings.TrimRight(word, "ABCDEFGIKLMNSV") + pool[g.IntN(len(pool))]
		}
	}
	return argv
}

// choose takes one of the words of an innermost choice.
func (g *grower) choose(form string) string {
	end := strings.Index(form, "}")
	start := strings.LastIndex(form[:end], "{")
	words := strings.Split(form[start+1:end], "|")
	return form[:start] + words[g.IntN(len(words))] + form[end+1:]
}

// spoil makes one call in seven wrong, or only unusual.
func (g *grower) spoil(argv []string) []string {
	odd := g.pools["?"][g.IntN(len(g.pools["?"]))]
	switch g.IntN(20) {
	case 0:
		if len(argv) > 1 {
			return argv[:len(argv)-1]
		}
	case 1:
		return append(argv, odd)
	case 2:
		if len(argv) > 2 {
			argv[2+g.IntN(len(argv)-2)] = odd
		}
	case 3:
		argv[0] = strings.ToLower(argv[0])
	}
	return argv
}
