package guide

func tooManySessions() Topic {
	return Topic{
		Name: "sessions", Title: "Too many sessions", Problem: true,
		Words: []string{"too many", "many", "accumulate", "accumulating", "slow", "slowdown", "growing", "ttl", "session count", "10,000", "10000"},
		Text: "Memory climbs steadily, there are more than 10,000 sessions, and everything gets slower.\n" +
			"Most often sessions have no TTL, so that they never end.",
		Looks: []string{
			`redis-cli DBSIZE`,
			`redis-cli TTL session:$(redis-cli KEYS "session:*" | head -1)`,
		},
		Steps: []Step{
			{
				Title: "Set a TTL where there is none",
				Text: "Sessions without a TTL get that of redis.session_ttl; those that have one keep it. Nobody is\n" +
					"logged out now. The guide's line gives 24 hours to all, so it also lets sessions live longer.",
				Guide: `redis-cli KEYS "session:*" | xargs -I {} redis-cli EXPIRE {} 86400`,
				Line:  "sessions fix-ttl",
			},
			{
				Title: "Clean up from now on",
				Text: "New sessions end after 24 hours, and a background run ends those that the policy has ended. A\n" +
					"plan tells first how many sessions that is.",
				Guide: `!config set redis.session_cleanup=true`,
				Line:  "config set redis.session_ttl=86400 redis.session_cleanup=true",
			},
			{
				Title: "Clear the whole database",
				Text: "The last resort: it logs everybody out, and takes every other key of the database along.\n" +
					"`sessions cleanup` ends only what is idle or too old.",
				Guide: `redis-cli FLUSHDB`,
				Line:  "redis flushdb",
			},
		},
	}
}

func outOfMemory() Topic {
	return Topic{
		Name: "memory", Title: "Redis is out of memory", Problem: true,
		Words: []string{"oom", "out of memory", "maxmemory", "full", "used memory", "evict", "eviction", "memory", "authentication errors", "failing to create"},
		Text: "Writes fail with \"OOM command not allowed when used memory > 'maxmemory'\", no session can be\n" +
			"made, and people cannot sign in.",
		Looks: []string{
			`redis-cli CONFIG GET maxmemory`,
			`redis-cli INFO memory | grep used_memory_human`,
		},
		Steps: []Step{
			{
				Title: "Raise the limit",
				Text:  "If the machine has the memory. Leave room for what Redis needs beside its data.",
				Guide: `redis-cli CONFIG SET maxmemory 2gb`,
				Line:  "redis config set maxmemory 2gb",
			},
			{
				Title: "Let Redis evict keys",
				Text: "Redis then drops the keys that were not used for longest, of whatever kind: that logs people out,\n" +
					"and it can hit keys of Helix's own. `volatile-lru` spares keys without a TTL.",
				Guide: `redis-cli CONFIG SET maxmemory-policy allkeys-lru`,
				Line:  "redis config set maxmemory-policy allkeys-lru",
			},
			{
				Title: "End old sessions",
				Text: "Ends the sessions that are idle, too old or too many for their person. The guide's line ends\n" +
					"them all: everybody is logged out.",
				Guide: `redis-cli --scan --pattern "session:*" | xargs -L 1000 redis-cli DEL`,
				Line:  "sessions cleanup",
			},
			{
				Title: "Restart Redis",
				Text:  "The last resort: what Redis has not saved is lost. It needs an action in config.yaml.",
				Guide: `railway service restart redis`,
				Line:  "railway service restart redis",
			},
		},
	}
}

func sessionLeaks() Topic {
	return Topic{
		Name: "leaks", Title: "Sessions leak: people cannot log out", Problem: true,
		Words: []string{"leak", "leaks", "leaking", "logout", "log out", "logged in", "logins", "persist", "multiple sessions", "same user", "per user"},
		Text: "Sessions are still there after a logout, one person has many, and their number grows with each\n" +
			"sign-in.",
		Looks: []string{
			`redis-cli --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -10`,
		},
		Steps: []Step{
			{
				Title: "Look at one person's sessions",
				Text:  "How many there are, how old, and from where.",
				Guide: `redis-cli KEYS "session:user:john@example.com:*"`,
				Line:  "sessions list --user {}", Wants: true,
			},
			{
				Title: "Mend the logout",
				Text: "In the service: end the session in Redis, clear its cookie, and make its token worthless. The\n" +
					"session service does the first and the last in one call (docs/service.md).",
			},
			{
				Title: "End one person's sessions",
				Text:  "They have to sign in again everywhere. Ending a session is final.",
				Guide: `redis-cli KEYS "session:user:john@example.com:*" | xargs redis-cli DEL`,
				Line:  "sessions end --user {}", Wants: true,
			},
			{
				Title: "Limit sessions per person",
				Text:  "With the sixth sign-in the oldest session ends (redis.max_sessions_action).",
				Guide: `redis.max_sessions_per_user=5`,
				Line:  "config set redis.max_sessions_per_user=5",
			},
		},
	}
}
