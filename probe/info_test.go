package probe

import (
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/sample"
)

// What servers of several ages say, cut to what matters.
const (
	redis6 = "# Server\nredis_version:6.2.14\nrun_id:a\nuptime_in_seconds:10\n\n# Clients\nconnected_clients:5\nmaxclients:10\n\n# Memory\nused_memory:50\nused_memory_rss:80\n" +
		"maxmemory:100\ntotal_system_memory:800\n\n# Persistence\nrdb_last_save_time:1762500000\nrdb_last_bgsave_status:err\naof_last_write_status:ok\n\n# Stats\nevicted_keys:7\n\n" +
		"# Replication\nrole:master\nconnected_slaves:2\nslave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=3\nslave1:ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0\n\n" +
		"# Errorstats\nerrorstat_OOM:count=4\n\n# Keyspace\ndb0:keys=3,expires=0,avg_ttl=0\ndb11:keys=4,expires=0,avg_ttl=0,subexpiry=0\n"
	valkey  = "# Server\nserver_name:valkey\nredis_version:7.2.4\nvalkey_version:8.1.0\nrun_id:a\n\n# Memory\nused_memory:50\nmaxmemory:0\n\n# Replication\nrole:slave\nmaster_link_status:down\nmaster_link_down_since_seconds:90\n\n# Keyspace\n"
	nothing = "\r\n-garbage\r\nused_memory:many\r\ndb0:keys\r\nslave0\r\nslave1:x\r\n"
)

func TestMeasure(t *testing.T) {
	none := -1.0
	for name, c := range map[string]struct {
		info string
		want map[sample.Name]float64
	}{
		"Redis 6": {redis6, map[sample.Name]float64{
			sample.Keys: 7, sample.MemoryPercent: 50, sample.SystemPercent: 10, sample.ClientsPercent: 50, sample.SaveFailed: 1, sample.AppendFailed: 0,
			sample.Replicas: 2, sample.ReplicaLag: 3, sample.SaveAge: 60, sample.ClusterOK: none, sample.LinksDown: none,
		}},
		"a Valkey that lost its master": {valkey, map[sample.Name]float64{
			sample.Keys: 0, sample.MaxMemory: 0, sample.MemoryPercent: none, sample.SystemPercent: none, sample.LinksDown: 1, sample.ReplicaLag: 90, sample.SaveAge: none,
		}},
		"nonsense": {nothing, map[sample.Name]float64{sample.Up: 1, sample.Keys: none, sample.MemoryUsed: none}},
	} {
		n := &node{info: parseInfo(strings.ReplaceAll(c.info, "\n", "\r\n")), saves: "900 1", told: true, now: time.Unix(1_762_500_060, 0)}
		got := n.measure()
		for value, want := range c.want {
			have, known := got[value]
			if known != (want != none) || known && have != want {
				t.Errorf("%s: %s is %v (%v), want %v", name, value, have, known, want)
			}
		}
	}
}

func TestSaveAgeOnlyWhereItSaves(t *testing.T) {
	for name, c := range map[string]struct {
		saves, more string
		told, want  bool
	}{
		"it saves":                     {"900 1", "", true, true},
		"it does not":                  {"", "rdb_saves:3\n", true, false},
		"it does not tell, but has":    {"", "rdb_saves:3\n", false, true},
		"it does not tell and has not": {"", "rdb_saves:0\n", false, false},
	} {
		n := &node{info: parseInfo("rdb_last_save_time:1762500000\n" + c.more), saves: c.saves, told: c.told, now: time.Unix(1_762_500_060, 0)}
		if _, got := n.measure()[sample.SaveAge]; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMastersAreMerged(t *testing.T) {
	master := func(limit, used, percent, lag float64) *node {
		return &node{master: true, values: map[sample.Name]float64{
			sample.MaxMemory: limit, sample.MemoryUsed: used, sample.MemoryPercent: percent, sample.LatencyMS: lag, sample.ClusterOK: 1, sample.UptimeSecs: lag,
		}}
	}
	v := make(map[sample.Name]float64)
	merge(v, []*node{master(100, 10, 10, 1), master(200, 30, 15, 2)}, false)
	for name, want := range map[sample.Name]float64{sample.MaxMemory: 300, sample.MemoryUsed: 40, sample.MemoryPercent: 15, sample.LatencyMS: 2, sample.UptimeSecs: 1, sample.ClusterOK: 1} {
		if v[name] != want {
			t.Errorf("%s is %v, want %v", name, v[name], want)
		}
	}
	v = make(map[sample.Name]float64)
	merge(v, []*node{master(100, 10, 10, 1), master(0, 30, 0, 2)}, true)
	if _, known := v[sample.MemoryUsed]; known || v[sample.MemoryPercent] != 10 || v[sample.ClusterOK] != 0 {
		t.Errorf("with one away: %v", v)
	}
}
