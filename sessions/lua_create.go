package sessions

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
  -- if other software has used it since. It looks at so many as take a few
  -- milliseconds: where there are more, these make room.
  local looks = 200
  local function over(m)
    looks = looks - 1
    if looks < 0 then return false end
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
