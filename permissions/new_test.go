package permissions

import (
	"errors"
	"strings"
	"testing"
)

func TestNewReportsEveryBadEntryAtOnce(t *testing.T) {
	_, err := New(map[string]Role{
		"support": {
			Discord:  []string{"oncall", "1.111111111e+09", "<@&3333333333>", "<@2222222222>", "user:ann", "user:<@!7>", "0", "-5", "18446744073709551616", "007"},
			Channels: []string{"#ops", "<#4444444444>"},
			Allow: []string{"destory session:*", "Read", "redis del", "destroy:session:*", "admin session:*",
				"destroy a* b*", "", "write " + strings.Repeat("x", 513), "configure redis.sesion_ttl", "read"},
			Deny: []string{"destroyy"},
		},
		"a b":   {},
		"oncal": {Allow: []string{"write ok:*", "alert"}},
	}, KnownSettings([]string{"redis.session_ttl", "alerts.hold"}))
	var config *ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("got %v", err)
	}
	number := `a role is given by its id, a number such as "1111111111" (in quotes), and a person by user:ID; names can be changed on Discord and give no rights`
	person := `user: is followed by the id of a person, a number such as "user:2222222222"`
	channel := `a channel is given by its id, a number such as "4444444444"`
	want := []string{
		`permissions.roles.a b: "a b": a role's name has letters, digits, - and _, and at most 64 bytes`,
		`permissions.roles.oncal.allow: "alert": "alert" is not a right. Did you mean "alerts"?`,
		`permissions.roles.support.discord: "oncall": ` + number,
		`permissions.roles.support.discord: "1.111111111e+09": ` + number,
		`permissions.roles.support.discord: "<@&3333333333>": a role is given by its id: write "3333333333"`,
		`permissions.roles.support.discord: "<@2222222222>": a person is given as user:ID: write "user:2222222222"`,
		`permissions.roles.support.discord: "user:ann": ` + person,
		`permissions.roles.support.discord: "user:<@!7>": ` + person + `: write "user:7"`,
		`permissions.roles.support.discord: "0": ` + number,
		`permissions.roles.support.discord: "-5": ` + number,
		`permissions.roles.support.discord: "18446744073709551616": ` + number,
		`permissions.roles.support.discord: "007": ` + number,
		`permissions.roles.support.channels: "#ops": ` + channel,
		`permissions.roles.support.channels: "<#4444444444>": ` + channel + `: write "4444444444"`,
		`permissions.roles.support.allow: "destory session:*": "destory" is not a right. Did you mean "destroy session:*"?`,
		`permissions.roles.support.allow: "Read": "Read" is not a right. Did you mean "read"?`,
		`permissions.roles.support.allow: "redis del": "redis" is not a right; the rights are read, reveal, write, destroy, mint, configure, alerts, audit, approve, admin`,
		`permissions.roles.support.allow: "destroy:session:*": a space parts the right from the pattern: write "destroy session:*"`,
		`permissions.roles.support.allow: "admin session:*": admin cannot be narrowed to a pattern: write "admin"`,
		`permissions.roles.support.allow: "destroy a* b*": one pattern an entry: write "destroy a*", "destroy b*" … (for a space inside a key write ?)`,
		`permissions.roles.support.allow: "": an entry names a right, and may name a pattern behind it`,
		`permissions.roles.support.allow: "write ` + strings.Repeat("x", 513) + `": a pattern has at most 512 bytes, this one 513`,
		`permissions.roles.support.allow: "configure redis.sesion_ttl": no setting matches redis.sesion_ttl. Did you mean "redis.session_ttl"?`,
		`permissions.roles.support.deny: "destroyy": "destroyy" is not a right. Did you mean "destroy"?`,
	}
	got := strings.Split(err.Error(), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("problem %d:\ngot  %s\nwant %s", i, at(got, i), at(want, i))
		}
	}
	if first := config.Problems[1]; first.Role != "oncal" || first.Field != "allow" || first.Entry != "alert" {
		t.Errorf("got %+v", first)
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(none)"
}

