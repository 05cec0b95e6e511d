package sessions

// sweep is what cleanup does to one session: KEYS are it and, for one of a
// person's that this package made, the index; ARGV idle timeout and age in ms,
// its id, and, to end it as one too many, when it was used last in µs. It judges
// anew: what was used meanwhile stays. It answers why the session was ended, or
// "ttl" where it got one, or what else it found.
const sweepLua = clockLua + readLua + layoutLua + refusalLua + `
local key, now, idle, ttl = KEYS[1], tonumber(stamp), ARGV[1] / 1000, ARGV[2] / 1000
local v = read(key)
if v == '' and redis.call('EXISTS', key) == 0 then return 'unknown' end
local at = layout(v)
local why = refusal(at, '', '', now, idle, ttl)
if ARGV[4] then
  local used = at and (at.used or at.made) or 0
  if math.abs(used * 1000000 - tonumber(ARGV[4])) > 2 then return 'used' end
  why = 'limit'
end
if why == 'idle' or why == 'age' or why == 'limit' then
  redis.call('UNLINK', key)
  if KEYS[2] then redis.pcall('ZREM', KEYS[2], ARGV[3]) end
  return why
end
if redis.call('PTTL', key) ~= -1 then return 'used' end
local last = ttl
if at and at.made then last = math.min(last, ttl - (now - at.made)) end
if at and at.used then last = math.min(last, idle - (now - at.used)) end
redis.call('PEXPIRE', key, math.max(1, math.floor(last * 1000)))
return 'ttl'
`

// enlist puts a session of other software into the index of its person: KEYS is
// the index, ARGV when it was used last in µs, its key, and for how many ms the
// index lasts. It answers whether it was not there before.
const enlistLua = `
local new = redis.pcall('ZADD', KEYS[1], ARGV[1], ARGV[2])
if type(new) == 'table' then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return new
`

// prune looks at some members of an index and takes out those that are no session
// any more: KEYS is the index, ARGV what the keys of the sessions begin with, from
// which member on, how many, for how many ms an index without a TTL is to last,
// and "plan" to change nothing. It answers how many it looked at, how many of
// these are over, how many are this package's, and the keys of the others, which
// may be elsewhere.
const pruneLua = `
local members = redis.pcall('ZRANGE', KEYS[1], ARGV[2], ARGV[2] + ARGV[3] - 1)
if members.err then return {0, 0, 0, {}} end
local gone, foreign, own = {}, {}, 0
for _, m in ipairs(members) do
  if string.sub(m, 1, 8) == 'session:' then
    foreign[#foreign + 1] = m
  elseif redis.call('EXISTS', ARGV[1] .. m) == 0 then
    gone[#gone + 1] = m
  else
    own = own + 1
  end
end
if ARGV[5] ~= 'plan' then
  if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
  if #gone > 0 then redis.call('ZREM', KEYS[1], unpack(gone)) end
end
return {#members, #gone, own, foreign}
`

// evict ends the sessions of a person that are too many, those not used for
// longest: KEYS is the index, ARGV what the keys of the sessions begin with, how
// many there may be, how many members do not count (those of other software where
// it has to be left alone), and how many may be ended at once. It answers how many
// it ended, and the keys of other software's that are to be ended, each with when
// it was used last in µs.
const evictLua = `
local spared = tonumber(ARGV[3])
local many = math.min(redis.call('ZCARD', KEYS[1]) - ARGV[2] - spared, tonumber(ARGV[4]))
if many <= 0 then return {0, {}} end
local listed = redis.call('ZRANGE', KEYS[1], 0, many + spared - 1, 'WITHSCORES')
local keys, own, foreign, chosen = {}, {}, {}, 0
for i = 1, #listed, 2 do
  local m = listed[i]
  local isForeign = string.sub(m, 1, 8) == 'session:'
  if chosen < many and not (isForeign and spared > 0) then
    chosen = chosen + 1
    if isForeign then
      foreign[#foreign + 1] = m
      foreign[#foreign + 1] = listed[i + 1]
    else
      own[#own + 1] = m
      keys[#keys + 1] = ARGV[1] .. m
    end
  end
end
if #own == 0 then return {0, foreign} end
local ended = redis.call('UNLINK', unpack(keys))
redis.call('ZREM', KEYS[1], unpack(own))
return {ended, foreign}
`
