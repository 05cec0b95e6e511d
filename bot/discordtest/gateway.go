package discordtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// Gateway is the websocket side of a Discord, with the troubles that a test can
// put it to. Troubles announced for "the next connection" are used up by it.
type Gateway struct {
	d           *Discord
	conns       []*conn
	opened      int // connections ever accepted
	identified  int // identifies ever accepted
	starts      startLimit
	wanted      int // shards that GET /gateway/bot recommends
	least       int // fewer shards than this are refused
	pace        time.Duration
	paced       map[int]time.Time // when a bucket of shards identified last
	deaf        bool              // no heartbeat is acknowledged
	refusing    bool
	nextHello   []time.Duration // delays for coming connections; negative is never
	nextAnswers []frame         // what coming identifies are answered with first
	nextInvalid int             // coming identifies answered with op 9
}

// startLimit is the session_start_limit of GET /gateway/bot.
type startLimit struct {
	total, remaining int
	resetAfter       time.Duration
	concurrency      int
}

// The gateway's opcodes.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoice          = 4
	opResume         = 6
	opReconnect      = 7
	opRequestMembers = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatACK   = 11
)

// The gateway's close codes.
const (
	closeUnknownOpcode        = 4001
	closeDecodeError          = 4002
	closeNotAuthenticated     = 4003
	closeAuthenticationFailed = 4004
	closeAlreadyAuthenticated = 4005
	closeInvalidShard         = 4010
	closeShardingRequired     = 4011
	closeInvalidIntents       = 4013
	closeDisallowedIntents    = 4014
)

func newGateway(d *Discord) *Gateway {
	return &Gateway{
		d:      d,
		starts: startLimit{total: 1000, remaining: 1000, resetAfter: 24 * time.Hour, concurrency: 1},
		wanted: 1, paced: map[int]time.Time{},
	}
}

// Connections answers how many connections were ever accepted.
func (g *Gateway) Connections() int {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.opened
}

// Identifies answers how many sessions were ever started.
func (g *Gateway) Identifies() int {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.identified
}

// Live answers how many connections are identified now.
func (g *Gateway) Live() int {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.live()
}

// AwaitReady waits until the bot has started at least n sessions in all and one
// of them lives, and fails the test if it does not.
func (g *Gateway) AwaitReady(n int) {
	g.d.t.Helper()
	if !g.d.await(g.d.opts.patience, func() bool { return g.identified >= n && g.live() > 0 }) {
		g.d.t.Fatalf("discordtest: the bot started %d sessions, not %d (alive: %d)", g.Identifies(), n, g.Live())
	}
}

// AwaitGone waits until no connection is identified any more.
func (g *Gateway) AwaitGone() {
	g.d.t.Helper()
	if !g.d.await(g.d.opts.patience, func() bool { return g.live() == 0 }) {
		g.d.t.Fatalf("discordtest: the bot still has %d sessions", g.Live())
	}
}

func (g *Gateway) live() int {
	n := 0
	for _, c := range g.conns {
		if c.ready {
			n++
		}
	}
	return n
}

// serve is the websocket's handler.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	d := g.d
	d.mu.Lock()
	if g.refusing || d.closed {
		d.mu.Unlock()
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	d.work.Add(1)
	hello := time.Duration(0)
	if len(g.nextHello) > 0 {
		hello, g.nextHello = g.nextHello[0], g.nextHello[1:]
	}
	d.mu.Unlock()
	defer d.work.Done()
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	c := newConn(d, ws)
	g.admit(c)
	go c.write()
	c.run(hello)
	<-c.written
	g.discharge(c)
}

func (g *Gateway) admit(c *conn) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.conns = append(g.conns, c)
	g.opened++
	if g.d.closed {
		c.push(frame{drop: true})
	}
	g.d.touch()
}

func (g *Gateway) discharge(c *conn) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.conns = slices.DeleteFunc(g.conns, func(o *conn) bool { return o == c })
	g.d.touch()
}

// dropAll cuts every connection. The caller holds mu.
func (g *Gateway) dropAll() {
	for _, c := range g.conns {
		c.push(frame{drop: true})
		_ = c.ws.Close() // a writer stuck on a client that does not read ends too
	}
}

// pushAll sends a frame on every connection.
func (g *Gateway) pushAll(f frame) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	for _, c := range g.conns {
		c.push(f)
	}
}

// packet is a gateway packet without sequence.
func packet(op int, data any) frame {
	raw, err := json.Marshal(object{"op": op, "d": data, "s": nil, "t": nil})
	if err != nil {
		panic(fmt.Sprintf("discordtest: packet %d: %v", op, err)) // only ours is ever marshalled
	}
	return frame{payload: raw}
}
