package sessions

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
