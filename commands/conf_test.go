package commands

import (
	"errors"
	"strings"
	"testing"
)

// confOfTheGuide is its section "Redis Configuration".
const confOfTheGuide = `# Enable RDB persistence for session recovery
save 900 1
save 300 10
save 60 10000

# Use AOF for durability (optional, trades performance)
appendonly yes
appendfsync everysec

# Optimize memory
maxmemory-policy allkeys-lru
maxmemory 2gb
`

func TestLinesOfARedisConfBecomeAProgram(t *testing.T) {
	const guide = "redis config set save '900 1 300 10 60 10000'\nredis config set appendonly 'yes'\nredis config set appendfsync 'everysec'\n" +
		"redis config set maxmemory-policy 'allkeys-lru'\nredis config set maxmemory '2gb'"
	for _, tt := range []struct{ name, text, source string }{
		{"the guide's block behind the verb", "!redis\n```bash\n" + confOfTheGuide + "```", guide},
		{"behind the bare prefix", "!\n```\n" + confOfTheGuide + "```", guide},
		{"behind a mention", "```\n" + confOfTheGuide + "```", guide},
		{"without a fence", "!redis\n" + confOfTheGuide, guide},
		{"without a fence, behind a mention", confOfTheGuide, guide},
		{"one line", "!redis maxmemory 2gb", "redis config set maxmemory '2gb'"},
		{"in a code span", "!redis `maxmemory 2gb`", "redis config set maxmemory '2gb'"},
		{"save with arguments", "!redis save 900 1", "redis config set save '900 1'"},
		{"save with several points", "!redis save 900 1 300 10", "redis config set save '900 1 300 10'"},
		{"save in quotes", `!redis save "900 1 300 10"`, "redis config set save '900 1 300 10'"},
		{"save with an empty text", "!redis\n```\nsave 900 1\nsave \"\"\nsave 60 5\n```", "redis config set save '60 5'"},
		{"no save points", `!redis save ''`, "redis config set save ''"},
		{"capitals", "!redis MaxMemory 2GB", "redis config set maxmemory '2GB'"},
		{"a comment behind", "!redis maxmemory 2gb  # of 4", "redis config set maxmemory '2gb'"},
		{"blanks and tabs", "!redis\n```\n\tsave  900\t1\n```", "redis config set save '900 1'"},

		{"SAVE is a command", "!redis save", "!redis save"},
		{"save points that are none", "!redis save 900", "!redis save 900"},
		{"a parameter without a value", "!redis maxmemory", "!redis maxmemory"},
		{"two values where there is one", "!redis timeout 5 dbsize", "!redis timeout 5 dbsize"},
		{"a pipe", "!redis maxmemory 2gb | wc", "!redis maxmemory 2gb | wc"},
		{"an expansion", "!redis maxmemory $(redis get k)", "!redis maxmemory $(redis get k)"},
		{"what may not be set", "!redis requirepass x", "!redis requirepass x"},
		{"behind the prefix alone", "!maxmemory 2gb", "!maxmemory 2gb"},
		{"comments alone", "!redis\n```\n# nothing\n```", "# nothing\n"},
		{"a program that continues so", "!redis\n```\nredis-cli config set \\\n  maxmemory 2gb\n```", "redis-cli config set \\\n  maxmemory 2gb\n"},
		{"the guide's restart", "!redis railway service restart redis", "railway service restart redis"},
	} {
		got, err := readMessage(tt.text, "!")
		if err != nil || got.source != tt.source || got.stdin != "" {
			t.Errorf("%s: %q %v, want %q", tt.name, got.source, err, tt.source)
		}
	}
}

func TestALineThatIsNoneOfARedisConfIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"!redis\n```\n# limits\nmaxmemory 2gb\n\ndir /tmp\n```":     "Line 4, `dir …`, sets no parameter",
		"!redis maxmemory 2gb\nredis-cli dbsize":                    "Line 2, `redis-cli …`",
		"```\nsave 900 1\nsave\n```":                                "Line 2, `save …`",
		"!redis\n```\nmaxmemory 2gb\nrequirepass tok-planted\n```":  "Line 2, `requirepass …`",
		"!redis\n```\nmaxmemory 2gb\nmaxmemory-policy $(whoami)```": "Line 2, `maxmemory-policy …`",
		"!redis\n```\nmaxmemory 2gb\n`tok-planted` x\n```":          "Line 2, `… …`",
		"!redis\n```\nmaxmemory 2gb; redis flushall\n```":           "",
	} {
		got, err := readMessage(text, "!")
		var usage *usageError
		if want == "" {
			if err != nil || strings.Contains(got.source, "config set") {
				t.Errorf("%q: %+v %v", text, got, err)
			}
			continue
		}
		if !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %+v %v", text, got, err)
		}
	}
}
