package acl

// Features lists what Helix needs, and for what. A test holds it against what
// Helix sends: nothing is missing, and nothing is there that it never sends.
func Features() []Feature {
	return []Feature{base(), ofSessions(), reading(), changing(), undoing(), flushing(), configuring(), administering(), monitoring(), listening(), alerting(), clustered(), watched()}
}

func base() Feature {
	return Feature{Base, "every answer: settings, the audit, plans, schedules, aliases, incidents", []Grant{
		{"ping time client|setname select", Keyless, "", "connections: whether the server is there, its clock, a name for CLIENT LIST, the database of redis.url or of `-n`"},
		{"command", Keyless, "", "what the server's commands do, from which their rights follow"},
		{"multi discard", Keyless, "", "`helix check` has commands queued and dropped, to see which are allowed"},
		{"info", Keyless, "", "`!status`, whether this is a master, how many replicas there are"},
		{"eval evalsha", OwnKeys, "", "scripts that compare before they set; none is ever typed"},
		{"exists type pttl pexpire del unlink", OwnKeys, "", "whether a record is there, and for how long"},
		{"get set getrange", OwnKeys, "", "plans, leases, the guild, the census"},
		{"hget hset hdel hmget hlen hgetall hvals hexists hscan", OwnKeys, "", "settings, aliases, schedules, incidents, the audit's head"},
		{"lpush ltrim lindex lrange llen", OwnKeys, "", "history of settings, reports of cleanup"},
		{"xadd xtrim xlen xrange xrevrange", OwnKeys, "", "the audit"},
		{"zadd zrem zrange zrangebyscore zrevrangebyscore zcard zscore zremrangebyscore zremrangebyrank", OwnKeys, "", "which plans and sessions there are"},
		{"subscribe publish", OwnKeys, "{helix}:*", "a change of a setting reaches the other instances at once"},
	}}
}

func ofSessions() Feature {
	return Feature{Sessions, "sign-ins and sign-outs, `!sessions`, and cleanup", []Grant{
		{"scan dbsize", Keyless, "", "finding sessions, and how many keys there are"},
		{"eval evalsha", SessionKeys, "", "creating, validating and ending a session is one script each"},
		{"get getex getrange set setrange exists type pttl", SessionKeys, "", "a session's value and its time"},
		{"pexpire unlink", SessionKeys, "", "ending sessions, and giving them a time to live"},
		{"memory|usage", SessionKeys, "", "how much memory cleanup and `!sessions` speak of"},
	}}
}

func reading() Feature {
	return Feature{Read, "typed commands that read", []Grant{
		{"@read -@dangerous -@blocking", ReadKeys, "", "what reads keys; KEYS, which holds the server, is served by SCAN"},
		{"sort sort_ro georadius georadiusbymember bitfield xread", ReadKeys, "", "read as well, though Redis files them elsewhere"},
		{"ping echo time info role lastsave command", Keyless, "", "what the server tells of itself"},
		{"config|get", Keyless, "", "parameters; Helix hides those that are secret"},
		{"memory|doctor memory|stats memory|malloc-stats latency|latest latency|history latency|doctor latency|graph latency|histogram", Keyless, "", "diagnosis"},
		{"slowlog|len slowlog|get", Keyless, "", "slow commands, for those who may see values"},
		{"client|list client|info client|id client|getname acl|whoami acl|cat", Keyless, "", "connections, and who Helix is"},
		{"pubsub|channels pubsub|numsub pubsub|numpat pubsub|shardchannels pubsub|shardnumsub", Keyless, "", "which channels there are"},
		{"cluster|info cluster|nodes cluster|slots cluster|shards cluster|replicas cluster|slaves cluster|links cluster|keyslot cluster|myid cluster|countkeysinslot cluster|getkeysinslot", Keyless, "", "what a Cluster looks like"},
		{"acl|help client|help cluster|help config|help function|help latency|help memory|help module|help object|help pubsub|help script|help slowlog|help xgroup|help xinfo|help", Keyless, "", "what their sub-commands are"},
	}}
}

