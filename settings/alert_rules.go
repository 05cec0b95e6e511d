package settings

// The thresholds of the rules that package alerts evaluates, besides those that
// the guide and the first rules brought.
const (
	AlertsGrowthWithin         DurationKey = "alerts.growth_within"
	AlertsGrowthWindow         DurationKey = "alerts.growth_window"
	AlertsSystemMemoryPercent  IntKey      = "alerts.system_memory_percent"
	AlertsPeopleOverLimit      IntKey      = "alerts.people_over_limit"
	AlertsAddressesOverLimit   IntKey      = "alerts.addresses_over_limit"
	AlertsEvictions            IntKey      = "alerts.evictions"
	AlertsRejectedConnections  IntKey      = "alerts.rejected_connections"
	AlertsOOMErrors            IntKey      = "alerts.oom_errors"
	AlertsConnectionsPercent   IntKey      = "alerts.connections_percent"
	AlertsReplicas             IntKey      = "alerts.replicas"
	AlertsReplicationLag       DurationKey = "alerts.replication_lag"
	AlertsSaveAge              DurationKey = "alerts.save_age"
	AlertsFragmentationPercent IntKey      = "alerts.fragmentation_percent"
	AlertsFragmentationFrom    BytesKey    = "alerts.fragmentation_from"
	AlertsRules                ListKey     = "alerts.rules"
)

// AlertEnabled answers the setting that switches a rule of AlertRuleNames on
// and off; Snapshot's getters panic for any other.
func AlertEnabled(rule string) BoolKey { return BoolKey("alerts." + rule + ".enabled") }

// AlertRuleNames answers the rules that can be switched off.
func AlertRuleNames() []string {
	names := make([]string, len(alertRules))
	for i, r := range alertRules {
		names[i] = r.name
	}
	return names
}

// alertRules are the rules of package alerts. It never changes.
var alertRules = [...]struct{ name, watches string }{
	{"server_down", "a Redis that does not answer"},
	{"memory", "memory use close to maxmemory"},
	{"memory_warn", "memory use on its way to maxmemory"},
	{"growth", "the time until maxmemory at today's slope"},
	{"system_memory", "Redis's share of the machine's memory"},
	{"memory_unlimited", "a missing maxmemory"},
	{"eviction_policy", "an eviction policy that may end any session"},
	{"evictions", "evicted keys"},
	{"oom_errors", "commands refused because memory was full"},
	{"fragmentation", "fragmented memory"},
	{"creation_rate", "the rate of new sessions"},
	{"session_count", "the number of sessions"},
	{"no_ttl", "sessions without a TTL"},
	{"people_over_limit", "people with too many sessions"},
	{"addresses_over_limit", "addresses that make too many sessions"},
	{"connections", "connections close to maxclients"},
	{"rejected_connections", "rejected connections"},
	{"replication_link", "replicas that are gone or have lost their master"},
	{"replication_lag", "replicas that are behind"},
	{"persistence", "writing to disk that fails"},
	{"save_age", "an old snapshot on disk"},
	{"cluster_state", "the state of the Cluster"},
}

// maxCount is more than is ever counted.
const maxCount = 1_000_000_000

func alertRuleRows() []Setting {
	rows := []Setting{
		{Key: string(AlertsGrowthWithin), Kind: Duration, Default: "21600", Min: minute, Max: 30 * day, Live: true,
			Help: "Memory that would reach maxmemory within this long, at today's slope, raises a warning."},
		{Key: string(AlertsGrowthWindow), Kind: Duration, Default: "1800", Min: minute, Max: day, Live: true,
			Help: "How far back the slope of memory use is taken from."},
		{Key: string(AlertsSystemMemoryPercent), Kind: Percent, Default: "90", Min: 1, Max: 100, Live: true,
			Help: "Redis holding more than this share of the machine's memory raises an alert."},
		{Key: string(AlertsPeopleOverLimit), Kind: Integer, Default: "0", Max: maxCount, Unit: "people", Live: true,
			Help: "More people than this with more than redis.max_sessions_per_user sessions raise a warning."},
		{Key: string(AlertsAddressesOverLimit), Kind: Integer, Default: "0", Max: maxCount, Unit: "addresses", Live: true,
			Help: "More addresses than this with more than redis.max_sessions_per_ip_per_hour new sessions raise a warning."},
		{Key: string(AlertsEvictions), Kind: Integer, Default: "0", Max: maxCount, Unit: "keys in 5 minutes", Live: true,
			Help: "More evicted keys than this raise an alert: an evicted session is a silent logout."},
		{Key: string(AlertsRejectedConnections), Kind: Integer, Default: "0", Max: maxCount, Unit: "connections in 5 minutes", Live: true,
			Help: "More rejected connections than this raise an alert."},
		{Key: string(AlertsOOMErrors), Kind: Integer, Default: "0", Max: maxCount, Unit: "commands in 5 minutes", Live: true,
			Help: "More commands refused because memory was full than this raise an alert."},
		{Key: string(AlertsConnectionsPercent), Kind: Percent, Default: "90", Min: 1, Max: 100, Live: true,
			Help: "More connections than this share of maxclients raise a warning."},
		{Key: string(AlertsReplicas), Kind: Integer, Default: "0", Max: 1000, Unit: "replicas", Live: true,
			Help: "Fewer connected replicas than this raise a warning. One that goes away is told of in any case."},
		{Key: string(AlertsReplicationLag), Kind: Duration, Default: "30", Min: 1, Max: day, Live: true,
			Help: "A replica that is further behind its master than this raises a warning."},
		{Key: string(AlertsSaveAge), Kind: Duration, Default: "172800", Min: 1, Max: 365 * day, Live: true,
			Help: "A last snapshot on disk that is older than this raises a warning where there is something to save."},
		{Key: string(AlertsFragmentationPercent), Kind: Percent, Default: "150", Min: 101, Max: 10_000, Live: true,
			Help: "Resident memory above this share of what is used raises a warning."},
		{Key: string(AlertsFragmentationFrom), Kind: Bytes, Default: "104857600", Min: 0, Max: 1024 * gib, Live: true,
			Help: "Fragmentation is judged from this much used memory on; below it says nothing."},
		{Key: string(AlertsRules), Kind: List, Live: true,
			Help: "Further rules over the measured values, as in flood: sessions > 5000 && created_per_min > 50. @critical behind one makes it ring, @hold=2m goes before alerts.hold. One with a comma or a bracket stands between quotes."},
	}
	for _, r := range alertRules {
		rows = append(rows, Setting{Key: string(AlertEnabled(r.name)), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether there are alerts for " + r.watches + "."})
	}
	return rows
}
