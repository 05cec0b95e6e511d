package discordtest

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// compressAbove is the size in bytes from which packets are compressed for a
// client that identified with compress.
const compressAbove = 8 << 10

// frame is one thing to put on the wire: a packet, a close code or a cut.
type frame struct {
	payload []byte
	close   int
	drop    bool
}

// conn is one gateway connection.
type conn struct {
	d        *Discord
	ws       *websocket.Conn
	written  chan struct{} // closed when the writer has ended
	queue    outbox
	ready    bool // identified, under d.mu
	intents  Intent
	compress bool
	sequence int
	session  string
	shard    shard
}

// outbox is an unbounded queue of frames, so that the world never waits for a
// slow reader.
type outbox struct {
	mu     sync.Mutex
	frames []frame
	wake   chan struct{}
}

func (o *outbox) put(f frame) {
	o.mu.Lock()
	o.frames = append(o.frames, f)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() []frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.frames
	o.frames = nil
	return taken
}

func newConn(d *Discord, ws *websocket.Conn) *conn {
	return &conn{d: d, ws: ws, written: make(chan struct{}), queue: outbox{wake: make(chan struct{}, 1)}}
}

func (c *conn) push(f frame) { c.queue.put(f) }

// dispatch queues an event with the next sequence number. The caller holds mu.
func (c *conn) dispatch(event string, data any) {
	c.sequence++
	raw, err := json.Marshal(object{"op": opDispatch, "t": event, "s": c.sequence, "d": data})
	if err != nil {
		c.d.t.Errorf("discordtest: event %s: %v", event, err)
		return
	}
	c.push(frame{payload: raw})
}

// write empties the queue onto the wire until the connection ends.
func (c *conn) write() {
	defer close(c.written)
	defer c.ws.Close()
	for range c.queue.wake {
		for _, f := range c.queue.take() {
			if !c.send(f) {
				return
			}
		}
	}
}

// send puts one frame on the wire; false ends the connection.
func (c *conn) send(f frame) bool {
	switch {
	case f.drop:
		return false
	case f.close != 0:
		end := websocket.FormatCloseMessage(f.close, "")
		_ = c.ws.WriteControl(websocket.CloseMessage, end, time.Now().Add(time.Second)) // it ends either way
		return false
	}
	kind, payload := websocket.TextMessage, f.payload
	if c.compresses() && len(payload) > compressAbove {
		kind, payload = websocket.BinaryMessage, deflate(payload)
	}
	return c.ws.WriteMessage(kind, payload) == nil
}

func (c *conn) compresses() bool {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	return c.compress
}

func deflate(payload []byte) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(payload) // a buffer takes everything
	_ = z.Close()
	return packed.Bytes()
}

// run greets the client and listens to it until the connection ends.
func (c *conn) run(hello time.Duration) {
	defer c.hangUp()
	if hello > 0 {
		select {
		case <-time.After(hello):
		case <-c.written:
		}
	}
	if hello >= 0 {
		c.push(packet(opHello, object{"heartbeat_interval": c.d.opts.heartbeat.Milliseconds()}))
	}
	for {
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		if code := c.hear(raw); code != 0 {
			c.push(frame{close: code})
			<-c.written
			return
		}
	}
}

// hangUp takes the connection out of the world and ends its writer.
func (c *conn) hangUp() {
	c.d.mu.Lock()
	c.ready = false
	c.d.touch()
	c.d.mu.Unlock()
	c.push(frame{drop: true})
}

// hear acts on one packet of the client; a code other than 0 closes the
// connection.
func (c *conn) hear(raw []byte) int {
	var p struct {
		Op   *int            `json:"op"`
		Data json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(raw, &p); err != nil || p.Op == nil || len(raw) > 4096 {
		return closeDecodeError
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	switch *p.Op {
	case opHeartbeat:
		if !c.d.gateway.deaf {
			c.push(packet(opHeartbeatACK, nil))
		}
		return 0
	case opIdentify:
		return c.identify(p.Data)
	case opResume:
		c.push(packet(opInvalidSession, false)) // no session outlives its connection here
		return 0
	case opPresence, opVoice, opRequestMembers:
		if !c.ready {
			return closeNotAuthenticated
		}
		return c.d.gateway.answerMembers(c, *p.Op, p.Data)
	}
	return closeUnknownOpcode
}

// identify starts a session, or answers the code that refuses it.
func (c *conn) identify(raw []byte) int {
	var id struct {
		Token      string         `json:"token"`
		Intents    *Intent        `json:"intents"`
		Compress   bool           `json:"compress"`
		Properties map[string]any `json:"properties"`
		Shard      *shard         `json:"shard"`
	}
	g := c.d.gateway
	switch err := json.Unmarshal(raw, &id); {
	case err != nil:
		return closeDecodeError
	case c.ready:
		return closeAlreadyAuthenticated
	case id.Token != c.d.opts.token && id.Token != "Bot "+c.d.opts.token:
		return closeAuthenticationFailed
	case id.Intents == nil:
		return closeInvalidIntents
	case *id.Intents&c.d.opts.disallowed&privilegedIntents != 0:
		return closeDisallowedIntents
	}
	if code := g.refuses(id.Shard); code != 0 {
		return code
	}
	if g.nextInvalid > 0 {
		g.nextInvalid--
		c.push(packet(opInvalidSession, false))
		return 0
	}
	if g.starts.remaining <= 0 {
		c.d.accuse("gateway", Violation{Rule: "session_start_limit", Detail: "identified though no session start was left; Discord would reset the token"})
		return closeAuthenticationFailed
	}
	g.starts.remaining--
	c.shard = id.Shard.orOnly()
	g.keepsPace(c.shard)
	c.intents, c.compress = *id.Intents, id.Compress
	c.welcome()
	return 0
}

// welcome sends READY and introduces the guilds.
func (c *conn) welcome() {
	g := c.d.gateway
	if len(g.nextAnswers) > 0 {
		c.push(g.nextAnswers[0])
		g.nextAnswers = g.nextAnswers[1:]
	}
	g.identified++
	c.ready, c.sequence = true, 0
	c.session = fmt.Sprintf("session-%d", g.identified)
	unavailable := list{}
	for _, guild := range c.guilds() {
		unavailable = append(unavailable, object{"id": guild.ID, "unavailable": true})
	}
	c.dispatch("READY", object{
		"v": 10, "user": c.d.bot.wire(), "guilds": unavailable, "session_id": c.session,
		"resume_gateway_url": c.d.GatewayURL(), "shard": c.shard, "private_channels": list{},
		"application": object{"id": c.d.bot.id, "flags": applicationFlags(c.d.opts.disallowed)},
	})
	for _, guild := range c.guilds() {
		if guild.outage {
			c.dispatch("GUILD_DELETE", object{"id": guild.ID, "unavailable": true})
		} else if c.intents&intentGuilds != 0 {
			c.dispatch("GUILD_CREATE", guild.wireCreate(c))
		}
	}
	c.d.touch()
}
