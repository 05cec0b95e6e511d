package embedded

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// section is one part of INFO.
type section struct {
	name, title string
	lines       func(s *Server) []string
}

func sections() []section {
	return []section{
		{"server", "Server", (*Server).infoServer},
		{"clients", "Clients", (*Server).infoClients},
		{"memory", "Memory", (*Server).infoMemory},
		{"persistence", "Persistence", (*Server).infoPersistence},
		{"stats", "Stats", (*Server).infoStats},
		{"replication", "Replication", (*Server).infoReplication},
		{"cluster", "Cluster", func(*Server) []string { return []string{"cluster_enabled:0"} }},
		{"keyspace", "Keyspace", (*Server).infoKeyspace},
	}
}

// info answers the sections asked for in the order of the server's own, each
// once, and nothing for one that does not exist.
func (s *Server) info(c *server.Peer, asked []string) {
	var parts []string
	for _, sec := range sections() {
		if !wanted(sec.name, asked) {
			continue
		}
		lines := append([]string{"# " + sec.title}, sec.lines(s)...)
		parts = append(parts, strings.Join(lines, "\r\n")+"\r\n")
	}
	c.WriteBulk(strings.Join(parts, "\r\n"))
}

func wanted(name string, asked []string) bool {
	if len(asked) == 0 {
		return true
	}
	return slices.ContainsFunc(asked, func(a string) bool {
		switch a = strings.ToLower(a); a {
		case "all", "everything", "default":
			return true
		default:
			return a == name
		}
	})
}

func (s *Server) infoServer() []string {
	up := int(time.Since(s.started).Seconds())
	return []string{
		"redis_version:7.0.15",
		"redis_mode:standalone",
		"os:" + runtime.GOOS + " " + runtime.GOARCH,
		"process_id:" + strconv.Itoa(os.Getpid()),
		"run_id:" + s.runID,
		"tcp_port:" + s.mini.Port(),
		"server_time_usec:" + strconv.FormatInt(time.Now().UnixMicro(), 10),
		"uptime_in_seconds:" + strconv.Itoa(up),
		"uptime_in_days:" + strconv.Itoa(up/86400),
		"executable:helix (embedded)",
		"config_file:",
	}
}

func (s *Server) infoClients() []string {
	return []string{
		"connected_clients:" + strconv.Itoa(s.mini.Server().ClientsLen()),
		"maxclients:" + s.parameter("maxclients"),
		"blocked_clients:0",
	}
}

// infoMemory tells the memory of the whole process: the data lives in it.
func (s *Server) infoMemory() []string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.mu.Lock()
	s.peak = max(s.peak, m.HeapAlloc)
	peak := s.peak
	s.mu.Unlock()
	limit, _ := strconv.ParseUint(s.parameter("maxmemory"), 10, 64)
	return []string{
		fmt.Sprintf("used_memory:%d", m.HeapAlloc),
		"used_memory_human:" + human(m.HeapAlloc),
		fmt.Sprintf("used_memory_rss:%d", m.Sys),
		"used_memory_rss_human:" + human(m.Sys),
		fmt.Sprintf("used_memory_peak:%d", peak),
		"used_memory_peak_human:" + human(peak),
		fmt.Sprintf("maxmemory:%d", limit),
		"maxmemory_human:" + human(limit),
		"maxmemory_policy:" + s.parameter("maxmemory-policy"),
		fmt.Sprintf("mem_fragmentation_ratio:%.2f", float64(m.Sys)/float64(max(m.HeapAlloc, 1))),
		"mem_allocator:go",
	}
}

// human writes bytes as Redis does: 1023B, 1.50K, 2.00M, 3.00G.
func human(n uint64) string {
	units := "BKMGT"
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

func (s *Server) infoPersistence() []string {
	return []string{
		"loading:0",
		"rdb_changes_since_last_save:0",
		"rdb_bgsave_in_progress:0",
		fmt.Sprintf("rdb_last_save_time:%d", s.started.Unix()),
		"rdb_last_bgsave_status:ok",
		"aof_enabled:0",
		"aof_rewrite_in_progress:0",
		"aof_last_bgrewrite_status:ok",
		"aof_last_write_status:ok",
	}
}

func (s *Server) infoStats() []string {
	return []string{
		"total_connections_received:" + strconv.Itoa(s.mini.Server().TotalConnections()),
		"total_commands_processed:" + strconv.Itoa(s.mini.Server().TotalCommands()),
		"rejected_connections:0",
		"evicted_keys:0",
	}
}

func (s *Server) infoReplication() []string {
	return []string{"role:master", "connected_slaves:0", "master_repl_offset:0"}
}

// infoKeyspace counts the keys of every database that has any.
func (s *Server) infoKeyspace() []string {
	var lines []string
	for n := range databases {
		db := s.mini.DB(n)
		keys := db.Keys()
		if len(keys) == 0 {
			continue
		}
		var expires int
		var total time.Duration
		for _, k := range keys {
			if ttl := db.TTL(k); ttl > 0 {
				expires++
				total += ttl
			}
		}
		average := total.Milliseconds() / int64(max(expires, 1))
		lines = append(lines, fmt.Sprintf("db%d:keys=%d,expires=%d,avg_ttl=%d", n, len(keys), expires, average))
	}
	return lines
}
