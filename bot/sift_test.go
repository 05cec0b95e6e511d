package bot

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
)

func TestSift(t *testing.T) {
	for message, want := range map[string]struct{ passes, sense bool }{
		`{"op":10,"d":{"heartbeat_interval":41250}}`: {true, true},
		`{"op":11}`: {true, true},
		`{"op":0,"t":"MESSAGE_CREATE","s":3,"d":{"id":"1","content":"x"}}`:   {true, true},
		`{"op":0,"t":"MESSAGE_CREATE","s":3,"d":null}`:                       {true, true}, // the handler copes
		`{"op":0,"t":"TYPING_START","s":3,"d":{}}`:                           {false, true},
		`{"op":0,"t":"GUILD_CREATE","s":3,"d":{"id":"1","channels":[]}}`:     {true, true},
		`{"op":0,"t":"GUILD_CREATE","s":3,"d":{}}`:                           {false, false},
		`{"op":0,"t":"GUILD_CREATE","s":3,"d":null}`:                         {false, false},
		`{"op":0,"t":"GUILD_CREATE","s":3,"d":"text"}`:                       {false, false},
		`{"op":0,"t":"GUILD_CREATE","s":3,"d":{"id":"1","channels":[null]}}`: {false, false},
		`{"op":0,"t":"GUILD_UPDATE","s":3,"d":{"id":"1","members":[null]}}`:  {false, false},
		`{"op":0,"t":"READY","s":1,"d":{"guilds":[{"id":"1"}]}}`:             {true, true},
		`{"op":0,"t":"READY","s":1,"d":{"guilds":[null]}}`:                   {false, false},
		`{"op":0,"t":"VOICE_STATE_UPDATE","s":3,"d":{}}`:                     {false, true},
		`null`:    {false, false},
		`[]`:      {false, false},
		`{"op":`:  {false, false},
		``:        {false, false},
		`"hello"`: {false, false},
	} {
		if passes, sense := sift([]byte(message)); passes != want.passes || sense != want.sense {
			t.Errorf("%s: passes %t and makes sense %t, want %+v", message, passes, sense, want)
		}
	}
}

// frames writes messages as a server would.
func frames(parts ...string) string {
	return "HTTP/1.1 101 Switching Protocols\r\n\r\n" + strings.Join(parts, "")
}

func frameOf(head byte, payload string) string {
	b := []byte{head}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return string(b) + payload
}

func packed(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// wire is a connection on which something has come already.
type wire struct {
	net.Conn
	io.Reader
}

func (w wire) Read(p []byte) (int, error) { return w.Reader.Read(p) }

func sieved(text string) (string, error) {
	s := newSieve(wire{Reader: strings.NewReader(text)}, func(m []byte) bool { return len(m) > 0 && !bytes.Contains(m, []byte("bad")) })
	out, err := io.ReadAll(s)
	return string(out), err
}

func TestTheSievePassesWholeMessages(t *testing.T) {
	long, huge := strings.Repeat("x", 300), strings.Repeat("y", 70_000)
	for name, c := range map[string]struct{ in, want string }{
		"one":         {frameOf(0x81, "good"), frameOf(0x81, "good")},
		"bad":         {frameOf(0x81, "bad") + frameOf(0x81, "good"), frameOf(0x81, "good")},
		"long":        {frameOf(0x81, long) + frameOf(0x81, huge), frameOf(0x81, long) + frameOf(0x81, huge)},
		"in parts":    {frameOf(0x01, "go") + frameOf(0x89, "ping") + frameOf(0x80, "od"), frameOf(0x89, "ping") + frameOf(0x81, "good")},
		"bad parts":   {frameOf(0x01, "ba") + frameOf(0x80, "d"), ""},
		"packed":      {frameOf(0x82, packed("good")), frameOf(0x81, "good")},
		"packed bad":  {frameOf(0x82, packed("bad")), ""},
		"not packed":  {frameOf(0x82, "bad"), ""},
		"a close too": {frameOf(0x88, "\x0f\xa4"), frameOf(0x88, "\x0f\xa4")},
	} {
		if got, err := sieved(frames(c.in)); err != nil || got != frames(c.want) {
			t.Errorf("%s: %.80q, %v; want %.80q", name, got, err, frames(c.want))
		}
	}
}

func TestTheSieveRefusesWhatNoServerSends(t *testing.T) {
	for name, in := range map[string]string{
		"masked":              "\x81\x84abcdgood",
		"a long ping":         frameOf(0x89, strings.Repeat("x", 126)),
		"more than an event":  "\x81\x7f\x00\x00\x00\x00\x40\x00\x00\x00",
		"no length":           "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
		"cut in the middle":   "\x81\x05go",
		"cut in its length":   "\x81\x7e\x00",
		"an endless greeting": "",
	} {
		text := frames(in)
		if in == "" {
			text = strings.Repeat("X: y\r\n", maxHead)
		}
		if _, err := sieved(text); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// What is no websocket's answer is for the client to refuse.
func TestTheSieveLeavesOtherAnswersAlone(t *testing.T) {
	const refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nbad"
	if got, err := sieved(refusal); err != nil || got != refusal {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzTheSieve(f *testing.F) {
	f.Add([]byte(frames(frameOf(0x01, "go"), frameOf(0x80, "od"), frameOf(0x82, packed("{}")))))
	f.Add([]byte("HTTP/1.1 101 x\r\n\r\n\x81\x7f\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := newSieve(wire{Reader: bytes.NewReader(in)}, func(m []byte) bool { passes, _ := sift(m); return passes })
		_, _ = io.Copy(io.Discard, s) // any end will do
		if s.message.Cap() > 2*maxEvent {
			t.Errorf("it holds %d bytes", s.message.Cap())
		}
	})
}
