package sessions_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
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
	created, used   time.Time
	score           time.Time // its place among the person's
	ends            time.Time // when its key goes by itself
	unlisted        bool      // see model.listedUntil
	guides          bool      // its JSON is the guide's
}

// retired is a token that still reads.
type retired struct {
	token sessions.Token
	of    sessions.Token
	ends  time.Time
}

// model is what sessions are held against: plain lists, and a clock that only
// the test moves.
type model struct {
	store   *sessions.Store
	mini    *miniredis.Miniredis
	client  *redis.Client
	policy  sessions.Policy
	now     time.Time
	live    map[sessions.Token]*kept // every session whose key is there
	retired []retired
	dead    []sessions.Token
	made    map[string][]time.Time // creations by address

	// listedUntil is when the index of a person goes, which is not before all that
	// it lists is past its age. Other software may let the keys of such live on.
	listedUntil map[string]time.Time
}

var (
	modelPeople    = []string{"", "ann", "bob:{x} 1"}
	modelAddresses = []string{home, "2001:db8::1"}
)

// tick lets a microsecond pass, so that no two events share a time.
func (m *model) tick() { m.pass(time.Microsecond) }

func (m *model) pass(d time.Duration) {
	m.now = m.now.Add(d)
	m.mini.SetTime(m.now)
	m.mini.FastForward(d)
	for token, k := range m.live {
		if !k.ends.After(m.now) {
			m.end(token)
		} else if !m.listedUntil[k.userID].After(m.now) {
			k.unlisted = true
		}
	}
}

func (m *model) end(token sessions.Token) {
	delete(m.live, token)
	m.dead = append(m.dead, token)
}

// refusal answers why the model would refuse a session.
func (m *model) refusal(k *kept, ip string) sessions.Reason {
	switch {
	case m.now.Sub(k.used) >= m.policy.IdleTimeout:
		return sessions.Idle
	case m.now.Sub(k.created) >= m.policy.TTL:
		return sessions.TooOld
	case m.policy.BindAddress && ip != k.ip:
		return sessions.OtherAddress
	}
	return ""
}

// refused notes what a refusal does: a session past its time is ended.
func (m *model) refused(k *kept, why sessions.Reason) {
	if why == sessions.Idle || why == sessions.TooOld {
		m.end(k.token)
	}
}

func (m *model) touch(k *kept) {
	if !m.noted(k) {
		k.score, k.unlisted = m.now, false
		m.listedUntil[k.userID] = m.now.Add(m.policy.TTL + 2*m.policy.IdleTimeout)
	}
	k.used = m.now
	left := min(m.policy.IdleTimeout, m.policy.TTL-m.now.Sub(k.created))
	k.ends = m.now.Add(max(left.Truncate(time.Millisecond), time.Millisecond))
}

// noted reports whether the index has a use within this second already, which
// then stands for this one: of what this package wrote, not on the last second of
// a session, and where the index outlasts it.
func (m *model) noted(k *kept) bool {
	soon := m.now.Truncate(time.Second).Add(time.Second)
	return !k.guides && m.listedUntil[k.userID].Sub(m.now) >= m.policy.IdleTimeout && k.used.Unix() == m.now.Unix() &&
		m.policy.TTL-soon.Sub(k.created) > time.Second && soon.Sub(k.used) < m.policy.IdleTimeout
}

func (m *model) of(userID string) []*kept {
	var all []*kept
	for _, k := range m.live {
		if k.userID == userID && !k.unlisted {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b *kept) int { return a.score.Compare(b.score) })
	return all
}

// fromAddress answers how many creations of the last hour count.
func (m *model) fromAddress(ip string) int {
	m.made[ip] = slices.DeleteFunc(m.made[ip], func(t time.Time) bool { return m.now.Sub(t) >= time.Hour })
	return len(m.made[ip])
}

