package embedded

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// commandReply is what a Redis 7.0 answers to COMMAND, as far as the commands
// are answered here too. `go test ./embedded -run TestCommandTable -update`
// writes it anew, from the redis-server on the PATH.
//
//go:embed commands.resp
var commandReply string

// commandTable is the entries of the reply, each as it stands there.
type commandTable struct {
	names   []string // in the reply's order
	entries map[string]string
}

// parseCommands takes the reply apart.
func parseCommands(reply string) (commandTable, error) {
	t := commandTable{entries: map[string]string{}}
	head, rest, _ := strings.Cut(reply, "\r\n")
	n, err := strconv.Atoi(strings.TrimPrefix(head, "*"))
	if err != nil {
		return t, errRESP
	}
	for range n {
		size, err := skip(rest)
		if err != nil {
			return t, err
		}
		entry := rest[:size]
		rest = rest[size:]
		fields := strings.SplitN(entry, "\r\n", 4) // *10, $3, get, …
		if len(fields) < 4 {
			return t, errRESP
		}
		t.names = append(t.names, fields[2])
		t.entries[fields[2]] = entry
	}
	return t, nil
}

var errRESP = errors.New("malformed RESP")

// skip answers how many bytes the first value of a RESP text takes.
func skip(text string) (int, error) {
	head, _, ok := strings.Cut(text, "\r\n")
	if !ok || head == "" {
		return 0, errRESP
	}
	size := len(head) + 2
	n, err := strconv.Atoi(head[1:])
	switch head[0] {
	case '+', '-', ':':
		return size, nil
	case '$':
		if err != nil || size+n+2 > len(text) {
			return 0, errRESP
		}
		return size + max(n+2, 0), nil
	case '*':
		for range max(n, 0) {
			inner, err := skip(text[size:])
			if err != nil {
				return 0, err
			}
			size += inner
		}
		return size, err
	}
	return 0, fmt.Errorf("%w: %q", errRESP, head)
}

func (s *Server) commandAll(c *server.Peer, _ []string) { c.WriteRaw(commandReply) }

func (s *Server) commandCount(c *server.Peer, _ []string) { c.WriteInt(len(s.table.names)) }

func (s *Server) commandList(c *server.Peer, _ []string) { c.WriteStrings(s.table.names) }

func (s *Server) commandInfo(c *server.Peer, names []string) {
	if len(names) == 0 {
		c.WriteRaw(commandReply)
		return
	}
	c.WriteLen(len(names))
	for _, name := range names {
		entry, ok := s.table.entries[strings.ToLower(name)]
		if !ok {
			entry = "*-1\r\n"
		}
		c.WriteRaw(entry)
	}
}
