package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/zap"
	"gopkg.in/yaml.v3"

	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/health"
	"github.com/helix-collective/helix/settings"
)

// deployed are the files that say how Helix is run.
var deployed = []string{"Dockerfile", "compose.yaml", "deploy/compose.yaml", "deploy/helix.service", "deploy/kubernetes.yaml", "deploy/railway.env.example"}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents reads all of a YAML file.
func documents(t *testing.T, file string) (all []map[string]any) {
	t.Helper()
	for d := yaml.NewDecoder(strings.NewReader(readText(t, file))); ; {
		var one map[string]any
		if err := d.Decode(&one); err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("%s: %v", file, err)
			}
			return all
		}
		all = append(all, one)
	}
}

// at goes down into maps and lists; nil where there is nothing.
func at(value any, path ...any) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step.(string)]
		case []any:
			if step.(int) >= len(v) {
				return nil
			}
			value = v[step.(int)]
		default:
			return nil
		}
	}
	return value
}

// manifest answers the first object of a kind.
func manifest(t *testing.T, kind string) map[string]any {
	t.Helper()
	for _, d := range documents(t, "deploy/kubernetes.yaml") {
		if d["kind"] == kind {
			return d
		}
	}
	t.Fatalf("there is no %s", kind)
	return nil
}

var variableNames = regexp.MustCompile(`\b(?:HELIX|DISCORD|REDIS)_\w+\b`)

// Every variable names a setting, and a secret never stands in one itself.
func TestDeployedVariablesAreSettings(t *testing.T) {
	known := make(map[string]bool)
	var secret []string
	for _, s := range settings.Table() {
		for _, name := range []string{s.EnvName(), s.Env} {
			known[name] = true
			known[name+"_FILE"] = s.Secret
			if s.Secret && name != "" {
				secret = append(secret, name)
			}
		}
	}
	for _, file := range deployed {
		for _, name := range variableNames.FindAllString(readText(t, file), -1) {
			if !known[name] {
				t.Errorf("%s sets %s, which is no setting", file, name)
			}
		}
		for _, m := range regexp.MustCompile(`\b(`+strings.Join(secret, "|")+`)(?:=|:|, value:) *(\S+)`).FindAllStringSubmatch(readText(t, file), -1) {
			if filled := strings.HasPrefix(m[2], "${{"); !filled && m[2] != "redis://redis:6379" {
				t.Errorf("%s has the secret %s in it", file, m[1])
			}
		}
	}
}

var (
	images   = regexp.MustCompile(`(?m)^\s*(?:image:|FROM) +(\S+)`)
	floating = regexp.MustCompile(`:latest\b|^[^:@]+$`)
)

func TestDeployedImagesArePinned(t *testing.T) {
	for _, file := range deployed {
		for _, m := range images.FindAllStringSubmatch(readText(t, file), -1) {
			if floating.MatchString(m[1]) {
				t.Errorf("%s: %s has no version", file, m[1])
			}
		}
	}
}

// What is started is a command line of Helix's.
func TestDeployedCommandLinesAreTaken(t *testing.T) {
	_, unit, _ := strings.Cut(readText(t, "deploy/helix.service"), "ExecStart=/usr/local/bin/helix ")
	unit, _, _ = strings.Cut(unit, "\n")
	lines := map[string][]string{"deploy/helix.service": strings.Fields(unit)}
	for _, arg := range at(manifest(t, "StatefulSet"), "spec", "template", "spec", "containers", 0, "args").([]any) {
		lines["deploy/kubernetes.yaml"] = append(lines["deploy/kubernetes.yaml"], arg.(string))
	}
	for _, m := range regexp.MustCompile(`CMD (\[.*\])`).FindAllStringSubmatch(readText(t, "Dockerfile"), -1) {
		var args []string
		if err := json.Unmarshal([]byte(m[1]), &args); err != nil {
			t.Fatal(err)
		}
		lines["Dockerfile "+m[1]] = slices.DeleteFunc(args, func(a string) bool { return a == "/usr/local/bin/helix" })
	}
	for where, args := range lines {
		got := runHelix(t, "", append(args, "--help")...)
		if got.status != 0 || !strings.Contains(got.stdout, "Usage: helix "+args[0]) {
			t.Errorf("%s: helix %q ends with %d: %s", where, args, got.status, got.stderr)
		}
	}
}

