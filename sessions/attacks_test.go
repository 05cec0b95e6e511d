package sessions_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// Tokens that somebody without a session may try, each with what it is.
func TestForgedTokensAreRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, s := b.create("ann")
		bare, anonymous := b.create("")
		secret, _, _ := strings.Cut(string(token), ".")
		user := func(userID string) string { return "." + base64.RawURLEncoding.EncodeToString([]byte(userID)) }
		last := string(token[len(token)-1])
		for what, forged := range map[string]string{
			"nothing":                        "",
			"a truncated token":              string(token[:len(token)-1]),
			"a lengthened token":             string(token) + "A",
			"another last letter":            strings.TrimSuffix(string(token), last) + "_",
			"another secret":                 strings.Repeat("A", 43) + user("ann"),
			"her secret as nobody":           secret,
			"her secret as bob":              secret + user("bob"),
			"nobody's secret as ann":         string(bare) + user("ann"),
			"her token with a dot behind":    string(token) + ".",
			"her token padded":               string(token) + "=",
			"her token with a line break":    string(token) + "\n",
			"her token broken by a line":     string(token[:5]) + "\n" + string(token[5:]),
			"unused bits of the secret set":  string(bare[:42]) + string(bare[42]+1),
			"a huge token":                   strings.Repeat("A", 1<<20),
			"the name of her key":            s.Key,
			"the name of nobody's key":       anonymous.Key,
			"the id of her session":          s.ID,
			"the id of nobody's session":     anonymous.ID,
			"the end of her key":             strings.TrimPrefix(s.Key, "session:"),
			"a glob":                         "*",
			"a uid with separators":          secret + user("ann:{x}y"),
			"a uid with a NUL":               secret + user("ann\x00"),
			"a uid that is not UTF-8":        secret + user("\xff"),
			"a uid that is too long":         secret + user(strings.Repeat("a", 257)),
			"an upper-case UUID":             "3F2A9C01-91E4-4A77-8D00-0123456789AB",
			"a UUID in braces":               "{3f2a9c01-91e4-4a77-8d00-0123456789ab}",
			"a UUID without hyphens":         "3f2a9c0191e44a778d000123456789ab",
			"a UUID with a line break":       "3f2a9c01-91e4-4a77-8d00-0123456789ab\n",
			"a UUID that is no session":      "3f2a9c01-91e4-4a77-8d00-0123456789ab",
			"a path out of the prefix":       "user:ann:" + s.ID,
			"an empty secret":                user("ann"),
			"standard base64 in place of it": base64.StdEncoding.EncodeToString(make([]byte, 32)),
		} {
			if _, err := b.Validate(t.Context(), sessions.Token(forged), home); err == nil {
				t.Errorf("%s validates", what)
			} else if reason := reasonOf(err); reason != sessions.Unknown && reason != sessions.Malformed {
				t.Errorf("%s: %v", what, err)
			}
			if _, _, err := b.Regenerate(t.Context(), sessions.Token(forged), sessions.Request{UserID: "eve", IP: home}); err == nil {
				t.Errorf("%s is regenerated", what)
			}
			if err := b.Destroy(t.Context(), sessions.Token(forged)); err != nil {
				t.Errorf("%s: destroying it: %v", what, err)
			}
		}
		b.validate(token)
		b.validate(bare)
	})
}

func reasonOf(err error) sessions.Reason {
	if refusal, ok := err.(*sessions.Refusal); ok {
		return refusal.Reason
	}
	return ""
}

