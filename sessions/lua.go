package sessions

import (
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// What the scripts share. Times are Redis's own, in seconds: now is a number,
// stamp its text with six digits. What is rarely needed is defined where it is
// needed, since each definition costs the server time in every call.
const (
	clockLua = `
local time = redis.call('TIME')
local micros = time[2]
if #micros < 6 then micros = string.sub('00000' .. micros, -6) end
local stamp = time[1] .. '.' .. micros
local now = tonumber(stamp)
`

	// readLua reads one value. One that is too long is cut, and by that no object.
	readLua = `
local function read(key)
  local v = redis.pcall('GETRANGE', key, 0, ` + maxValueText + `)
  if type(v) == 'string' then return v end
  if string.find(v.err, 'WRONGTYPE', 1, true) then return '[]' end
  error(v.err, 0)
end
`

	// layoutLua finds, in the JSON of a session, the texts of its person and its
	// address, when it was made and used, and where the text of the last use
	// stands. Only the members of the object itself count, and of two with the same
	// name the later, as in Python and Go.
	//
	// JSON is not decoded: that would lose the digits of long integers and floats.
	// What the guide's Python writes is recognized by one pattern; anything else is
	// walked through.
	layoutLua = `
local function walk(v)
  local function quoted(i)
    if string.sub(v, i, i) ~= '"' then return nil end
    while true do
      i = string.find(v, '["\\]', i + 1)
      if not i or string.sub(v, i, i) == '"' then return i end
      i = i + 1
    end
  end
  local function skip(i)
    local c = string.sub(v, i, i)
    if c == '"' then return quoted(i) end
    if c ~= '{' and c ~= '[' then
      local _, last = string.find(v, '^[%w%+%-%.]+', i)
      return last
    end
    local depth = 0
    repeat
      i = string.find(v, '[%[%]{}"]', i)
      c = i and string.sub(v, i, i)
      if c == '"' then i = quoted(i) end
      if not i then return nil end
      if c == '{' or c == '[' then depth = depth + 1 end
      if c == '}' or c == ']' then depth = depth - 1 end
      i = i + 1
    until depth == 0
    return i - 1
  end
  local members = {}
  local i = string.match(v, '^%s*{%s*()')
  if not i then return nil end
  if string.sub(v, i, i) == '}' then return members end
  while i do
    local last = quoted(i)
    local from = last and string.match(v, '^%s*:%s*()', last + 1)
    local till = from and skip(from)
    if not till then return nil end
    local name = string.sub(v, i + 1, last - 1)
    if string.find(name, '\\', 1, true) then
      local ok, plain = pcall(cjson.decode, '["' .. name .. '"]')
      if not ok then return nil end
      name = plain[1]
    end
    members[name] = {from, till, string.sub(v, from, till)}
    i = string.match(v, '^%s*,%s*()', till + 1)
    if not i and string.match(v, '^%s*}%s*()', till + 1) ~= #v + 1 then return nil end
  end
  return members
end

local function number(member)
  local text = member and string.match(member[3], '^%-?%d[%deE%.%+%-]*$')
  local n = text and tonumber(text)
  if n and math.abs(n) < 1e12 then return n end
end

local function layout(v)
  local user, ip, made, from, used, till = string.match(v, '^{"user_id": ?("?[^"\\,{}%[%]]*"?), ?"ip": ?("[^"\\]*"), ?"created_at": ?(%d+%.%d+), ?"last_accessed": ?()(%d+%.%d+)()}$')
  if user then
    return {user = user, ip = ip, made = tonumber(made), used = tonumber(used), from = from, till = till}
  end
  local members = walk(v)
  if not members then return nil end
  local used = members.last_accessed
  return {
    user = members.user_id and members.user_id[3] or '', ip = members.ip and members.ip[3] or '',
    made = number(members.created_at), used = number(used), from = used and used[1], till = used and used[2] + 1,
  }
end
`

	// refusalLua answers why a session may not be used, for what it holds and who
	// asks; nil if it may. An empty user or ip is not held against it.
	refusalLua = `
local function refusal(at, user, ip, idle, ttl)
  if not at then return 'malformed' end
  if at.used and now - at.used >= idle then return 'idle' end
  if at.made and now - at.made >= ttl then return 'age' end
  if user ~= '' and user ~= at.user then return 'user' end
  if ip ~= '' and ip ~= at.ip then return 'address' end
end
`
)

const (
	maxValueText = "1048576" // maxValue, since a constant text cannot be made of a number

	// maxRotationsText is through how many rotations within the grace an old token
	// still reads.
	maxRotationsText = "8"

	// claimText is for how many ms nobody else may sign in with a token that
	// somebody is signing in with: longer than that takes, and not so long that a
	// process that dies meanwhile holds its person up.
	claimText = "5000"
)

// A compile-time proof that both are the same.
var _ = [1]struct{}{}[maxValue-1<<20]

// use is Validate: KEYS are the session, and for one of a person's the index and
// the retired key; ARGV the texts of the person and the address to hold against
// it (empty: any), idle timeout and age in ms, its id, and what to do: letters
// for (o)ne of our own, (t)ouch, (s)ign in, and (c)laim in the name of ARGV[7],
// by a last key.
//
// It answers an outcome, the value as it now is, how many ms the key lasts, and a
// word about that: stale or retired.
//
// A session as this package writes it, of the person and the address asked for,
// is recognized by its beginning. The index outlasts every session in it, also
// one whose time the policy has made longer since.
const useLua = clockLua + `
local key, idle, ttl, id, mode = KEYS[1], ARGV[3] / 1000, ARGV[4] / 1000, ARGV[5], ARGV[6]
local v = redis.pcall('GETRANGE', key, 0, ` + maxValueText + `)
local at, made, used, from, till, walk
local begins = '{"user_id":' .. ARGV[1] .. ',"ip":' .. ARGV[2] .. ',"created_at":'
local n = #begins
if type(v) == 'string' and string.sub(v, 1, n) == begins and string.sub(v, n + 18, n + 34) == ',"last_accessed":' then
  made, used, from, till = tonumber(string.sub(v, n + 1, n + 17)), tonumber(string.sub(v, n + 35, n + 51)), n + 35, n + 52
  local after = string.byte(v, till)
  if after ~= 44 and after ~= 125 then made = nil end
end
local why
if made and used then
  if now - used >= idle then why = 'idle' elseif now - made >= ttl then why = 'age' end
else
` + readLua + layoutLua + refusalLua + `
  v = read(key)
  local retired
  if v == '' and KEYS[3] then
    local sessions = string.sub(key, 1, -1 - #id)
    local pointers = string.sub(KEYS[3], 1, -1 - #id)
    local successor = redis.call('GET', KEYS[3])
    for _ = 1, ` + maxRotationsText + ` do
      if not successor or v ~= '' then break end
      retired = true
      v = read(sessions .. successor)
      if v == '' then successor = redis.call('GET', pointers .. successor) end
    end
  end
  if v == '' then return {'unknown'} end
  local at = layout(v)
  why = refusal(at, ARGV[1], ARGV[2], idle, ttl)
  if retired then
    if why then return {why, v} end
    return {'ok', v, redis.call('PTTL', KEYS[3]), 'retired'}
  end
  if at then made, used, from, till = at.made, at.used, at.from, at.till end
end
if why then
  if (why == 'idle' or why == 'age') and string.sub(mode, 1, 1) == 'o' then
    redis.pcall('UNLINK', key)
    if KEYS[2] then redis.pcall('ZREM', KEYS[2], id) end
  end
  return {why, v}
end
if ARGV[7] then
  local claim = KEYS[#KEYS]
  if not redis.call('SET', claim, ARGV[7], 'NX', 'PX', ` + claimText + `) and redis.call('GET', claim) ~= ARGV[7] then
    return {'unknown'}
  end
  return {'ok', v, redis.call('PTTL', key)}
end

local last = ttl
if made then last = math.min(last, ttl - (now - made)) end
if made and used then last = math.min(last, idle) end
last = math.max(1, math.floor(last * 1000))
local touched = v
if used then touched = string.sub(v, 1, from - 1) .. stamp .. string.sub(v, till) end
if mode == 'ots' then
` + layoutLua + `
  local signed = (walk(touched) or {}).authenticated_at
  if signed then touched = string.sub(touched, 1, signed[1] - 1) .. stamp .. string.sub(touched, signed[2] + 1) end
end
local done = true
if made and used then
  done = redis.pcall('SET', key, touched, 'XX', 'PX', last)
else
  if used then done = redis.pcall('SET', key, touched, 'XX', 'KEEPTTL') end
  local left = redis.call('PTTL', key)
  if left < 0 or left > last then
    if type(done) ~= 'table' or not done.err then done = redis.pcall('PEXPIRE', key, last) end
  else
    last = left
  end
end
if type(done) == 'table' and done.err then
  for _, word in ipairs({'OOM', 'READONLY', 'MISCONF', 'NOREPLICAS'}) do
    if string.find(done.err, word, 1, true) then return {'ok', v, redis.call('PTTL', key), 'stale'} end
  end
  return done
end
if KEYS[2] then
  redis.call('ZADD', KEYS[2], time[1] .. micros, id)
  redis.call('PEXPIRE', KEYS[2], math.floor((ttl + 2 * idle) * 1000))
end
return {'ok', touched, last}
`

// rotate is Regenerate within one person: KEYS are the old session, the index,
// the old one's retired key and the new session; ARGV as in use up to the id, the
// new id, and how many ms the old token still reads. It answers as use does.
//
// A session that is not there while the new one is has been rotated by this very
// call before, whose reply was lost.
const rotateLua = clockLua + readLua + layoutLua + refusalLua + `
local key, idle, ttl, id = KEYS[1], ARGV[3] / 1000, ARGV[4] / 1000, ARGV[5]
local v = read(key)
if v == '' then
  local new = read(KEYS[4])
  if new == '' then return {'unknown'} end
  return {'ok', new, redis.call('PTTL', KEYS[4])}
end
local at = layout(v)
local why = refusal(at, ARGV[1], ARGV[2], idle, ttl)
if why then return {why, v} end
local last = idle
if at.made then last = math.min(last, ttl - (now - at.made)) end
last = math.max(1, math.floor(last * 1000))
if at.used then v = string.sub(v, 1, at.from - 1) .. stamp .. string.sub(v, at.till) end
redis.call('SET', KEYS[4], v, 'PX', last)
redis.call('UNLINK', key)
redis.call('ZREM', KEYS[2], id)
redis.call('ZADD', KEYS[2], time[1] .. micros, ARGV[6])
redis.call('PEXPIRE', KEYS[2], math.floor((ttl + 2 * idle) * 1000))
local grace = tonumber(ARGV[7])
if grace > 0 then redis.call('SET', KEYS[3], ARGV[6], 'PX', grace) end
return {'ok', v, last}
`

// roomLua answers the creations of an address within an hour, and in how many ms
// there may be one more; 0: now. It goes by key and most.
const roomLua = `
local hour = 3600
local function room(key, most)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', (now - hour) * 1000000))
  local made = redis.call('ZCARD', key)
  if made < most then return 0 end
  local oldest = redis.call('ZRANGE', key, made - most, made - most, 'WITHSCORES')
  return math.max(1, math.ceil((tonumber(oldest[2]) / 1000000 + hour - now) * 1000))
end
`

// hourText is in how many ms the creations of an address are forgotten.
const hourText = "3600001"

// reserve is for a Cluster, where an address has a slot of its own: KEYS is the
// address, ARGV how many there may be and what the creation is called. It answers
// 0, or in how many ms there may be one more.
const reserveLua = clockLua + roomLua + `
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
local wait = room(KEYS[1], tonumber(ARGV[1]))
if wait > 0 then return wait end
redis.call('ZADD', KEYS[1], time[1] .. micros, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ` + hourText + `)
return 0
`

// create makes a session: KEYS are it and, as the letters of ARGV[1] say, the
// (i)ndex of its person, a (r)eplaced session of the same person, and the
// (a)ddress where it is in reach. The other ARGV are named below.
//
// It answers an outcome and, for ok, the value, how long it lasts, and the keys
// of other software's sessions that are to be ended for it; for address how long
// to wait; for limit which of other software's sessions were counted.
const createLua = clockLua + `
local key, index, replaced, address = KEYS[1], nil, nil, nil
local roles, head, tail, made = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, ttl, id = ARGV[5] / 1000, ARGV[6] / 1000, ARGV[7]
local most, action, member = tonumber(ARGV[8]), ARGV[9], ARGV[10]
local mostOfAddress, creation = tonumber(ARGV[11]), ARGV[12]
if roles == 'ia' then
  index, address = KEYS[2], KEYS[3]
else
  local named = 2
  if string.find(roles, 'i', 1, true) then index, named = KEYS[named], named + 1 end
  if string.find(roles, 'r', 1, true) then replaced, named = KEYS[named], named + 1 end
  if string.find(roles, 'a', 1, true) then address = KEYS[named] end
end

-- A session that is there already was made by this very call before, whose reply
-- was lost.
local function refused(...)
  local again = redis.call('GET', key)
  if again then return {'ok', again, redis.call('PTTL', key)} end
  return {...}
end

if replaced and redis.call('EXISTS', replaced) == 0 then return refused('unknown') end
if address and redis.call('ZCARD', address) >= mostOfAddress then
` + roomLua + `
  local wait = room(address, mostOfAddress)
  if wait > 0 then return refused('address', wait) end
end
local foreign = {}
local leaves = 0
if index and member ~= '' and redis.call('ZSCORE', index, member) then leaves = 1 end
if index and redis.call('ZCARD', index) - leaves >= most then
` + readLua + layoutLua + `
  local sessions = string.sub(key, 1, -1 - #id)
  local function isForeign(m) return string.sub(m, 1, 8) == 'session:' end
  local function each(list, act)
    for i = 1, #list, 1000 do act({unpack(list, i, math.min(i + 999, #list))}) end
  end
  local function keys(members)
    local all = {}
    for i, m in ipairs(members) do all[i] = sessions .. m end
    return all
  end
  local function finish(members)
    each(members, function(some)
      redis.call('UNLINK', unpack(keys(some)))
      redis.call('ZREM', index, unpack(some))
    end)
  end

  -- over answers whether a session is past its idle timeout, and mends its score
  -- if other software has used it since.
  local function over(m)
    local at = layout(read(sessions .. m))
    if not at or not at.used or now - at.used >= idle then return true end
    redis.call('ZADD', index, string.format('%.0f', at.used * 1000000), m)
    return false
  end

  if redis.call('EXISTS', key) == 1 then return refused() end
  -- First goes what is no session any more.
  local scores, all, gone, others = {}, {}, {}, {}
  local listed = redis.call('ZRANGE', index, 0, -1, 'WITHSCORES')
  for i = 1, #listed, 2 do
    if isForeign(listed[i]) then
      others[#others + 1] = listed[i]
    else
      all[#all + 1] = listed[i]
      scores[listed[i]] = tonumber(listed[i + 1]) / 1000000
    end
  end
  each(all, function(some)
    local whole = redis.call('EXISTS', unpack(keys(some))) == #some
    for _, m in ipairs(some) do
      if not whole and redis.call('EXISTS', sessions .. m) == 0 or now - scores[m] >= idle and over(m) then
        gone[#gone + 1] = m
      end
    end
  end)
  finish(gone)

  -- One that takes another's place is never denied: it makes them no more.
  local many = redis.call('ZCARD', index) - leaves - most + 1
  if many > 0 and action == 'deny' then
    if leaves == 0 then return refused('limit', others) end
  elseif many > 0 then
    local own = {}
    for _, m in ipairs(redis.call('ZRANGE', index, 0, many)) do
      if m ~= member and #own + #foreign < many then
        local list = isForeign(m) and foreign or own
        list[#list + 1] = m
      end
    end
    finish(own)
    each(foreign, function(some) redis.call('ZREM', index, unpack(some)) end)
  end
end
local last = idle
if made == '' then made = stamp else last = math.min(idle, ttl - (now - made)) end
last = math.max(1, math.floor(last * 1000))
local v = head .. made .. ',"last_accessed":' .. stamp
if index then v = v .. ',"authenticated_at":' .. made end
v = v .. tail
if not redis.call('SET', key, v, 'NX', 'PX', last) then return refused('unknown') end
if address then
  redis.call('ZADD', address, time[1] .. micros, creation)
  redis.call('PEXPIRE', address, ` + hourText + `)
end
if index then
  if replaced then redis.call('UNLINK', replaced) end
  if leaves == 1 then redis.call('ZREM', index, member) end
  redis.call('ZADD', index, time[1] .. micros, id)
  redis.call('PEXPIRE', index, math.floor((ttl + 2 * idle) * 1000))
end
return {'ok', v, last, foreign}
`

// destroy ends a session: KEYS as in use, ARGV its id. A retired token's session
// is the one that it still reads. It answers how many it ended.
const destroyLua = `
local ended = redis.call('UNLINK', KEYS[1])
if not KEYS[2] then return ended end
local id = ARGV[1]
local sessions = string.sub(KEYS[1], 1, -1 - #id)
local pointers = string.sub(KEYS[3], 1, -1 - #id)
redis.call('ZREM', KEYS[2], id)
local pointer = KEYS[3]
local successor = redis.call('GET', pointer)
while successor do
  redis.call('UNLINK', pointer)
  ended = ended + redis.call('UNLINK', sessions .. successor)
  redis.call('ZREM', KEYS[2], successor)
  pointer = pointers .. successor
  successor = redis.call('GET', pointer)
end
return ended
`

// destroyUser ends the sessions of a person: KEYS is the index, ARGV what the
// keys of the sessions begin with, and the ids that stay. It answers how many it
// ended, and the keys of those of other software, which may be elsewhere.
const destroyUserLua = `
local stay = {}
for i = 2, #ARGV do stay[ARGV[i]] = true end
local keys, gone, foreign = {}, {}, {}
for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(m, 1, 8) == 'session:' then
    if not stay[string.sub(m, 9)] then
      foreign[#foreign + 1] = m
      gone[#gone + 1] = m
    end
  elseif not stay[m] then
    keys[#keys + 1] = ARGV[1] .. m
    gone[#gone + 1] = m
  end
end
local ended = 0
for i = 1, #keys, 1000 do
  ended = ended + redis.call('UNLINK', unpack(keys, i, math.min(i + 999, #keys)))
end
for i = 1, #gone, 1000 do
  redis.call('ZREM', KEYS[1], unpack(gone, i, math.min(i + 999, #gone)))
end
return {ended, foreign}
`

// scripts are the scripts of a Store. Those that only end sessions run on a
// server whose memory is full; the others are to be refused there.
type scripts struct {
	use, rotate, create, reserve *redis.Script
	destroy, destroyUser         *script.Script
}

func newScripts() scripts {
	return scripts{
		use: redis.NewScript(useLua), rotate: redis.NewScript(rotateLua),
		create: redis.NewScript(createLua), reserve: redis.NewScript(reserveLua),
		destroy: script.New(destroyLua), destroyUser: script.New(destroyUserLua),
	}
}
