package embedded

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// section is one part of INFO.
type section struct {
	name  string
	lines func(c *call) []string
}

func sections() []section {
	return []section{
		{"Server", (*call).infoServer},
		{"Clients", (*call).infoClients},
		{"Memory", (*call).infoMemory},
		{"Persistence", (*call).infoPersistence},
		{"Stats", (*call).infoStats},
		{"Replication", (*call).infoReplication},
		{"CPU", (*call).infoCPU},
		{"Modules", func(*call) []string { return nil }},
		{"Errorstats", func(*call) []string { return nil }},
		{"Cluster", func(*call) []string { return []string{"cluster_enabled:0"} }},
		{"Keyspace", (*call).infoKeyspace},
	}
}

// INFO [section …]: each section once, in the server's own order, and nothing
// for one that does not exist.
func (c *call) info() {
	var parts []string
	for _, sec := range sections() {
		if !wanted(sec.name, c.args) {
			continue
		}
		lines := append([]string{"# " + sec.name}, sec.lines(c)...)
		parts = append(parts, strings.Join(lines, "\r\n")+"\r\n")
	}
	c.reply(prose(strings.Join(parts, "\r\n")))
}

func wanted(name string, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(a string) bool {
		switch strings.ToLower(a) {
		case "all":
			return name != "Modules"
		case "everything", "default":
			return true
		}
		return strings.EqualFold(a, name)
	})
}

func (c *call) infoServer() []string {
	now := time.Now()
	up := int(now.Sub(c.started).Seconds())
	return []string{
		"redis_version:" + version,
		"redis_mode:standalone",
		"os:" + runtime.GOOS + " " + runtime.GOARCH,
		"arch_bits:" + strconv.Itoa(strconv.IntSize),
		"process_id:" + strconv.Itoa(os.Getpid()),
		"run_id:" + c.runID,
		"tcp_port:" + c.config.get("port"),
		"server_time_usec:" + strconv.FormatInt(now.UnixMicro(), 10),
		"uptime_in_seconds:" + strconv.Itoa(up),
		"uptime_in_days:" + strconv.Itoa(up/86400),
		"hz:" + c.config.get("hz"),
		"executable:helix (embedded)",
		"config_file:",
	}
}

func (c *call) infoClients() []string {
	return []string{
		"connected_clients:" + strconv.Itoa(c.clients.count()),
		"maxclients:" + c.config.get("maxclients"),
		"blocked_clients:0",
	}
}

// infoMemory tells what the data takes by estimate, and as resident what the
// whole process has, since they cannot be told apart.
func (c *call) infoMemory() []string {
	data, peak := c.estimate()
	used, peak := startupMemory+data, startupMemory+peak
	resident := heapOfProcess()
	limit, _ := strconv.ParseUint(c.config.get("maxmemory"), 10, 64) // it was checked when it was set
	return []string{
		fmt.Sprintf("used_memory:%d", used),
		"used_memory_human:" + human(used),
		fmt.Sprintf("used_memory_rss:%d", resident),
		"used_memory_rss_human:" + human(resident),
		fmt.Sprintf("used_memory_peak:%d", peak),
		"used_memory_peak_human:" + human(peak),
		fmt.Sprintf("used_memory_peak_perc:%.2f%%", 100*float64(used)/float64(peak)),
		fmt.Sprintf("used_memory_startup:%d", startupMemory),
		fmt.Sprintf("used_memory_dataset:%d", data),
		fmt.Sprintf("maxmemory:%d", limit),
		"maxmemory_human:" + human(limit),
		"maxmemory_policy:" + c.config.get("maxmemory-policy"),
		fmt.Sprintf("mem_fragmentation_ratio:%.2f", float64(resident)/float64(used)),
		"mem_allocator:go",
	}
}

// human writes bytes as Redis does: 1023B, 1.50K, 2.00M, 3.00G.
func human[N int | uint64](n N) string {
	const units = "BKMGT"
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.2f%c", v, units[i])
}

func (c *call) infoPersistence() []string {
	return []string{
		"loading:0",
		"rdb_changes_since_last_save:" + strconv.FormatInt(c.stats.changes.Load(), 10),
		"rdb_bgsave_in_progress:0",
		fmt.Sprintf("rdb_last_save_time:%d", c.started.Unix()),
		"rdb_last_bgsave_status:ok",
		"aof_enabled:0",
		"aof_rewrite_in_progress:0",
		"aof_last_bgrewrite_status:ok",
		"aof_last_write_status:ok",
	}
}

func (c *call) infoStats() []string {
	return []string{
		fmt.Sprintf("total_connections_received:%d", c.stats.connections.Load()),
		fmt.Sprintf("total_commands_processed:%d", c.stats.commands.Load()),
		"rejected_connections:0",
		fmt.Sprintf("expired_keys:%d", c.stats.expired.Load()),
		"evicted_keys:0",
		fmt.Sprintf("keyspace_hits:%d", c.stats.hits.Load()),
		fmt.Sprintf("keyspace_misses:%d", c.stats.misses.Load()),
		fmt.Sprintf("pubsub_channels:%d", len(c.nativeStrings("pubsub", "channels"))),
		fmt.Sprintf("pubsub_patterns:%d", c.nativeInt("pubsub", "numpat")),
		fmt.Sprintf("total_error_replies:%d", c.stats.failed.Load()),
	}
}

func (c *call) infoReplication() []string {
	return []string{"role:master", "connected_slaves:0", "master_repl_offset:0"}
}

func (c *call) infoCPU() []string {
	user, system := processorTime()
	return []string{
		fmt.Sprintf("used_cpu_sys:%.6f", system.Seconds()),
		fmt.Sprintf("used_cpu_user:%.6f", user.Seconds()),
	}
}

// infoKeyspace counts the keys of every database that has any.
func (c *call) infoKeyspace() []string {
	var lines []string
	c.eachDatabase(func(db int, keys []string) {
		expires, total := 0, 0
		for _, key := range keys {
			if ttl := c.nativeInt("pttl", key); ttl > 0 {
				expires++
				total += ttl
			}
		}
		lines = append(lines, fmt.Sprintf("db%d:keys=%d,expires=%d,avg_ttl=%d", db, len(keys), expires, total/max(expires, 1)))
	})
	return lines
}