func (m *model) create(t *rapid.T) {
	m.tick()
	userID, ip := rapid.SampledFrom(modelPeople).Draw(t, "person"), rapid.SampledFrom(modelAddresses).Draw(t, "address")
	token, s, err := m.store.Create(t.Context(), sessions.Request{UserID: userID, IP: ip})
	var limit *sessions.LimitError
	if m.fromAddress(ip) >= m.policy.MaxPerAddressPerHour {
		if !errors.As(err, &limit) || limit.Limit != sessions.PerAddress {
			t.Fatalf("the address is at its limit: %v", err)
		}
		return
	}
	if !m.makeRoom(t, userID, nil, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.made[ip] = append(m.made[ip], m.now)
	m.add(token, s, userID, ip)
}

// makeRoom does what a creation does to the other sessions of a person, of which
// one may leave for it, and answers whether the creation goes on.
func (m *model) makeRoom(t *rapid.T, userID string, leaving *kept, err error) bool {
	if userID == "" {
		return true
	}
	var counted []*kept
	for _, k := range m.of(userID) {
		if m.now.Sub(k.used) < m.policy.IdleTimeout {
			if m.now.Sub(k.score) >= m.policy.IdleTimeout {
				k.score = k.used
			}
			counted = append(counted, k)
		} else if !m.mini.Exists(k.key) {
			m.end(k.token) // what is idle may be ended to make room
		}
	}
	leaves := 0
	if leaving != nil {
		leaves = 1
	}
	above := len(counted) - leaves - m.policy.MaxPerUser + 1
	if above <= 0 || leaving != nil && m.policy.DenyAbove {
		return true
	}
	if m.policy.DenyAbove {
		var limit *sessions.LimitError
		if !errors.As(err, &limit) || limit.Limit != sessions.PerUser {
			t.Fatalf("%q is at the limit: %v", userID, err)
		}
		return false
	}
	for _, k := range oldest(counted, above, leaves) {
		if k != leaving && above > 0 {
			m.end(k.token)
			above--
		}
	}
	return true
}

// oldest answers sessions by when they were used. Scores say that, but where the
// line between those that go and those that stay falls within a second.
func oldest(all []*kept, above, leaves int) []*kept {
	byScore := func(a, b *kept) int { return a.score.Compare(b.score) }
	slices.SortFunc(all, byScore)
	within := make(map[int64]bool)
	for i := above; i <= above+leaves && i < len(all); i++ {
		if second := all[i].score.Unix(); all[i-1].score.Unix() == second {
			within[second] = true
		}
	}
	for _, k := range all {
		if within[k.score.Unix()] {
			k.score = k.used
		}
	}
	slices.SortFunc(all, byScore)
	return all
}

func (m *model) add(token sessions.Token, s sessions.Session, userID, ip string) {
	k := &kept{token: token, key: s.Key, userID: userID, ip: ip, created: m.now}
	m.touch(k)
	m.live[token] = k
}

// pick draws a session that is there; ok is false if there is none.
func (m *model) pick(t *rapid.T) (*kept, bool) {
	if len(m.live) == 0 {
		return nil, false
	}
	tokens := slices.SortedFunc(maps.Keys(m.live), func(a, b sessions.Token) int {
		return cmp.Or(m.live[a].created.Compare(m.live[b].created), strings.Compare(m.live[a].key, m.live[b].key))
	})
	return m.live[tokens[rapid.IntRange(0, len(tokens)-1).Draw(t, "which")]], true
}

func wantModel(t *rapid.T, what string, err error, want sessions.Reason) {
	var refusal *sessions.Refusal
	if want == "" && err != nil || want != "" && (!errors.As(err, &refusal) || refusal.Reason != want) {
		t.Fatalf("%s: %v, want %q", what, err, want)
	}
}

func (m *model) validate(t *rapid.T) {
	m.tick()
	k, ok := m.pick(t)
	if !ok {
		return
	}
	ip := rapid.SampledFrom(modelAddresses).Draw(t, "address")
	s, err := m.store.Validate(t.Context(), k.token, ip)
	why := m.refusal(k, ip)
	wantModel(t, "validate", err, why)
	if why != "" {
		m.refused(k, why)
		return
	}
	m.touch(k)
	if s.UserID != k.userID || !s.LastAccessed.Equal(k.used) || !s.CreatedAt.Equal(k.created) || m.now.Add(s.ExpiresIn) != k.ends {
		t.Fatalf("%+v, want %+v", s, k)
	}
}

func (m *model) rotate(t *rapid.T) {
	m.tick()
	k, ok := m.pick(t)
	if !ok {
		return
	}
	token, s, err := m.store.Regenerate(t.Context(), k.token, sessions.Request{IP: k.ip})
	why := m.refusal(k, k.ip)
	wantModel(t, "rotate", err, why)
	if why != "" {
		if k.userID == "" {
			m.refused(k, why)
		}
		return
	}
	old := *k
	m.end(k.token)
	m.add(token, s, k.userID, k.ip)
	m.live[token].created, m.live[token].guides = old.created, old.guides && old.userID != ""
	m.touch(m.live[token])
	if k.userID != "" && m.policy.Grace > 0 {
		m.dead = m.dead[:len(m.dead)-1]
		m.retired = append(m.retired, retired{token: old.token, of: token, ends: m.now.Add(m.policy.Grace)})
	}
}

func (m *model) signIn(t *rapid.T) {
	m.tick()
	k, ok := m.pick(t)
	if !ok {
		return
	}
	userID := rapid.SampledFrom(modelPeople[1:]).Draw(t, "person")
	token, s, err := m.store.Regenerate(t.Context(), k.token, sessions.Request{UserID: userID, IP: k.ip})
	if why := m.refusal(k, k.ip); why != "" {
		wantModel(t, "sign in", err, why)
		m.refused(k, why)
		return
	}
	if userID != k.userID {
		var limit *sessions.LimitError
		if m.fromAddress(k.ip) >= m.policy.MaxPerAddressPerHour {
			if !errors.As(err, &limit) {
				t.Fatalf("the address is at its limit: %v", err)
			}
			return
		}
		if !m.makeRoom(t, userID, nil, err) {
			return
		}
		m.made[k.ip] = append(m.made[k.ip], m.now)
	}
	if err != nil {
		t.Fatal(err)
	}
	if userID == k.userID {
		m.makeRoom(t, userID, k, err) // where the limit was lowered meanwhile
	}
	m.end(k.token)
	m.add(token, s, userID, k.ip)
}

func (m *model) destroy(t *rapid.T) {
	if k, ok := m.pick(t); ok {
		if err := m.store.Destroy(t.Context(), k.token); err != nil {
			t.Fatal(err)
		}
		m.end(k.token)
	}
}

func (m *model) destroyUser(t *rapid.T) {
	all := m.of(rapid.SampledFrom(modelPeople[1:]).Draw(t, "person"))
	if len(all) == 0 {
		return
	}
	stays := all[len(all)-1]
	ended, err := m.store.DestroyUser(t.Context(), stays.userID, stays.key[len(stays.key)-32:])
	if err != nil || ended != len(all)-1 {
		t.Fatalf("%d ended, %v, want %d", ended, err, len(all)-1)
	}
	for _, k := range all[:len(all)-1] {
		m.end(k.token)
	}
}

func (m *model) foreignDelete(t *rapid.T) {
	if k, ok := m.pick(t); ok {
		m.client.Del(t.Context(), k.key)
		m.end(k.token)
	}
}

// guideValidate does what the guide's Python does with a session of ours.
func (m *model) guideValidate(t *rapid.T) {
	m.tick()
	k, ok := m.pick(t)
	if !ok {
		return
	}
	user := "null"
	if k.userID != "" {
		user = `"` + k.userID + `"`
	}
	value := fmt.Sprintf(`{"user_id": %s, "ip": %q, "created_at": %s, "last_accessed": %s, "n": 12345678901234567890}`,
		user, k.ip, seconds(k.created), seconds(m.now))
	m.client.SetEx(t.Context(), k.key, value, 24*time.Hour)
	k.used, k.ends, k.guides = m.now, m.now.Add(24*time.Hour), true
}

func (m *model) changePolicy(t *rapid.T) {
	m.policy.MaxPerUser = rapid.IntRange(1, 4).Draw(t, "most")
	m.policy.MaxPerAddressPerHour = rapid.IntRange(5, 30).Draw(t, "most of an address")
	m.policy.DenyAbove = rapid.Bool().Draw(t, "deny")
	m.policy.BindAddress = rapid.Bool().Draw(t, "bind")
	m.policy.IdleTimeout = rapid.SampledFrom([]time.Duration{2 * time.Minute, 5 * time.Minute}).Draw(t, "idle")
	m.policy.TTL = rapid.SampledFrom([]time.Duration{30 * time.Minute, time.Hour}).Draw(t, "age")
	m.policy.Grace = rapid.SampledFrom([]time.Duration{0, 10 * time.Second}).Draw(t, "grace")
}

func (m *model) step(t *rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{
		time.Second, 30 * time.Second, 119 * time.Second, 200 * time.Second, 299 * time.Second, 31 * time.Minute,
	}).Draw(t, "time"))
}

