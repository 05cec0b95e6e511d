package sessions_test

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/sessions"
)

// kept is a session as the model has it.
type kept struct {
	token           sessions.Token
	key, userID, ip string
	foreign         bool // the guide's Python made it
	digits          bool // its JSON has a long integer that is to survive
	created, used   time.Time
	known           time.Time // its last use through the store, which is not told of others
	ends            time.Time // when its key goes by itself
	unlisted        bool      // foreign, or see model.listedUntil
}

// retired is a token that may still read, and the one that took its place.
type retired struct {
	token, next sessions.Token
	ends        time.Time
}

// model is what sessions are held against: plain lists, and a clock that only
// the test moves.
type model struct {
	store   *sessions.Store
	mini    *miniredis.Miniredis
	client  *redis.Client
	policy  sessions.Policy
	now     time.Time
	live    []*kept // every session whose key is there, in the order of creation
	retired []retired
	dead    []sessions.Token
	checked int                    // how often everything was held against it
	foreign int                    // how many sessions the guide has made
	made    map[string][]time.Time // creations by network

	// lapsed are the sessions whose keys went without the store's doing, which the
	// index may list until it is next looked at.
	lapsed map[string]bool

	// listedUntil is when the index of a person goes, which is not before all that
	// it lists is past its age. Other software may let the keys of such live on.
	listedUntil map[string]time.Time
}

// Few people and few addresses, so that the limits are met often.
var (
	modelPeople    = []string{"ann", "ann", "ann", "bob:{x} 1", "", ""}
	modelSignedIn  = []string{"ann", "bob:{x} 1"}
	modelAddresses = []string{home, home, "2001:db8::1", "2001:db8::2"}
)

// longInteger is what no float holds.
const longInteger = "12345678901234567890"

func modelNetwork(ip string) string {
	if strings.HasPrefix(ip, "2001:db8::") {
		return "2001:db8::"
	}
	return ip
}

// tickTime is so long that all times of a sequence are exact in binary and in
// milliseconds: then limits are met to the tick.
const tickTime = 125 * time.Millisecond

// tick lets a moment pass, so that no two events share a time.
func (m *model) tick() { m.pass(tickTime) }

func (m *model) pass(d time.Duration) {
	m.now = m.now.Add(d)
	m.mini.SetTime(m.now)
	m.mini.FastForward(d)
	for _, k := range slices.Clone(m.live) {
		if !k.ends.After(m.now) {
			m.lapse(k)
		} else if !m.listedUntil[k.userID].After(m.now.Add(time.Second)) && !m.hasIndex(k.userID) {
			k.unlisted = true // uses within one second may count as one for the index
		}
	}
}

func (m *model) end(k *kept) {
	m.live = slices.DeleteFunc(m.live, func(other *kept) bool { return other == k })
	m.dead = append(m.dead, k.token)
}

// hasIndex reports whether a person's index is there.
func (m *model) hasIndex(userID string) bool {
	return slices.ContainsFunc(m.mini.Keys(), func(key string) bool {
		return strings.HasPrefix(key, "helix:index:") && strings.HasSuffix(key, ":"+strings.NewReplacer(":", "%3A", "{", "%7B", "}", "%7D", " ", "%20").Replace(userID))
	})
}

// lapse notes that the key of a session went without the store's doing.
func (m *model) lapse(k *kept) {
	m.lapsed[k.key] = true
	m.end(k)
}

// refusal answers why the model would refuse a session.
func (m *model) refusal(k *kept, ip string) sessions.Reason {
	switch {
	case k.foreign && !m.policy.Compat:
		return sessions.NotAccepted
	case m.now.Sub(k.used) >= m.policy.IdleTimeout:
		return sessions.Idle
	case m.now.Sub(k.created) >= m.policy.TTL:
		return sessions.TooOld
	case m.policy.BindAddress && modelNetwork(ip) != modelNetwork(k.ip):
		return sessions.OtherAddress
	}
	return ""
}

// refused notes what a refusal does: a session of ours past its time is ended.
func (m *model) refused(k *kept, why sessions.Reason) {
	if !k.foreign && (why == sessions.Idle || why == sessions.TooOld) {
		m.end(k)
	}
}

func (m *model) touch(k *kept) {
	again := k.known.Unix() == m.now.Unix() // which may count as one use for the index, under the policy before
	k.used, k.known = m.now, m.now
	left := min(m.policy.IdleTimeout, m.policy.TTL-m.now.Sub(k.created))
	k.ends = m.now.Add(max(left, time.Millisecond))
	if k.foreign {
		return
	}
	k.unlisted = false
	until := m.now.Add(m.policy.TTL + 2*m.policy.IdleTimeout)
	if again && m.listedUntil[k.userID].Before(until) {
		return
	}
	m.listedUntil[k.userID] = until
}

