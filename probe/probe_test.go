package probe_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/probe"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(asker); addr != "" { // a client of the benchmark
		if err := ask(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := redistest.Shared(m).Run()
	if err := goleak.Find(
		goleak.IgnoreTopFunction("github.com/alicebob/miniredis/v2/server.(*Server).servePeer"),
		// go-redis tries a server that is gone for another second after its client is closed.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"),
	); code == 0 && err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

func policy() sessions.Policy {
	return sessions.Policy{TTL: 24 * time.Hour, IdleTimeout: 5 * time.Minute, MaxPerUser: 3, MaxPerAddressPerHour: 1000, Compat: true}
}

// bench is a prober at work.
type bench struct {
	*probe.Prober
	t      *testing.T
	client redis.UniversalClient
	store  *sessions.Store
}

func newBench(t *testing.T, client redis.UniversalClient, o probe.Options) *bench {
	t.Helper()
	if o.Failed == nil {
		o.Failed = func(err error) { t.Log(err) }
	}
	store := sessions.New(client, sessions.Fixed(policy()), sessions.Options{})
	b := &bench{Prober: probe.New(client, store, o), t: t, client: client, store: store}
	probe.Patient(b.Prober, time.Minute) // for as long as a probe may take, however busy the machine
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) probe() sample.Sample {
	b.t.Helper()
	s, err := b.Probe(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// counted probes until the sessions were counted in the very probe.
func (b *bench) counted() (s sample.Sample) {
	b.t.Helper()
	redistest.Eventually(b.t, "the sessions are counted", func(context.Context) bool {
		s = b.probe()
		age, ok := s.Get(sample.SessionsAge)
		return ok && age == 0
	})
	return s
}

func (b *bench) create(people ...string) {
	b.t.Helper()
	for _, who := range people {
		if _, _, err := b.store.Create(b.t.Context(), sessions.Request{UserID: who, IP: "203.0.113.7"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// want holds values against those of a sample.
func want(t *testing.T, s sample.Sample, values map[sample.Name]float64) {
	t.Helper()
	for name, value := range values {
		if got, ok := s.Get(name); !ok || got != value {
			t.Errorf("%s is %v (%v), want %v", name, got, ok, value)
		}
	}
}

func open(t *testing.T, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, DisableIdentity: true, MaxRetries: 1, DialerRetries: 1})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestAProbeTellsOfTheServerAndItsSessions(t *testing.T) {
	server := redistest.Standalone(t, "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru", "--save", "900 1", "--dbfilename", "none.rdb")
	b := newBench(t, open(t, server.Addr), probe.Options{})
	b.create("ann", "ann", "bob", "")
	for i := range 4 { // the guide's own code knows no limit
		b.client.Set(t.Context(), fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i), fmt.Sprintf(`{"user_id": "eve", "ip": "198.51.100.%d", "created_at": %d}`, i/3, time.Now().Unix()), 0)
	}
	s := b.counted()
	want(t, s, map[sample.Name]float64{
		sample.Up: 1, sample.MaxMemory: 100 << 20, sample.Sessions: 8, sample.SignedIn: 3, sample.WithoutTTL: 4,
		sample.PeopleOverLimit: 1, sample.AddressesOverLimit: 0, sample.Replicas: 0, sample.LinksDown: 0,
		sample.SaveFailed: 0, sample.AppendFailed: 0,
	})
	for _, name := range []sample.Name{
		sample.LatencyMS, sample.Keys, sample.OpsPerSec, sample.UptimeSecs, sample.MemoryUsed, sample.MemoryPercent, sample.MemorySystem,
		sample.SystemPercent, sample.Fragmentation, sample.Clients, sample.ClientsPercent, sample.SaveAge, sample.ChangesUnsaved,
	} {
		if _, ok := s.Get(name); !ok {
			t.Errorf("%s was not measured", name)
		}
	}
	if s.People[0] != (sample.Share{Name: "eve", Count: 4}) || s.Addresses[0] != (sample.Share{Name: "203.0.113.7", Count: 4}) {
		t.Errorf("people %v, addresses %v", s.People, s.Addresses)
	}
	if s.Texts[sample.Policy] != "volatile-lru" || s.Texts[sample.Topology] != "standalone" || s.Texts[sample.Version] == "" || s.Problem != "" || len(s.Nodes) > 0 {
		t.Errorf("texts %v, problem %q, nodes %v", s.Texts, s.Problem, s.Nodes)
	}
	if old := time.Since(s.At); old < -time.Minute || old > time.Minute {
		t.Errorf("it was taken %v ago", old)
	}
}

// What an event costs is counted between two probes.
func TestRatesAreOfTheTimeBetweenProbes(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, open(t, server.Addr), probe.Options{})
	if first := b.probe(); first.Values[sample.Up] != 1 {
		t.Fatal(first.Problem)
	} else if _, ok := first.Get(sample.EvictedPerMin); ok {
		t.Error("the first probe tells a rate")
	}
	b.client.ConfigSet(t.Context(), "maxmemory", "1")
	if err := b.client.Set(t.Context(), "a", "b", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatal(err)
	}
	s := b.probe()
	if rate := s.Values[sample.OOMErrorsPerMin]; rate <= 0 {
		t.Errorf("%v errors a minute", rate)
	}
	want(t, s, map[sample.Name]float64{sample.EvictedPerMin: 0, sample.RejectedPerMin: 0})
	if _, ok := s.Get(sample.MemoryPercent); !ok {
		t.Error("memory of maxmemory was not measured")
	}
}

func TestARedisThatIsAwayIsASample(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, open(t, server.Addr), probe.Options{})
	b.counted()
	server.Pause()
	began := time.Now()
	s := b.probe()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
	want(t, s, map[sample.Name]float64{sample.Up: 0})
	if len(s.Values) != 1 || s.Problem != "no answer within 2s" || s.At.IsZero() {
		t.Errorf("%+v", s)
	}
	server.Resume()
	server.Kill()
	if s = b.probe(); len(s.Values) != 1 || !strings.Contains(s.Problem, "refused") {
		t.Errorf("%+v", s)
	}
	server.Restart()
	redistest.Eventually(t, "it is back", func(context.Context) bool { return b.probe().Values[sample.Up] == 1 })
}

func TestAProbeEndsWithItsContext(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client(), probe.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := b.Probe(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", s, err)
	}
}

// Somebody who may not ask for everything is told what he may know.
func TestWhatIsRefusedIsLeftOut(t *testing.T) {
	server := redistest.Standalone(t)
	admin := open(t, server.Addr)
	if err := admin.Do(t.Context(), "ACL", "SETUSER", "helix", "on", ">planted-password", "~*", "&*", "+@all", "-info", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	o := *admin.Options()
	o.Username, o.Password = "helix", "planted-password"
	client := redis.NewClient(&o)
	t.Cleanup(func() { client.Close() })
	var failures []error
	p := probe.New(client, sessions.New(client, sessions.Fixed(policy()), sessions.Options{}), probe.Options{Failed: func(err error) { failures = append(failures, err) }})
	s, err := p.Probe(t.Context())
	if err != nil || s.Values[sample.Up] != 1 || len(failures) == 0 || !strings.Contains(failures[0].Error(), "NOPERM") {
		t.Errorf("%+v, %v, %v", s, err, failures)
	}
	if _, ok := s.Get(sample.MemoryUsed); ok || s.Texts[sample.Policy] != "" {
		t.Errorf("%+v", s)
	}
	admin.Do(t.Context(), "ACL", "SETUSER", "helix", "resetpass", ">another")
	admin.Do(t.Context(), "CLIENT", "KILL", "USER", "helix")
	if s, err = p.Probe(t.Context()); err != nil || s.Values[sample.Up] != 0 || !strings.Contains(s.Problem, "WRONGPASS") || strings.Contains(s.Problem, "planted") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTheEmbeddedServerIsProbedToo(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	b := newBench(t, open(t, server.Addr()), probe.Options{})
	s := b.counted()
	if s.Values[sample.Sessions] == 0 || s.Values[sample.MemoryUsed] == 0 || s.Texts[sample.Policy] == "" {
		t.Errorf("%+v", s)
	}
}

func TestAClusterIsProbedWhole(t *testing.T) {
	servers := redistest.Cluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: servers.Addrs(), ContextTimeoutEnabled: true, DisableIdentity: true, MaxRetries: 1, DialerRetries: 1})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client, probe.Options{})
	b.create("ann", "bob", "cid", "", "", "")
	var s sample.Sample
	redistest.Eventually(t, "the replicas are known", func(ctx context.Context) bool {
		client.ReloadState(ctx)
		s = b.counted()
		return len(s.Nodes) == 6 && s.Values[sample.Replicas] == 3
	})
	want(t, s, map[sample.Name]float64{sample.Sessions: 6, sample.SignedIn: 3, sample.ClusterOK: 1, sample.LinksDown: 0, sample.MaxMemory: 0})
	used := 0.0
	for _, n := range s.Nodes {
		if n.Role == "master" {
			used += n.Values[sample.MemoryUsed]
		}
	}
	if last := s.Nodes[3]; used != s.Values[sample.MemoryUsed] || last.Role != "replica" {
		t.Errorf("the masters use %v, together %v; the last is %+v", used, s.Values[sample.MemoryUsed], last)
	}
	servers.Replicas[2].Kill()
	servers.Replicas[0].Kill()
	servers.Masters[2].Kill()
	s = b.probe()
	want(t, s, map[sample.Name]float64{sample.Up: 1, sample.ClusterOK: 0, sample.LinksDown: 2})
	if _, ok := s.Get(sample.MemoryUsed); ok {
		t.Error("a sum lacks a master")
	}
}

func TestAReplicaThatLeavesIsMissed(t *testing.T) {
	master := redistest.Standalone(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := strings.Cut(master.Addr, ":")
	replica := redistest.Standalone(t, "--replicaof", host+" "+port)
	b := newBench(t, open(t, master.Addr), probe.Options{Sentinel: true})
	var s sample.Sample
	redistest.Eventually(t, "the replica is in step", func(context.Context) bool {
		s = b.probe()
		_, lag := s.Get(sample.ReplicaLag)
		info, err := b.client.Info(t.Context(), "replication").Result()
		return strings.Contains(info, "state=online") && err == nil && lag
	})
	want(t, b.probe(), map[sample.Name]float64{sample.LinksDown: 0, sample.Replicas: 1})
	ofReplica := newBench(t, open(t, replica.Addr), probe.Options{})
	want(t, ofReplica.probe(), map[sample.Name]float64{sample.LinksDown: 0})
	replica.Kill()
	redistest.Eventually(t, "one is missed", func(context.Context) bool {
		s = b.probe()
		return s.Values[sample.LinksDown] == 1
	})
	if s.Texts[sample.Topology] != "sentinel" {
		t.Errorf("%v", s.Texts)
	}
}
