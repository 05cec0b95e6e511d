package alerts

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func TestRulesAndTheirSwitchesAreTheSame(t *testing.T) {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name)
		if r.Summary == "" || r.Cause == "" || r.Severity != Warning && r.Severity != Critical {
			t.Errorf("%s lacks something: %+v", r.Name, r)
		}
		for _, other := range r.Inhibits {
			if _, ok := ruleNamed(Rules(), other); !ok && other != "*" {
				t.Errorf("%s inhibits %s, which is no rule", r.Name, other)
			}
		}
		if r.Enabled(values(t, "alerts."+r.Name+".enabled=false")) || !r.Enabled(values(t)) {
			t.Errorf("%s is not switched by its setting", r.Name)
		}
	}
	if known := settings.AlertRuleNames(); !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(known))) {
		t.Errorf("rules %v, switches %v", names, known)
	}
}

func TestAHealthyRedisFiresNothing(t *testing.T) {
	for _, r := range Rules() {
		if v := r.Evaluate(values(t), Window{sampled(noon, nil)}); v.Status == Firing || v.Status == Between {
			t.Errorf("%s: %+v", r.Name, v)
		}
		if v := r.Evaluate(values(t), nil); v.Status != Unknown {
			t.Errorf("%s judges nothing: %+v", r.Name, v)
		}
		if v := r.Evaluate(values(t), Window{{At: noon}}); v.Status != Unknown {
			t.Errorf("%s judges what was not measured: %+v", r.Name, v)
		}
	}
}

func TestRulesJudge(t *testing.T) {
	type changes = map[sample.Name]float64
	for _, tt := range []struct {
		rule    string
		changes changes
		set     string
		want    Status
		words   string
	}{
		{"session_count", changes{sample.Sessions: 10_001}, "", Firing, "10,001 sessions now; the threshold is 10,000."},
		{"session_count", changes{sample.Sessions: 10_000}, "", Between, "10,000 sessions now"},
		{"session_count", changes{sample.Sessions: 9_500}, "", OK, "9,500 sessions now"},
		{"session_count", changes{sample.Sessions: 60}, "alerts.session_count=50", Firing, "the threshold is 50."},
		{"creation_rate", changes{sample.CreatedPerMin: 101}, "", Firing, "101 new sessions a minute; the threshold is 100."},
		{"creation_rate", changes{sample.CreatedPerMin: 101}, "redis.session_creation_alert_threshold=200", OK, ""},
		{"no_ttl", changes{sample.WithoutTTL: 1}, "", Firing, "1 session without a TTL now; the threshold is 0."},
		{"people_over_limit", changes{sample.PeopleOverLimit: 2}, "", Firing, "2 people have more sessions than redis.max_sessions_per_user; the threshold is 0."},
		{"addresses_over_limit", changes{sample.AddressesOverLimit: 1}, "", Firing, "1 address has more new sessions than redis.max_sessions_per_ip_per_hour"},
		{"memory", changes{sample.MemoryPercent: 90.5}, "", Firing, "Memory use is at 90.5% of maxmemory; the threshold is 90%."},
		{"memory", changes{sample.MemoryPercent: 87}, "", Between, ""},
		{"memory_warn", changes{sample.MemoryPercent: 81}, "", Firing, "the threshold is 80%."},
		{"system_memory", changes{sample.SystemPercent: 91}, "", Firing, "91.0% of the machine's memory"},
		{"memory_unlimited", changes{sample.MaxMemory: 0}, "", Firing, "maxmemory is not set"},
		{"fragmentation", changes{sample.Fragmentation: 1.6, sample.MemoryUsed: 200 << 20}, "", Firing, "160% of the memory that it uses; the threshold is 150%."},
		{"fragmentation", changes{sample.Fragmentation: 8, sample.MemoryUsed: 1 << 20}, "", OK, "not judged below 100 MiB"},
		{"connections", changes{sample.ClientsPercent: 95}, "", Firing, "95.0% of maxclients; the threshold is 90%."},
		{"server_down", changes{sample.Up: 0}, "", Firing, "Redis does not answer."},
		{"cluster_state", changes{sample.ClusterOK: 0}, "", Firing, "not ok"},
		{"replication_link", changes{sample.LinksDown: 1}, "", Firing, "1 replica has lost the master."},
		{"replication_link", changes{sample.Replicas: 1}, "alerts.replicas=2", Firing, "1 replica is connected; there should be 2."},
		{"replication_lag", changes{sample.ReplicaLag: 31}, "", Firing, "A replica is 31s behind its master; the threshold is 30s."},
		{"persistence", changes{sample.SaveFailed: 1}, "", Firing, "snapshot (RDB) failed"},
		{"persistence", changes{sample.AppendFailed: 1}, "", Firing, "append-only file failed"},
		{"save_age", changes{sample.SaveAge: 200_000, sample.ChangesUnsaved: 5}, "", Firing, "2d7h old; the threshold is 2d."},
		{"save_age", changes{sample.SaveAge: 200_000, sample.ChangesUnsaved: 0}, "", OK, "Everything is saved."},
	} {
		r, ok := ruleNamed(Rules(), tt.rule)
		if !ok {
			t.Fatalf("there is no rule %s", tt.rule)
		}
		var set []string
		if tt.set != "" {
			set = append(set, tt.set)
		}
		v := r.Evaluate(values(t, set...), Window{sampled(noon, tt.changes)})
		if v.Status != tt.want || !strings.Contains(v.Words, tt.words) {
			t.Errorf("%s with %v: %s %q, want %s %q", tt.rule, tt.changes, v.Status, v.Words, tt.want, tt.words)
		}
	}
}

