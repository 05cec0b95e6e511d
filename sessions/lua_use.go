package sessions

// use is Validate: KEYS are the session, and for one of a person's the index and
// the retired key; ARGV how its JSON is to begin (see begins), idle timeout and age
// in ms, and where it is more than the use of a session of our own, what to do:
// letters for (o)ne of our own, (t)ouch, (s)ign in, and (c)laim in the name of
// ARGV[5], by a last key.
//
// It answers one text: the value as it now is if it could take the short way, else
// what answerLua makes.
//
// The short way is for a session as this package writes it, of the person and the
// address asked for. It is known by its beginning, and only the digits of its last
// use are written: what begins like that is there, so that nothing is revived.
// Numbers are handed on as the texts that they came as, where they can be: to print
// one takes the server as long as a third of a command.
//
// The short way notes a use in the index once a second, which create knows, or
// where the index would not outlast the session. The index outlasts every session
// in it, also one whose time the policy has made longer since.
const useLua = clockLua + `
local call, sub = redis.call, string.sub
local key, begins, idle, mode = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
local v = redis.pcall('GETRANGE', key, '0', '511')
local n = #begins
if not mode and type(v) == 'string' and sub(v, 1, n) == begins then
  if string.byte(begins, n) == 34 then n = (string.match(v, '^[^"\\]*","created_at":()', n + 1) or #v) - 1 end
  local made, used, after = tonumber(sub(v, n + 1, n + 17)), tonumber(sub(v, n + 35, n + 51)), string.byte(v, n + 52)
  if made and used and sub(v, n + 18, n + 34) == ',"last_accessed":' and (after == 44 or after == 125) then
    local soon, most = time[1] + 1, idle / 1000 -- seconds
    local left = ARGV[3] / 1000 - (soon - made)
    if soon - used < most and left > 1 then
      local last = idle
      if left < most then last = math.floor(math.min(most, left + soon - stamp) * 1000) end
      local length = redis.pcall('SETRANGE', key, n + 34, stamp)
      if type(length) == 'number' and length <= ` + maxValueText + ` then
        if KEYS[2] and (sub(v, n + 35, n + 44) ~= time[1] or call('PTTL', KEYS[2]) < idle + 0) then
          call('ZADD', KEYS[2], time[1] .. micros, sub(key, -` + idLengthText + `))
          call('PEXPIRE', KEYS[2], ARGV[3] + 2 * idle)
        end
        return call('GETEX', key, 'PX', last)
      end
    end
  end
end
` + readLua + layoutLua + refusalLua + answerLua + `
local now = tonumber(stamp)
local ttl = ARGV[3] / 1000
idle, mode = idle / 1000, mode or 'ot'
local user, address = string.match(begins, '^{"user_id":(.-),"ip":(.*)$')
address = string.match(address, '^(.*),"created_at":$') or ''
local id = sub(key, -` + idLengthText + `)
v = read(key)
local retired
if v == '' and KEYS[3] then
  local sessions = sub(key, 1, -1 - #id)
  local pointers = sub(KEYS[3], 1, -1 - #id)
  local successor = call('GET', KEYS[3])
  for _ = 1, ` + maxRotationsText + ` do
    if not successor or v ~= '' then break end
    retired = true
    v = read(sessions .. successor)
    if v == '' then successor = call('GET', pointers .. successor) end
  end
end
if v == '' then return answer('unknown') end
local at = layout(v)
local why = refusal(at, user, address, now, idle, ttl)
if retired then
  if why then return answer(why, v) end
  return answer('ok', v, call('PTTL', KEYS[3]), 'retired')
end
if why then
  if (why == 'idle' or why == 'age') and sub(mode, 1, 1) == 'o' then
    redis.pcall('UNLINK', key)
    if KEYS[2] then redis.pcall('ZREM', KEYS[2], id) end
  end
  return answer(why, v)
end
if ARGV[5] then
  local claim = KEYS[#KEYS]
  if not call('SET', claim, ARGV[5], 'NX', 'PX', ` + claimText + `) and call('GET', claim) ~= ARGV[5] then
    return answer('unknown')
  end
  return answer('ok', v, call('PTTL', key))
end

local made, used, from, till = at.made, at.used, at.from, at.till
local last = ttl
if made then last = math.min(last, ttl - (now - made)) end
if made and used then last = math.min(last, idle) end
last = math.max(1, math.floor(last * 1000))
local touched = v
if used then touched = sub(v, 1, from - 1) .. stamp .. sub(v, till) end
if mode == 'ots' then
  local signed = (walk(touched) or {}).authenticated_at
  if signed then touched = sub(touched, 1, signed[1] - 1) .. stamp .. sub(touched, signed[2] + 1) end
end
local done = true
if made and used then
  done = redis.pcall('SET', key, touched, 'XX', 'PX', last)
else
  if used then done = redis.pcall('SET', key, touched, 'XX', 'KEEPTTL') end
  local left = call('PTTL', key)
  if left < 0 or left > last then
    if type(done) ~= 'table' or not done.err then done = redis.pcall('PEXPIRE', key, last) end
  else
    last = left
  end
end
if type(done) == 'table' and done.err then
  for _, word in ipairs({'OOM', 'READONLY', 'MISCONF', 'NOREPLICAS'}) do
    if string.find(done.err, word, 1, true) then return answer('ok', v, call('PTTL', key), 'stale') end
  end
  return done
end
if KEYS[2] then
  call('ZADD', KEYS[2], time[1] .. micros, id)
  call('PEXPIRE', KEYS[2], math.floor((ttl + 2 * idle) * 1000))
end
return answer('ok', touched, last)
`

// rotate is Regenerate within one person: KEYS are the old session, the index,
// the old one's retired key and the new session; ARGV the texts of the person and the address to
// hold against it (empty: any), idle timeout and age in ms, its id, the new id, and
// how many ms the old token still reads. It answers as answerLua says.
//
// A session that is not there while the new one is has been rotated by this very
// call before, whose reply was lost.
const rotateLua = clockLua + readLua + layoutLua + refusalLua + answerLua + `
local now = tonumber(stamp)
local key, idle, ttl, id = KEYS[1], ARGV[3] / 1000, ARGV[4] / 1000, ARGV[5]
local v = read(key)
if v == '' then
  local new = read(KEYS[4])
  if new == '' then return answer('unknown') end
  return answer('ok', new, redis.call('PTTL', KEYS[4]))
end
local at = layout(v)
local why = refusal(at, ARGV[1], ARGV[2], now, idle, ttl)
if why then return answer(why, v) end
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
return answer('ok', v, last)
`