func changing() Feature {
	return Feature{Write, "typed commands that change keys", []Grant{
		{"@write -@dangerous -@blocking -@scripting", ChangedKeys, "", "what changes keys"},
		{"sort xreadgroup", ChangedKeys, "", "change keys as well, though Redis files them as dangerous or blocking"},
		{"eval evalsha", ChangedKeys, "", "many keys at once, each compared before it is changed"},
		{"watch", ChangedKeys, "", "what a plan showed is still what there is"},
		{"multi exec unwatch", Keyless, "", "what was shown happens together or not at all"},
		{"exists type pttl get getrange mget strlen llen scard zcard hlen xlen", ChangedKeys, "", "what a plan will find"},
		{"memory|usage", ChangedKeys, "", "how much memory a plan frees"},
		{"scan dbsize", Keyless, "", "the keys of a pattern"},
		{"wait", Keyless, "", "a change has reached a replica before it is confirmed"},
		{"publish spublish", Keyless, "*", "typed PUBLISH"},
	}}
}

func undoing() Feature {
	return Feature{Undo, "the journal of changes, and `!undo`", []Grant{
		{"dump restore", ChangedKeys, "", "what a key held before, and bringing it back"},
	}}
}

func flushing() Feature {
	return Feature{Flush, "FLUSHDB and FLUSHALL", []Grant{
		{"flushdb", Keyless, "", "emptying a database; FLUSHALL is one FLUSHDB for each"},
		{"move watch exists zrange", OwnKeys, "", "Helix's own keys step aside meanwhile"},
		{"multi exec unwatch", Keyless, "", "stepping aside, flushing and coming back are one transaction"},
	}}
}

func configuring() Feature {
	return Feature{Config, "CONFIG SET of the parameters that Helix knows, and its undo", []Grant{
		{"config|get config|set", Keyless, "", "Redis cannot narrow CONFIG SET to some parameters; Helix does"},
	}}
}

func administering() Feature {
	return Feature{Admin, "CLIENT KILL, CLIENT UNBLOCK, and resetting statistics", []Grant{
		{"client|kill client|unblock", Keyless, "", "ending others' connections, or their waiting"},
		{"slowlog|reset latency|reset config|resetstat", Keyless, "", "counting from here on"},
	}}
}

func monitoring() Feature {
	return Feature{Monitor, "MONITOR for a bounded time", []Grant{
		{"monitor", Keyless, "", "shows every command of everybody; Helix hides the values"},
	}}
}

func listening() Feature {
	return Feature{Subscribe, "SUBSCRIBE and PSUBSCRIBE for a bounded time", []Grant{
		{"subscribe psubscribe ssubscribe", Keyless, "*", "what is published"},
	}}
}

func alerting() Feature {
	return Feature{Alerts, "measuring Redis for alerts and charts", []Grant{
		{"ping time info", Keyless, "", "memory, clients, replication, persistence"},
		{"config|get", Keyless, "", "the limit of memory, and what happens at it"},
		{"scan dbsize", Keyless, "", "counting sessions"},
		{"subscribe", Keyless, "__keyevent@*__:new", "counting new sessions of other software exactly, where the server tells of them"},
	}}
}

func clustered() Feature {
	return Feature{Cluster, "Redis Cluster", []Grant{
		{"cluster|slots cluster|shards cluster|info", Keyless, "", "which master holds what, and whether all are there"},
		{"asking", Keyless, "", "keys that are moving from one master to another"},
	}}
}

func watched() Feature {
	return Feature{Sentinel, "finding the master through Sentinels", []Grant{
		{"ping client|setname", Keyless, "", "connections"},
		{"sentinel|get-master-addr-by-name sentinel|sentinels", Keyless, "", "where the master and the other Sentinels are"},
		{"subscribe psubscribe", Keyless, "+switch-master +replica-reconf-done", "hearing of a new master at once"},
	}}
}