// The names of two people's keys differ wherever their ids do, and no id of a
// person reaches into another's keys.
func TestNoTwoPeopleShareKeys(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser = 1
		people := []string{"a", "a:b", "a:{x}b", "a%3Ab", "a%", "a ", "a*", "a?", "[a]", "a\nb", "a\u00a0", "A", "user", "user:a", "é", "e\u0301", "../a", `a\`, `a"`}
		tokens := make(map[string]sessions.Token)
		seen := make(map[string]string)
		for _, userID := range people {
			token, s := b.create(userID)
			tokens[userID] = token
			if other, taken := seen[s.Key[:len(s.Key)-len(s.ID)]]; taken {
				t.Errorf("%q and %q share %s", userID, other, s.Key)
			}
			seen[s.Key[:len(s.Key)-len(s.ID)]] = userID
			if n := strings.Count(s.Key, ":"); n != 3 || strings.ContainsAny(s.Key[len("session:user:"):strings.LastIndex(s.Key, ":")], "{}*?[]\\'\" \n") {
				t.Errorf("the key of %q is %q", userID, s.Key)
			}
		}
		for _, userID := range people {
			if s := b.validate(tokens[userID]); s.UserID != userID {
				t.Errorf("the token of %q is %q's", userID, s.UserID)
			}
		}
		if n, err := b.DestroyUser(t.Context(), "a"); n != 1 || err != nil {
			t.Errorf("%d sessions ended, %v", n, err)
		}
		for _, userID := range people[1:] {
			b.validate(tokens[userID])
		}
	})
}

func TestASessionIsBoundToItsNetwork(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, c := range []struct {
			made, asked string
			same        bool
		}{
			{"203.0.113.7", "203.0.113.7", true},
			{"203.0.113.7", "::ffff:203.0.113.7", true},
			{"::ffff:203.0.113.7", "203.0.113.7", true},
			{"203.0.113.7:80", "203.0.113.7:8080", true},
			{"203.0.113.7", "203.0.113.8", false},
			{"2001:db8::1", "2001:db8:0:0:ffff::2", true},
			{"2001:db8::1%eth0", "[2001:db8::1]:443", true},
			{"2001:db8::1", "2001:db8:0:1::1", false},
			{"::1", "127.0.0.1", false},
			{"203.0.113.7", "", false},
			{"203.0.113.7", "203.0.113.7, 198.51.100.9", false},
			{"203.0.113.7", "localhost", false},
			{"203.0.113.7", `","user_id":"`, false},
		} {
			token, s, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: c.made})
			if err != nil {
				t.Fatal(err)
			}
			before := b.client.Get(t.Context(), s.Key).Val()
			_, err = b.Validate(t.Context(), token, c.asked)
			if c.same && err != nil || !c.same && reasonOf(err) != sessions.OtherAddress {
				t.Errorf("made from %s, asked from %s: %v", c.made, c.asked, err)
			}
			if after := b.client.Get(t.Context(), s.Key).Val(); !c.same && after != before {
				t.Errorf("a refusal from %s touched the session", c.asked)
			}
			b.policy.BindAddress = false // live
			if _, err := b.Validate(t.Context(), token, c.asked); err != nil {
				t.Errorf("unbound, asked from %s: %v", c.asked, err)
			}
			b.policy.BindAddress = true
		}
	})
}

func TestWithAKeyNobodyMakesTokens(t *testing.T) {
	client := redistest.Any(t).Client()
	b := newBench(t, client)
	keyed := sessions.New(client, sessions.Fixed(usual()), sessions.Options{Key: []byte("a key that only Helix knows")})
	forged, _ := b.create("ann") // as whoever writes to Redis would, without the key
	if _, err := keyed.Validate(t.Context(), forged, home); reasonOf(err) != sessions.Unknown {
		t.Errorf("a token made without the key: %v", err)
	}
	token, _, err := keyed.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keyed.Validate(t.Context(), token, home); err != nil {
		t.Error(err)
	}
	b.refuses(token, home, sessions.Unknown)
}

// An unknown secret, a wrong person and an expired session take the same way:
// one round trip, the same script, the same answer.
func TestUnknownAndWrongTokensCostTheSame(t *testing.T) {
	client := redistest.Any(t).Client()
	b := newBench(t, client)
	token, s := b.create("ann")
	unknown := "A" + string(token[1:])
	client.Unlink(t.Context(), s.Key)
	trips := redistest.CountTrips(client)
	for _, dead := range []string{string(token), unknown} {
		b.refuses(sessions.Token(dead), home, sessions.Unknown) // loads the script, the first time
		trips.Made()
		b.refuses(sessions.Token(dead), home, sessions.Unknown)
		if n := trips.Made(); n != 1 {
			t.Errorf("%d round trips", n)
		}
	}
}

