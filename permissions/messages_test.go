package permissions

import (
	"strings"
	"testing"
)

// conversation is the policy of the messages below.
var conversation = map[string]Role{
	"oncall": {
		Discord: []string{"1", "user:22"},
		Allow:   []string{"read", "reveal", "write", "destroy", "configure", "admin", "alerts"},
	},
	"support": {
		Discord:  []string{"3"},
		Channels: []string{"44"},
		Allow:    []string{"read", "destroy session:user:*", "configure redis.session_*"},
		Deny:     []string{"destroy session:user:root@*"},
	},
}

func guildMember(roles ...string) Member {
	return Member{ID: "5", Name: "ann", Guild: "9", Channel: "44", Roles: roles}
}

func TestDenialsSayWhatHappenedAndWhoCould(t *testing.T) {
	p := mustNew(t, conversation)
	none := mustNew(t, nil)
	elsewhere := guildMember("3")
	elsewhere.Channel = "45"
	reader := Member{Local: true, LocalRoles: []string{"support"}}
	tests := []struct {
		name   string
		policy *Policy
		member Member
		action Action
		want   string
	}{
		{"no role", p, guildMember(), Action{Right: Destroy, Name: "redis flushdb"},
			"You need **destroy** for `redis flushdb`; none of the configured roles applies. Roles that have it: @oncall."},
		{"nothing configured", none, guildMember(), Action{Right: Read, Name: "redis get"},
			"You need **read** for `redis get`; as long as no roles are configured, only the server's owner and administrators may act."},
		{"right missing", p, guildMember("3"), Action{Right: Write, Name: "redis set", Keys: []string{"a"}},
			"You need **write** for `redis set`. Roles that have it: @oncall."},
		{"nobody has it", p, guildMember("3"), Action{Right: Mint, Name: "redis set", Keys: []string{"a"}},
			"You need **mint** for `redis set`. No role has it."},
		{"the only key", p, guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: []string{"session:abc"}},
			"You need **destroy** for `redis del`; it is held on `session:user:*`, not on the key. Roles that have it: @oncall."},
		{"one key of several", p, guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: []string{"session:user:a", "b"}},
			"You need **destroy** for `redis del`; it is held on `session:user:*`, not on the 2nd key. Roles that have it: @oncall."},
		{"every key", mustNew(t, map[string]Role{"few": {Discord: []string{"3"}, Allow: []string{"destroy a*", "destroy b*"}}}),
			guildMember("3"), Action{Right: Destroy, Name: "redis flushdb"},
			"You need **destroy** for `redis flushdb`; it is held on `a*`, `b*`, not on every key. No role has it."},
		{"a setting", p, guildMember("3"), Action{Right: Configure, Name: "config set", Setting: "alerts.hold"},
			"You need **configure** for `config set`; it is held on `redis.session_*`, not on the setting `alerts.hold`. Roles that have it: @oncall."},
		{"other channel", p, elsewhere, Action{Right: Read, Name: "redis get"},
			"You need **read** for `redis get`; @support gives it only in <#44>. Roles that have it: @oncall."},
		{"denied", p, guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: []string{"session:user:root@x"}},
			"You need **destroy** for `redis del`; @support denies `destroy session:user:root@*`, which covers the key."},
		{"denied as a part of everything", p, guildMember("1", "3"), Action{Right: Destroy, Name: "redis flushdb"},
			"You need **destroy** for `redis flushdb`; @support denies `destroy session:user:root@*`, and this would touch every key."},
		{"direct message", p, Member{ID: "22"}, Action{Right: Read, Name: "redis get"},
			"Helix takes no commands in direct messages."},
		{"malformed", p, Member{}, Action{Right: Read, Name: "redis get"},
			"Whether `redis get` is allowed could not be decided, so it is not: it is not known who asks."},
		{"no such role", p, Member{Local: true, LocalRoles: []string{"suport"}}, Action{Right: Read},
			"Whether this is allowed could not be decided, so it is not: no role is called \"suport\". Did you mean \"support\"?"},
		{"local", p, reader, Action{Right: Admin, Name: "redis flushall"},
			"You need **admin** for `redis flushall`. Roles that have it: @oncall."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Check(test.member, test.action)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestDenialNamesAKeyOnlyToWhoMaySeeIt(t *testing.T) {
	const secret = "session:11111111-2222-3333-4444-555555555555"
	policy := func(allow ...string) *Policy {
		return mustNew(t, map[string]Role{"r": {Discord: []string{"3"}, Allow: append(allow, "destroy tmp:*")}})
	}
	tests := []struct {
		name  string
		allow []string
		seen  bool
	}{
		{"neither", nil, false},
		{"reads", []string{"read"}, false},
		{"reveals", []string{"reveal"}, false},
		{"reads and reveals others", []string{"read", "reveal tmp:*"}, false},
		{"reads others and reveals", []string{"read tmp:*", "reveal"}, false},
		{"reads and reveals", []string{"read", "reveal session:*"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, a := policy(test.allow...), Action{Right: Destroy, Name: "redis del", Keys: []string{secret}}
			for _, text := range []string{p.Check(guildMember("3"), a).Error(), p.Explain(guildMember("3"), a).String()} {
				if got := strings.Contains(text, secret); got != test.seen {
					t.Errorf("key named: %v, want %v, in\n%s", got, test.seen, text)
				}
			}
		})
	}
}

func TestNamesCannotBreakOutOfAMessage(t *testing.T) {
	tests := map[string]string{
		"plain":                  "`plain`",
		`glob\*["x"]ü`:           "`glob\\*[\"x\"]ü`",
		"a`b```c":                "`aˋbˋˋˋc`",
		"line\nbreak\x1b[2J":     "`line\\nbreak\\x1b[2J`",
		"\xff\xfe":               "`\\xff\\xfe`",
		"rtl\u202eoverride":      "`rtl\\u202eoverride`",
		strings.Repeat("ö", 100): "`" + strings.Repeat("ö", 80) + "…`",
		"\uFFFD":                 "`\uFFFD`",
	}
	for in, want := range tests {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestLongPoliciesAreCutInMessages(t *testing.T) {
	var allow []string
	for c := 'a'; c < 'i'; c++ {
		allow = append(allow, "destroy "+string(c)+"*")
	}
	p := mustNew(t, map[string]Role{"r": {Discord: []string{"3"}, Allow: allow}})
	err := p.Check(guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: []string{"z"}})
	if want := "`a*`, `b*`, `c*`, `d*`, `e*`, 3 more, not on"; !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nlacks %s", err, want)
	}
}

func TestExplain(t *testing.T) {
	p := mustNew(t, conversation)
	elsewhere := guildMember("3")
	elsewhere.Channel = "45"
	owner := guildMember("3")
	owner.Owner = true
	keys := []string{"session:user:a", "session:user:root@x"}
	tests := []struct {
		name   string
		member Member
		action Action
		want   string
	}{
		{"allowed", guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: keys[:1]}, "" +
			"- @support applies: `ann` has it by Discord role 3.\n" +
			"- It allows `destroy session:user:*`, which covers the key.\n" +
			"- It denies `destroy session:user:root@*`, which does not cover the key.\n" +
			"Allowed: `ann` holds **destroy** on `session:user:*` but not on `session:user:root@*`, which `redis del` needs."},
		{"denied", guildMember("3"), Action{Right: Destroy, Name: "redis del", Keys: keys}, "" +
			"- @support applies: `ann` has it by Discord role 3.\n" +
			"- It allows `destroy session:user:*`, which covers 2 of the 2 keys.\n" +
			"- It denies `destroy session:user:root@*`, which covers 1 of the 2 keys.\n" +
			"Denied: `ann` needs **destroy** for `redis del`; @support denies `destroy session:user:root@*`, which covers the 2nd key."},
		{"elsewhere", elsewhere, Action{Right: Read, Name: "redis get"}, "" +
			"- @support does not apply here, though `ann` has it by Discord role 3: it is for <#44>.\n" +
			"Denied: `ann` needs **read** for `redis get`; @support gives it only in <#44>. Roles that have it: @oncall."},
		{"owner", owner, Action{Right: Admin, Name: "redis flushdb"}, "" +
			"- `ann` is the owner of the server, and so holds every right that no role denies.\n" +
			"- @support applies: `ann` has it by Discord role 3.\n" +
			"Allowed: `ann` holds **admin**, which `redis flushdb` needs."},
		{"nobody", guildMember(), Action{Right: Read, Name: "help"}, "" +
			"- Of 2 configured roles none is held by `ann`.\n" +
			"Denied: `ann` needs **read** for `help`; none of the configured roles applies. Roles that have it: @oncall, @support."},
		{"local", Member{Local: true}, Action{Right: Read}, "" +
			"- the local caller is at the terminal with no role chosen, and so holds every right that no role denies.\n" +
			"Allowed: the local caller holds **read**, which this needs."},
		{"a chosen role", Member{Local: true, LocalRoles: []string{"support"}}, Action{Right: Configure, Name: "config set", Setting: "alerts.hold"}, "" +
			"- @support applies: whoever has just @support has it by choice.\n" +
			"- It allows `configure redis.session_*`, which does not cover the setting.\n" +
			"Denied: whoever has just @support needs **configure** for `config set`; it is held on `redis.session_*`, not on the setting `alerts.hold`. Roles that have it: @oncall."},
		{"fault", Member{Name: "x"}, Action{Right: Read, Name: "help"},
			"Denied: Whether `help` is allowed could not be decided, so it is not: it is not known who asks."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := p.Explain(test.member, test.action).String(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestRightsListWhatIsHeldHere(t *testing.T) {
	p := mustNew(t, conversation)
	tests := []struct {
		name   string
		member Member
		want   string
	}{
		{"on call", guildMember("1"), "read, reveal, write, destroy, configure, alerts, admin"},
		{"support", guildMember("3"), "read, destroy on `session:user:*` but not on `session:user:root@*`, configure on `redis.session_*`"},
		{"both", guildMember("3", "1"), "read, reveal, write, destroy but not on `session:user:root@*`, configure, alerts, admin"},
		{"guest", guildMember(), ""},
		{"nobody", Member{}, ""},
		{"local", Member{Local: true}, "read, reveal, write, destroy, mint, configure, alerts, audit, approve, admin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var words []string
			for _, h := range p.Rights(test.member) {
				words = append(words, h.String())
			}
			if got := strings.Join(words, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