func TestAPolicyIsUnsuitableOnlyBesideSessions(t *testing.T) {
	for _, tt := range []struct {
		policy   string
		sessions float64
		want     Status
	}{{"allkeys-lru", 5, Firing}, {"allkeys-lru", 0, OK}, {"noeviction", 5, OK}, {"volatile-ttl", 5, OK}} {
		s := sampled(noon, map[sample.Name]float64{sample.Sessions: tt.sessions})
		s.Texts[sample.Policy] = tt.policy
		r, _ := ruleNamed(Rules(), "eviction_policy")
		if v := r.Evaluate(values(t), Window{s}); v.Status != tt.want {
			t.Errorf("%s beside %v sessions: %+v", tt.policy, tt.sessions, v)
		}
	}
}

func TestTheCreationRateNamesItsSource(t *testing.T) {
	s := sampled(noon, map[sample.Name]float64{sample.CreatedPerMin: 150})
	s.Texts[sample.CreatedSource] = sample.FromDeltas
	r, _ := ruleNamed(Rules(), "creation_rate")
	if v := r.Evaluate(values(t), Window{s}); v.Words != "150 new sessions a minute at least, estimated from how counts changed; the threshold is 100." {
		t.Error(v.Words)
	}
}

// A rate that is over in a moment counts for five minutes.
func TestABurstOfEvictionsIsSeenForFiveMinutes(t *testing.T) {
	r, _ := ruleNamed(Rules(), "evictions")
	var w Window
	statuses := make(map[Status]int)
	for i := range 41 {
		rate := 0.0
		if i == 10 {
			rate = 40 // ten in fifteen seconds
		}
		w = w.add(sampled(noon.Add(time.Duration(i)*15*time.Second), map[sample.Name]float64{sample.EvictedPerMin: rate}), time.Hour)
		v := r.Evaluate(values(t), w)
		statuses[v.Status]++
		if i == 12 && v.Words != "10 keys were evicted in the last 5m; the threshold is 0." {
			t.Error(v.Words)
		}
	}
	if statuses[Firing] != 21 {
		t.Errorf("statuses %v, want 21 of 15 s each that fire", statuses)
	}
}

func TestAReplicaThatIsGoneIsMissed(t *testing.T) {
	r, _ := ruleNamed(Rules(), "replication_link")
	w := Window{sampled(noon, map[sample.Name]float64{sample.Replicas: 2})}.add(sampled(noon.Add(time.Minute), map[sample.Name]float64{sample.Replicas: 1}), time.Hour)
	if v := r.Evaluate(values(t), w); v.Status != Firing || v.Words != "1 replica is connected; lately there were 2." {
		t.Errorf("%+v", v)
	}
	silent := sampled(noon, nil)
	silent.Nodes = []sample.Node{{Address: "a", Role: "replica", Problem: "refused"}, {Address: "b", Role: "master"}}
	if v := r.Evaluate(values(t), Window{silent}); v.Status != Firing || v.Words != "1 replica does not answer." {
		t.Errorf("%+v", v)
	}
	silent.Nodes[1].Problem = "refused"
	down, _ := ruleNamed(Rules(), "server_down")
	if v := down.Evaluate(values(t), Window{silent}); v.Status != Firing || v.Words != "1 of 1 masters do not answer." {
		t.Errorf("%+v", v)
	}
}

func TestGrowthForeseesWhenMemoryIsFull(t *testing.T) {
	r, _ := ruleNamed(Rules(), "growth")
	grow := func(perMinute float64, minutes int) Window {
		var w Window
		for i := range minutes * 4 {
			used := 50<<20 + perMinute*float64(i)/4
			if i%5 == 2 {
				used += 20 << 20 // a fifth of the measurements are far off
			}
			w = w.add(sampled(noon.Add(time.Duration(i)*15*time.Second), map[sample.Name]float64{sample.MemoryUsed: used}), 30*time.Minute)
		}
		return w
	}
	for name, tt := range map[string]struct {
		perMinute float64
		minutes   int
		want      Status
	}{
		"steady": {0, 40, OK}, "fast": {200 << 10, 40, Firing}, "a little slower than the threshold": {125 << 10, 40, Between},
		"slow": {60 << 10, 40, OK}, "shrinking": {-200 << 10, 40, OK}, "too short a time": {200 << 10, 3, Unknown},
	} {
		if v := r.Evaluate(values(t), grow(tt.perMinute, tt.minutes)); v.Status != tt.want {
			t.Errorf("%s: %+v", name, v)
		}
	}
	v := r.Evaluate(values(t), grow(200<<10, 40))
	if v.Value < 3*3600 || v.Value > 4*3600 || !strings.Contains(v.Words, "Memory reaches maxmemory in 3h") || !strings.Contains(v.Words, "the threshold is 6h.") {
		t.Errorf("%+v", v)
	}
}