func TestRoundTrips(t *testing.T) {
	server := redistest.Any(t)
	client, creating := server.Client(), 1
	if server.Cluster {
		creating = 2 // addresses are counted in another slot
	}
	b := newBench(t, client)
	b.create("ann")
	trips := redistest.CountTrips(client)
	token, _ := b.create("ann")
	if n := trips.Made(); n != creating {
		t.Errorf("Create made %d round trips", n)
	}
	b.validate(token)
	trips.Made()
	b.validate(token)
	if n := trips.Made(); n != 1 {
		t.Errorf("Validate made %d round trips", n)
	}
	if _, err := b.List(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if n := trips.Made(); n != 2 {
		t.Errorf("List made %d round trips", n)
	}
}

func TestInputIsChecked(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for what, r := range map[string]sessions.Request{
			"user_id": {UserID: strings.Repeat("a", 257), IP: home},
			"ip":      {UserID: "ann", IP: "somewhere"},
			"data":    {UserID: "ann", IP: home, Data: []byte(`{"a":1},"user_id":"eve"`)},
		} {
			_, _, err := b.Create(t.Context(), r)
			if input, ok := err.(*sessions.InputError); !ok || input.Field != what {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n := b.client.DBSize(t.Context()).Val(); n != 0 {
			t.Errorf("%d keys were made", n)
		}
	})
}

// What a foreign hand puts under a session's key is no session unless it is.
func TestForeignValuesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, s := b.create("ann")
		whole := b.client.Get(t.Context(), s.Key).Val()
		for what, put := range map[string]func(){
			"a list":         func() { b.client.Del(t.Context(), s.Key); b.client.RPush(t.Context(), s.Key, whole) },
			"another person": func() { b.client.Set(t.Context(), s.Key, strings.Replace(whole, "ann", "eve", 1), redis.KeepTTL) },
			"a second person": func() {
				b.client.Set(t.Context(), s.Key, strings.TrimSuffix(whole, "}")+`,"user_id":"eve"}`, redis.KeepTTL)
			},
			"no object":        func() { b.client.Set(t.Context(), s.Key, `["user_id"]`, redis.KeepTTL) },
			"a cut object":     func() { b.client.Set(t.Context(), s.Key, whole[:len(whole)-1], redis.KeepTTL) },
			"null":             func() { b.client.Set(t.Context(), s.Key, "null", redis.KeepTTL) },
			"something behind": func() { b.client.Set(t.Context(), s.Key, whole+"{}", redis.KeepTTL) },
			"a mebibyte": func() {
				b.client.Set(t.Context(), s.Key, strings.Replace(whole, "}", `,"x":"`+strings.Repeat("x", 1<<20)+`"}`, 1), redis.KeepTTL)
			},
			"very many parts": func() {
				b.client.Set(t.Context(), s.Key, `{"a":[[]`+strings.Repeat(",[]", 80_000)+"],"+whole[1:], redis.KeepTTL)
			},
			"very many members": func() {
				b.client.Set(t.Context(), s.Key, "{"+strings.Repeat(`"":1,`, 50_000)+whole[1:], redis.KeepTTL)
			},
			"a zstd bomb's name": func() {
				b.client.Set(t.Context(), s.Key, strings.TrimSuffix(whole, "}")+`,"data_zstd":"KLUv/QRYAAA="}`, redis.KeepTTL)
			},
		} {
			put()
			if _, err := b.Validate(t.Context(), token, home); reasonOf(err) != sessions.Malformed && reasonOf(err) != sessions.OtherUser {
				t.Errorf("%s: %v", what, err)
			}
			b.client.Del(t.Context(), s.Key)
			b.client.Set(t.Context(), s.Key, whole, 0)
		}
		b.validate(token)
	})
}
