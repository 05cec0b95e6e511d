package shadow

import "fmt"

func errorReply(format string, args ...any) []byte {
	return fmt.Appendf(nil, "-"+format+"\r\n", args...)
}

func bulkReply(text string) []byte { return fmt.Appendf(nil, "$%d\r\n%s\r\n", len(text), text) }

func integerReply(n int64) []byte { return fmt.Appendf(nil, ":%d\r\n", n) }

func nullReply() []byte { return []byte("$-1\r\n") }

func okReply() []byte { return []byte("+OK\r\n") }

func listReply(list []string) []byte {
	reply := fmt.Appendf(nil, "*%d\r\n", len(list))
	for _, text := range list {
		reply = append(reply, bulkReply(text)...)
	}
	return reply
}
