package sessions_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/helix-collective/helix/sessions"
)

// actions are what may happen next, the more frequent ones several times.
func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":                             m.check,
		"create":                       m.create,
		"create another":               m.create,
		"create a third":               m.create,
		"validate":                     m.validate,
		"validate another":             m.validate,
		"rotate":                       m.rotate,
		"sign in":                      m.signIn,
		"destroy":                      m.destroy,
		"destroy all but one":          m.destroyUser,
		"use a retired token":          m.useRetired,
		"delete":                       m.foreignDelete,
		"guide's create":               m.guideCreate,
		"guide's validate":             m.guideValidate,
		"policy":                       m.changePolicy,
		"step":                         m.step,
		"step to a limit":              m.stepToALimit,
		"create at a limit":            func(t *rapid.T) { m.stepToALimit(t); m.create(t) },
		"sign in under another policy": func(t *rapid.T) { m.changePolicy(t); m.signIn(t) },
		"guide keeps one alive":        m.guideKeepsAlive,
		"rotate at a limit":            func(t *rapid.T) { m.stepToALimit(t); m.rotate(t) },
		"validate at a limit":          func(t *rapid.T) { m.stepToALimit(t); m.validate(t) },
		"sign in at a limit":           func(t *rapid.T) { m.stepToALimit(t); m.signIn(t) },
	}
}

