package settings

// Seconds, for the ranges of durations.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// Table answers every setting, in the order in which lists show them. The
// defaults of redis.session_* and redis.max_* are the guide's.
func Table() []Setting {
	var rows []Setting
	rows = append(rows, sessionRows()...)
	rows = append(rows, cookieRows()...)
	rows = append(rows, connectionRows()...)
	rows = append(rows, storeRows()...)
	rows = append(rows, apiRows()...)
	rows = append(rows, alertRows()...)
	rows = append(rows, alertRuleRows()...)
	rows = append(rows, discordRows()...)
	rows = append(rows, redactRows()...)
	rows = append(rows, shellRows()...)
	rows = append(rows, changeRows()...)
	rows = append(rows, auditRows()...)
	rows = append(rows, healthRows()...)
	return append(rows, processRows()...)
}

func sessionRows() []Setting {
	return []Setting{
		{Key: string(SessionTTL), Kind: Duration, Default: "86400", Development: "3600", Min: 1, Max: 365 * day, Live: true,
			Help: "A session ends this long after its creation, however busy it is."},
		{Key: string(SessionIdleTimeout), Kind: Duration, Default: "300", Development: "300", Min: 1, Max: 365 * day, Live: true,
			Help: "A session ends when it has not been used for this long. At most redis.session_ttl."},
		{Key: string(SessionCleanup), Kind: Boolean, Default: "true", Development: "true", Live: true,
			Help: "Whether a background run ends sessions past their time and gives a TTL to those without."},
		{Key: string(SessionCleanupInterval), Kind: Duration, Default: "3600", Development: "600", Min: 1, Max: 7 * day, Live: true,
			Help: "Time from one cleanup to the next."},
		{Key: string(MaxSessionsPerUser), Kind: Integer, Default: "5", Development: "5", Min: 1, Max: 10_000, Unit: "sessions", Live: true,
			Help: "How many sessions one person may have at once."},
		{Key: string(MaxSessionsAction), Kind: Enum, Default: EvictOldest, Allowed: []string{EvictOldest, Deny}, Live: true,
			Help: "What a sign-in beyond redis.max_sessions_per_user does: end the person's oldest session, or be denied."},
		{Key: string(MaxSessionsPerIPPerHour), Kind: Integer, Default: "20", Min: 1, Max: 10_000_000, Unit: "sessions an hour", Live: true,
			Help: "How many sessions one address may create within an hour. An IPv6 address counts as its /64 network."},
		{Key: string(SessionCreationThreshold), Kind: Integer, Default: "100", Min: 1, Max: 10_000_000, Unit: "sessions a minute", Live: true,
			Help: "More new sessions than this in a minute raise an alert."},
		{Key: string(SessionBindIP), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether a session is valid only from the address that created it."},
		{Key: string(SessionRegenerateOnAuth), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether signing in replaces the session's id, which defeats session fixation."},
		{Key: string(SessionCompat), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether sessions whose id is a bare UUID, as the guide's Python writes them, are accepted. Turn it off after migration: such an id can be read in the key's name."},
	}
}

func cookieRows() []Setting {
	return []Setting{
		{Key: string(SessionCookieSecure), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether the session cookie travels over HTTPS only."},
		{Key: string(SessionCookieHTTPOnly), Kind: Boolean, Default: "true", Live: true,
			Help: "Whether the session cookie is hidden from scripts in the page."},
		{Key: string(SessionCookieSameSite), Kind: Enum, Default: "strict", Allowed: []string{"strict", "lax", "none"}, Live: true,
			Help: "When other sites' requests carry the session cookie. Browsers accept none only together with redis.session_cookie_secure."},
	}
}

func connectionRows() []Setting {
	return []Setting{
		{Key: string(RedisURL), Kind: Text, Secret: true, Env: "REDIS_URL",
			Help: "Where Redis is: redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel:// or redis+cluster://."},
		{Key: string(RedisTLSCAFile), Kind: Text,
			Help: "File of the authorities (PEM) that a Redis reached by rediss:// is trusted by. Empty: the system's. Read anew for every connection, as are the next two."},
		{Key: string(RedisTLSCertFile), Kind: Text,
			Help: "File of the certificate (PEM, with its chain) that Helix shows to Redis. Goes with redis.tls_key_file."},
		{Key: string(RedisTLSKeyFile), Kind: Text,
			Help: "File of the private key of redis.tls_cert_file (PEM)."},
		{Key: string(RedisTLSServerName), Kind: Text,
			Help: "The name that Redis's certificate has to bear. Empty: that of the host in redis.url."},
		{Key: string(RedisSentinelUser), Kind: Text,
			Help: "Who Helix is to the Sentinels, where they ask. Empty: their default user. The user in redis.url is the master's."},
		{Key: string(RedisSentinelPassword), Kind: Text, Secret: true,
			Help: "The password at the Sentinels. Empty: none."},
		{Key: string(RedisPoolSize), Kind: Integer, Default: "50", Min: 1, Max: 10_000, Unit: "connections",
			Help: "Connections to one Redis server at most."},
		{Key: string(RedisKeepaliveIdle), Kind: Duration, Default: "30", Min: 1, Max: day,
			Help: "A connection that is silent for this long is probed, so that a dead one is noticed."},
		{Key: string(RedisKeepaliveInterval), Kind: Duration, Default: "10", Min: 1, Max: hour,
			Help: "Time from one unanswered probe to the next."},
		{Key: string(RedisKeepaliveProbes), Kind: Integer, Default: "3", Min: 1, Max: 100, Unit: "probes",
			Help: "After this many unanswered probes the connection counts as dead."},
		{Key: string(RedisTimeout), Kind: Duration, Default: "5", Min: 1, Max: 5 * minute,
			Help: "How long to wait for a connection, and for a reply where nothing else bounds it."},
		{Key: string(RedisMaxShare), Kind: Percent, Default: "100", Min: 1, Max: 100, Live: true,
			Help: "The share of the server's time that bulk work may take. Below 100 it is slower and kinder."},
	}
}

func storeRows() []Setting {
	return []Setting{
		{Key: string(SessionsGrace), Kind: Duration, Default: "10", Min: 0, Max: 10, Live: true,
			Help: "How long the old token of a rotated session still reads it, for requests in flight. 0: not at all; never after a sign-in."},
		{Key: string(SessionsKey), Kind: Text, Secret: true,
			Help: "The key from which the ids of sessions are made, kept outside Redis: without it nobody who can write to Redis can make a token. Another key ends all sessions."},
		{Key: string(SessionsCookieName), Kind: Text, Default: "session", check: checkCookieName,
			Help: "How the session cookie is called. While redis.session_cookie_secure is on, __Host- stands before it."},
	}
}

func apiRows() []Setting {
	return []Setting{
		{Key: string(APIListen), Kind: Text, check: optional(checkListen),
			Help: "Where the session service listens, as in 127.0.0.1:8700. Empty: the bot does without."},
		{Key: string(APIKeys), Kind: Text, Secret: true,
			Help: "Who may use the session service: name:secret:scope[+scope], several by commas. The scopes are sessions, users, auth, policy and all."},
		{Key: string(APIHosts), Kind: List, check: checkHost,
			Help: "Names that requests may call the session service by, without a port. Empty: localhost, the loopback addresses and that of api.listen."},
		{Key: string(APITrustedProxies), Kind: List, check: checkNetwork,
			Help: "Addresses and networks of the proxies whose X-Forwarded-For is believed, as in 127.0.0.1 and 10.0.0.0/8."},
		{Key: string(APITLSCert), Kind: Text,
			Help: "File of the session service's certificate with its chain (PEM). Empty: plain HTTP. Goes with api.tls_key."},
		{Key: string(APITLSKey), Kind: Text,
			Help: "File of the private key of api.tls_cert (PEM)."},
		{Key: string(APIRate), Kind: Integer, Default: "1000", Min: 1, Max: 1_000_000, Unit: "requests a second",
			Help: "How many requests one key may make. A second's worth may come at once."},
		{Key: string(APIMaxBody), Kind: Bytes, Default: "131072", Min: kib, Max: mib,
			Help: "How large the body of a request may be."},
	}
}

func alertRows() []Setting {
	return []Setting{
		{Key: string(AlertsInterval), Kind: Duration, Default: "15", Min: 1, Max: hour, Live: true,
			Help: "Time from one look at Redis to the next."},
		{Key: string(AlertsHold), Kind: Duration, Default: "30", Min: 0, Max: day, Live: true,
			Help: "A threshold has to stay crossed for this long before an alert is sent."},
		{Key: string(AlertsPingRole), Kind: Text, Live: true, check: optional(checkID),
			Help: "Id of the role that critical incidents ring. It has to be one that anyone may mention, or Helix needs the right to mention all roles. Empty: nobody is rung."},
		{Key: string(AlertsRepeat), Kind: Duration, Default: "14400", Min: minute, Max: 30 * day, Live: true,
			Help: "An alert that nobody has acknowledged is sent again after this long."},
		{Key: string(AlertsSessionCount), Kind: Integer, Default: "10000", Min: 1, Max: 1_000_000_000, Unit: "sessions", Live: true,
			Help: "More sessions than this raise an alert."},
		{Key: string(AlertsMemoryWarnPercent), Kind: Percent, Default: "80", Min: 1, Max: 100, Live: true,
			Help: "Memory use above this share of maxmemory raises a warning. At most alerts.memory_percent."},
		{Key: string(AlertsMemoryPercent), Kind: Percent, Default: "90", Min: 1, Max: 100, Live: true,
			Help: "Memory use above this share of maxmemory raises an alert."},
		{Key: string(AlertsNoTTL), Kind: Integer, Default: "0", Min: 0, Max: 1_000_000_000, Unit: "sessions", Live: true,
			Help: "More sessions without a TTL than this raise an alert."},
	}
}

func discordRows() []Setting {
	return []Setting{
		{Key: string(DiscordToken), Kind: Text, Secret: true, Env: "DISCORD_TOKEN",
			Help: "The bot's token. Without one Helix opens the console."},
		{Key: string(DiscordGuilds), Kind: List, check: checkID,
			Help: "Ids of the guilds that Helix serves. Empty: the only guild that it is in at its first start."},
		{Key: string(DiscordOpsChannel), Kind: Text, Setup: true, check: optional(checkID),
			Help: "Id of the channel that alerts go to."},
		{Key: string(DiscordPrefix), Kind: Text, Default: "!", Setup: true, check: checkPrefix,
			Help: "What a message for the bot begins with. Mentioning the bot works as well."},
		{Key: string(DiscordRoles), Kind: List, Setup: true, check: checkBinding,
			Help: "Who has a role besides those that permissions.roles gives it: role:ID of a Discord role, or role:user:ID of a person, as in oncall:1111111111."},
		{Key: string(DiscordShards), Kind: Text, Default: "1", check: checkShards,
			Help: "How many connections share the servers, up to 64: a bot in thousands of them needs several. auto: as many as Discord recommends."},
		{Key: string(DiscordCommands), Kind: Enum, Default: "guild", Allowed: []string{"guild", "global", "off"},
			Help: "Where slash commands are registered: guild is in each served guild, where they show at once; global is in all, which may take an hour; off takes them away."},
		{Key: string(DiscordAPIURL), Kind: Text, Default: "https://discord.com/api/v10", check: checkURL("https", "http"),
			Help: "Discord's REST address, or that of a proxy for it. Every other host is refused then."},
		{Key: string(DiscordGatewayURL), Kind: Text, check: optional(checkURL("wss", "ws")),
			Help: "The gateway's address. Empty: the one that Discord names."},
	}
}

func redactRows() []Setting {
	return []Setting{
		{Key: string(RedactDiscord), Kind: Boolean, Default: "true",
			Help: "Whether secrets in values, and all but the first eight characters of session ids, are hidden on Discord."},
		{Key: string(RedactFields), Kind: List,
			Help: "Names of further fields whose values are hidden, as in customer_pin. Passwords, tokens, cookies and their like are hidden anyway."},
		{Key: string(RedactPatterns), Kind: List, check: checkPattern,
			Help: "Regular expressions (RE2) of further texts to hide, as in acme-[0-9]+. One with a comma or a bracket stands between quotes."},
	}
}

func shellRows() []Setting {
	return []Setting{
		{Key: string(ShellTimeout), Kind: Duration, Default: "60", Min: 1, Max: hour, Live: true,
			Help: "How long one program may run."},
		{Key: string(ShellMaxSteps), Kind: Integer, Default: "5000000", Min: 100, Max: 1_000_000_000, Unit: "steps", Live: true,
			Help: "How many commands and loop rounds one program may run."},
		{Key: string(ShellMaxVariable), Kind: Bytes, Default: "1048576", Min: kib, Max: 16 * mib, Live: true,
			Help: "How large one variable may grow."},
		{Key: string(ShellMaxHeld), Kind: Bytes, Default: "25165824", Min: 64 * kib, Max: gib, Live: true,
			Help: "How much a program may hold at once in variables, captures, sort and their like."},
		{Key: string(ShellMaxOutput), Kind: Bytes, Default: "67108864", Min: kib, Max: 4 * gib, Live: true,
			Help: "How much a program may write."},
		{Key: string(ShellMaxDepth), Kind: Integer, Default: "16", Min: 1, Max: 64, Unit: "levels", Live: true,
			Help: "How deep sh -c, $(…) and subshells may stand inside one another."},
		{Key: string(ShellMaxWords), Kind: Integer, Default: "100000", Min: 100, Max: 10_000_000, Unit: "words", Live: true,
			Help: "How many words one expansion may yield."},
		{Key: string(CommandsMaxPerPerson), Kind: Integer, Default: "2", Min: 1, Max: 100, Unit: "programs", Live: true,
			Help: "How many programs of one person run at once. At most commands.max_running."},
		{Key: string(CommandsMaxRunning), Kind: Integer, Default: "8", Min: 1, Max: 1_000, Unit: "programs", Live: true,
			Help: "How many programs run at once in all."},
	}
}

func changeRows() []Setting {
	return []Setting{
		{Key: string(ConfirmWordAbove), Kind: Integer, Default: "1000", Min: 1, Max: 1_000_000_000, Unit: "keys",
			Help: "A plan that changes more keys than this is confirmed by typing a word rather than by a button."},
		{Key: string(UndoRetention), Kind: Duration, Default: "900", Min: 0, Max: 7 * day,
			Help: "How long a change can be taken back. 0 keeps nothing for that."},
		{Key: string(UndoMaxBytes), Kind: Bytes, Default: "1073741824", Min: mib, Max: 1024 * gib,
			Help: "How much may be kept for taking changes back. The oldest goes first; a change that needs more stops at that."},
		{Key: string(ApprovalsRights), Kind: List, check: checkRight,
			Help: "Plans that need one of these rights, as in destroy and admin, also need the agreement of a second person who has the right approve."},
		{Key: string(ApprovalsAbove), Kind: Integer, Default: "0", Min: 0, Max: 1_000_000_000, Unit: "keys",
			Help: "Plans that change more keys than this need the agreement of a second person who has the right approve. 0: none does for that reason."},
		{Key: string(ApprovalsTTL), Kind: Duration, Default: "900", Min: minute, Max: day,
			Help: "How long a plan waits for the agreement of a second person."},
	}
}

func auditRows() []Setting {
	return []Setting{
		{Key: string(AuditMaxRecords), Kind: Integer, Default: "100000", Min: 100, Max: 10_000_000, Unit: "records",
			Help: "How many records of who asked for what Redis keeps; the oldest go first."},
		{Key: string(AuditKey), Kind: Text, Secret: true,
			Help: "The key of the chain over the audit's records, kept outside Redis. Without one, whoever can write to Redis can forge the whole chain."},
	}
}

func healthRows() []Setting {
	return []Setting{
		{Key: string(HealthListen), Kind: Text, check: optional(checkListen),
			Help: "Where /livez, /readyz and /metrics are answered, as in 127.0.0.1:8701. Empty: nowhere. Nothing asks who reads them."},
		{Key: string(HealthDeadManURL), Kind: Text, Secret: true, check: optional(checkURL("https", "http")),
			Help: "An address that is asked for while all is well, so that its owner raises the alarm when Helix cannot. Empty: none."},
		{Key: string(HealthDeadManInterval), Kind: Duration, Default: "60", Min: 5, Max: day,
			Help: "Time from one such request to the next."},
	}
}

func processRows() []Setting {
	return []Setting{
		{Key: string(Profile), Kind: Enum, Default: Production, Allowed: []string{Production, Development},
			Help: "Which of the guide's sets of values stands in for what is not set otherwise."},
		{Key: string(StateDir), Kind: Text,
			Help: "A lasting, private directory for what has to outlive the process. Empty: nothing is kept there."},
		{Key: string(LogLevel), Kind: Enum, Default: "info", Allowed: []string{"debug", "info", "warn", "error"}, Live: true,
			Help: "The least grave entries that the log shows."},
	}
}
