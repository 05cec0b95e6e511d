package commands

import "testing"

func TestAddressed(t *testing.T) {
	for _, tt := range []struct {
		text, prefix string
		want         bool
	}{
		{"!redis dbsize", "!", true},
		{"  !help", "!", true},
		{"!unknown words", "!", true},
		{"!\n```bash\nredis-cli dbsize\n```", "!", true},
		{"!", "!", false},
		{"!!!", "!", false},
		{"! that was close", "!", false},
		{"redis dbsize", "!", false},
		{"what does !redis do", "!", false},
		{"", "!", false},
		{"?redis dbsize", "?", true},
		{"!redis dbsize", "?", false},
		{"\u200b!redis dbsize", "!", true},
	} {
		if got := addressed(tt.text, tt.prefix); got != tt.want {
			t.Errorf("addressed(%q, %q) = %v", tt.text, tt.prefix, got)
		}
	}
}

func TestReadMessage(t *testing.T) {
	for _, tt := range []struct{ name, text, source, stdin string }{
		{"a line", "!redis keys session:* | wc -l", "!redis keys session:* | wc -l", ""},
		{"the guide's line behind the verb", `!redis redis-cli KEYS "session:*" | wc -l`, `redis-cli KEYS "session:*" | wc -l`, ""},
		{"the guide's own bang line behind the verb", "!redis !redis keys session:* | wc -l", "!redis keys session:* | wc -l", ""},
		{"a loop behind the verb", "!redis for k in a b; do redis ttl $k; done", "for k in a b; do redis ttl $k; done", ""},
		{"an assignment behind the verb", "!redis n=1; echo $n", "n=1; echo $n", ""},
		{"a loop behind the prefix", "!while read -r k; do echo $k; done", "while read -r k; do echo $k; done", ""},
		{"an assignment behind the prefix", "!n=1; echo $n", "n=1; echo $n", ""},
		{"a comment behind the verb", "!redis # count\nredis-cli dbsize", "# count\nredis-cli dbsize", ""},
		{"a script in a fence", "!redis\n```bash\n# count\nredis-cli DBSIZE\n```", "# count\nredis-cli DBSIZE\n", ""},
		{"a fence behind the bare prefix", "!\n```\nredis-cli DBSIZE\n```", "redis-cli DBSIZE\n", ""},
		{"a fence on one line", "!redis ```redis-cli dbsize```", "redis-cli dbsize", ""},
		{"a fence without its end", "!redis ```sh\nredis-cli dbsize", "redis-cli dbsize", ""},
		{"a block as input", "!config import\n```bash\nredis.session_ttl=3600  # 1 hour\n```", "!config import", "redis.session_ttl=3600  # 1 hour\n"},
		{"line ends of another system", "!redis dbsize\r\nredis dbsize", "!redis dbsize\nredis dbsize", ""},
		{"invisible characters at the ends", "\ufeff!redis dbsize \u200b", "!redis dbsize", ""},
		{"a code span behind the verb", "!redis `keys session:* | wc -l`", "!redis keys session:* | wc -l", ""},
		{"a code span with the guide's line", "!redis ``redis-cli dbsize``", "redis-cli dbsize", ""},
		{"a code span behind a mention", "`redis dbsize`", "redis dbsize", ""},
		{"a capture", "!redis ttl `redis keys session:* | head -1`", "!redis ttl `redis keys session:* | head -1`", ""},
		{"two captures", "!redis `echo ttl` `echo k`", "!redis `echo ttl` `echo k`", ""},
		{"a verb that only starts like redis", "!rediscover x", "!rediscover x", ""},
	} {
		got, err := readMessage(tt.text, "!")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got.source != tt.source || got.stdin != tt.stdin {
			t.Errorf("%s: %q < %q, want %q < %q", tt.name, got.source, got.stdin, tt.source, tt.stdin)
		}
	}
}

// What stands behind a block belongs to nothing. Left out, it would be a
// filter that did not filter or a second script that did not run.
func TestTextBehindABlockIsRefused(t *testing.T) {
	for _, text := range []string{
		"!redis\n```\nredis-cli keys session:*\n```\n| wc -l",
		"!redis ```redis-cli dbsize``` and ```redis-cli info```",
		"!config import\n```\nredis.session_ttl=3600\n```\n```\nredis.session_idle_timeout=300\n```",
	} {
		if got, err := readMessage(text, "!"); err == nil {
			t.Errorf("%q: reads as %+v", text, got)
		}
	}
}