func (m *model) create(t *rapid.T) {
	m.tick()
	userID, ip := rapid.SampledFrom(modelPeople).Draw(t, "person"), rapid.SampledFrom(modelAddresses).Draw(t, "address")
	token, s, err := m.store.Create(t.Context(), sessions.Request{UserID: userID, IP: ip})
	if m.full(t, ip, err) || !m.makeRoom(t, userID, nil, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.counted(ip)
	m.add(token, s, userID, ip)
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
	if why := m.refusal(k, k.ip); why != "" {
		wantModel(t, "rotate", err, why)
		if k.userID == "" {
			m.refused(k, why)
		}
		return
	}
	if k.foreign && !m.makeRoom(t, k.userID, nil, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.end(k)
	next := m.add(token, s, k.userID, k.ip)
	next.created, next.digits = k.created, k.digits
	m.touch(next)
	if k.userID != "" && !k.foreign && m.policy.Grace > 0 {
		m.dead = m.dead[:len(m.dead)-1]
		m.retired = append(m.retired, retired{token: k.token, next: token, ends: m.now.Add(m.policy.Grace)})
	}
}

func (m *model) signIn(t *rapid.T) {
	m.tick()
	k, ok := m.pick(t)
	if !ok {
		return
	}
	userID := rapid.SampledFrom(modelSignedIn).Draw(t, "person")
	token, s, err := m.store.Regenerate(t.Context(), k.token, sessions.Request{UserID: userID, IP: k.ip})
	if why := m.refusal(k, k.ip); why != "" {
		wantModel(t, "sign in", err, why)
		m.refused(k, why)
		return
	}
	same := userID == k.userID
	switch {
	case same && !k.foreign && !m.policy.RegenerateOnAuth:
		if token != k.token || err != nil || !s.AuthenticatedAt.IsZero() && !s.AuthenticatedAt.Equal(m.now) {
			t.Fatalf("signed in with the same token: %+v, %v", s, err)
		}
		m.touch(k)
	case same || !m.full(t, k.ip, err):
		m.signedIn(t, k, userID, token, s, err)
	}
}

// signedIn notes that a session took the place of another, if there was room.
func (m *model) signedIn(t *rapid.T, k *kept, userID string, token sessions.Token, s sessions.Session, err error) {
	same := userID == k.userID
	var leaving *kept
	if same && !k.unlisted {
		leaving = k
	}
	if !m.makeRoom(t, userID, leaving, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !same {
		m.counted(k.ip)
	}
	m.end(k)
	m.add(token, s, userID, k.ip).digits = k.digits && (same || k.userID == "")
}

func (m *model) destroy(t *rapid.T) {
	k, ok := m.pick(t)
	if !ok {
		return
	}
	if err := m.store.Destroy(t.Context(), k.token); err != nil {
		t.Fatal(err)
	}
	if !k.foreign || m.policy.Compat {
		m.end(k)
	}
}

func (m *model) destroyUser(t *rapid.T) {
	all := m.of(rapid.SampledFrom(modelSignedIn).Draw(t, "person"))
	if len(all) == 0 {
		return
	}
	stays := all[len(all)-1]
	ended, err := m.store.DestroyUser(t.Context(), stays.userID, stays.key[len(stays.key)-32:])
	if err != nil || ended != len(all)-1 {
		t.Fatalf("%d ended, %v, want %d", ended, err, len(all)-1)
	}
	for _, k := range all[:len(all)-1] {
		m.end(k)
	}
}

// useRetired does with a retired token what it is no credential for, or logs out.
func (m *model) useRetired(t *rapid.T) {
	m.tick()
	if len(m.retired) == 0 {
		return
	}
	token := rapid.SampledFrom(m.retired).Draw(t, "token").token
	k := m.reads(token)
	switch rapid.SampledFrom([]string{"rotate", "sign in", "destroy"}).Draw(t, "how") {
	case "rotate":
		_, _, err := m.store.Regenerate(t.Context(), token, sessions.Request{IP: home})
		wantModel(t, "rotate a retired token", err, sessions.Unknown)
	case "sign in":
		want := sessions.Unknown
		if k != nil && m.refusal(k, home) != "" {
			want = m.refusal(k, home)
		}
		_, _, err := m.store.Regenerate(t.Context(), token, sessions.Request{UserID: "ann", IP: home})
		wantModel(t, "sign in with a retired token", err, want)
	case "destroy":
		if err := m.store.Destroy(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if k != nil {
			m.end(k)
		}
	}
}

func (m *model) foreignDelete(t *rapid.T) {
	if k, ok := m.pick(t); ok {
		m.client.Del(t.Context(), k.key)
		m.lapse(k)
	}
}

// guideCreate does what the guide's Python does.
func (m *model) guideCreate(t *rapid.T) {
	m.tick()
	m.foreign++
	id := fmt.Sprintf("%08x-0000-4000-8000-000000000000", m.foreign)
	k := &kept{
		token: sessions.Token(id), key: "session:" + id, foreign: true, unlisted: true, created: m.now,
		userID: rapid.SampledFrom(modelSignedIn).Draw(t, "person"), ip: rapid.SampledFrom(modelAddresses).Draw(t, "address"),
	}
	m.guideWrites(t, k)
	m.live = append(m.live, k)
}

// guideValidate does what the guide's Python does, with a session of its own or
// one of ours.
func (m *model) guideValidate(t *rapid.T) {
	m.tick()
	if k, ok := m.pick(t); ok {
		m.guideWrites(t, k)
	}
}

// guideKeepsAlive lets the guide use a session that is about to end, and another be
// made once the store believes it idle.
func (m *model) guideKeepsAlive(t *rapid.T) {
	k, ok := m.pick(t)
	if !ok {
		return
	}
	if d := k.ends.Sub(m.now) - 2*tickTime; d > 0 && d < m.policy.IdleTimeout {
		m.pass(d)
		m.guideWrites(t, k)
		m.pass(rapid.SampledFrom([]time.Duration{2 * tickTime, 30 * time.Second, m.policy.IdleTimeout - tickTime}).Draw(t, "later"))
		m.create(t)
	}
}

func (m *model) guideWrites(t *rapid.T, k *kept) {
	user := "null"
	if k.userID != "" {
		user = `"` + k.userID + `"`
	}
	value := fmt.Sprintf(`{"user_id": %s, "ip": %q, "created_at": %s, "last_accessed": %s, "n": %s}`,
		user, k.ip, seconds(k.created), seconds(m.now), longInteger)
	m.client.Set(t.Context(), k.key, value, 24*time.Hour)
	k.used, k.ends, k.digits = m.now, m.now.Add(24*time.Hour), true
}

func (m *model) changePolicy(t *rapid.T) {
	m.policy.MaxPerUser = rapid.IntRange(1, 3).Draw(t, "most")
	m.policy.MaxPerAddressPerHour = rapid.SampledFrom([]int{2, 3, 30, 30}).Draw(t, "most of an address")
	m.policy.DenyAbove = rapid.Bool().Draw(t, "deny")
	m.policy.BindAddress = rapid.Bool().Draw(t, "bind")
	m.policy.RegenerateOnAuth = rapid.Bool().Draw(t, "regenerate")
	m.policy.Compat = rapid.SampledFrom([]bool{true, true, false}).Draw(t, "compat")
	m.policy.IdleTimeout = rapid.SampledFrom([]time.Duration{2 * time.Minute, 5 * time.Minute}).Draw(t, "idle")
	m.policy.TTL = rapid.SampledFrom([]time.Duration{6 * time.Minute, time.Hour}).Draw(t, "age")
	m.policy.Grace = rapid.SampledFrom([]time.Duration{0, time.Second, 10 * time.Second}).Draw(t, "grace")
}

func (m *model) step(t *rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, 119 * time.Second, 31 * time.Minute}).Draw(t, "time"))
}

// stepToALimit lets the time pass until something ends, or a tick less or more.
func (m *model) stepToALimit(t *rapid.T) {
	var limits []time.Time
	for _, k := range m.live {
		limits = append(limits, k.used.Add(m.policy.IdleTimeout), k.created.Add(m.policy.TTL), k.ends)
	}
	for _, network := range []string{home, modelNetwork("2001:db8::1")} {
		for _, at := range m.made[network] {
			limits = append(limits, at.Add(time.Hour))
		}
	}
	for _, r := range m.retired {
		limits = append(limits, r.ends)
	}
	if len(limits) == 0 {
		return
	}
	at := rapid.SampledFrom(limits).Draw(t, "limit")
	by := rapid.SampledFrom([]time.Duration{-2 * tickTime, -tickTime, 0, tickTime}).Draw(t, "by")
	if d := at.Add(by).Sub(m.now); d > 0 {
		m.pass(d)
	}
}
