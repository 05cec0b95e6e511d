package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/helix-collective/helix"

// floors is the house: a room may use rooms of lower floors, and of its own
// floor only those named in neighbours.
var floors = map[string]int{
	"":                     5,
	"alerts":               2,
	"api":                  4,
	"bot":                  4,
	"bot/discordtest":      4,
	"bot/outbound":         0,
	"console":              4,
	"health":               4,
	"commands":             3,
	"guard":                2,
	"guard/change":         2,
	"aliases":              2,
	"audit":                2,
	"plans":                2,
	"schedules":            2,
	"charts":               2,
	"probe":                2,
	"series":               2,
	"sessions":             2,
	"sessions/httpsession": 3,
	"acl":                  0,
	"actions":              1,
	"check":                1,
	"clock":                0,
	"dial":                 1,
	"dump":                 0,
	"embedded":             1,
	"internal/chaos":       1,
	"internal/longtest":    0,
	"internal/ptytest":     1,
	"internal/redistest":   1,
	"internal/soak":        0,
	"journal":              1,
	"lease":                1,
	"guard/shadow":         1,
	"keyspace":             1,
	"permissions":          1,
	"register":             1,
	"redact":               1,
	"settings":             1,
	"shell":                1,
	"shell/text":           1,
	"clientip":             0,
	"guide":                0,
	"hashes":               0,
	"link":                 0,
	"replicas":             0,
	"sample":               0,
	"script":               0,
	"suggest":              0,
}

// neighbours are uses within one floor: room → rooms it may use.
var neighbours = map[string]string{"shell/text": "shell", "guard": "guard/change", "probe": "sessions"}

// walls: a library that only one room (and what lies below it) may use.
var walls = map[string]string{
	"github.com/bwmarrin/discordgo": "bot",
	"github.com/spf13/viper":        "settings",
	"mvdan.cc/sh/v3":                "shell",
}

type listed struct {
	ImportPath                         string
	Doc                                string
	Imports, TestImports, XTestImports []string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func room(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsPointDownwards(t *testing.T) {
	for _, p := range listPackages(t) {
		from, _ := room(p.ImportPath)
		floor, known := floors[from]
		if !known {
			t.Errorf("room %q has no floor; give it one in house_test.go", from)
		}
		for _, imported := range p.Imports {
			to, ours := room(imported)
			if !ours || neighbours[from] == to {
				continue
			}
			if floors[to] >= floor {
				t.Errorf("%q (floor %d) uses %q (floor %d)", from, floor, to, floors[to])
			}
		}
	}
}

func TestWallsHold(t *testing.T) {
	for _, p := range listPackages(t) {
		from, _ := room(p.ImportPath)
		everything := append(append(p.Imports, p.TestImports...), p.XTestImports...)
		for _, imported := range everything {
			for library, owner := range walls {
				if !strings.HasPrefix(imported, library) {
					continue
				}
				if from != owner && !(owner == "bot" && from == "bot/discordtest") {
					t.Errorf("%q uses %s, which is for %q alone", from, imported, owner)
				}
			}
		}
	}
}

func TestEveryRoomSaysWhatItIsFor(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
