package settings

// Each kind of value has its own type of key, so that asking for a setting as
// something that it is not does not compile.
type (
	DurationKey string
	IntKey      string // of an Integer or a Percent
	BytesKey    string
	BoolKey     string
	TextKey     string // of a Text or an Enum
	ListKey     string
	SecretKey   string // of a secret Text
)

// The guide's settings of sessions, and what belongs to them.
const (
	SessionTTL               DurationKey = "redis.session_ttl"
	SessionIdleTimeout       DurationKey = "redis.session_idle_timeout"
	SessionCleanup           BoolKey     = "redis.session_cleanup"
	SessionCleanupInterval   DurationKey = "redis.session_cleanup_interval"
	MaxSessionsPerUser       IntKey      = "redis.max_sessions_per_user"
	MaxSessionsAction        TextKey     = "redis.max_sessions_action"
	MaxSessionsPerIPPerHour  IntKey      = "redis.max_sessions_per_ip_per_hour"
	SessionBindIP            BoolKey     = "redis.session_bind_ip"
	SessionRegenerateOnAuth  BoolKey     = "redis.session_regenerate_on_auth"
	SessionCookieSecure      BoolKey     = "redis.session_cookie_secure"
	SessionCookieHTTPOnly    BoolKey     = "redis.session_cookie_httponly"
	SessionCookieSameSite    TextKey     = "redis.session_cookie_samesite"
	SessionCreationThreshold IntKey      = "redis.session_creation_alert_threshold"
	SessionCompat            BoolKey     = "redis.session_compat"
	SessionsGrace            DurationKey = "sessions.grace"
	SessionsKey              SecretKey   = "sessions.key"
	SessionsCookieName       TextKey     = "sessions.cookie_name"
)

// The values of MaxSessionsAction.
const (
	EvictOldest = "evict-oldest"
	Deny        = "deny"
)

// The connection to Redis.
const (
	RedisURL               SecretKey   = "redis.url"
	RedisPoolSize          IntKey      = "redis.pool_size"
	RedisKeepaliveIdle     DurationKey = "redis.keepalive_idle"
	RedisKeepaliveInterval DurationKey = "redis.keepalive_interval"
	RedisKeepaliveProbes   IntKey      = "redis.keepalive_probes"
	RedisTimeout           DurationKey = "redis.timeout"
	RedisTLSCAFile         TextKey     = "redis.tls_ca_file"
	RedisTLSCertFile       TextKey     = "redis.tls_cert_file"
	RedisTLSKeyFile        TextKey     = "redis.tls_key_file"
	RedisTLSServerName     TextKey     = "redis.tls_server_name"
	RedisSentinelUser      TextKey     = "redis.sentinel_user"
	RedisSentinelPassword  SecretKey   = "redis.sentinel_password"
	RedisMaxShare          IntKey      = "redis.max_share"
)

// The session service.
const (
	APIListen         TextKey   = "api.listen"
	APIKeys           SecretKey = "api.keys"
	APIHosts          ListKey   = "api.hosts"
	APITrustedProxies ListKey   = "api.trusted_proxies"
	APITLSCert        TextKey   = "api.tls_cert"
	APITLSKey         TextKey   = "api.tls_key"
	APIRate           IntKey    = "api.rate"
	APIMaxBody        BytesKey  = "api.max_body"
)

// Alerts.
const (
	AlertsInterval          DurationKey = "alerts.interval"
	AlertsHold              DurationKey = "alerts.hold"
	AlertsRepeat            DurationKey = "alerts.repeat"
	AlertsPingRole          TextKey     = "alerts.ping_role"
	AlertsSessionCount      IntKey      = "alerts.session_count"
	AlertsMemoryWarnPercent IntKey      = "alerts.memory_warn_percent"
	AlertsMemoryPercent     IntKey      = "alerts.memory_percent"
	AlertsNoTTL             IntKey      = "alerts.no_ttl"
)

// Discord.
const (
	DiscordToken      SecretKey = "discord.token"
	DiscordGuilds     ListKey   = "discord.guilds"
	DiscordOpsChannel TextKey   = "discord.ops_channel"
	DiscordPrefix     TextKey   = "discord.prefix"
	DiscordRoles      ListKey   = "discord.roles"
	DiscordShards     TextKey   = "discord.shards"
	DiscordCommands   TextKey   = "discord.commands"
	DiscordAPIURL     TextKey   = "discord.api_url"
	DiscordGatewayURL TextKey   = "discord.gateway_url"
)

// What is hidden from chat.
const (
	RedactDiscord  BoolKey = "redact.discord"
	RedactFields   ListKey = "redact.fields"
	RedactPatterns ListKey = "redact.patterns"
)

// What one program, and all together, may use.
const (
	ShellTimeout         DurationKey = "shell.timeout"
	ShellMaxSteps        IntKey      = "shell.max_steps"
	ShellMaxVariable     BytesKey    = "shell.max_variable"
	ShellMaxHeld         BytesKey    = "shell.max_held"
	ShellMaxOutput       BytesKey    = "shell.max_output"
	ShellMaxDepth        IntKey      = "shell.max_depth"
	ShellMaxWords        IntKey      = "shell.max_words"
	CommandsMaxPerPerson IntKey      = "commands.max_per_person"
	CommandsMaxRunning   IntKey      = "commands.max_running"
)

// Changes: their confirmation, and the way back.
const (
	ConfirmWordAbove IntKey      = "confirm.word_above"
	UndoRetention    DurationKey = "undo.retention"
	UndoMaxBytes     BytesKey    = "undo.max_bytes"
	ApprovalsRights  ListKey     = "approvals.rights"
	ApprovalsAbove   IntKey      = "approvals.above"
	ApprovalsTTL     DurationKey = "approvals.ttl"
)

// The audit.
const (
	AuditMaxRecords IntKey    = "audit.max_records"
	AuditKey        SecretKey = "audit.key"
)

// The process seen from outside.
const (
	HealthListen          TextKey     = "health.listen"
	HealthDeadManURL      SecretKey   = "health.deadman_url"
	HealthDeadManInterval DurationKey = "health.deadman_interval"
)

// The process itself.
const (
	Profile  TextKey = "profile"
	StateDir TextKey = "state.dir"
	LogLevel TextKey = "log.level"
)
