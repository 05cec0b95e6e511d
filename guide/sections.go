package guide

func monitoring() Topic {
	return Topic{
		Name: "monitoring", Title: "Are the sessions well?",
		Words: []string{"monitor", "health", "healthy", "watch", "count"},
		Text:  "How many sessions there are, and how much memory Redis uses.",
		Looks: []string{
			`redis-cli KEYS "session:*" | wc -l`,
			`redis-cli INFO memory | grep used_memory_human`,
		},
		Steps: []Step{
			{Title: "Some sessions", Text: "The first ten that come.", Guide: `redis-cli KEYS "session:*" | head -10`, Line: `redis keys session:* | head -10`},
			{Title: "One session", Text: "What it holds, and how long it lasts.", Guide: `redis-cli GET session:abc123`, Line: "sessions show {}", Wants: true},
			{Title: "Watch Redis work", Text: "Every command that it is given, for ten seconds.", Guide: `redis-cli MONITOR`, Line: "redis monitor"},
		},
	}
}

func configuration() Topic {
	return Topic{
		Name: "configuration", Title: "Recommended settings",
		Words: []string{"config", "settings", "production", "development", "profile", "recommended"},
		Text: "In production sessions end after 24 hours, or 5 minutes without use; a run each hour cleans up, and\n" +
			"a person has at most 5. In development they end after one hour, and a run each 10 minutes cleans up.",

		Steps: []Step{
			{Title: "Production settings", Text: "All of them at once.", Guide: `redis.session_ttl=86400`, Line: "config profile production"},
			{Title: "Development settings", Text: "All of them at once.", Guide: `redis.session_ttl=3600`, Line: "config profile development"},
		},
	}
}

func security() Topic {
	return Topic{
		Name: "security", Title: "Security of sessions",
		Words: []string{"hijacking", "hijack", "bind", "cookie", "cookies", "rate limit", "abuse", "secure"},
		Text: "A session that is bound to its address is worthless elsewhere; a new id at sign-in keeps a planted\n" +
			"one from becoming a login; limits on new sessions keep one address from making many.",
		Steps: []Step{
			{Title: "Bind sessions to their address", Text: "Who changes the network signs in again.", Guide: `redis.session_bind_ip=true`, Line: "config set redis.session_bind_ip=true"},
			{Title: "A new id at sign-in", Text: "Nobody is logged out.", Guide: `redis.session_regenerate_on_auth=true`, Line: "config set redis.session_regenerate_on_auth=true"},
			{Title: "At most 20 new sessions an hour for an address", Text: "Many people behind one address share that.", Guide: `redis.max_sessions_per_ip_per_hour=20`, Line: "config set redis.max_sessions_per_ip_per_hour=20"},
		},
	}
}

func performance() Topic {
	return Topic{
		Name: "performance", Title: "Redis, set up for sessions",
		Words: []string{"persistence", "rdb", "aof", "save", "append", "durability", "optimize", "optimization"},
		Text: "Small sessions: who, a token and times, and no files or whole objects. Snapshots let sessions\n" +
			"survive a restart; the append-only file loses at most a second.",
		Steps: []Step{
			{Title: "Keep an append-only file", Text: "Costs some speed. Redis first writes what it holds into it.", Guide: `appendonly yes`, Line: "redis config set appendonly yes"},
			{Title: "Limit the memory", Text: "Redis then never takes more than that for its data.", Guide: `maxmemory 2gb`, Line: "redis config set maxmemory 2gb"},
		},
	}
}

func quickReference() Topic {
	return Topic{
		Name: "reference", Title: "Quick reference",
		Words: []string{"quick", "commands", "cheat sheet", "longest"},
		Text:  "The lines that are asked for most.",
		Steps: []Step{
			{Title: "Session count", Text: "All keys of the database, Helix's own among them.", Guide: `redis-cli DBSIZE`, Line: "redis dbsize"},
			{Title: "Memory in use", Text: "As Redis counts it.", Guide: `redis-cli INFO memory | grep used_memory_human`, Line: "redis info memory | grep used_memory_human"},
			{Title: "The session with the longest TTL", Text: "Its TTL in seconds, and its key.", Guide: `redis-cli KEYS "session:*" | xargs -I {} sh -c 'echo "$(redis-cli TTL {}) {}"' | sort -rn | head -1`, Line: `redis keys session:* | xargs -I {} sh -c 'echo "$(redis ttl {}) {}"' | sort -rn | head -1`},
		},
	}
}
