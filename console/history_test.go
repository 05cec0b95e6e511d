package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatTheHistoryKeeps(t *testing.T) {
	tests := []struct {
		message string
		kept    bool
	}{
		{"redis keys session:* | wc -l", true},
		{"config set redis.session_ttl=86400", true},
		{"redis keys session:user:john@example.com:*", true},
		{"redis get session:abc123", true},
		{"sort -k 2 | head", true},
		{"redis client list | grep age", true},
		{"redis auth hunter2", false},
		{"redis AUTH user hunter2", false},
		{"redis hello 3 auth default hunter2", false},
		{"redis-cli -a hunter2 ping", false},
		{"redis-cli -ahunter2 ping", false},
		{"redis-cli --pass hunter2 ping", false},
		{"redis-cli -u redis://:hunter2@host:6379", false},
		{"config set redis.url=rediss://ann:hunter2@host", false},
		{"redis config set requirepass hunter2", false},
		{"redis config set masterauth hunter2", false},
		{"redis acl setuser ann on >hunter2", false},
		{"config set redis.password=hunter2", false},
		{"config set discord.token=hunter2", false},
		{"config set session.key=hunter2", false},
		{"config set api.key = hunter2", false},
		{"config set a.client_secret=hunter2", false},
		{"echo Authorization: Bearer hunter2", false},
		{"config set x=MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz012345", false},
		{"while read k; do\nredis auth hunter2\ndone", false},
		{" echo begins with a space", false},
		{"classified", false},
		{"   ", false},
		{"an escape \x1b[2J hunter2", false},
		{"not UTF-8 \xff", false},
		{strings.Repeat("x", maxHistoryLine+1), false},
	}
	for _, test := range tests {
		path := filepath.Join(t.TempDir(), "history")
		h, err := openHistory(path, func(m string) bool { return m == "classified" })
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		h.recall(func(lines []string) { told = lines })
		h.add(test.message)
		h.close()
		want := ""
		if test.kept {
			want = test.message + "\n"
		}
		if got := fileText(t, path); got != want {
			t.Errorf("%q: the file holds %q", test.message, got)
		}
		if (len(told) > 0) != test.kept {
			t.Errorf("%q: within reach are %q", test.message, told)
		}
	}
}

func TestHistoryIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "history")
	h, err := openHistory(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.close()
	checkMode(t, path, 0o600)
	checkMode(t, filepath.Dir(path), 0o700)

	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte("echo old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if h, err = openHistory(open, nil); err != nil {
		t.Fatal(err)
	}
	h.close()
	checkMode(t, open, 0o600)
}

func checkMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %o, want %o", path, got, want)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	for round := range 3 {
		h, err := openHistory(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2*maxHistory + 1 {
			h.add(fmt.Sprintf("echo %d %d", round, i))
		}
		if len(h.lines) > 2*maxHistory {
			t.Errorf("%d lines in memory", len(h.lines))
		}
		h.close()
		checkMode(t, path, 0o600)
	}
	h, err := openHistory(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	lines := strings.Split(strings.TrimSpace(fileText(t, path)), "\n")
	if len(lines) != maxHistory || len(h.lines) != maxHistory {
		t.Errorf("%d lines in the file, %d in memory", len(lines), len(h.lines))
	}
	if last := fmt.Sprintf("echo 2 %d", 2*maxHistory); lines[len(lines)-1] != last {
		t.Errorf("the last line is %q", lines[len(lines)-1])
	}
}

func TestHistoryTakesOneLineAtATimeAndNoneTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h, err := openHistory(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"dbsize", "dbsize", "while read k; do\n\necho $k\ndone", "dbsize"} {
		h.add(m)
	}
	h.close()
	h.add("after the end") // in memory only
	if got, want := fileText(t, path), "dbsize\nwhile read k; do\necho $k\ndone\ndbsize\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAHistoryThatCannotBeKeptIsNoObstacle(t *testing.T) {
	for _, path := range []string{t.TempDir(), filepath.Join(os.DevNull, "history"), os.DevNull} {
		h, err := openHistory(path, nil)
		if err == nil {
			t.Errorf("%s: no error", path)
		}
		h.add("echo works")
		if len(h.lines) != 1 {
			t.Errorf("%s: nothing in memory", path)
		}
		h.close()
	}
	var none *history
	none.recall(func([]string) {})
	none.add("echo")
	none.close()
}

func TestWhereTheHistoryBelongs(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	tests := map[string]string{
		"":         "/home/ann/.local/state/helix/history",
		"/state":   "/state/helix/history",
		"relative": "/home/ann/.local/state/helix/history",
	}
	for state, want := range tests {
		t.Setenv("XDG_STATE_HOME", state)
		if got, err := DefaultHistoryFile(); got != want || err != nil {
			t.Errorf("%q: got %s, %v", state, got, err)
		}
	}
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
