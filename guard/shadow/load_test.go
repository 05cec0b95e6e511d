package shadow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLoadRefusesWhatItCannotCopy(t *testing.T) {
	r := startReal(t)
	r.run("SET", "long", strings.Repeat("x", maxValueBytes+1))
	r.run("SET", "whole", strings.Repeat("x", maxValueBytes))
	r.run(append([]string{"RPUSH", "many"}, strings.Split(strings.Repeat("x,", maxValueElements), ",")...)...)
	r.run("HSET", "fat", "f", strings.Repeat("x", 2*maxValueBytes), "g", "x")
	r.run("RPUSH", "fatter", strings.Repeat("x", 5*maxValueBytes))
	r.run("XADD", "groups", "1-1", "f", "v")
	r.run("XGROUP", "CREATE", "groups", "g", "$")
	for _, key := range []string{"long", "many", "fat", "fatter"} {
		s, _ := open(t)
		var large *TooLargeError
		if err := s.Load(context.Background(), 0, []string{key}, r.ask); !errors.As(err, &large) || large.Key != key || s.Holds(0, key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	s, _ := open(t)
	var unsupported *UnsupportedError
	if err := s.Load(context.Background(), 0, []string{"groups"}, r.ask); !errors.As(err, &unsupported) || unsupported.Key != "groups" {
		t.Errorf("a stream with groups: %v", err)
	}
	r.load(s, "whole")
	s.bytes = maxBytes + 1
	var large *TooLargeError
	if err := s.Load(context.Background(), 0, []string{"whole", "groups2"}, r.ask); !errors.As(err, &large) || large.Key != "" || s.Holds(0, "whole") {
		t.Errorf("more than everything may take: %v", err)
	}
}

func TestLoadOnlyReadsAndNotKeyByKey(t *testing.T) {
	r := startReal(t)
	var keys []string
	for i := range 600 {
		key := fmt.Sprint("key:", i)
		keys = append(keys, key)
		switch i % 4 {
		case 0:
			r.run("SET", key, "v", "EX", "1000")
		case 1:
			r.run("HSET", key, "f", "v", "g", "w")
		case 2:
			r.run("ZADD", key, "1", "m")
		}
	}
	trips, names := 0, map[string]bool{}
	s := New(time.Now)
	defer s.Close()
	err := s.Load(context.Background(), 0, append(keys, keys...), func(ctx context.Context, commands [][]string) ([][]byte, error) {
		trips++
		for _, argv := range commands {
			names[argv[0]] = true
		}
		if len(commands) > maxPipeline {
			t.Errorf("%d commands at once", len(commands))
		}
		return r.ask(ctx, commands)
	})
	if err != nil || trips > 40 {
		t.Errorf("%d round trips, %v", trips, err)
	}
	for name := range names {
		info := string(r.run("COMMAND", "INFO", name))
		if info != "*1\r\n$-1\r\n" && !strings.Contains(info, "+readonly") && name != "OBJECT" && name != "MEMORY" && name != "XINFO" {
			t.Errorf("%s is not for reading: %s", name, info)
		}
	}
	if got := s.Keys(0); len(got) != 450 || !s.Holds(0, "key:3") {
		t.Errorf("%d keys exist", len(got))
	}
	if _, _, deadline := s.State(0, "key:0"); time.Until(deadline).Round(time.Minute) != 17*time.Minute {
		t.Errorf("key:0 ends %v", deadline)
	}
}

// scripted answers commands by their name, and fails at others.
func scripted(replies map[string]string) Asker {
	return func(_ context.Context, commands [][]string) ([][]byte, error) {
		var raw [][]byte
		for _, argv := range commands {
			reply, ok := replies[argv[0]]
			if !ok {
				return nil, fmt.Errorf("asked for %s", argv[0])
			}
			raw = append(raw, []byte(reply))
		}
		return raw, nil
	}
}

func TestLoadHeedsWhatNewerServersHave(t *testing.T) {
	hash := map[string]string{
		"TYPE": "+hash\r\n", "PTTL": ":-1\r\n", "HLEN": ":2\r\n", "MEMORY": ":80\r\n", "OBJECT": "$10\r\nlistpackex\r\n",
		"HGETALL": "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
	}
	for _, one := range []struct {
		name, reply string
		loads       bool
	}{
		{"no field has a TTL", "*2\r\n:-1\r\n:-1\r\n", true},
		{"a field has a TTL", "*2\r\n:-1\r\n:5000\r\n", false},
		{"an older server", "-ERR unknown command 'HPTTL', with args beginning with: \r\n", true},
		{"a server that does not let us ask", "-NOPERM no permissions\r\n", false},
	} {
		s, _ := open(t)
		hash["HPTTL"] = one.reply
		if err := s.Load(context.Background(), 0, []string{"h"}, scripted(hash)); (err == nil) != one.loads {
			t.Errorf("%s: %v", one.name, err)
		}
		if s.Holds(0, "h") != one.loads {
			t.Errorf("%s: held %v", one.name, s.Holds(0, "h"))
		}
	}
}

func TestLoadReadsAgainWhatChangesMeanwhile(t *testing.T) {
	changing := func(wrong int) Asker {
		asked := 0
		right := scripted(map[string]string{"TYPE": "+string\r\n", "PTTL": ":-1\r\n", "STRLEN": ":1\r\n", "GET": "$1\r\nv\r\n"})
		return func(ctx context.Context, commands [][]string) ([][]byte, error) {
			if commands[0][0] == "GET" {
				if asked++; asked <= wrong {
					return [][]byte{errorReply(wrongType)}, nil
				}
			}
			return right(ctx, commands)
		}
	}
	s, _ := open(t)
	if err := s.Load(context.Background(), 0, []string{"a"}, changing(1)); err != nil || say(s, "GET a") != "$1 v" {
		t.Errorf("a key that changed once: %v", err)
	}
	s.Forget(0, "a")
	if err := s.Load(context.Background(), 0, []string{"a"}, changing(maxAttempts)); !errors.Is(err, errChanged) || s.Holds(0, "a") {
		t.Errorf("a key that keeps changing: %v", err)
	}
}

func TestLoadPassesFaultsOn(t *testing.T) {
	s, _ := open(t)
	fault := errors.New("gone")
	err := s.Load(context.Background(), 0, []string{"a"}, func(context.Context, [][]string) ([][]byte, error) { return nil, fault })
	if !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
	module := scripted(map[string]string{"TYPE": "+ReJSON-RL\r\n", "PTTL": ":-1\r\n"})
	var unsupported *UnsupportedError
	if err := s.Load(context.Background(), 0, []string{"a"}, module); !errors.As(err, &unsupported) {
		t.Errorf("a module's type: %v", err)
	}
	short := func(context.Context, [][]string) ([][]byte, error) { return nil, nil }
	if err := s.Load(context.Background(), 0, []string{"a"}, short); err == nil {
		t.Error("too few replies are taken")
	}
}

func TestListsComeInTheServersOrder(t *testing.T) {
	r := startReal(t)
	r.run("HSET", "h", "z", "26", "a", "1", "m", "13")
	r.run("SADD", "ints", "30", "4", "200")
	r.run("SADD", "names", "x", strings.Repeat("y", 100)) // too long for a list
	s := New(time.Now)
	defer s.Close()
	r.load(s, "h", "ints", "names")
	for _, argv := range [][]string{
		{"HGETALL", "h"}, {"HKEYS", "h"}, {"HVALS", "h"}, {"SMEMBERS", "ints"},
		{"HSET", "h", "a", "2"}, {"HVALS", "h"}, {"HDEL", "h", "a"}, {"HGETALL", "h"}, {"SREM", "ints", "30"}, {"SMEMBERS", "ints"},
	} {
		got, err := s.Run(context.Background(), 0, argv)
		if want := r.run(argv...); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", argv, got, err, want)
		}
	}
	var unpredictable *UnpredictableError
	if _, err := s.Run(context.Background(), 0, []string{"SMEMBERS", "names"}); !errors.As(err, &unpredictable) {
		t.Errorf("the order within a table is told: %v", err)
	}
}
