package sessions_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// python runs the guide's own functions.
type python struct {
	t    *testing.T
	in   io.Writer
	outs *bufio.Scanner
}

func startPython(t *testing.T, addr string) *python {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv(redistest.Require) != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(t.Context(), path, "testdata/guide.py", host, port)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // killed by the end of the test's context, if not ended by that of its input
	})
	return &python{t: t, in: in, outs: bufio.NewScanner(out)}
}

// call answers what a function of the guide answers, as JSON.
func (p *python) call(call ...any) string {
	p.t.Helper()
	line, err := json.Marshal(call)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	if !p.outs.Scan() {
		p.t.Fatalf("the guide's %v does not answer: %v", call[0], p.outs.Err())
	}
	return p.outs.Text()
}

func TestTheGuidesFunctionsAndOursShareSessions(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.Client())
	guide := startPython(t, server.Addr)
	for _, userID := range []string{"ann", "jos\u00e9 \u65e5\u672c \"q\""} {
		var id string
		if err := json.Unmarshal([]byte(guide.call("create_session", userID, home)), &id); err != nil {
			t.Fatal(err)
		}
		s := b.validate(sessions.Token(id))
		if s.UserID != userID || !s.Foreign || s.ExpiresIn != 5*time.Minute || s.ID != id {
			t.Errorf("of the guide's session: %+v", s)
		}
		b.refuses(sessions.Token(id), another, sessions.OtherAddress)
		wantJSON(t, guide.call("validate_session", id, home), userID)
		if got := guide.call("validate_session", id, another); got != "null" {
			t.Errorf("the guide validates from another address: %s", got)
		}
		b.validate(sessions.Token(id)) // the guide has written it anew
		if err := b.Destroy(t.Context(), sessions.Token(id)); err != nil {
			t.Fatal(err)
		}
		if got := guide.call("validate_session", id); got != "null" {
			t.Errorf("the guide revives what Destroy ended: %s", got)
		}

		token, ours := b.create(userID)
		name := strings.TrimPrefix(ours.Key, "session:")
		wantJSON(t, guide.call("validate_session", name, home), userID)
		if s := b.validate(token); !s.CreatedAt.Equal(ours.CreatedAt) || s.ExpiresIn != 5*time.Minute || !s.AuthenticatedAt.Equal(ours.AuthenticatedAt) {
			t.Errorf("after the guide's validate: %+v, before: %+v", s, ours)
		}
		guide.call("destroy_session", name)
		b.refuses(token, home, sessions.Unknown)
		if n, err := b.CountUser(t.Context(), userID); n != 0 || err != nil {
			t.Errorf("%d sessions are counted, %v", n, err)
		}
	}
}

func wantJSON(t *testing.T, got, userID string) {
	t.Helper()
	var session struct {
		UserID string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(got), &session); err != nil || session.UserID != userID {
		t.Errorf("the guide answers %s, want a session of %q", got, userID)
	}
}

// A session of the guide becomes one of ours when it is replaced: with its data,
// for its person, and its old id, which anyone can read, is dead.
func TestAGuidesSessionMovesOver(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for id, signIn := range map[string]string{"3f2a9c01-91e4-4a77-8d00-0123456789ab": "", "3f2a9c01-91e4-4a77-8d00-0123456789ac": "ann"} {
			made := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
			b.client.Set(t.Context(), "session:"+id, `{"user_id": "ann", "ip": "203.0.113.7", "created_at": `+seconds(made)+
				`, "last_accessed": `+seconds(time.Now())+`, "cart": {"n": 12345678901234567890}}`, time.Hour)
			token, s := b.regenerate(sessions.Token(id), sessions.Request{UserID: signIn})
			if s.UserID != "ann" || s.Foreign || s.CreatedAt.Equal(made) != (signIn == "") {
				t.Errorf("%+v, of one made at %v", s, made)
			}
			if value := b.client.Get(t.Context(), s.Key).Val(); !strings.Contains(value, `"cart":{"n": 12345678901234567890}`) {
				t.Errorf("the value is %s", value)
			}
			b.refuses(sessions.Token(id), home, sessions.Unknown)
			b.validate(token)
		}
	})
}

func TestCompatIsLive(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
		b.client.Set(t.Context(), "session:"+id, `{"user_id": "ann", "ip": "203.0.113.7", "created_at": `+seconds(time.Now())+
			`, "last_accessed": `+seconds(time.Now())+`}`, time.Hour)
		b.validate(id)
		b.policy.Compat = false
		b.refuses(id, home, sessions.NotAccepted)
		if err := b.Destroy(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		b.policy.Compat = true
		b.validate(id) // a refused token ends nothing
	})
}