func TestNewTakesEverySensibleEntry(t *testing.T) {
	_, err := New(map[string]Role{
		"on-call_2": {
			Discord:  []string{"1", " 1234567890123456789 ", "18446744073709551615", "user:2"},
			Channels: []string{"4"},
			Allow: []string{"read", "  destroy   session:user:*  ", "configure redis.session_*", "configure *",
				"reveal [a-c]?\\*", "mint session:*", "approve", "audit", "alerts", "admin"},
			Deny: []string{"write [unclosed"},
		},
		"dienst-für-nacht": {},
	}, KnownSettings([]string{"redis.session_ttl"}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestRolesThatDoNotExistAreReported(t *testing.T) {
	p := mustNew(t, conversation)
	tests := map[string]string{
		"support":    "",
		"supprot":    `no role is called "supprot". Did you mean "support"?`,
		"Support":    `no role is called "Support". Did you mean "support"?`,
		"management": `no role is called "management"; the roles are oncall, support`,
	}
	for name, want := range tests {
		got := ""
		if err := p.CheckRoles("oncall", name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if err := mustNew(t, nil).CheckRoles("oncall"); err == nil || err.Error() != `no role is called "oncall": none is configured` {
		t.Errorf("got %v", err)
	}
}

func TestAFaultWhileDecidingIsADenial(t *testing.T) {
	broken := mustNew(t, conversation, ServeOnly(func(string) bool { panic("lost the guilds") }))
	var missing *Policy
	for name, p := range map[string]*Policy{"panic": broken, "no policy": missing, "empty policy": {}} {
		t.Run(name, func(t *testing.T) {
			owner := guildMember("1")
			owner.Owner = true
			var denied *Denied
			if err := p.Check(owner, Action{Right: Read, Name: "help"}); !errors.As(err, &denied) || denied.Reason != Fault {
				t.Errorf("Check: %v", err)
			}
			if p.Holds(owner, Read) || !p.Scope(owner, Read).None() || len(p.Rights(owner)) > 0 {
				t.Error("a right is held in spite of the fault")
			}
			if e := p.Explain(owner, Action{Right: Read}); e.Allowed || !strings.Contains(e.Verdict, "could not be decided") {
				t.Errorf("Explain: %v", e)
			}
		})
	}
	if err := broken.Check(guildMember("1"), Action{Right: Read}); !strings.Contains(err.Error(), "lost the guilds") {
		t.Errorf("the denial hides the fault: %v", err)
	}
}

func TestGuildsThatAreNotServedHaveNoRights(t *testing.T) {
	guilds, err := NewGuilds([]string{"8"}, "")
	if err != nil {
		t.Fatal(err)
	}
	p := mustNew(t, conversation, ServeOnly(guilds.Serves))
	owner := guildMember("1")
	owner.Owner = true
	for _, m := range []Member{owner, guildMember("1"), {ID: "22", Guild: "9"}} {
		var denied *Denied
		if err := p.Check(m, Action{Right: Read}); !errors.As(err, &denied) || denied.Reason != NotServed {
			t.Errorf("%+v: %v", m, err)
		}
	}
	served := guildMember("1")
	served.Guild = "8"
	for _, m := range []Member{served, {Local: true}} {
		if err := p.Check(m, Action{Right: Read}); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

func TestAPolicyIsCutLooseFromItsConfiguration(t *testing.T) {
	allow := []string{"read"}
	roles := map[string]Role{"r": {Discord: []string{"3"}, Allow: allow}}
	p := mustNew(t, roles)
	allow[0] = "admin"
	roles["s"] = Role{Discord: []string{"3"}, Allow: []string{"admin"}}
	if p.Holds(guildMember("3"), Admin) || !p.Holds(guildMember("3"), Read) {
		t.Error("a later change of the configuration changed the policy")
	}
}

func TestChannelsThatThePolicyNames(t *testing.T) {
	p := mustNew(t, conversation)
	for id, want := range map[string]bool{"44": true, "45": false, "": false, "9": false} {
		if p.NamesChannel(id) != want {
			t.Errorf("%q: %v, want %v", id, !want, want)
		}
	}
}