// Probes ask for what there is, on the port where it is.
func TestDeployedProbesAreAnswered(t *testing.T) {
	server := health.New(health.Options{Metrics: health.NewMetrics("x"), Log: zap.NewNop()})
	spec := at(manifest(t, "StatefulSet"), "spec", "template", "spec")
	var railway struct {
		Deploy struct{ HealthcheckPath string }
	}
	if err := json.Unmarshal([]byte(readText(t, "deploy/railway.json")), &railway); err != nil {
		t.Fatal(err)
	}
	for _, path := range []any{at(spec, "containers", 0, "livenessProbe", "httpGet", "path"), at(spec, "containers", 0, "readinessProbe", "httpGet", "path"), railway.Deploy.HealthcheckPath} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest("GET", path.(string), nil))
		if w.Code != 200 {
			t.Errorf("%v is answered with %d", path, w.Code)
		}
	}
	const port = "8701"
	for _, file := range deployed[2:] {
		if !regexp.MustCompile(`HELIX_HEALTH_LISTEN.*:` + port).MatchString(readText(t, file)) {
			t.Errorf("%s listens elsewhere than on %s", file, port)
		}
	}
	for where, got := range map[string]any{
		"the container": at(spec, "containers", 0, "ports", 0, "containerPort"),
		"the service":   at(manifest(t, "Service"), "spec", "ports", 0, "port"),
		"the policy":    at(manifest(t, "NetworkPolicy"), "spec", "ingress", 0, "ports", 0, "port"),
	} {
		if got != 8701 {
			t.Errorf("%s has port %v", where, got)
		}
	}
}

// Whoever stops Helix leaves it the time that it takes for that.
func TestDeployedStopsWait(t *testing.T) {
	const atLeast = 20 // the bot's 8 s, the service's 10, the health checks' 2
	spec := at(manifest(t, "StatefulSet"), "spec", "template", "spec")
	if got, _ := at(spec, "terminationGracePeriodSeconds").(int); got < atLeast {
		t.Errorf("Kubernetes waits %d s", got)
	}
	for file, form := range map[string]string{"deploy/helix.service": `TimeoutStopSec=(\d+)`, "deploy/compose.yaml": `stop_grace_period: (\d+)s`, "compose.yaml": `stop_grace_period: (\d+)s`, "deploy/railway.json": `"drainingSeconds": (\d+)`} {
		if m := regexp.MustCompile(form).FindStringSubmatch(readText(t, file)); m == nil || len(m[1]) < 2 || m[1] < "20" {
			t.Errorf("%s waits %v", file, m)
		}
	}
}

