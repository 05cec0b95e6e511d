package commands

import (
	"errors"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// FuzzMessage holds that any message is read or refused in words, definitions of
// aliases and schedules and lines of a redis.conf among them.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"!redis keys session:* | wc -l", "!redis ```sh\nredis dbsize\n```", "!alias n = redis dbsize | cat", "!every 1h in <#123456789012345678>: redis dbsize",
		"!redis -x set k\n```\nv\n```\nmore", "!redis `dbsize`", "save 900 1\nappendonly yes # x", "maxmemory 2gb\nx y z", "!every day at 09:00:\n```\nredis dbsize\n```", "<@1> status", "\u200b!\u00a0x\r\n", "```",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var wrong *usageError
		if _, err := readMessage(text, "!"); err != nil && !errors.As(err, &wrong) {
			t.Errorf("%q: %v", text, err)
		}
		conf, ok, err := readConf(text)
		if err != nil && !errors.As(err, &wrong) || ok && len(conf) == 0 {
			t.Errorf("%q as a redis.conf: %v, %v", text, conf, err)
		}
	})
}

// FuzzSlashValue holds that what is filled into an option is data: the line has the
// one call that the command stands for, whatever the values hold.
func FuzzSlashValue(f *testing.F) {
	f.Add("a b", "x y", "k=v")
	f.Add("$(redis flushall)", "; redis flushall", "`redis flushall`\n&&")
	f.Add("'", "\\", "\"\x00")
	f.Fuzz(func(t *testing.T, word, several, joined string) {
		if strings.ContainsRune(word+several+joined, 0) {
			return // SlashLine refuses it
		}
		line := slashLine{text: "help"}
		line.option(SlashOption{Name: "a", Kind: Word}, word)
		line.option(SlashOption{Name: "b", Kind: Words}, several)
		line.option(SlashOption{Name: "c", Kind: Word, prefix: "user:"}, joined)
		program, err := shell.Parse(line.text)
		if err != nil {
			t.Fatalf("%q: %v", line.text, err)
		}
		if calls := program.Calls(); len(calls) != 1 || calls[0].Name != "help" {
			t.Errorf("%q calls %+v", line.text, calls)
		}
	})
}