// of answers the listed sessions of a person.
func (m *model) of(userID string) []*kept {
	return slices.DeleteFunc(slices.Clone(m.live), func(k *kept) bool { return k.userID != userID || k.unlisted })
}

// full reports whether the creations of the last hour are all that an address may
// have, and holds a refusal against that.
func (m *model) full(t *rapid.T, ip string, err error) bool {
	network := modelNetwork(ip)
	m.made[network] = slices.DeleteFunc(m.made[network], func(at time.Time) bool { return m.now.Sub(at) >= time.Hour })
	if len(m.made[network]) < m.policy.MaxPerAddressPerHour {
		return false
	}
	wantModelLimit(t, err, sessions.PerAddress)
	return true
}

func (m *model) counted(ip string) {
	network := modelNetwork(ip)
	m.made[network] = append(m.made[network], m.now)
}

func wantModelLimit(t *rapid.T, err error, want sessions.Limit) {
	var limit *sessions.LimitError
	if !errors.As(err, &limit) || limit.Limit != want {
		t.Fatalf("%v, want the limit %s", err, want)
	}
}

// makeRoom does what a creation does to the other sessions of a person, of which
// one may leave for it, and answers whether the creation goes on.
func (m *model) makeRoom(t *rapid.T, userID string, leaving *kept, err error) bool {
	if userID == "" {
		return true
	}
	var counted []*kept
	for _, k := range m.of(userID) {
		idle := m.now.Sub(k.used) >= m.policy.IdleTimeout
		switch {
		case k == leaving:
		case !idle:
			counted = append(counted, k)
		case !m.mini.Exists(k.key):
			m.end(k) // what is idle may be ended to make room
		}
	}
	above := len(counted) - m.policy.MaxPerUser + 1
	if above <= 0 || m.policy.DenyAbove && leaving != nil {
		return true
	}
	if m.policy.DenyAbove {
		wantModelLimit(t, err, sessions.PerUser)
		return false
	}
	m.evicted(t, counted, above)
	return true
}

// evicted holds that so many sessions of a person went, and none that was used
// later than one that stayed.
func (m *model) evicted(t *rapid.T, counted []*kept, want int) {
	var latest time.Time // use of those that went, as far as the store had to know
	stayed := make([]*kept, 0, len(counted))
	for _, k := range counted {
		if m.mini.Exists(k.key) {
			stayed = append(stayed, k)
			continue
		}
		use := k.known
		if m.now.Sub(use) >= m.policy.IdleTimeout {
			use = k.used // it had to look whether others had used it since
		}
		if use.After(latest) {
			latest = use
		}
		m.end(k)
	}
	if went := len(counted) - len(stayed); went != want {
		t.Fatalf("%d of %d sessions were ended for another, want %d", went, len(counted), want)
	}
	for _, k := range stayed {
		if k.used.Before(latest) {
			t.Fatalf("%s, used at %v, stayed; one used at %v went", k.key, k.used, latest)
		}
	}
}

func (m *model) add(token sessions.Token, s sessions.Session, userID, ip string) *kept {
	k := &kept{token: token, key: s.Key, userID: userID, ip: ip, created: m.now}
	m.touch(k)
	m.live = append(m.live, k)
	return k
}

// pick draws a session that is there; ok is false if there is none.
func (m *model) pick(t *rapid.T) (k *kept, ok bool) {
	if len(m.live) == 0 {
		return nil, false
	}
	return m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "which")], true
}

// reads answers the session that a retired token reads, if there is one.
func (m *model) reads(token sessions.Token) *kept {
	for _, r := range m.retired {
		if r.token != token || !r.ends.After(m.now) {
			continue
		}
		for _, k := range m.live {
			if k.token == r.next {
				return k
			}
		}
		return m.reads(r.next)
	}
	return nil
}

func wantModel(t *rapid.T, what string, err error, want sessions.Reason) {
	var refusal *sessions.Refusal
	if want == "" && err != nil || want != "" && (!errors.As(err, &refusal) || refusal.Reason != want) {
		t.Fatalf("%s: %v, want %q", what, err, want)
	}
}

