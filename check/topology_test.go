package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// finding answers the findings of a name that say something.
func finding(all []Finding, name, says string) (f Finding, ok bool) {
	for _, f := range all {
		if f.Name == name && strings.Contains(f.Detail, says) {
			return f, true
		}
	}
	return Finding{}, false
}

func TestReplicasAreLookedAt(t *testing.T) {
	careful := fields{"min-replicas-to-write": "1"}
	for _, tt := range []struct {
		name   string
		info   fields
		config fields
		needed bool
		level  Level
		says   string
	}{
		{"none needed", fields{}, careful, false, "", ""},
		{"none", fields{"connected_slaves": "0"}, careful, true, Warning, "nobody takes over"},
		{"in step", fields{"connected_slaves": "1", "slave0": "ip=a,port=1,state=online,offset=1,lag=1"}, careful, true, OK, "in step"},
		{"no minimum", fields{"connected_slaves": "1", "slave0": "ip=a,port=1,state=online,offset=1,lag=0"}, fields{"min-replicas-to-write": "0"}, true, OK, "cut off"},
		{"syncing", fields{"connected_slaves": "1", "slave0": "ip=a,port=1,state=wait_bgsave,offset=0,lag=0"}, careful, false, Warning, "a:1 (wait_bgsave)"},
		{"silent", fields{"connected_slaves": "2", "slave0": "ip=a,port=1,state=online,offset=1,lag=0", "slave1": "ip=b,port=2,state=online,offset=1,lag=40"}, careful, true, Warning, "b:2 (silent for 40 s)"},
	} {
		got := replication(tt.info, tt.config, tt.needed)
		if tt.level == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0].Level != tt.level || !strings.Contains(got[0].Detail, tt.says) || tt.level == Warning && got[0].Mend == "" {
			t.Errorf("%s: %+v; want %s: …%s…", tt.name, got, tt.level, tt.says)
		}
	}
}

func TestTheShapeOfAClusterIsLookedAt(t *testing.T) {
	whole := []redis.ClusterSlot{
		{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: "a:1"}, {Addr: "a:2"}}},
		{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: "b:1"}}},
	}
	if f, ok := finding(shape(whole), "Redis replicas", "b:1"); !ok || f.Level != Warning || strings.Contains(f.Detail, "a:1") {
		t.Errorf("%+v", f)
	}
	if f, ok := finding(shape(whole[:1]), clusterName, "8192 of 16384 slots"); !ok || f.Level != Fatal {
		t.Errorf("%+v", f)
	}
}

func TestCertificatesThatEndAreSaid(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	state := func(days int) tls.ConnectionState {
		return tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{{NotAfter: now.AddDate(0, 0, days)}}}
	}
	for _, tt := range []struct {
		got   Finding
		level Level
		says  string
	}{
		{TLS(state(15), time.Time{}, now), OK, "TLS 1.3. The server's certificate ends on 2026-01-16."},
		{TLS(state(13), time.Time{}, now), Warning, "in 13 days"},
		{TLS(state(90), now.AddDate(0, 0, 3), now), Warning, "Helix's certificate ends on 2026-01-04, in 3 days"},
		{TLS(state(90), now.AddDate(0, 0, -1), now), Warning, "which is past"},
	} {
		if tt.got.Level != tt.level || !strings.Contains(tt.got.Detail, tt.says) || tt.level == Warning && tt.got.Mend == "" {
			t.Errorf("%+v, want %s: %s", tt.got, tt.level, tt.says)
		}
	}
}

func TestSentinelsAreAsked(t *testing.T) {
	servers := redistest.Sentinel(t)
	clients := make(map[string]*redis.SentinelClient)
	for _, addr := range servers.Addrs() {
		clients[addr] = redis.NewSentinelClient(&redis.Options{Addr: addr, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1})
		defer clients[addr].Close()
	}
	if got := Sentinels(t.Context(), clients, redistest.MasterName); got[0].Level != OK || !strings.Contains(got[0].Detail, "3 know each other") {
		t.Errorf("%+v", got)
	}
	redistest.Eventually(t, "the replicas are found in step", func(ctx context.Context) bool {
		f, ok := finding(Redis(ctx, servers.Client(), servers.URL(), Own{Needs: own.Needs, Watched: true}), "Redis replicas", "in step")
		return ok && f.Level == OK
	})
	if got := Sentinels(t.Context(), clients, "another"); got[0].Level != Fatal || !strings.Contains(got[0].Detail, "No such master") {
		t.Errorf("%+v", got)
	}
	servers.Sentinels[2].Kill()
	if got := Sentinels(t.Context(), clients, redistest.MasterName); got[0].Level != Warning || !strings.Contains(got[0].Detail, servers.Sentinels[2].Addr) {
		t.Errorf("%+v", got)
	}
	servers.Sentinels[1].Kill()
	delete(clients, servers.Sentinels[1].Addr)
	delete(clients, servers.Sentinels[2].Addr)
	redistest.Eventually(t, "the last one is alone", func(ctx context.Context) bool {
		got := Sentinels(ctx, clients, redistest.MasterName)
		return got[0].Level == Warning && strings.Contains(got[0].Detail, "nobody takes over: ")
	})
}
