package guard

import (
	"context"
	"strconv"

	"github.com/helix-collective/helix/guard/change"
)

// apart carries out a step that changes something other than keys it names.
func (m *Making) apart(ctx context.Context, s change.Step) ([]byte, error) {
	if p, ok := s.Note.(*parameterUndo); ok {
		return nil, p.undo(ctx, m)
	}
	c := s.Note.(*underway).call
	run := everywhere
	switch c.cmd.name {
	case "config set":
		run = m.configSet
	case "flushdb", "flushall":
		run = m.flush
	case "publish", "spublish":
		run = once
	}
	r, err := run(ctx, c)
	if err != nil {
		return nil, err
	}
	return appendRESP(nil, r), nil
}

// once sends a call to whoever takes it.
func once(ctx context.Context, c *call) (reply, error) {
	channel := ""
	if len(c.argv) > 1 {
		channel = c.argv[1]
	}
	return c.ask(ctx, c.argv, channel)
}

// everywhere sends a call to every master and answers the first error, the sum
// of numbers, or else the first reply.
func everywhere(ctx context.Context, c *call) (reply, error) {
	replies, _, err := askMasters(ctx, c.client, c.argv...)
	if err != nil {
		c.distrust()
		return reply{}, c.fault(ctx, err)
	}
	return joined(replies), nil
}

// appendRESP adds a reply as RESP2 has it on the wire.
func appendRESP(dst []byte, r reply) []byte {
	switch r.kind {
	case bulkReply:
		dst = append(strconv.AppendInt(append(dst, '$'), int64(len(r.text)), 10), "\r\n"...)
		return append(append(dst, r.text...), "\r\n"...)
	case nullReply:
		return append(dst, "$-1\r\n"...)
	case arrayReply:
		dst = append(strconv.AppendInt(append(dst, '*'), int64(len(r.elems)), 10), "\r\n"...)
		for _, e := range r.elems {
			dst = appendRESP(dst, e)
		}
		return dst
	}
	return append(append(append(dst, r.kind), r.text...), "\r\n"...)
}