// check holds everything against the model that can be looked at without a use.
func (m *model) check(t *rapid.T) {
	for _, token := range m.dead {
		_, err := m.store.Validate(t.Context(), token, home)
		wantModel(t, "a dead token", err, sessions.Unknown)
	}
	for _, k := range m.live {
		if !m.mini.Exists(k.key) {
			t.Fatalf("%s is gone", k.key)
		}
	}
	keys := m.mini.Keys()
	count := 0
	for _, key := range keys {
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
	m.checkIndexes(t)
	m.checkRetired(t)
}

// checkIndexes holds that the listed sessions of a person are those whose keys
// are there.
func (m *model) checkIndexes(t *rapid.T) {
	for _, userID := range modelPeople[1:] {
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
}

func (m *model) checkRetired(t *rapid.T) {
	m.retired = slices.DeleteFunc(m.retired, func(r retired) bool {
		s, err := m.store.Validate(t.Context(), r.token, home)
		of := m.live[r.of]
		if of == nil || !r.ends.After(m.now) {
			if !errors.Is(err, sessions.ErrNoSession) && of == nil && !s.Retired {
				t.Fatalf("a retired token is a session again: %+v", s)
			}
			return true
		}
		if why := m.refusal(of, home); why != "" {
			wantModel(t, "a retired token", err, why)
		} else if err != nil || !s.Retired || s.UserID != of.userID {
			t.Fatalf("a retired token: %+v, %v", s, err)
		}
		return false
	})
}

// modelChecks is how many sequences a plain run tries; -rapid.checks=10000 asks
// for more.
const modelChecks = "25"

func TestAgainstAModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := flag.Set(f.Name, modelChecks); err != nil {
			t.Fatal(err)
		}
		defer flag.Set(f.Name, f.DefValue)
	}
	rapid.Check(t, func(t *rapid.T) {
		mini := miniredis.NewMiniRedis()
		if err := mini.Start(); err != nil {
			t.Fatal(err)
		}
		defer mini.Close()
		client := redis.NewClient(&redis.Options{Addr: mini.Addr(), DisableIdentity: true, Protocol: 2})
		defer client.Close()
		m := &model{
			mini: mini, client: client, policy: usual(), now: time.Unix(1_762_500_000, 0),
			live: make(map[sessions.Token]*kept), made: make(map[string][]time.Time),
			listedUntil: make(map[string]time.Time),
		}
		m.store = sessions.New(client, func() sessions.Policy { return m.policy }, sessions.Options{})
		m.tick()
		t.Repeat(map[string]func(*rapid.T){
			"":                    m.check,
			"create":              m.create,
			"create another":      m.create,
			"validate":            m.validate,
			"rotate":              m.rotate,
			"sign in":             m.signIn,
			"destroy":             m.destroy,
			"destroy all but one": m.destroyUser,
			"foreign delete":      m.foreignDelete,
			"guide's validate":    m.guideValidate,
			"policy":              m.changePolicy,
			"step":                m.step,
			"another step":        m.step,
		})
	})
}
