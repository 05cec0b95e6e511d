package check

import (
	"fmt"
	"strconv"
	"strings"
)

// persistence holds the server against the guide's section "Redis
// Configuration": RDB snapshots, and AOF for durability.
func persistence(info, config fields) Finding {
	f := Finding{Name: "Redis persistence", Level: Warning}
	rdb, aof := config["save"] != "", config["appendonly"] == "yes"
	switch {
	case info["rdb_last_bgsave_status"] == "err" && rdb:
		f.Detail = "The last RDB snapshot failed; with stop-writes-on-bgsave-error the server refuses changes, and a restart brings back old sessions."
		f.Mend = "Look into the server's log; most often the disk is full or memory cannot be overcommitted."
	case aof && info["aof_last_write_status"] == "err":
		f.Detail = "The last write to the AOF failed."
		f.Mend = "Look into the server's log and at its disk."
	case !rdb && !aof:
		f.Detail = "Neither RDB nor AOF is on: a restart of Redis logs everyone out, and live settings are gone unless a Helix is running."
		f.Mend = `The guide: CONFIG SET save "900 1 300 10 60 10000"; for durability also CONFIG SET appendonly yes.`
	case aof:
		return appendOnly(config["appendfsync"])
	default:
		return snapshots(config["save"])
	}
	return f
}

// snapshots says how much of the logins and logouts a crash loses with RDB only.
func snapshots(save string) Finding {
	const guide, guideSeconds = "900 1 300 10 60 10000", 900
	f := Finding{Name: "Redis persistence", Level: OK,
		Detail: fmt.Sprintf("RDB (%s), no AOF: a crash loses the logins and logouts since the last snapshot.", save)}
	if seconds := longest(save); seconds > guideSeconds {
		f.Level = Warning
		f.Detail += fmt.Sprintf(" While changes are few, that is one in %d s.", seconds)
		f.Mend = fmt.Sprintf(`The guide: CONFIG SET save "%s"; for durability also CONFIG SET appendonly yes.`, guide)
	}
	return f
}

// longest answers the longest time of a value of save, in seconds.
func longest(save string) int {
	words := strings.Fields(save) // seconds, changes, seconds, changes …
	seconds := 0
	for i := 0; i < len(words); i += 2 {
		n, _ := strconv.Atoi(words[i])
		seconds = max(seconds, n)
	}
	return seconds
}

// appendOnly says how much a crash loses with AOF.
func appendOnly(fsync string) Finding {
	f := Finding{Name: "Redis persistence", Level: OK, Detail: "AOF is on (appendfsync " + fsync + "): "}
	switch fsync {
	case "always":
		f.Detail += "a crash loses nothing, and every change waits for the disk."
	case "everysec":
		f.Detail += "a crash loses about a second."
	default:
		f.Level = Warning
		f.Detail += "the system decides when to write, so a crash of the machine may lose half a minute of logins and logouts."
		f.Mend = "The guide: CONFIG SET appendfsync everysec."
	}
	return f
}

// memory holds the server against the guide's limit.
func memory(info, config fields) Finding {
	f := Finding{Name: "Redis maxmemory", Level: OK}
	limit, used := (fields{"n": config["maxmemory"]}).int("n"), info.int("used_memory")
	if limit == 0 {
		f.Level = Warning
		f.Detail = fmt.Sprintf("maxmemory is 0, no limit: growing sessions end with the system killing Redis. %s are used.", size(used))
		f.Mend = "The guide: CONFIG SET maxmemory 2gb, or what the machine can spare."
		return f
	}
	percent := used * 100 / limit
	f.Detail = fmt.Sprintf("%s of %s used, %d %%.", size(used), size(limit), percent)
	if percent >= 80 {
		f.Level = Warning
		f.Mend = "Raise maxmemory, or look for sessions without TTL."
	}
	return f
}

// eviction explains what the policy does to sessions once memory is full.
func eviction(config fields) Finding {
	policy := config["maxmemory-policy"]
	f := Finding{Name: "Redis eviction policy", Level: OK}
	switch {
	case policy == "noeviction":
		f.Detail = "noeviction: when memory is full, nobody is logged out, but new sessions fail."
	case strings.HasPrefix(policy, "allkeys-"):
		f.Level = Warning
		f.Detail = policy + ": when memory is full, Redis deletes any key, live sessions and Helix's own settings among them; people are logged out without a trace."
		f.Mend = "Keep sessions in a Redis of their own with noeviction and an alert on memory, or accept it knowingly: the guide advises allkeys-lru."
	default:
		f.Level = Warning
		f.Detail = policy + ": when memory is full, Redis deletes keys that have a TTL, and every healthy session has one; people are logged out without a trace."
		f.Mend = "Use noeviction with an alert on memory, or accept it knowingly."
	}
	return f
}

// notifications says how well the creation of sessions can be counted.
func notifications(config fields) Finding {
	events := config["notify-keyspace-events"]
	f := Finding{Name: "Redis key events", Level: OK}
	if strings.Contains(events, "E") && strings.Contains(events, "n") {
		f.Detail = "The event of new keys is on: sessions created by other software are counted exactly."
		return f
	}
	f.Detail = "The event of new keys is off: sessions created by other software are counted from differences."
	f.Mend = "If that matters: CONFIG SET notify-keyspace-events En (costs the server a little)."
	return f
}

// size prints bytes as INFO does, with binary units.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