// check holds everything against the model that can be looked at without a use.
func (m *model) check(t *rapid.T) {
	m.checkDead(t)
	for _, k := range m.live {
		value, err := m.mini.Get(k.key)
		if err != nil {
			t.Fatalf("%s: %v", k.key, err)
		}
		if k.digits && !strings.Contains(value, longInteger) {
			t.Fatalf("%s has lost its long integer: %s", k.key, value)
		}
		if left := m.mini.TTL(k.key); left != k.ends.Sub(m.now) {
			t.Fatalf("%s lasts for %v, want %v", k.key, left, k.ends.Sub(m.now))
		}
	}
	count := 0
	for _, key := range m.mini.Keys() {
		if m.mini.TTL(key) <= 0 {
			t.Fatalf("%s has no TTL", key)
		}
		if strings.HasPrefix(key, "session:") {
			count++
		}
	}
	if count != len(m.live) {
		t.Fatalf("%d sessions are there, want %d", count, len(m.live))
	}
	m.checkMembers(t)
	m.checkIndex(t)
	m.checkRetired(t)
}

// checkDead tries one dead token: every other time one of the last three.
func (m *model) checkDead(t *rapid.T) {
	m.checked++
	if n := len(m.dead); n > 0 && m.checked%2 == 0 {
		m.wantDead(t, m.dead[max(0, n-1-m.checked/2%3)])
	} else if n > 0 {
		m.wantDead(t, m.dead[m.checked%n])
	}
}

func (m *model) wantDead(t *rapid.T, token sessions.Token) {
	want := sessions.Unknown
	if strings.Contains(string(token), "-4000-8000-") && !m.policy.Compat {
		want = sessions.NotAccepted
	}
	_, err := m.store.Validate(t.Context(), token, home)
	wantModel(t, "a dead token", err, want)
}

// checkMembers holds that the indexes list no session that the store has ended.
func (m *model) checkMembers(t *rapid.T) {
	known := make(map[string]bool)
	for key := range m.lapsed {
		known[key[len(key)-32:]] = true
	}
	for _, k := range m.live {
		known[k.key[len(k.key)-32:]] = true
	}
	for _, key := range m.mini.Keys() {
		if !strings.HasPrefix(key, "helix:index:") {
			continue
		}
		members, err := m.mini.ZMembers(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range members {
			if !known[id] {
				t.Fatalf("%s lists %s, which was ended", key, id)
			}
		}
	}
}

// checkIndex holds that the listed sessions of a person are those whose keys are
// there: of each person in turn, and more often of the one with more sessions.
func (m *model) checkIndex(t *rapid.T) {
	userID := modelSignedIn[0]
	if m.checked%4 == 0 {
		userID = modelSignedIn[1]
	}
	listed, err := m.store.List(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for _, s := range listed {
		have = append(have, s.Key)
	}
	for _, k := range m.of(userID) {
		want = append(want, k.key)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Fatalf("%q has %v, want %v", userID, have, want)
	}
}

// checkRetired holds that a retired token reads for as long as it may; then it
// is dead like any other.
func (m *model) checkRetired(t *rapid.T) {
	m.retired = slices.DeleteFunc(m.retired, func(r retired) bool {
		k := m.reads(r.token)
		if k == nil {
			m.wantDead(t, r.token)
			m.dead = append(m.dead, r.token)
			return true
		}
		s, err := m.store.Validate(t.Context(), r.token, home)
		why := m.refusal(k, home)
		wantModel(t, "a retired token", err, why)
		if why == "" && (!s.Retired || s.UserID != k.userID || s.ExpiresIn != r.ends.Sub(m.now)) {
			t.Fatalf("a retired token: %+v, want one of %q until %v", s, k.userID, r.ends)
		}
		return false
	})
}

// modelChecks is how many sequences a plain run tries; -rapid.checks=10000 asks
// for more.
const modelChecks = "150"

func TestAgainstAModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := flag.Set(f.Name, modelChecks); err != nil {
			t.Fatal(err)
		}
		defer flag.Set(f.Name, f.DefValue)
	}
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr(), DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { client.Close() })
	rapid.Check(t, func(t *rapid.T) {
		mini.FlushAll()
		m := &model{
			mini: mini, client: client, policy: usual(), now: time.Unix(1_762_500_000, 0),
			made: make(map[string][]time.Time), listedUntil: make(map[string]time.Time), lapsed: make(map[string]bool),
		}
		m.store = sessions.New(client, func() sessions.Policy { return m.policy }, sessions.Options{})
		m.changePolicy(t)
		t.Repeat(m.actions())
		for _, token := range m.dead {
			m.wantDead(t, token)
		}
	})
}
