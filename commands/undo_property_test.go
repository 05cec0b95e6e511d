package commands_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// undoPrograms is the environment variable that says how many random programs
// are made and taken back.
const undoPrograms = "HELIX_UNDO_PROGRAMS"

const everybody = `
boss: {discord: ["300000000000000001"], allow: [read, reveal, write, destroy, mint, admin, configure]}
plain: {discord: ["300000000000000002"], allow: [read, write]}
`

// writes are forms of every command that changes keys. {k} is a key of any type,
// {s} one that mostly holds a string, and so on; {v} a value, {n} a number, {ms}
// a short time, {at} a moment in milliseconds.
const writes = `
set {s} {v}
set {k} {v} px {ms}
set {s} {v} nx ex 1000
set {s} {v} xx keepttl
set {s} {v} get
setex {s} 500 {v}
psetex {s} {ms} {v}
setnx {k} {v}
mset {s} {v} {s} {v} {k} {v}
msetnx {s} {v} {s} {v}
append {s} {v}
setrange {s} {n} {v}
setbit {b} {n} 1
bitop or {b} {b} {s}
bitfield {b} set u8 {n} 7 incrby i5 2 1
getset {s} {v}
getdel {s}
getex {s} px {ms}
getex {s} persist
incr {i}
incrby {i} {n}
incrbyfloat {i} 1.5
decr {i}
decrby {i} {n}
del {k}
del {k} {k} {k} missing
unlink {k} {k}
expire {k} {n}00
expire {k} 0
expire {k} 5000 gt
pexpire {k} {ms}
pexpireat {k} {at}
expireat {k} 4102444800
persist {k}
rename {k} {k}
renamenx {k} {k}
copy {k} {k} replace
copy {k} {k}
hset {h} {f} {v} {f} {v}
hmset {h} {f} {v}
hsetnx {h} {f} {v}
hincrby {h} count {n}
hincrbyfloat {h} count 0.5
hdel {h} {f} {f}
lpush {l} {v} {v}
rpush {l} {v} {n}
lpushx {l} {v}
rpushx {l} {v}
lpop {l} 2
rpop {l}
linsert {l} before {n} {v}
lset {l} 0 {v}
lrem {l} 0 {n}
ltrim {l} 1 -1
lmove {l} {l} left right
rpoplpush {l} {l}
lmpop 2 {l} {l} left count 2
sort {l} alpha store {l}
sort {e} by nosort get # store {k}
sadd {e} {v} {n} {n}
srem {e} {n} {n}
spop {e}
smove {e} {e} {n}
sinterstore {e} {e} {e}
sunionstore {e} {e} {e}
sdiffstore {k} {e} {e}
zadd {z} {n} {v} {n} {f}
zadd {z} gt incr {n} {f}
zincrby {z} {n} {f}
zrem {z} {f} {f}
zpopmin {z}
zpopmax {z} 2
zmpop 1 {z} min
zremrangebyrank {z} 0 0
zremrangebyscore {z} 0 {n}
zremrangebylex {z} - (m
zrangestore {z} {z} 0 -1
zunionstore {z} 2 {z} {e}
zinterstore {k} 2 {z} {z}
zdiffstore {z} 2 {z} {z}
geoadd {g} 13.4 52.5 {f} 2.35 48.85 {f}
georadius {g} 13.4 52.5 5000 km store {k}
geosearchstore {z} {g} fromlonlat 13.4 52.5 byradius 5000 km
pfadd {p} {v} {n}
pfmerge {p} {p} {p}
xadd {x} * f {v}
xadd {x} maxlen 5 * f {v}
xdel {x} 1-1
xtrim {x} maxlen 3
xsetid {x} 9999999999999-1
xgroup create {x} workers 0 mkstream
xgroup create {x} g{n} $
xgroup createconsumer {x} workers ann
xgroup setid {x} workers 0
xgroup delconsumer {x} workers ann
xgroup destroy {x} workers
xreadgroup group workers ann count 2 streams {x} >
xack {x} workers 1-1
xclaim {x} workers bob 0 1-1
xautoclaim {x} workers bob 0 0
`

