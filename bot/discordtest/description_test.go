package discordtest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhereTheDescriptionComesFrom(t *testing.T) {
	root := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("repo/go.mod", "module x\n")
	if err := os.MkdirAll(filepath.Join(root, "repo/bot/discordtest"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "repo/bot/discordtest"))
	expect := func(name string, found, failed bool) {
		t.Helper()
		d, err := loadDescription()
		if (d != nil) != found || (err != nil) != failed {
			t.Errorf("%s: found %t, error %v", name, d != nil, err)
		}
	}
	t.Setenv(descriptionVariable, "")
	expect("nowhere", false, false)
	write("shared/discord/openapi.json", `{"paths":{}}`)
	expect("beside the repository", true, false)
	t.Setenv(descriptionVariable, filepath.Join(root, "missing.json"))
	expect("named but missing", false, true)
	t.Setenv(descriptionVariable, write("broken.json", "{"))
	expect("named but broken", false, true)
	t.Setenv(descriptionVariable, write("named.json", `{"paths":{}}`))
	expect("named", true, false)
}

func TestWhenTheDescriptionIsRequired(t *testing.T) {
	for _, tc := range []struct {
		redis, ci string
		want      bool
	}{{"", "", false}, {"0", "", false}, {"1", "", true}, {"", "true", true}} {
		t.Setenv("HELIX_REQUIRE_REDIS", tc.redis)
		t.Setenv("CI", tc.ci)
		if got := descriptionRequired(); got != tc.want {
			t.Errorf("%+v: %t", tc, got)
		}
	}
}

func TestRoutesAreNamedAsDescribed(t *testing.T) {
	described, err := sharedDescription()
	if err != nil || described == nil {
		t.Skipf("no description here: %v", err)
	}
	for _, rt := range routes() {
		op, _ := described.operation(rt.method, rt.path)
		if op == nil || op.id != rt.op || op.path != rt.path {
			t.Errorf("%s %s is not %s in the description: %+v", rt.method, rt.path, rt.op, op)
		}
	}
}
