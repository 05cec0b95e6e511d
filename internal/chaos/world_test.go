package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/longtest"
)

// buildDir is where TestMain lets helix be built.
var buildDir string

func TestMain(m *testing.M) {
	os.Exit(withBuildDir(m.Run))
}

func withBuildDir(run func() int) int {
	dir, err := os.MkdirTemp("", "helix-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	buildDir = dir
	return run()
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "helix")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "github.com/helix-collective/helix").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build helix: %w: %s", err, out)
	}
	return path, nil
})

// world is a guild, the servers and the instances of Helix.
type world struct {
	*discordtest.Guild
	t         testing.TB
	discord   *discordtest.Discord
	ground    *ground
	instances []*instance
}

// newWorld starts everything, with so many instances of Helix.
func newWorld(t testing.TB, g *ground, instances int) *world {
	d := discordtest.New(t, discordtest.WithPatience(time.Minute))
	acme := d.Guild("Acme").Text("#ops").Role("oncall").Owner("olga")
	for _, t := range talks {
		acme.Text(t.channel).Join(t.who, "oncall")
	}
	w := &world{Guild: acme, t: t, discord: d, ground: g}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for range instances {
		i := &instance{t: t, binary: binary, dir: t.TempDir(), log: &longtest.Output{}}
		i.env = []string{
			"HOME=" + i.dir, "PATH=" + os.Getenv("PATH"), "DISCORD_TOKEN=" + d.Token(), "HELIX_DISCORD_API_URL=" + d.URL(), "REDIS_URL=" + g.url,
			"HELIX_ALERTS_INTERVAL=1s", "HELIX_ALERTS_HOLD=0s", "HELIX_ALERTS_SERVER_DOWN_ENABLED=false", "HELIX_CONFIRM_WORD_ABOVE=10000000",
			"HELIX_REDIS_TIMEOUT=1s", "HELIX_REDIS_MAX_SHARE=30", "HELIX_COMMANDS_MAX_RUNNING=20",
			"HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_KEYS=chaos:" + apiSecret + ":sessions",
		}
		w.configure(i)
		w.instances = append(w.instances, i)
		i.start()
	}
	d.Gateway().AwaitReady(1)
	return w
}

func (w *world) configure(i *instance) {
	w.t.Helper()
	text := fmt.Sprintf(`discord:
  ops_channel: %q
state:
  dir: %q
permissions:
  roles:
    oncall:
      discord: [%q]
      allow: [read, reveal, write, destroy, configure, admin, alerts, audit]
`, w.ChannelID("#ops"), filepath.Join(i.dir, "state"), w.RoleID("oncall"))
	if err := os.WriteFile(filepath.Join(i.dir, "config.yaml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// instance is a helix that can be started again where it ended.
type instance struct {
	t      testing.TB
	binary string
	dir    string
	env    []string
	log    *longtest.Output

	cmd   *exec.Cmd
	ended chan struct{}

	mu      sync.Mutex
	service string // where the session service listens; empty: not known yet
	heard   int    // bytes of the log that an earlier process wrote
}

func (i *instance) start() {
	i.t.Helper()
	cmd := exec.Command(i.binary, "run")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = i.dir, i.env, i.log, i.log
	cmd.SysProcAttr = dieWithParent()
	i.mu.Lock()
	i.service, i.heard = "", len(i.log.String())
	i.mu.Unlock()
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it ends by our signal, which Wait reports as an error
	}()
	i.cmd, i.ended = cmd, ended
	i.t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error means that it has ended already
		<-ended
	})
}

var listens = regexp.MustCompile(`"msg":"the session service listens","address":"([^"]+)"`)

// serves answers where the last process that was started serves sessions; empty
// while it has not said so.
func (i *instance) serves() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.service == "" {
		if found := listens.FindStringSubmatch(i.log.String()[i.heard:]); found != nil {
			i.service = "http://" + found[1]
		}
	}
	return i.service
}

// accounts answers what the instance knows of its changes that were interrupted.
func (i *instance) accounts() string {
	i.t.Helper()
	cmd := exec.Command(i.binary, "exec", "!undo list")
	cmd.Dir, cmd.Env = i.dir, i.env
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		i.t.Fatal(err)
	}
	return string(said)
}

func (i *instance) signal(s os.Signal) {
	i.t.Helper()
	if err := i.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		i.t.Fatal(err)
	}
}

// kill ends an instance as a power cut does.
func (i *instance) kill() {
	i.signal(syscall.SIGKILL)
	<-i.ended
}

// supervised is how long those that start helix by what lies in deploy/ let it end.
const supervised = 30 * time.Second

// stop ends an instance as a supervisor does, which does not wait for ever.
func (i *instance) stop() {
	i.signal(syscall.SIGTERM)
	select {
	case <-i.ended:
	case <-time.After(supervised):
		i.t.Error("helix does not end when it is told to")
		i.kill()
	}
}

// last answers the end of what an instance said, without what the audit has anyway.
func (i *instance) last(lines int) string {
	var kept []string
	for line := range strings.Lines(i.log.String()) {
		if !strings.Contains(line, `"msg":"audit"`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(len(kept)-lines, 0):], "")
}
