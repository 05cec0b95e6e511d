package commands

import (
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// Introduction says what of Helix is configured, what is missing and what the next
// step is, for whoever has just let it in.
func (d *Dispatcher) Introduction() string { return d.setupText() }

// setupText says how things are, a line for each.
func (d *Dispatcher) setupText() string {
	s := d.snapshot()
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "%-12s %s\n", name, value) }
	row("Ops channel", orNothing(s.Text(settings.DiscordOpsChannel)))
	row("Prefix", s.Text(settings.DiscordPrefix))
	row("Profile", profileOf(s))
	name := "Roles"
	for _, role := range d.Policy.Bindable() {
		row(name, role+": "+orNothing(strings.Join(d.Policy.Holders(role), ", ")))
		name = ""
	}
	missing := d.missing()
	for _, m := range missing {
		row("Missing", m.what)
	}
	if len(missing) == 0 {
		row("Next", d.prefix()+"help tells what Helix can do.")
		return b.String()
	}
	row("Next", "the server's owner says "+d.prefix()+missing[0].line)
	return b.String()
}

// lack is something that is not configured, and the line that mends it.
type lack struct{ what, line string }

func (d *Dispatcher) missing() []lack {
	var all []lack
	if d.snapshot().Text(settings.DiscordOpsChannel) == "" {
		all = append(all, lack{"an ops channel, so Helix does not speak up by itself", "setup ops channel:ID"})
	}
	for _, role := range d.Policy.Names() {
		if len(d.Policy.Holders(role)) > 0 {
			return all
		}
	}
	who := "the server's owner and administrators"
	if len(d.Policy.Names()) > 0 {
		who = "the server's owner"
	}
	return append(all, lack{"somebody with a role, so only " + who + " may act", "setup role oncall ROLE-ID"})
}

func orNothing(s string) string {
	if s == "" {
		return nothing
	}
	return s
}

// profileOf names the profile whose values are in force.
func profileOf(s *settings.Snapshot) string {
	for _, profile := range []string{settings.Production, settings.Development} {
		if differing(s, profile) == 0 {
			return profile
		}
	}
	profile := s.Text(settings.Profile)
	return fmt.Sprintf("%s, but for %s", profile, counted(int64(differing(s, profile)), "setting", "settings"))
}

// differing counts the settings that have another value than a profile gives them.
func differing(s *settings.Snapshot, profile string) int {
	n := 0
	for _, item := range s.Items("") {
		if item.Profiled() && item.Value.String() != item.For(profile) {
			n++
		}
	}
	return n
}

// rolesOffered is for how many roles setup proposes to choose who has them: with
// the other offers they fill a message.
const rolesOffered = 2

// offerSetup proposes what may be chosen rather than typed, to those who may.
func (t *turn) offerSetup() {
	if t.Policy.CheckOwner(t.caller, "setup") != nil {
		return
	}
	line := t.prefix() + "setup "
	t.offers.add(Offer{Label: "Ops channel: where Helix speaks up", Line: line + "ops {}", Wants: WantsChannel})
	for _, role := range t.rolesToOffer() {
		t.offers.add(Offer{Label: "Who is " + role, Line: line + "role " + role + " {}", Wants: WantsRoles})
	}
	t.offers.add(Offer{Label: "Prefix…", Line: line + "prefix {}", Wants: WantsWords})
	profile := settings.Development
	if differing(t.snapshot(), profile) == 0 {
		profile = settings.Production
	}
	t.offers.add(Offer{Label: "Profile " + profile, Line: line + "profile " + profile})
}

// rolesToOffer answers the roles that there are, before those that there could be.
func (t *turn) rolesToOffer() []string {
	roles := t.Policy.Names()
	for _, name := range t.Policy.Bindable() {
		if !slices.Contains(roles, name) {
			roles = append(roles, name)
		}
	}
	return roles[:min(len(roles), rolesOffered)]
}

// followBindings gives roles as the live settings say, now and whenever they
// change.
func (d *Dispatcher) followBindings() {
	d.Settings.Subscribe(settings.Subscriber{Changed: func(_, _ *settings.Snapshot) { d.bindRoles() }})
	d.bindRoles()
}

// bindRoles gives roles as the settings in force say, unless it has done so.
func (d *Dispatcher) bindRoles() {
	d.binding.Lock()
	defer d.binding.Unlock()
	texts := d.snapshot().List(settings.DiscordRoles)
	value := strings.Join(texts, ",")
	if value == d.bound {
		return
	}
	d.bound = value
	var bindings []permissions.Binding
	for _, text := range texts {
		b, err := permissions.ParseBinding(text)
		if err != nil {
			d.Log.Warn("an entry of discord.roles gives nobody a role", zap.Error(err))
			continue
		}
		bindings = append(bindings, b)
	}
	if err := d.Policy.Rebind(bindings); err != nil {
		d.Log.Warn("discord.roles", zap.Error(err))
	}
}