// programs are what stands around several calls; {w} is one of the writes.
const programs = `
redis {w}
redis {w}
redis {w}; redis {w}
redis -n 3 {w}
redis -n 3 {w} && redis {w}
redis rename a0 tmp; redis rename tmp a1; redis rename a1 a0
redis keys '{letter}*' | xargs redis del
redis keys '{letter}*' | xargs -I {} redis expire {} {n}00
redis --scan --pattern '{letter}*' | xargs -n 2 redis unlink
for i in 1 2 3 4 5; do redis rpush {l} $i; redis set many:$i {v} ex 900; done
seq 1 {n} | xargs redis sadd {e}
seq 1 {n} | xargs -n 40 redis rpush {l}
for i in $(seq 1 9); do redis hset {h} f$i {v}; redis incr {i}; done
redis --scan | while read k; do redis persist "$k"; done
redis exists {k} | grep -q 1 && redis {w} || redis {w}
`

// field draws what stands for a placeholder.
func field(t *rapid.T, name string) string {
	letters := map[string]string{
		"s": "a", "i": "i", "b": "b", "h": "h", "l": "l", "e": "e", "z": "z", "g": "g", "p": "p", "x": "x",
	}
	switch name {
	case "w":
		return fillIn(t, rapid.SampledFrom(nonEmpty(writes)).Draw(t, "write"))
	case "letter":
		return rapid.SampledFrom(slices.Sorted(maps.Values(letters))).Draw(t, "letter")
	case "k":
		return field(t, "letter") + strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "number"))
	case "v":
		return rapid.SampledFrom([]string{"v", "''", "17", "'two words'", "äöü", strings.Repeat("long", 40), "'{\"a\": [1]}'"}).Draw(t, "value")
	case "f":
		return rapid.SampledFrom([]string{"f1", "f2", "f3", "zz"}).Draw(t, "field")
	case "n":
		return strconv.Itoa(rapid.SampledFrom([]int{1, 2, 3, 100, 700}).Draw(t, "n"))
	case "ms":
		return strconv.Itoa(rapid.SampledFrom([]int{1, 15, 40, 90000}).Draw(t, "ms"))
	case "at":
		return strconv.FormatInt(time.Now().UnixMilli()+rapid.SampledFrom([]int64{-5, 3, 30, 100000}).Draw(t, "at"), 10)
	}
	if letter, ok := letters[name]; ok {
		return letter + strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "number"))
	}
	return "{" + name + "}"
}

func fillIn(t *rapid.T, form string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(form, "{")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, rest, _ := strings.Cut(rest, "}")
		out.WriteString(field(t, name))
		form = rest
	}
}

func nonEmpty(lines string) []string { return strings.Split(strings.TrimSpace(lines), "\n") }

func drawProgram(t *rapid.T) string {
	var lines []string
	for range rapid.IntRange(1, 6).Draw(t, "lines") {
		lines = append(lines, fillIn(t, rapid.SampledFrom(nonEmpty(programs)).Draw(t, "line")))
	}
	return "!" + strings.Join(lines, "\n")
}

// held is what a key is: its type, content and deadline.
type held struct {
	content  string
	deadline int64 // Unix milliseconds; 0: never
	size     int64
}

// sameAs reports whether two keys are the same within a second, or were.
func (h held) sameAs(o held) bool {
	return h.content == o.content && (h.deadline == 0) == (o.deadline == 0) && max(h.deadline-o.deadline, o.deadline-h.deadline) < 1000
}

type place struct {
	db  int
	key string
}

func (p place) String() string { return fmt.Sprintf("%d/%s", p.db, p.key) }

// keyspaces reads databases through connections of its own.
type keyspaces map[int]*redis.Client

func openKeyspaces(s *redistest.Server) keyspaces {
	all := make(keyspaces)
	for _, db := range []int{0, 3} {
		o := *s.Client().Options()
		o.DB = db
		all[db] = redis.NewClient(&o)
	}
	return all
}

func (k keyspaces) read(t interface{ Fatal(...any) }) map[place]held {
	ctx := context.Background()
	all := make(map[place]held)
	for db, c := range k {
		names, err := c.Keys(ctx, "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "{helix}:") {
				continue
			}
			if h, ok := readKey(ctx, c, name); ok {
				all[place{db, name}] = h
			}
		}
	}
	return all
}

