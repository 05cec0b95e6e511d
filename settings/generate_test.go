package settings_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/helix-collective/helix/settings"
)

var update = flag.Bool("update", false, "write the generated files")

const regenerate = "is not what the table of settings says; run: go generate ./settings"

func TestGeneratedExample(t *testing.T) {
	var want strings.Builder
	if err := settings.WriteExample(&want); err != nil {
		t.Fatal(err)
	}
	compare(t, "../config.yaml", func(string) (string, error) { return want.String(), nil })
}

func TestGeneratedReadme(t *testing.T) {
	if _, err := os.Stat("../README.md"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no README.md")
	}
	compare(t, "../README.md", settings.ReplaceTable)
}

// compare holds a file against its generated form, or writes that with -update.
func compare(t *testing.T, path string, generate func(old string) (string, error)) {
	t.Helper()
	have, err := os.ReadFile(path)
	if err != nil && !(*update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	want, err := generate(string(have))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	switch {
	case string(have) == want:
	case !*update:
		t.Errorf("%s %s", path, regenerate)
	default:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplaceTableKeepsTheRest(t *testing.T) {
	const readme = "# Helix\n" + settings.TableBegin + "\na stale row\n" + settings.TableEnd + "\n\nend\n"
	got, err := settings.ReplaceTable(readme)
	if err != nil || !strings.HasPrefix(got, "# Helix\n"+settings.TableBegin+"\n| setting") || !strings.HasSuffix(got, settings.TableEnd+"\n\nend\n") || strings.Contains(got, "stale row") {
		t.Errorf("%v\n%s", err, got)
	}
	if again, err := settings.ReplaceTable(got); err != nil || again != got {
		t.Error("replacing twice changes something")
	}
	for _, bad := range []string{"", settings.TableBegin, settings.TableEnd, settings.TableEnd + settings.TableBegin} {
		if _, err := settings.ReplaceTable(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestTheExampleChangesNothingAndHoldsEverything(t *testing.T) {
	var example strings.Builder
	if err := settings.WriteExample(&example); err != nil {
		t.Fatal(err)
	}
	asIs := load(t, settings.Options{File: write(t, "a.yaml", example.String())})
	for _, item := range asIs.Snapshot().Items("") {
		if item.Origin.Source != settings.FromDefault {
			t.Errorf("%s comes from %s", item.Key, item.Origin)
		}
	}
	uncommented := regexp.MustCompile(`(?m)^( *)#([a-z_.]+:)`).ReplaceAllString(example.String(), "$1$2")
	all := load(t, settings.Options{File: write(t, "b.yaml", uncommented)})
	for _, item := range all.Snapshot().Items("") {
		want, _ := settings.Defaults().Snapshot().Item(item.Key)
		if item.Origin.Source != settings.FromFile || item.Value.String() != want.Value.String() {
			t.Errorf("uncommented, %s is %s from %s; want %s", item.Key, item.Value, item.Origin, want.Value)
		}
	}
	tables := regexp.MustCompile(`(?m)^  # ( *[a-z-]+:)`).ReplaceAllString(example.String(), "  $1")
	b := load(t, settings.Options{File: write(t, "c.yaml", tables)})
	if len(b.Roles()["support"].Deny) != 1 {
		t.Errorf("the roles of the example are %+v", b.Roles())
	}
	if a := b.Actions()["restart-redis"]; a.Line == "" || a.Expect != 200 || len(a.Headers) != 1 || a.Body == nil {
		t.Errorf("the actions of the example are %+v", b.Actions())
	}
}
