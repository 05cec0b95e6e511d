package shadow

// command is a command whose effect is known.
type command struct {
	arity   int    // words with the name; negative: at least so many
	keys    keysOf // among the words
	of      string // the type that its keys, or its sources, must have; "" for any
	orSet   bool   // or it may be a set
	sources keysOf // the keys that are read, where others are replaced whatever they are
	alters  bool   // it may change a value
	fresh   keysOf // keys that lose their deadline by it
	ints    []int  // where integers stand
	floats  []int  // where floats stand
	early   bool   // it looks at the types of its keys before its options

	unordered bool // it answers elements in an order of the server's own

	check func(*call) string // says why a form of it is not predictable; "" if it is
	run   func(*call) []byte // carries it out; nil leaves it to the library
}

// commands is the table of what is predictable; a command that is not in it is
// not, and a form that its check names is not either. TestCommandsAreRedis
// holds it against a real server.
func commands() map[string]command {
	table := map[string]command{}
	for _, group := range []map[string]command{keyCommands(), stringCommands(), hashCommands(), listCommands(), setCommands(), zsetCommands(), streamCommands()} {
		for name, c := range group {
			table[name] = c
		}
	}
	return table
}

func keyCommands() map[string]command {
	expire := command{arity: -3, keys: first, check: checkExpire, run: (*call).expire}
	return map[string]command{
		"copy":      {arity: -3, keys: firstTwo, alters: true, check: checkCopy, run: (*call).copy},
		"del":       {arity: -2, keys: all, alters: true},
		"exists":    {arity: -2, keys: all},
		"expire":    expire,
		"expireat":  expire,
		"persist":   {arity: 2, keys: first, run: (*call).persist},
		"pexpire":   expire,
		"pexpireat": expire,
		"pttl":      {arity: 2, keys: first, run: (*call).pttl},
		"rename":    {arity: 3, keys: firstTwo, alters: true, run: (*call).rename},
		"renamenx":  {arity: 3, keys: firstTwo, alters: true, run: (*call).rename},
		"touch":     {arity: -2, keys: all},
		"ttl":       {arity: 2, keys: first, run: (*call).ttl},
		"type":      {arity: 2, keys: first},
		"unlink":    {arity: -2, keys: all, alters: true},
	}
}

func stringCommands() map[string]command {
	const of = typeString
	return map[string]command{
		"append":      {arity: 3, keys: first, of: of, alters: true},
		"bitcount":    {arity: -2, keys: first, of: of, check: checkNoRange},
		"bitop":       {arity: -4, keys: from(2), of: of, sources: from(3), alters: true, fresh: only(2)},
		"decr":        {arity: 2, keys: first, of: of, alters: true, run: (*call).incr},
		"decrby":      {arity: 3, keys: first, of: of, alters: true, run: (*call).incr},
		"get":         {arity: 2, keys: first, of: of},
		"getbit":      {arity: 3, keys: first, of: of, ints: []int{2}},
		"getdel":      {arity: 2, keys: first, of: of, alters: true},
		"getex":       {arity: -2, keys: first, of: of, check: checkSetting(2), run: (*call).getEx},
		"getrange":    {arity: 4, keys: first, of: of, run: (*call).getRange},
		"getset":      {arity: 3, keys: first, of: of, alters: true, fresh: first},
		"incr":        {arity: 2, keys: first, of: of, alters: true, run: (*call).incr},
		"incrby":      {arity: 3, keys: first, of: of, alters: true, run: (*call).incr},
		"incrbyfloat": {arity: 3, keys: first, of: of, alters: true, check: checkSum, run: (*call).incrByFloat},
		"mget":        {arity: -2, keys: all},
		"mset":        {arity: -3, keys: pairs, alters: true, fresh: pairs},
		"msetnx":      {arity: -3, keys: pairs, alters: true},
		"psetex":      {arity: 4, keys: first, alters: true, run: (*call).setWithin},
		"set":         {arity: -3, keys: first, alters: true, check: checkSetting(3), run: (*call).set},
		"setbit":      {arity: 4, keys: first, of: of, alters: true, ints: []int{2, 3}, check: checkOffset(2, 8)},
		"setex":       {arity: 4, keys: first, alters: true, run: (*call).setWithin},
		"setnx":       {arity: 3, keys: first, alters: true, run: (*call).setNew},
		"setrange":    {arity: 4, keys: first, of: of, alters: true, ints: []int{2}, check: checkSetRange},
		"strlen":      {arity: 2, keys: first, of: of},
	}
}

func hashCommands() map[string]command {
	const of = typeHash
	return map[string]command{
		"hdel":         {arity: -3, keys: first, of: of, alters: true},
		"hexists":      {arity: 3, keys: first, of: of},
		"hget":         {arity: 3, keys: first, of: of},
		"hgetall":      {arity: 2, keys: first, of: of, unordered: true},
		"hincrby":      {arity: 4, keys: first, of: of, alters: true, run: (*call).hincrBy},
		"hincrbyfloat": {arity: 4, keys: first, of: of, alters: true, check: checkSum, run: (*call).hincrByFloat},
		"hkeys":        {arity: 2, keys: first, of: of, unordered: true},
		"hlen":         {arity: 2, keys: first, of: of},
		"hmget":        {arity: -3, keys: first, of: of},
		"hmset":        {arity: -4, keys: first, of: of, alters: true},
		"hset":         {arity: -4, keys: first, of: of, alters: true},
		"hsetnx":       {arity: 4, keys: first, of: of, alters: true},
		"hstrlen":      {arity: 3, keys: first, of: of},
		"hvals":        {arity: 2, keys: first, of: of, unordered: true},
	}
}