func readKey(ctx context.Context, c *redis.Client, name string) (held, bool) {
	var kind *redis.StatusCmd
	var digest, size, ends *redis.Cmd
	c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		kind, digest = p.Type(ctx, name), p.Do(ctx, "DEBUG", "DIGEST-VALUE", name)
		size, ends = p.Do(ctx, "MEMORY", "USAGE", name), p.Do(ctx, "PEXPIRETIME", name)
		return nil
	})
	h := held{content: kind.Val() + fmt.Sprint(digest.Val())}
	h.size, _ = size.Int64()
	if at, _ := ends.Int64(); at > 0 {
		h.deadline = at
	}
	if kind.Val() == "stream" {
		full, _ := c.Do(ctx, "XINFO", "STREAM", name, "FULL").Slice()
		for i := 0; i+1 < len(full); i += 2 {
			if field := fmt.Sprint(full[i]); !strings.HasPrefix(field, "radix") {
				h.content += fmt.Sprint(field, full[i+1])
			}
		}
	}
	return h, kind.Val() != "none"
}

// undoing is a person before a real server.
type undoing struct {
	stage
	keys    keyspaces
	boss    permissions.Member
	persons int
}

func newUndoing(t *testing.T, args ...string) *undoing {
	t.Helper()
	server := redistest.Standalone(t, append([]string{"--enable-debug-command", "yes", "--save", ""}, args...)...)
	s := newStage(t, server.URL(), map[string]string{"roles": everybody, "people": "ann: 300000000000000001\nbob: 300000000000000001\npat: 300000000000000002\n"})
	u := &undoing{stage: s, keys: openKeyspaces(server), boss: s.people["ann"]}
	t.Cleanup(func() {
		for _, c := range u.keys {
			c.Close()
		}
	})
	return u
}

func (u *undoing) direct(text string) commands.Reply {
	return u.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: u.boss, Mode: commands.Direct})
}

// planned asks for a program and confirms it, with the word where one is asked
// for. It reports the plan's text.
func (u *undoing) planned(text string) (commands.Reply, string) {
	reply := u.say(commands.Request{Text: text, Caller: u.boss})
	if reply.Plan == nil {
		return reply, ""
	}
	return u.say(commands.Request{Text: "[Confirm " + reply.Plan.Word + "]", Caller: u.boss}), reply.Plan.Text
}

// saidIn is all that a reply says.
func saidIn(r commands.Reply) string {
	return string(r.Output) + r.Problem + strings.Join(r.Hints, "\n")
}

// differences lists the keys that are not as they were, but for those whose time
// is over meanwhile.
func differences(was, is map[place]held) []string {
	now := time.Now().UnixMilli()
	var list []string
	for p, w := range was {
		i, there := is[p]
		ended := w.deadline != 0 && w.deadline <= now
		if there && !w.sameAs(i) || !there && !ended {
			list = append(list, fmt.Sprintf("%s was %v, is %v", p, w, i))
		}
	}
	for p := range is {
		if _, known := was[p]; !known {
			list = append(list, fmt.Sprintf("%s is new: %v", p, is[p]))
		}
	}
	slices.Sort(list)
	return list
}