func TestTheWindowIsBoundedAndReachesBack(t *testing.T) {
	var w Window
	for i := range 4000 {
		w = w.add(sampled(noon.Add(time.Duration(i)*time.Second), nil), time.Hour)
	}
	if len(w) > maxRecent+maxThinned || w.Last().At.Sub(w[0].At) < 59*time.Minute || len(w.since(recent)) != 301 {
		t.Errorf("%d samples over %v, %d of them recent", len(w), w.Last().At.Sub(w[0].At), len(w.since(recent)))
	}
	if !slices.IsSortedFunc(w, func(a, b sample.Sample) int { return a.At.Compare(b.At) }) {
		t.Error("the window is out of order")
	}
	if w = w.add(sampled(noon, nil), time.Hour); len(w) != 1 {
		t.Error("a clock that was put back does not begin the window anew")
	}
}

func TestCustomRules(t *testing.T) {
	rules, err := customRules([]string{"flood: sessions > 5000 && created_per_min > 50", "policy: maxmemory_policy != 'noeviction'", "spare: max(keys, sessions) * 2 > ops_per_sec"})
	if err != nil || len(rules) != 3 {
		t.Fatal(rules, err)
	}
	s := sampled(noon, map[sample.Name]float64{sample.Sessions: 6000, sample.CreatedPerMin: 61})
	if v := rules[0].Evaluate(nil, Window{s}); v.Status != Firing || v.Words != "sessions 6,000, created_per_min 61: `sessions > 5000 && created_per_min > 50` is true." {
		t.Errorf("%+v", v)
	}
	if v := rules[1].Evaluate(nil, Window{s}); v.Status != OK {
		t.Errorf("%+v", v)
	}
	if v := rules[2].Evaluate(nil, Window{s}); v.Status != Unknown || v.Words != "keys was not measured." {
		t.Errorf("%+v", v)
	}
	if !slices.Contains(rules[0].labels(), "custom") {
		t.Error("a custom rule has not the label custom")
	}
}

func TestWrongCustomRulesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"flood sessions > 5000":            "a rule is a name",
		"Flood: sessions > 5000":           "a rule is a name",
		"memory: sessions > 5000":          "memory is the name of a rule or a label already",
		"critical: sessions > 5000":        "a label already",
		"flood: sesions > 5000":            "`sesions` is not measured. Did you mean `sessions`?",
		"flood: nonsense > 5000":           "`nonsense` is not measured; there are addresses_over_limit, ",
		"flood: sessions >":                "flood: ",
		"flood: sessions":                  "flood: ",
		"flood: 1 > 0":                     "it measures nothing",
		"flood: sessions > 'many'":         "flood: ",
		"flood: all(1..9, sessions > 5)":   "only values, numbers, texts, lists",
		"flood: sessions in 1..1000000000": "only values, numbers, texts, lists",
		"flood: [sessions][0] > 1":         "only values, numbers, texts, lists",
		"flood: " + strings.Repeat("sessions > 1 && ", 40) + "true":                                            "longer than 500 bytes",
		"flood: sessions > 1" + strings.Repeat("&&up>1", 80):                                                   "flood: ",
		"flood: repeat('x', 100000000) == '' || sessions > 1":                                                  "flood: ",
		"flood: " + strings.Repeat("(", 240) + "sessions > 1" + strings.Repeat(")", 240):                       "",
		"flood: sessions > 1 && maxmemory_policy matches '(a+)+$' && let x = 1; x > 0 && __env__.sessions > 1": "flood: ",
	} {
		rules, err := customRules([]string{text})
		if want == "" {
			continue // it may be read, as long as it ends
		}
		if err == nil || !strings.Contains(err.Error(), want) || len(rules) != 0 {
			t.Errorf("%q: %v %v, want %q", text, rules, err, want)
		}
	}
	if _, err := customRules(slices.Repeat([]string{"a: up < 1"}, 2)); err == nil {
		t.Error("two rules of one name are accepted")
	}
	if err := Check(t.Context(), nil, values(t, "alerts.rules=a: sesions > 1")); err == nil || !strings.Contains(err.Error(), "Did you mean `sessions`?") {
		t.Error(err)
	}
}

func FuzzCustomRule(f *testing.F) {
	for _, seed := range []string{"flood: sessions > 5000 && created_per_min > 50", "a: up in [1, 2]", "a: (1..100)[0] > up", "a: let x = up; x > 1", "a: up ?: 1"} {
		f.Add(seed)
	}
	whole := sampled(noon, nil)
	for name := range maps.Keys(blank()) {
		if _, text := whole.Texts[sample.Name(name)]; !text {
			whole.Values[sample.Name(name)] = 7
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := customRule(text)
		if err != nil {
			return
		}
		if v := r.Evaluate(nil, Window{whole}); len(v.Words) > maxWords {
			t.Errorf("%d bytes of words", len(v.Words))
		}
	})
}
