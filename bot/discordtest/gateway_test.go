package discordtest_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/helix-collective/helix/bot/discordtest"
)

// socket is a gateway connection made by hand.
type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

type gatewayPacket struct {
	Op       int             `json:"op"`
	Sequence int             `json:"s"`
	Event    string          `json:"t"`
	Data     json.RawMessage `json:"d"`
}

func dial(t *testing.T, d *discordtest.Discord) *socket {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(d.GatewayURL()+"?v=10&encoding=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() { ws.Close() })
	return &socket{t, ws}
}

func (s *socket) send(packet string) {
	s.t.Helper()
	if err := s.ws.WriteMessage(websocket.TextMessage, []byte(packet)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) read() gatewayPacket {
	s.t.Helper()
	var p gatewayPacket
	if err := s.ws.ReadJSON(&p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// until reads up to an event and answers it.
func (s *socket) until(event string) gatewayPacket {
	s.t.Helper()
	for {
		if p := s.read(); p.Event == event {
			return p
		}
	}
}

// closed reads until the connection ends and answers its close code, 0 for a
// mere cut.
func (s *socket) closed() int {
	s.t.Helper()
	for {
		_, _, err := s.ws.ReadMessage()
		var end *websocket.CloseError
		if errors.As(err, &end) && end.Code != websocket.CloseAbnormalClosure {
			return end.Code
		}
		if err != nil {
			return 0
		}
	}
}

// identify starts a session with all intents but those left out.
func (s *socket) identify(d *discordtest.Discord, intents int) {
	s.t.Helper()
	payload, err := json.Marshal(map[string]any{"op": 2, "d": map[string]any{
		"token": d.Token(), "intents": intents, "properties": map[string]any{},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(string(payload))
}

func TestGatewayHandshake(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithHeartbeat(time.Minute))
	d.Guild("Acme").Text("#ops").Thread("#ops", "incident").Role("oncall").Join("ann", "oncall").
		Thread("#ops", "old").Archive("old", false).
		Text("#hidden").Thread("#hidden", "secret").Deny("#hidden", "@everyone", discordtest.ViewChannel)
	s := dial(t, d)
	hello := s.read()
	if hello.Op != 10 || !strings.Contains(string(hello.Data), `"heartbeat_interval":60000`) {
		t.Fatalf("hello = %+v", hello)
	}
	s.send(`{"op":1,"d":null}`)
	if ack := s.read(); ack.Op != 11 {
		t.Errorf("the heartbeat was answered with %+v", ack)
	}
	s.identify(d, 1<<0)
	ready := s.read()
	if ready.Event != "READY" || ready.Sequence != 1 {
		t.Errorf("first = %+v", ready)
	}
	guild := s.read()
	if guild.Event != "GUILD_CREATE" || guild.Sequence != 2 {
		t.Fatalf("second = %+v", guild)
	}
	var told discordgo.Guild
	if err := json.Unmarshal(guild.Data, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Channels) != 2 || len(told.Threads) != 1 || told.Threads[0].Name != "incident" || len(told.Roles) != 3 || told.MemberCount != 3 {
		t.Errorf("%d channels, %d threads, %d roles, %d members", len(told.Channels), len(told.Threads), len(told.Roles), told.MemberCount)
	}
	if len(told.Members) != 1 || told.Members[0].User.ID != d.BotID() {
		t.Errorf("without the members intent the bot saw %d members", len(told.Members))
	}
}

func TestGatewayCloseCodes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		packet string
		want   int
	}{
		{"wrong token", `{"op":2,"d":{"token":"nonsense","intents":1}}`, 4004},
		{"disallowed intent", `{"op":2,"d":{"token":"t","intents":32768}}`, 4014},
		{"no intents", `{"op":2,"d":{"token":"t"}}`, 4013},
		{"not JSON", `nonsense`, 4002},
		{"no opcode", `{}`, 4002},
		{"unknown opcode", `{"op":77}`, 4001},
		{"presence before identify", `{"op":3,"d":{}}`, 4003},
		{"too long", `{"op":1,"d":"` + strings.Repeat("x", 4096) + `"}`, 4002},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t, discordtest.WithToken("t"), discordtest.WithoutIntents(discordtest.IntentMessageContent))
			s := dial(t, d)
			s.send(tc.packet)
			if got := s.closed(); got != tc.want {
				t.Errorf("close code = %d, want %d", got, tc.want)
			}
		})
	}
}

func TestLargePacketsAreCompressedOnRequest(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme")
	for i := range 50 {
		acme.Text(fmt.Sprint("#channel-", i))
	}
	s := dial(t, d)
	s.send(`{"op":2,"d":{"token":"` + d.Token() + `","intents":1,"compress":true}}`)
	s.until("READY")
	kind, packed, err := s.ws.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage {
		t.Fatalf("kind %d, %v", kind, err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var p gatewayPacket
	if err := json.NewDecoder(z).Decode(&p); err != nil || p.Event != "GUILD_CREATE" {
		t.Errorf("packet = %s, %v", p.Event, err)
	}
}

func TestIdentifyTwice(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := dial(t, d)
	s.identify(d, 1)
	s.identify(d, 1)
	if got := s.closed(); got != 4005 {
		t.Errorf("close code = %d", got)
	}
}

func TestResumeIsAnsweredWithInvalidSession(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := dial(t, d)
	s.read()
	s.send(`{"op":6,"d":{"token":"t","session_id":"s","seq":4}}`)
	if p := s.read(); p.Op != 9 || string(p.Data) != "false" {
		t.Errorf("answer = %+v", p)
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		trouble func(g *discordtest.Gateway)
		op      int // what the client hears
	}{
		{"reconnect", (*discordtest.Gateway).Reconnect, 7},
		{"invalid session", (*discordtest.Gateway).InvalidateSession, 9},
		{"heartbeat request", (*discordtest.Gateway).RequestHeartbeat, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			s := dial(t, d)
			s.identify(d, 1)
			s.until("READY")
			tc.trouble(d.Gateway())
			if p := s.read(); p.Op != tc.op {
				t.Errorf("op = %d, want %d", p.Op, tc.op)
			}
		})
	}
}

func TestIdentifyingAnew(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := dial(t, d)
	s.identify(d, 1)
	s.until("READY")
	d.Gateway().InvalidateSession()
	if d.Gateway().Live() != 0 {
		t.Error("the void session lives")
	}
	s.identify(d, 1)
	if p := s.until("READY"); p.Sequence != 1 {
		t.Errorf("READY has number %d", p.Sequence)
	}
}

func TestDropAndClose(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	for _, tc := range []struct {
		trouble func()
		want    int
	}{
		{d.Gateway().Drop, 0},
		{func() { d.Gateway().CloseWith(4000) }, 4000},
	} {
		s := dial(t, d)
		s.identify(d, 1)
		s.until("READY")
		tc.trouble()
		if got := s.closed(); got != tc.want {
			t.Errorf("close code = %d, want %d", got, tc.want)
		}
		d.Gateway().AwaitGone()
	}
	if n := d.Gateway().Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestTroubleWithHello(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().NeverHello()
	d.Gateway().SlowHello(30 * time.Millisecond)
	mute, slow, usual := dial(t, d), dial(t, d), dial(t, d)
	if p := usual.read(); p.Op != 10 {
		t.Errorf("the third connection heard %+v", p)
	}
	if p := slow.read(); p.Op != 10 {
		t.Errorf("the second connection heard %+v", p)
	}
	mute.ws.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, _, err := mute.ws.ReadMessage(); err == nil {
		t.Error("the first connection was greeted")
	}
}

func TestZombie(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().StopAcks()
	s := dial(t, d)
	s.read()
	s.send(`{"op":1,"d":null}`)
	s.send(`{"op":6,"d":{}}`) // answered after the heartbeat would have been
	if p := s.read(); p.Op != 9 {
		t.Errorf("a zombie said %+v", p)
	}
	d.Gateway().ResumeAcks()
	s.send(`{"op":1,"d":null}`)
	if p := s.read(); p.Op != 11 {
		t.Errorf("the heartbeat was answered with %+v", p)
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().Refuse()
	_, resp, err := websocket.DefaultDialer.Dial(d.GatewayURL(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("response = %v, error = %v", resp, err)
	}
	d.Gateway().Accept()
	if p := dial(t, d).read(); p.Op != 10 {
		t.Errorf("heard %+v", p)
	}
}

func TestIdentifyAnsweredOddly(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Gateway().InvalidateNextIdentify()
	d.Gateway().AnswerNextIdentifyWith(7)
	s := dial(t, d)
	s.read()
	for _, want := range []int{9, 7} {
		s.identify(d, 1)
		if p := s.read(); p.Op != want {
			t.Errorf("heard %+v, want op %d", p, want)
		}
	}
	if p := s.read(); p.Event != "READY" {
		t.Errorf("heard %+v", p)
	}
}

func TestSessionStartLimit(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.AllowViolations()
	d.Gateway().LimitStarts(1, time.Hour)
	remaining := func() float64 {
		_, answer := raw(t, d, "GET", "/gateway/bot", "", "")
		return answer["session_start_limit"].(map[string]any)["remaining"].(float64)
	}
	if got := remaining(); got != 1 {
		t.Errorf("remaining = %v", got)
	}
	s := dial(t, d)
	s.identify(d, 1)
	s.until("READY")
	if got := remaining(); got != 0 {
		t.Errorf("remaining = %v", got)
	}
	greedy := dial(t, d)
	greedy.identify(d, 1)
	if got := greedy.closed(); got != 4004 {
		t.Errorf("close code = %d", got)
	}
	if !strings.Contains(strings.Join(d.Violations(), "\n"), "session_start_limit") {
		t.Errorf("violations = %q", d.Violations())
	}
}
