package discordtest

import (
	"encoding/json"
	"time"
)

// Reconnect asks every connection to reconnect (op 7).
func (g *Gateway) Reconnect() { g.pushAll(packet(opReconnect, nil)) }

// InvalidateSession tells every connection that its session is void (op 9); it
// may identify anew where it is.
func (g *Gateway) InvalidateSession() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	for _, c := range g.conns {
		c.ready = false
		c.push(packet(opInvalidSession, false))
	}
	g.d.touch()
}

// RequestHeartbeat asks every connection for a heartbeat at once (op 1).
func (g *Gateway) RequestHeartbeat() { g.pushAll(packet(opHeartbeat, nil)) }

// Drop cuts every connection without a word.
func (g *Gateway) Drop() { g.pushAll(frame{drop: true}) }

// CloseWith ends every connection with a close code.
func (g *Gateway) CloseWith(code int) { g.pushAll(frame{close: code}) }

// StopAcks makes every connection, now and later, a zombie: heartbeats are
// never acknowledged. ResumeAcks ends that.
func (g *Gateway) StopAcks() { g.setDeaf(true) }

// ResumeAcks acknowledges heartbeats again.
func (g *Gateway) ResumeAcks() { g.setDeaf(false) }

func (g *Gateway) setDeaf(deaf bool) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.deaf = deaf
}

// Refuse answers connection attempts with 503 until Accept.
func (g *Gateway) Refuse() { g.setRefusing(true) }

// Accept ends Refuse.
func (g *Gateway) Accept() { g.setRefusing(false) }

func (g *Gateway) setRefusing(refusing bool) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.refusing = refusing
}

// NeverHello keeps the next connection waiting for its hello for ever.
func (g *Gateway) NeverHello() { g.delayHello(-1) }

// SlowHello keeps the next connection waiting for its hello for a while.
func (g *Gateway) SlowHello(wait time.Duration) { g.delayHello(wait) }

func (g *Gateway) delayHello(wait time.Duration) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.nextHello = append(g.nextHello, wait)
}

// InvalidateNextIdentify answers the next identify with op 9 and no session.
func (g *Gateway) InvalidateNextIdentify() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.nextInvalid++
}

// AnswerNextIdentifyWith sends a packet with this opcode, 7 or 11 for example,
// between the next identify and its READY.
func (g *Gateway) AnswerNextIdentifyWith(op int) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.nextAnswers = append(g.nextAnswers, packet(op, nil))
}

// LimitStarts sets what is left of session_start_limit and when it is renewed.
// Each identify takes one.
func (g *Gateway) LimitStarts(remaining int, resetAfter time.Duration) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.starts.remaining, g.starts.resetAfter = remaining, resetAfter
}

// Inject sends any event, as raw JSON, on every session: for what the world
// has no word for.
func (g *Gateway) Inject(event, data string) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	for _, c := range g.conns {
		if c.ready {
			c.dispatch(event, json.RawMessage(data))
		}
	}
}

// Undecodable tells the bot of a message by an unknown author whose component
// type no library of today knows.
func (g *Guild) Undecodable(channel string) {
	g.d.t.Helper()
	id := g.ChannelID(channel)
	g.d.gateway.Inject("MESSAGE_CREATE", `{"id":"1","type":0,"channel_id":"`+id+`","guild_id":"`+g.ID+
		`","content":"","author":{"id":"2","username":"tomorrow"},"components":[{"type":99}]}`)
}

// Outage makes a guild unavailable, as when Discord has trouble: its events
// stop until Restore.
func (g *Guild) Outage() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.d.tell(intentGuilds, "GUILD_DELETE", object{"id": g.ID, "unavailable": true})
	g.outage = true
}

// Restore ends an Outage.
func (g *Guild) Restore() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.outage = false
	g.d.tellGuild(g, "GUILD_CREATE", g.wireCreate)
}

// Expel takes the bot out of the guild.
func (g *Guild) Expel() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.d.tell(intentGuilds, "GUILD_DELETE", object{"id": g.ID})
	g.botGone = true
}

// answerMembers serves the requests that a ready client sends beside
// heartbeats: members of a guild, by id or by the beginning of their name.
func (g *Gateway) answerMembers(c *conn, op int, raw []byte) int {
	if op != opRequestMembers {
		return 0
	}
	var ask struct {
		Guild json.RawMessage `json:"guild_id"`
		Query string          `json:"query"`
		Users json.RawMessage `json:"user_ids"`
		Nonce string          `json:"nonce"`
	}
	if err := json.Unmarshal(raw, &ask); err != nil {
		return closeDecodeError
	}
	for _, id := range oneOrMore(ask.Guild) {
		guild := g.d.guildByID(id)
		if guild == nil {
			continue
		}
		c.dispatch("GUILD_MEMBERS_CHUNK", object{
			"guild_id": id, "members": guild.search(ask.Query, oneOrMore(ask.Users)),
			"chunk_index": 0, "chunk_count": 1, "nonce": ask.Nonce,
		})
	}
	return 0
}

// oneOrMore reads a JSON string or an array of them.
func oneOrMore(raw json.RawMessage) []string {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}