func listCommands() map[string]command {
	const of = typeList
	push := command{arity: -3, keys: first, of: of, alters: true}
	pop := command{arity: -2, keys: first, of: of, alters: true, check: checkPopped(0)}
	return map[string]command{
		"lindex":    {arity: 3, keys: first, of: of, ints: []int{2}, check: checkInts},
		"linsert":   {arity: 5, keys: first, of: of, alters: true},
		"llen":      {arity: 2, keys: first, of: of},
		"lmove":     {arity: 5, keys: firstTwo, of: of, alters: true, check: checkSides},
		"lmpop":     {arity: -4, keys: counted(1), of: of, alters: true, check: checkMPop("left", "right")},
		"lpop":      pop,
		"lpos":      {arity: -3, keys: first, of: of, check: checkLPos},
		"lpush":     push,
		"lpushx":    push,
		"lrange":    {arity: 4, keys: first, of: of, ints: []int{2, 3}},
		"lrem":      {arity: 4, keys: first, of: of, alters: true, ints: []int{2}},
		"lset":      {arity: 4, keys: first, of: of, alters: true, ints: []int{2}, check: checkInts},
		"ltrim":     {arity: 4, keys: first, of: of, alters: true, ints: []int{2, 3}},
		"rpop":      pop,
		"rpoplpush": {arity: 3, keys: firstTwo, of: of, alters: true},
		"rpush":     push,
		"rpushx":    push,
	}
}

func setCommands() map[string]command {
	const of = typeSet
	algebra := command{arity: -2, keys: all, of: of, unordered: true}
	store := command{arity: -3, keys: all, of: of, sources: from(2), alters: true, fresh: first}
	return map[string]command{
		"sadd":        {arity: -3, keys: first, of: of, alters: true},
		"scard":       {arity: 2, keys: first, of: of},
		"sdiff":       algebra,
		"sdiffstore":  store,
		"sinter":      algebra,
		"sintercard":  {arity: -3, keys: counted(1), of: of, check: checkLimit},
		"sinterstore": store,
		"sismember":   {arity: 3, keys: first, of: of},
		"smembers":    {arity: 2, keys: first, of: of, unordered: true},
		"smismember":  {arity: -3, keys: first, of: of},
		"smove":       {arity: 4, keys: firstTwo, of: of, alters: true},
		"srem":        {arity: -3, keys: first, of: of, alters: true},
		"sunion":      algebra,
		"sunionstore": store,
	}
}

func zsetCommands() map[string]command {
	const of = typeZSet
	pop := command{arity: -2, keys: first, of: of, alters: true, check: both(checkPopped(1), checkScores)}
	byIndex := command{arity: -4, keys: first, of: of, ints: []int{2, 3}, check: checkRange}
	byScore := command{arity: -4, keys: first, of: of, floats: []int{2, 3}, check: both(checkBounds, checkRange)}
	byLex := command{arity: -4, keys: first, of: of, check: both(checkLex, checkRange)}
	store := command{arity: -4, keys: counted(2), of: of, orSet: true, sources: counted(2).but(first), early: true, alters: true, fresh: first, check: checkAlgebra}
	algebra := command{arity: -3, keys: counted(1), of: of, orSet: true, early: true, check: both(checkAlgebra, checkWithScores)}
	return map[string]command{
		"geoadd":           {arity: -5, keys: first, of: of, alters: true, check: checkGeoAdd},
		"zadd":             {arity: -4, keys: first, of: of, alters: true, check: checkAdd},
		"zcard":            {arity: 2, keys: first, of: of},
		"zcount":           {arity: 4, keys: first, of: of, floats: []int{2, 3}, check: checkBounds},
		"zincrby":          {arity: 4, keys: first, of: of, alters: true, floats: []int{2}, check: both(checkBounds, checkIncrement)},
		"zinterstore":      store,
		"zlexcount":        {arity: 4, keys: first, of: of, check: checkLex},
		"zmpop":            {arity: -4, keys: counted(1), of: of, alters: true, check: both(checkZMPop, checkScores)},
		"zmscore":          {arity: -3, keys: first, of: of, check: checkMembers},
		"zpopmax":          pop,
		"zpopmin":          pop,
		"zrange":           {arity: -4, keys: first, of: of, check: both(checkZRange, checkRange)},
		"zrangebylex":      byLex,
		"zrangebyscore":    byScore,
		"zrank":            {arity: -3, keys: first, of: of, check: checkNoScore},
		"zrem":             {arity: -3, keys: first, of: of, alters: true},
		"zremrangebylex":   {arity: 4, keys: first, of: of, alters: true, check: checkLex},
		"zremrangebyrank":  {arity: 4, keys: first, of: of, alters: true, ints: []int{2, 3}},
		"zremrangebyscore": {arity: 4, keys: first, of: of, alters: true, floats: []int{2, 3}, check: checkBounds},
		"zrevrange":        byIndex,
		"zrevrangebylex":   byLex,
		"zrevrangebyscore": byScore,
		"zrevrank":         {arity: -3, keys: first, of: of, check: checkNoScore},
		"zscore":           {arity: 3, keys: first, of: of, check: checkMembers},
		"zunion":           algebra,
		"zunionstore":      store,
	}
}

func streamCommands() map[string]command {
	const of = typeStream
	read := command{arity: -4, keys: first, of: of, check: checkXRange}
	return map[string]command{
		"xadd":      {arity: -5, keys: first, of: of, alters: true, check: checkXAdd, run: (*call).xadd},
		"xdel":      {arity: -3, keys: first, of: of, alters: true, check: checkXDel},
		"xlen":      {arity: 2, keys: first, of: of, early: true},
		"xrange":    read,
		"xrevrange": read,
		"xtrim":     {arity: -4, keys: first, of: of, alters: true, check: checkXTrim},
	}
}
