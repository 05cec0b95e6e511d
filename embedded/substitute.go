package embedded

import (
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// answer answers a call, of which args are what follows the name.
type answer func(s *Server, c *server.Peer, args []string)

// substitutes are the commands answered here rather than by miniredis, by name
// or by name and sub-command.
func substitutes() map[string]answer {
	return map[string]answer{
		"COMMAND":          (*Server).commandAll,
		"COMMAND COUNT":    (*Server).commandCount,
		"COMMAND LIST":     (*Server).commandList,
		"COMMAND INFO":     (*Server).commandInfo,
		"INFO":             (*Server).info,
		"CONFIG GET":       (*Server).configGet,
		"CONFIG SET":       (*Server).configSet,
		"CONFIG RESETSTAT": func(_ *Server, c *server.Peer, _ []string) { c.WriteOK() },
		"SLOWLOG GET":      func(_ *Server, c *server.Peer, _ []string) { c.WriteLen(0) },
		"SLOWLOG LEN":      func(_ *Server, c *server.Peer, _ []string) { c.WriteInt(0) },
		"SLOWLOG RESET":    func(_ *Server, c *server.Peer, _ []string) { c.WriteOK() },
		"LATENCY LATEST":   func(_ *Server, c *server.Peer, _ []string) { c.WriteLen(0) },
		"LASTSAVE":         func(s *Server, c *server.Peer, _ []string) { c.WriteInt(int(s.started.Unix())) },
		"ROLE":             (*Server).role,
	}
}

// containers are the commands of which only the listed sub-commands exist here.
func containers() map[string]bool {
	return map[string]bool{"COMMAND": true, "CONFIG": true, "SLOWLOG": true, "LATENCY": true}
}

// substitute answers what miniredis lacks, and reports whether it did.
func (s *Server) substitute(c *server.Peer, name string, args ...string) bool {
	known := substitutes()
	if !containers()[name] || len(args) == 0 {
		run, ok := known[name]
		if ok {
			run(s, c, args)
		}
		return ok
	}
	run, ok := known[name+" "+strings.ToUpper(args[0])]
	if !ok {
		c.WriteError("ERR unknown subcommand '" + args[0] + "'. Try " + name + " HELP.")
		return true
	}
	run(s, c, args[1:])
	return true
}

func (s *Server) role(c *server.Peer, _ []string) {
	c.WriteLen(3)
	c.WriteBulk("master")
	c.WriteInt(0)
	c.WriteLen(0)
}
