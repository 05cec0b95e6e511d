package soak

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/longtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// The world of a soak: ten channels for people, one for alerts.
const (
	channels = 10
	people   = 20
	opsRoom  = "#ops"
)

// world is a running helix and whom it serves.
type world struct {
	*discordtest.Guild
	discord *discordtest.Discord
	server  *redistest.Server
	helix   *exec.Cmd
	dir     string
	health  string // its address
	log     longtest.Output
	ended   chan error
}

// newWorld builds the program, starts it, and waits until it is ready.
func newWorld(t *testing.T) *world {
	t.Helper()
	d := discordtest.New(t, discordtest.WithPatience(patience))
	w := &world{Guild: d.Guild("Acme").Text(opsRoom).Role("oncall").Join("guest").Owner("olga"), discord: d, server: redistest.Standalone(t), dir: t.TempDir(), ended: make(chan error, 1)}
	for i := range channels {
		w.Text(channelName(i))
	}
	for i := range people {
		w.Join(personName(i), "oncall")
	}
	w.configure(t)
	w.launch(t, build(t, w.dir))
	d.Gateway().AwaitReady(1)
	d.AwaitRequests("bulk_set_guild_application_commands", 1)
	return w
}

func channelName(i int) string { return fmt.Sprint("#c", i%channels) }
func personName(i int) string  { return fmt.Sprint("p", i%people) }

// build makes the program, with the race detector where the test has it.
func build(t *testing.T, dir string) string {
	t.Helper()
	program := filepath.Join(dir, "helix")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "github.com/helix-collective/helix")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// configure writes what helix is told: bounds that are reached within a soak, and
// alerts that look often.
func (w *world) configure(t *testing.T) {
	t.Helper()
	w.health = freeAddress(t)
	config := fmt.Sprintf(`discord:
  ops_channel: %q
state:
  dir: %q
health:
  listen: %q
alerts:
  interval: 5s
  hold: 5s
audit:
  max_records: 1000
undo:
  retention: 30s
shell:
  max_steps: 5000
redis:
  session_cleanup_interval: 20s
permissions:
  roles:
    oncall:
      discord: [%q]
      allow: [read, reveal, write, destroy, configure, admin, alerts, audit]
`, w.ChannelID(opsRoom), filepath.Join(w.dir, "state"), w.health, w.RoleID("oncall"))
	if err := os.WriteFile(filepath.Join(w.dir, "config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (w *world) launch(t *testing.T, program string) {
	t.Helper()
	w.helix = exec.Command(program, "run")
	w.helix.Dir = w.dir
	w.helix.Env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH"), "DISCORD_TOKEN=" + w.discord.Token(), "HELIX_DISCORD_API_URL=" + w.discord.URL(), "REDIS_URL=" + w.server.URL()}
	w.helix.Stdout, w.helix.Stderr = &w.log, &w.log
	if err := w.helix.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { w.ended <- w.helix.Wait() }()
	t.Cleanup(func() { _ = w.helix.Process.Kill() }) // it may have ended
}

// stop ends helix as a supervisor does.
func (w *world) stop(t *testing.T) {
	t.Helper()
	if err := w.helix.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("helix ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("helix does not end")
	}
}
