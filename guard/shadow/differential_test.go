package shadow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// real is a redis-server to compare with.
type real struct {
	t      testing.TB
	client *redis.Client
}

func startReal(t testing.TB) *real {
	client := redis.NewClient(&redis.Options{Addr: redistest.Standalone(t).Addr, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	return &real{t: t, client: client}
}

// ask is an Asker.
func (r *real) ask(ctx context.Context, commands [][]string) ([][]byte, error) {
	pipe := r.client.Pipeline()
	cmds := make([]*redis.RawCmd, len(commands))
	for i, argv := range commands {
		words := make([]any, len(argv))
		for j, word := range argv {
			words[j] = word
		}
		cmds[i] = redis.NewRawCmd(ctx, words...)
		if err := pipe.Process(ctx, cmds[i]); err != nil {
			return nil, err
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	raw := make([][]byte, len(cmds))
	for i, cmd := range cmds {
		raw[i] = cmd.Val()
	}
	return raw, nil
}

// run sends one command.
func (r *real) run(argv ...string) []byte {
	r.t.Helper()
	raw, err := r.ask(context.Background(), [][]string{argv})
	if err != nil {
		r.t.Fatalf("%q: %v", argv, err)
	}
	return raw[0]
}

// load makes sure that the shadow holds the keys.
func (r *real) load(s *Shadow, keys ...string) {
	r.t.Helper()
	if err := s.Load(context.Background(), 0, keys, r.ask); err != nil {
		r.t.Fatalf("load %q: %v", keys, err)
	}
}

// predict runs a call on the shadow, which loads what it needs.
func (r *real) predict(s *Shadow, argv []string) ([]byte, error) {
	r.t.Helper()
	reply, err := s.Run(context.Background(), 0, argv)
	var missing *NotHeldError
	if errors.As(err, &missing) {
		r.load(s, missing.Keys...)
		reply, err = s.Run(context.Background(), 0, argv)
	}
	return reply, err
}

// content tells everything about a key but its deadline.
func content(s *Shadow, key string) string {
	exists, typ, _ := s.State(0, key)
	if !exists {
		return typeNone
	}
	run := func(words ...string) string { return string(s.library.run(0, words...)) }
	var text string
	switch typ {
	case typeString:
		text = run("GET", key)
	case typeHash:
		text = run("HGETALL", key)
	case typeList:
		text = run("LRANGE", key, "0", "-1")
	case typeSet:
		text = run("SMEMBERS", key)
	case typeZSet:
		text = run("ZRANGE", key, "0", "-1", "WITHSCORES")
	case typeStream:
		text = run("XRANGE", key, "-", "+") + s.known[place{0, key}].last
	}
	return typ + " " + text
}

// slack is how much two deadlines may differ that were set one after the other
// on a busy machine, in ms. Those of the grammar are further away.
const slack = 60_000

// sameKey reports a key of which the shadow thinks otherwise than the server.
func (r *real) sameKey(s, fresh *Shadow, key string) string {
	if got, want := content(s, key), content(fresh, key); got != want {
		return fmt.Sprintf("%q is %q, want %q", key, got, want)
	}
	_, _, got := s.State(0, key)
	_, _, want := fresh.State(0, key)
	if got.IsZero() != want.IsZero() || got.Sub(want).Abs() > slack*time.Millisecond {
		return fmt.Sprintf("%q ends %v, want %v", key, got, want)
	}
	return ""
}

// sameReply compares replies; remaining times may differ a little.
func sameReply(name string, got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	if name = strings.ToLower(name); name != "ttl" && name != "pttl" {
		return false
	}
	a, errA := parsed(got)
	b, errB := parsed(want)
	n, okN := a.(int)
	m, okM := b.(int)
	return errA == nil && errB == nil && okN && okM && n > 0 && m > 0 && max(n, m)-min(n, m) < slack
}

// tally counts how often a command was predicted.
type tally struct{ replies, errors, unpredictable int }

// differ runs random calls on both and answers where they differ.
func (r *real) differ(seed uint64, until func(calls int) bool) (differences []string, tallies map[string]*tally) {
	g := newGrower(seed)
	s := New(time.Now)
	defer func() { s.Close() }()
	tallies = map[string]*tally{}
	for n := 0; until(n); n++ {
		if n%500 == 0 {
			r.run("FLUSHALL")
			s.Close()
			s = New(time.Now)
		}
		argv := g.call()
		name := strings.ToLower(argv[0])
		if tallies[name] == nil {
			tallies[name] = &tally{}
		}
		if difference := r.step(s, argv, tallies[name]); difference != "" {
			differences = append(differences, difference)
		}
	}
	return differences, tallies
}

// step runs one call on both.
func (r *real) step(s *Shadow, argv []string, count *tally) string {
	touched := unique(argv[1:]) // every word may be a key
	r.load(s, slices.DeleteFunc(slices.Clone(touched), func(key string) bool { return s.Holds(0, key) })...)
	before := r.contents(s, touched)
	reply, err := r.predict(s, argv)
	var unpredictable *UnpredictableError
	if err != nil && !errors.As(err, &unpredictable) {
		r.t.Fatalf("%q: %v", argv, err)
	}
	if err != nil {
		count.unpredictable++
		if after := r.contents(s, touched); !slices.Equal(before, after) {
			return fmt.Sprintf("%q is unpredictable and changed %q to %q", argv, before, after)
		}
		r.run(argv...)
		s.Forget(0, touched...)
		return ""
	}
	if reply[0] == '-' {
		count.errors++
	} else {
		count.replies++
	}
	var found []string
	if want := r.run(argv...); !sameReply(argv[0], reply, want) {
		found = append(found, fmt.Sprintf("answers %q, want %q", reply, want))
	}
	fresh := New(time.Now)
	defer fresh.Close()
	r.load(fresh, touched...)
	for _, key := range touched {
		if text := r.sameKey(s, fresh, key); text != "" {
			found = append(found, text)
		}
	}
	if found == nil {
		return ""
	}
	s.Forget(0, touched...)
	return fmt.Sprintf("%q on %q %s", argv, before, strings.Join(found, "; "))
}

func (r *real) contents(s *Shadow, keys []string) []string {
	var list []string
	for _, key := range keys {
		list = append(list, content(s, key))
	}
	return list
}

// Long is the environment variable that says how long to compare, as 10m.
const Long = "HELIX_SHADOW_FOR"

func TestPredictionsAreWhatRedisDoes(t *testing.T) {
	r := startReal(t)
	seed, until := uint64(1), func(calls int) bool { return calls < 4000 }
	if long := os.Getenv(Long); long != "" {
		d, err := time.ParseDuration(long)
		if err != nil {
			t.Fatal(err)
		}
		end := time.Now().Add(d)
		seed, until = uint64(end.UnixNano()), func(int) bool { return time.Now().Before(end) }
		t.Logf("seed %d", seed)
	}
	differences, tallies := r.differ(seed, until)
	for _, text := range differences {
		t.Error(text)
	}
	for name, n := range tallies {
		t.Logf("%-18s %5d replies %5d errors %5d unpredictable", name, n.replies, n.errors, n.unpredictable)
	}
}

func TestCommandsAreRedis(t *testing.T) {
	r := startReal(t)
	for name, c := range commands() {
		v, err := parsed(r.run("COMMAND", "INFO", name))
		list, _ := v.([]any)
		entry, _ := list[0].([]any)
		longer := name == "zrank" || name == "zrevrank" // in newer servers
		if err != nil || len(entry) < 2 || entry[1] != c.arity && !(longer && entry[1] == 3) {
			t.Errorf("%s has %d words; the server says %v", name, c.arity, entry)
		}
	}
}

func TestEveryCommandIsCompared(t *testing.T) {
	for name := range commands() {
		if !strings.Contains(grammar, "\n"+strings.ToUpper(name)+" ") {
			t.Errorf("%s has no form in the grammar", name)
		}
	}
}

func TestKeysAreWhereTheServerSeesThem(t *testing.T) {
	r, g := startReal(t), newGrower(1)
	for range 500 {
		argv := g.whole()
		c := commands()[strings.ToLower(argv[0])]
		if len(argv) < max(c.arity, -c.arity) {
			t.Fatalf("the grammar has %q", argv)
		}
		keys, ok := c.keys(argv)
		v, _ := parsed(r.run(append([]string{"COMMAND", "GETKEYS"}, argv...)...))
		if want := texts(v); ok && !slices.Equal(unique(keys), unique(want)) {
			t.Errorf("%q has the keys %q, want %q", argv, keys, want)
		}
	}
}