// What other software wrote is touched byte by byte.
func TestValuesAreNotRewritten(t *testing.T) {
	const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
	now := seconds(time.Now())
	each(t, func(t *testing.T, b *bench) {
		for what, c := range map[string]struct {
			value string // with the time of last use as @
			ttl   time.Duration
		}{
			"the guide's":               {`{"user_id": "ann", "ip": "203.0.113.7", "created_at": ` + now + `, "last_accessed": @}`, 5 * time.Minute},
			"digits and long integers":  {`{"id":12345678901234567890123,"f":1.10000000000000000001e+02,"user_id":7,"ip":"203.0.113.7","created_at":` + now + `,"last_accessed":@}`, 5 * time.Minute},
			"white space":               {" {\n\t\"last_accessed\" :\t@ ,\r\n \"ip\" : \"203.0.113.7\" , \"created_at\" : " + now + " } \n", 5 * time.Minute},
			"nested namesakes":          {`{"a":{"last_accessed":1,"b":[{"last_accessed":2}]},"ip":"203.0.113.7","s":"\"last_accessed\":3,}{","last_accessed":@,"created_at":` + now + `,"z":[[],{},"]}"]}`, 5 * time.Minute},
			"twice, the later counts":   {`{"last_accessed":5,"ip":"203.0.113.7","created_at":` + now + `,"last_accessed":@}`, 5 * time.Minute},
			"an escaped name":           {`{"ip":"203.0.113.7","created_at":` + now + `,"last\u005faccessed":@,"na\u00efve":"\\"}`, 5 * time.Minute},
			"an escaped address":        {`{"ip":"203.0.113.\u0037","created_at":` + now + `,"last_accessed":@}`, 5 * time.Minute},
			"an integer":                {`{"ip":"203.0.113.7","created_at":` + now[:10] + `,"last_accessed":@}`, 5 * time.Minute},
			"no time of creation":       {`{"ip":"203.0.113.7","last_accessed":@}`, time.Hour},
			"a creation that is a text": {`{"ip":"203.0.113.7","created_at":"` + now + `","last_accessed":@}`, time.Hour},
		} {
			b.client.Set(t.Context(), "session:"+id, strings.Replace(c.value, "@", now, 1), time.Hour)
			if what == "an integer" {
				b.client.Set(t.Context(), "session:"+id, strings.Replace(c.value, "@", now[:10], 1), time.Hour)
			}
			s, err := b.Validate(t.Context(), id, home)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			got := b.client.Get(t.Context(), "session:"+id).Val()
			if want := strings.Replace(c.value, "@", seconds(s.LastAccessed), 1); got != want {
				t.Errorf("%s: it became\n%s\nwant\n%s", what, got, want)
			}
			if seconds(s.LastAccessed) == now {
				t.Errorf("%s: its last use is unchanged", what)
			}
			if ttl := b.client.PTTL(t.Context(), "session:"+id).Val(); ttl > c.ttl || ttl < c.ttl-10*time.Second {
				t.Errorf("%s: its TTL is %v, want %v", what, ttl, c.ttl)
			}
		}
	})
}

func TestWithoutATimeOfUseNothingIsIdle(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const id, key = "3f2a9c01-91e4-4a77-8d00-0123456789ab", "session:3f2a9c01-91e4-4a77-8d00-0123456789ab"
		old := seconds(time.Now().Add(-23 * time.Hour))
		for value, want := range map[string]time.Duration{
			`{"ip":"203.0.113.7"}`:                                                    24 * time.Hour,
			`{"ip":"203.0.113.7","last_accessed":"long ago"}`:                         24 * time.Hour,
			`{"ip":"203.0.113.7","last_accessed":null,"created_at":` + old + `}`:      time.Hour,
			`{"ip":"203.0.113.7","last_accessed":[1],"created_at":` + old + `,"x":1}`: time.Hour,
		} {
			b.client.Set(t.Context(), key, value, 0) // without a TTL
			s := b.validate(id)
			if got := b.client.Get(t.Context(), key).Val(); got != value {
				t.Errorf("%s became %s", value, got)
			}
			if s.ExpiresIn > want || s.ExpiresIn < want-time.Minute || !s.LastAccessed.IsZero() {
				t.Errorf("%s lasts for %v, want %v", value, s.ExpiresIn, want)
			}
			b.client.Set(t.Context(), key, value, time.Minute)
			if s := b.validate(id); s.ExpiresIn > time.Minute {
				t.Errorf("%s: a TTL of a minute became %v", value, s.ExpiresIn)
			}
		}
	})
}

func TestLargeDataIsCompressed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		data := []byte(`["` + strings.Repeat("session ", 4000) + `"]`)
		token, s, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home, Data: data})
		if err != nil || string(s.Data) != string(data) {
			t.Fatal(err)
		}
		value := b.client.Get(t.Context(), s.Key).Val()
		if len(value) > 1000 || !strings.HasPrefix(value, `{"user_id":"ann","ip":"203.0.113.7","created_at":`) || !strings.Contains(value, `"data_zstd":"`) {
			t.Errorf("%d bytes: %.200s", len(value), value)
		}
		if s := b.validate(token); string(s.Data) != string(data) {
			t.Error("the data came back different")
		}
		_, next := b.regenerate(token, sessions.Request{UserID: "ann"})
		if string(next.Data) != string(data) {
			t.Error("the data was lost at a sign-in")
		}
	})
}

func TestAForeignSessionPastItsTimeIsRefusedButLeft(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
		value := `{"user_id": "ann", "ip": "203.0.113.7", "created_at": ` + seconds(time.Now().Add(-time.Hour)) +
			`, "last_accessed": ` + seconds(time.Now().Add(-time.Hour)) + `}`
		b.client.Set(t.Context(), "session:"+id, value, redis.KeepTTL)
		b.refuses(id, home, sessions.Idle)
		b.policy.IdleTimeout, b.policy.TTL = time.Hour*2, time.Minute
		b.refuses(id, home, sessions.TooOld)
		if got := b.client.Get(t.Context(), "session:"+id).Val(); got != value {
			t.Errorf("it is now %q", got)
		}
	})
}
