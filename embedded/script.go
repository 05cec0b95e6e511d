package embedded

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
)

// scripts knows the scripts that begin with #!lua and flags, which miniredis's
// Lua does not understand. They run with that line as a comment; their flags
// make no difference here, where memory never runs out.
type scripts struct {
	mu    sync.Mutex
	plain map[string]string // digest of a script → of the one that runs instead
}

func newScripts() *scripts { return &scripts{plain: make(map[string]string)} }

// scripting reports whether a command runs or keeps scripts: these are queued
// by miniredis itself.
func scripting(name string) bool {
	return name == "eval" || name == "evalsha" || strings.HasPrefix(name, "script|")
}

func digest(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// understood answers the script that runs in a script's place.
func (s *scripts) understood(script string) (plain, refusal string) {
	line, _, _ := strings.Cut(script, "\n")
	head, flagged := strings.CutPrefix(line, "#!")
	if !flagged {
		return script, ""
	}
	engine, _, _ := strings.Cut(head, " ")
	if engine != "lua" {
		return "", fmt.Sprintf("ERR Unexpected engine in script shebang: #!%s", engine)
	}
	plain = "--" + script
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain[digest(script)] = digest(plain)
	return plain, ""
}

// digestOf answers the digest by which miniredis knows a script.
func (s *scripts) digestOf(sum string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if plain, ok := s.plain[strings.ToLower(sum)]; ok {
		return plain
	}
	return strings.ToLower(sum)
}

// EVAL script numkeys [key …] [arg …]
func (c *call) eval() {
	plain, refusal := c.scripts.understood(c.args[0])
	if refusal != "" {
		c.fail(refusal)
		return
	}
	c.forward(append([]string{"eval", plain}, c.args[1:]...))
}

// EVALSHA sha1 numkeys [key …] [arg …]
func (c *call) evalSHA() {
	c.forward(append([]string{"evalsha", c.scripts.digestOf(c.args[0])}, c.args[1:]...))
}

// SCRIPT LOAD script
func (c *call) scriptLoad() {
	plain, refusal := c.scripts.understood(c.args[0])
	if refusal != "" {
		c.fail(refusal)
		return
	}
	if err, failed := c.native("script", "load", plain).(error); failed {
		c.fail(err.Error())
		return
	}
	c.reply(str(digest(c.args[0])))
}

// SCRIPT EXISTS sha1 …
func (c *call) scriptExists() {
	words := []string{"script", "exists"}
	for _, sum := range c.args {
		words = append(words, c.scripts.digestOf(sum))
	}
	c.forward(words)
}

// SCRIPT FLUSH [ASYNC|SYNC]
func (c *call) scriptFlush() {
	c.forward(append([]string{"script", "flush"}, c.args...))
}
