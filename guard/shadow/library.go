package shadow

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// The types of keys, as TYPE names them.
const (
	typeNone   = "none"
	typeString = "string"
	typeHash   = "hash"
	typeList   = "list"
	typeSet    = "set"
	typeZSet   = "zset"
	typeStream = "stream"
)

// library is the miniredis that keeps the values and runs most commands. It is
// called directly, without a connection, and knows nothing of deadlines: every
// key lives in it until it is deleted.
type library struct {
	mini  *miniredis.Miniredis
	peers map[int]*peer // by database
}

// peer is who calls, with its database selected.
type peer struct {
	*server.Peer
	out *bytes.Buffer
}

func openLibrary() (*library, error) {
	mini := miniredis.NewMiniRedis()
	conn, err := mini.Dial() // which starts it without a listener
	if err != nil {
		return nil, fmt.Errorf("start the library: %w", err)
	}
	if err := conn.Close(); err != nil {
		return nil, fmt.Errorf("start the library: %w", err)
	}
	return &library{mini: mini, peers: map[int]*peer{}}, nil
}

func (l *library) close() { l.mini.Close() }

// replySize is what most replies fit into, in bytes.
const replySize = 256

func (l *library) peer(db int) *peer {
	p := l.peers[db]
	if p == nil {
		out := new(bytes.Buffer)
		p = &peer{Peer: server.NewPeer(bufio.NewWriterSize(out, replySize)), out: out}
		l.mini.Server().Dispatch(p.Peer, []string{"SELECT", strconv.Itoa(db)})
		l.peers[db] = p
	}
	return p
}

// run runs a command and answers its reply as it is on the wire; none where the
// library fails at it.
func (l *library) run(db int, words ...string) (reply []byte) {
	p := l.peer(db)
	p.Flush()
	defer func() {
		if recover() != nil {
			reply = nil
			l.release()
		}
	}()
	p.out.Reset()
	l.mini.Server().Dispatch(p.Peer, words)
	p.Flush()
	return bytes.Clone(p.out.Bytes())
}

// release frees the lock that a call of the library left behind: it panics at
// some malformed calls. Nobody else holds it, as there is one caller at a time.
func (l *library) release() {
	l.mini.TryLock()
	l.mini.Unlock()
}

func (l *library) exists(at place) bool { return l.mini.DB(at.db).Exists(at.key) }

// typeOf answers "none" for a key that does not exist.
func (l *library) typeOf(at place) string {
	if t := l.mini.DB(at.db).Type(at.key); t != "" {
		return t
	}
	return typeNone
}

// parsed reads a reply: nil, a string, an int, a server.Simple, or a list of
// these. An error reply is an error.
func parsed(raw []byte) (any, error) {
	return server.ParseReply(bufio.NewReaderSize(bytes.NewReader(raw), min(max(len(raw), 16), 4096)))
}

// texts answers a list of strings; whatever is none is "".
func texts(v any) []string {
	list, _ := v.([]any)
	all := make([]string, len(list))
	for i, e := range list {
		all[i], _ = e.(string)
	}
	return all
}
