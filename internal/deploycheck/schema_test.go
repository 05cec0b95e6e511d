// Package deploycheck holds the files under deploy against the schemas of those
// who read them: Compose's own loader, and the types of Kubernetes, strictly, so
// that a misspelt field is an error. It is a module of its own, so that the
// program is built without either.
package deploycheck

import (
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

func TestComposeFilesLoad(t *testing.T) {
	for _, tt := range []struct {
		file, profile string
		services      int
	}{
		{"../../compose.yaml", "", 2},
		{"../../deploy/compose.yaml", "sentinel", 3 + 3 + 2},
		{"../../deploy/compose.yaml", "cluster", 6 + 1 + 2},
	} {
		options, err := cli.NewProjectOptions([]string{tt.file}, cli.WithProfiles([]string{tt.profile}))
		if err != nil {
			t.Fatal(err)
		}
		project, err := options.LoadProject(t.Context())
		if err != nil {
			t.Errorf("%s %s: %v", tt.file, tt.profile, err)
			continue
		}
		if len(project.Services) != tt.services {
			t.Errorf("%s %s has %q", tt.file, tt.profile, project.ServiceNames())
		}
	}
}

func TestKubernetesKnowsEveryField(t *testing.T) {
	kinds := map[string]func() any{
		"v1 Namespace":                       func() any { return new(core.Namespace) },
		"v1 ServiceAccount":                  func() any { return new(core.ServiceAccount) },
		"v1 ConfigMap":                       func() any { return new(core.ConfigMap) },
		"v1 Service":                         func() any { return new(core.Service) },
		"apps/v1 StatefulSet":                func() any { return new(apps.StatefulSet) },
		"policy/v1 PodDisruptionBudget":      func() any { return new(policy.PodDisruptionBudget) },
		"networking.k8s.io/v1 NetworkPolicy": func() any { return new(networking.NetworkPolicy) },
	}
	text, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for one := range strings.SplitSeq(string(text), "\n---\n") {
		var object struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal([]byte(one), &object); err != nil {
			t.Fatal(err)
		}
		kind := object.APIVersion + " " + object.Kind
		into, known := kinds[kind]
		if !known {
			t.Errorf("%s is a kind that is not looked at", kind)
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(one), into()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		seen[kind] = true
	}
	if len(seen) != len(kinds) {
		t.Errorf("looked at %v of %d kinds", seen, len(kinds))
	}
}
