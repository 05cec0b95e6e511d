package permissions

import (
	"slices"
	"testing"
)

func TestGuildsServedAndPinned(t *testing.T) {
	tests := []struct {
		name       string
		configured []string
		pinned     string
		present    []string
		serves     []string // of 1, 2 and 3
		pin        string
		reason     string
	}{
		{"the only one is pinned", nil, "", []string{"1"}, []string{"1"}, "1",
			"server 1 is the only one that Helix is in, and is pinned from now on."},
		{"the same one twice is one", nil, "", []string{"1", "1"}, []string{"1"}, "1",
			"server 1 is the only one that Helix is in, and is pinned from now on."},
		{"of several none", nil, "", []string{"2", "1"}, nil, "",
			"Helix is in 2 servers (1, 2) and cannot tell which is yours, so it serves none: set discord.guilds."},
		{"in none yet", nil, "", nil, nil, "",
			"Helix is in no server yet: invite it to one."},
		{"a pin stays when others invite", nil, "1", []string{"1", "2"}, []string{"1"}, "",
			"server 1 was pinned earlier; set discord.guilds to choose others."},
		{"a pin does not move", nil, "1", []string{"2"}, []string{"1"}, "",
			"server 1 was pinned earlier, but Helix is not in 1; set discord.guilds to choose others."},
		{"configuration counts alone", []string{"2", "3"}, "1", []string{"1", "2", "3"}, []string{"2", "3"}, "",
			"discord.guilds names the servers to serve."},
		{"configured but not there", []string{"2"}, "", []string{"1"}, []string{"2"}, "",
			"discord.guilds names the servers to serve, but Helix is not in 2."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, err := NewGuilds(test.configured, test.pinned)
			if err != nil {
				t.Fatal(err)
			}
			met := g.Meet(test.present)
			if met.Pin != test.pin || met.Reason != test.reason {
				t.Errorf("pin %q because %s", met.Pin, met.Reason)
			}
			var serves []string
			for _, id := range []string{"", "1", "2", "3"} {
				if met.Guilds.Serves(id) {
					serves = append(serves, id)
				}
			}
			if !slices.Equal(serves, test.serves) {
				t.Errorf("serves %v, want %v", serves, test.serves)
			}
		})
	}
}

func TestTheZeroGuildsServesNone(t *testing.T) {
	for _, id := range []string{"", "1"} {
		if (Guilds{}).Serves(id) {
			t.Errorf("serves %q", id)
		}
	}
}

func TestGuildIdsAreChecked(t *testing.T) {
	if _, err := NewGuilds([]string{"1", "my server", "0"}, ""); err == nil ||
		err.Error() != `discord.guilds: "my server", "0": a server is given by its id, a number in quotes` {
		t.Errorf("got %v", err)
	}
	if _, err := NewGuilds(nil, "x"); err == nil {
		t.Error("took a pin that is no id")
	}
}