func checksOf(t *testing.T, normally int) {
	n := normally
	seed := "1" // the same programs every time
	if text := os.Getenv(undoPrograms); text != "" {
		seed = "0" // others every time
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	set := func(name, value string) {
		was := flag.Lookup(name).Value.String()
		flag.Set(name, value)
		t.Cleanup(func() { flag.Set(name, was) })
	}
	set("rapid.nofailfile", "true")
	if flag.Lookup("rapid.seed").Value.String() == "0" {
		set("rapid.seed", seed)
	}
	set("rapid.checks", strconv.Itoa(n))
}

func (u *undoing) clear(t *rapid.T) {
	for _, c := range u.keys {
		if err := c.FlushDB(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// another lets somebody else speak, who has changed nothing yet.
func (u *undoing) another() {
	u.persons++
	u.boss.ID = strconv.Itoa(u.persons)
}

// fill gives the databases some content.
func (u *undoing) fill(t *rapid.T) {
	for range 3 {
		u.direct(drawProgram(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "large") {
		if err := u.keys[0].Set(context.Background(), field(t, "s"), strings.Repeat("large", 240_000), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnyProgramIsTakenBack(t *testing.T) {
	u := newUndoing(t)
	checksOf(t, 12)
	rapid.Check(t, func(t *rapid.T) {
		u.clear(t)
		u.fill(t)
		u.another()
		was := u.keys.read(t)
		program := drawProgram(t)
		var said string
		if rapid.Bool().Draw(t, "planned") {
			reply, plan := u.planned(program)
			said = plan + saidIn(reply)
		} else {
			said = saidIn(u.direct(program))
		}
		made := u.keys.read(t)
		back := u.direct("!undo")
		if strings.HasPrefix(back.Problem, "You have no change") {
			back.Problem = ""
		}
		is := u.keys.read(t)
		lost := cannotBe(was, made)
		for _, d := range differences(was, is) {
			name, _, _ := strings.Cut(d, " ")
			_, key, _ := strings.Cut(name, "/")
			if !slices.Contains(lost, name) && (!holdsLarge(was) || !strings.Contains(saidIn(back), key)) {
				t.Errorf("%s\n\n%s\n\n%s\n%s", d, program, said, saidIn(back))
			}
		}
		if holdsLarge(made) && !holdsLarge(is) {
			t.Errorf("a large value is gone since it was taken back:\n%s\n%s\n%s", program, said, saidIn(back))
		}
		for _, name := range lost {
			if _, key, _ := strings.Cut(name, "/"); !strings.Contains(saidIn(back), key) {
				t.Errorf("%s was lost, and is not named: was %v, then %v\n%s\n%s\n%s", name, was, made, program, said, saidIn(back))
			}
		}
	})
}

// holdsLarge reports whether a key that never ends is too large to be kept.
func holdsLarge(keys map[place]held) bool {
	for _, h := range keys {
		if h.size > 1<<20 && h.deadline == 0 {
			return true
		}
	}
	return false
}

// cannotBe lists the keys whose values were too large to be kept, and changed;
// digests tell no more of them, since they differ by whether there is a deadline.
func cannotBe(was, made map[place]held) []string {
	var list []string
	for p, w := range was {
		if m := made[p]; w.size > 1<<20 && (m.size != w.size || m.content != w.content && (m.deadline == 0) == (w.deadline == 0)) {
			list = append(list, p.String())
		}
	}
	return list
}

// tamper does what somebody else might do to a key.
func (u *undoing) tamper(t *rapid.T, at place) {
	ctx, c := context.Background(), u.keys[at.db]
	var err error
	switch rapid.SampledFrom([]string{"value", "gone", "other type", "ttl", "renamed"}).Draw(t, "tampering") {
	case "value":
		err = c.Set(ctx, at.key, "theirs", 0).Err()
	case "gone":
		err = c.Del(ctx, at.key).Err()
	case "other type":
		c.Del(ctx, at.key)
		err = c.RPush(ctx, at.key, "theirs").Err()
	case "ttl":
		err = c.Expire(ctx, at.key, 77777*time.Second).Err()
	case "renamed":
		if c.Exists(ctx, at.key).Val() > 0 {
			err = c.Rename(ctx, at.key, "theirs").Err()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// settled reads the keys once no deadline is near.
func (u *undoing) settled(t *rapid.T) map[place]held {
	for {
		keys, near := u.keys.read(t), time.Now().Add(10*time.Second).UnixMilli()
		if !slices.ContainsFunc(slices.Collect(maps.Values(keys)), func(h held) bool { return h.deadline != 0 && h.deadline < near }) {
			return keys
		}
	}
}

func TestWhatOthersChangedSinceIsLeft(t *testing.T) {
	u := newUndoing(t)
	checksOf(t, 12)
	rapid.Check(t, func(t *rapid.T) {
		u.clear(t)
		for range 3 {
			u.direct(drawProgram(t))
		}
		u.another()
		was := u.settled(t)
		program := drawProgram(t)
		u.direct(program)
		made := u.settled(t)
		for range rapid.IntRange(1, 4).Draw(t, "tamperings") {
			u.tamper(t, place{0, field(t, "k")})
		}
		theirs := u.keys.read(t)
		back := saidIn(u.direct("!undo"))
		expected := theirs
		for at := range both(was, made) {
			if changed(made, theirs, at) && changed(was, made, at) {
				if changed(was, theirs, at) && !strings.Contains(back, at.key) {
					t.Errorf("%s is not named:\n%s\n%s", at, program, back)
				}
				continue
			}
			if !changed(made, theirs, at) {
				put(expected, was, at)
			}
		}
		for _, d := range differences(expected, u.keys.read(t)) {
			t.Errorf("%s\n%s\n%s", d, program, back)
		}
	})
}

func both(a, b map[place]held) map[place]held {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func changed(a, b map[place]held, at place) bool {
	x, in := a[at]
	y, out := b[at]
	return in != out || in && !x.sameAs(y)
}

func put(to, from map[place]held, at place) {
	if h, ok := from[at]; ok {
		to[at] = h
		return
	}
	delete(to, at)
}