func TestComposeConfinesEveryService(t *testing.T) {
	for _, file := range []string{"compose.yaml", "deploy/compose.yaml"} {
		for name, service := range at(documents(t, file)[0], "services").(map[string]any) {
			for _, path := range [][]any{{"deploy", "resources", "limits", "memory"}, {"cap_drop", 0}, {"security_opt", 0}, {"read_only"}} {
				if at(service, path...) == nil {
					t.Errorf("%s: %s lacks %v", file, name, path)
				}
			}
		}
	}
	for _, line := range strings.Split(readText(t, "deploy/compose.yaml"), "\n") {
		if at := strings.Index(line, "redis+"); at >= 0 {
			if _, err := dial.Parse(line[at:]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

func TestKubernetesRestrictsThePod(t *testing.T) {
	spec := at(manifest(t, "StatefulSet"), "spec", "template", "spec")
	container := at(spec, "containers", 0)
	for what, ok := range map[string]bool{
		"not root":       at(spec, "securityContext", "runAsNonRoot") == true,
		"seccomp":        at(spec, "securityContext", "seccompProfile", "type") == "RuntimeDefault",
		"no escalation":  at(container, "securityContext", "allowPrivilegeEscalation") == false,
		"read-only":      at(container, "securityContext", "readOnlyRootFilesystem") == true,
		"no capability":  at(container, "securityContext", "capabilities", "drop", 0) == "ALL",
		"no token":       at(spec, "automountServiceAccountToken") == false,
		"memory":         at(container, "resources", "limits", "memory") != nil && at(container, "resources", "requests", "memory") != nil,
		"two":            at(manifest(t, "StatefulSet"), "spec", "replicas") == 2,
		"own volumes":    at(manifest(t, "StatefulSet"), "spec", "volumeClaimTemplates", 0) != nil,
		"a budget":       at(manifest(t, "PodDisruptionBudget"), "spec", "minAvailable") == 1,
		"apart":          at(spec, "topologySpreadConstraints", 0, "topologyKey") == "kubernetes.io/hostname",
		"in and out":     at(manifest(t, "NetworkPolicy"), "spec", "policyTypes", 1) == "Egress",
		"no secret here": !strings.Contains(readText(t, "deploy/kubernetes.yaml"), "kind: Secret"),
	} {
		if !ok {
			t.Errorf("%s: it is not so", what)
		}
	}
	file := writeFile(t, t.TempDir(), "config.yaml", at(manifest(t, "ConfigMap"), "data", "config.yaml").(string))
	base, err := settings.Load(settings.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newPolicy(base); err != nil {
		t.Error(err)
	}
}

// The unit takes from Helix what it does not need, and leaves it what awk and jq
// do: a worker is the program started again, with pipes.
func TestTheUnitIsHardened(t *testing.T) {
	has := make(map[string][]string)
	for _, line := range strings.Split(readText(t, "deploy/helix.service"), "\n") {
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			has[key] = append(has[key], value)
		}
	}
	for _, want := range strings.Fields("DynamicUser=yes NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes MemoryDenyWriteExecute=yes RestrictNamespaces=yes CapabilityBoundingSet= SystemCallArchitectures=native StateDirectory=helix LimitCORE=0 ExecPaths=/usr/local/bin/helix") {
		if key, value, _ := strings.Cut(want, "="); !slices.Contains(has[key], value) {
			t.Errorf("it has %s=%s, want %s", key, has[key], want)
		}
	}
	for _, filter := range has["SystemCallFilter"] {
		for _, group := range []string{"@ipc", "@process", "@signal", "@io-event"} {
			if strings.HasPrefix(filter, "~") && strings.Contains(filter, group) {
				t.Errorf("without %s there are no workers", group)
			}
		}
	}
	for _, env := range has["Environment"] {
		if name, in, ok := strings.Cut(env, "_FILE=%d/"); ok && !slices.Contains(has["LoadCredential"], in+":/etc/helix/credentials/"+in) {
			t.Errorf("%s_FILE names a credential that is not loaded: %s", name, in)
		}
	}
	if has["MemoryMax"] == nil || has["TimeoutStopSec"] == nil || len(has["LoadCredential"]) != 3 {
		t.Error("it lacks limits or credentials")
	}
}

// A private network of IPv6, as Railway's, is one like any other.
func TestRedisIsReachedByIPv6(t *testing.T) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("[::1]:0"); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	got := runHelixIn(t, t.TempDir(), []string{"REDIS_URL=redis://default:@" + server.Addr()}, "", "exec", "!redis ping")
	if got.status != 0 || got.stdout != "PONG\n" {
		t.Errorf("%d %s%s", got.status, got.stdout, got.stderr)
	}
	l, err := health.Listen(context.Background(), "[::]:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// The scripts in compose files are ones that a shell reads.
func TestComposeScriptsParse(t *testing.T) {
	for name, service := range at(documents(t, "deploy/compose.yaml")[0], "services").(map[string]any) {
		script, _ := at(service, "command", 2).(string)
		if strings.HasPrefix(name, "helix") || script == "" {
			continue
		}
		file := writeFile(t, t.TempDir(), "script", strings.ReplaceAll(script, "$$", "$"))
		if out, err := exec.Command("sh", "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}
