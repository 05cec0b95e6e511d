package sessions

// roomLua answers the creations of an address within an hour, and in how many ms
// there may be one more; 0: now. It goes by key and most.
const roomLua = `
local now, hour = tonumber(stamp), 3600
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

// creationLengthText is how much of a session's id names its creation among those
// of an address.
const creationLengthText = "12"

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
// (a)ddress where it is in reach; (d): deny above the limit. The other ARGV are
// named below: times in ms, and the last three only for what was made before.
//
// It answers the value where that is all there is to say, else an outcome and, for
// ok, the value, how long it lasts, and the keys of other software's sessions that
// are to be ended for it; for address how long to wait; for limit which of other
// software's sessions were counted.
const createLua = clockLua + `
local call = redis.call
local key, index, replaced, address = KEYS[1], nil, nil, nil
local roles, head, tail, idle, listed = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local most, mostOfAddress = tonumber(ARGV[6]), tonumber(ARGV[7])
local made, ttl, member = ARGV[8] or '', ARGV[9], ARGV[10] or ''
local id = string.sub(key, -` + idLengthText + `)
local deny
if roles == 'ia' then
  index, address = KEYS[2], KEYS[3]
else
  local named = 2
  if string.find(roles, 'i', 1, true) then index, named = KEYS[named], named + 1 end
  if string.find(roles, 'r', 1, true) then replaced, named = KEYS[named], named + 1 end
  if string.find(roles, 'a', 1, true) then address = KEYS[named] end
  deny = string.find(roles, 'd', 1, true)
end

-- A session that is there already was made by this very call before, whose reply
-- was lost.
local function refused(...)
  local again = call('GET', key)
  if again then return {'ok', again, call('PTTL', key)} end
  return {...}
end

if replaced and call('EXISTS', replaced) == 0 then return refused('unknown') end
if address and call('ZCARD', address) >= mostOfAddress then
` + roomLua + `
  local wait = room(address, mostOfAddress)
  if wait > 0 then return refused('address', wait) end
end
local foreign
local leaves = 0
if index and member ~= '' and call('ZSCORE', index, member) then leaves = 1 end
if index and call('ZCARD', index) - leaves >= most then
` + readLua + layoutLua + `
  local now, idle = tonumber(stamp), idle / 1000
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
      call('UNLINK', unpack(keys(some)))
      call('ZREM', index, unpack(some))
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
    call('ZADD', index, string.format('%.0f', at.used * 1000000), m)
    return false
  end

  if call('EXISTS', key) == 1 then return refused() end
  -- First goes what is no session any more.
  local scores, all, gone, others = {}, {}, {}, {}
  local every = call('ZRANGE', index, 0, -1, 'WITHSCORES')
  for i = 1, #every, 2 do
    if isForeign(every[i]) then
      others[#others + 1] = every[i]
    else
      all[#all + 1] = every[i]
      scores[every[i]] = tonumber(every[i + 1]) / 1000000
    end
  end
  each(all, function(some)
    local whole = call('EXISTS', unpack(keys(some))) == #some
    for _, m in ipairs(some) do
      if not whole and call('EXISTS', sessions .. m) == 0 or now - scores[m] >= idle and over(m) then
        gone[#gone + 1] = m
      end
    end
  end)
  finish(gone)

  -- One that takes another's place is never denied: it makes them no more.
  local many = call('ZCARD', index) - leaves - most + 1
  if many > 0 and deny then
    if leaves == 0 then return refused('limit', others) end
  elseif many > 0 then
    -- A score is the first use within its second. Where the line falls within one,
    -- the sessions themselves say which was used last.
    local line = call('ZRANGE', index, many - 1, many + leaves, 'WITHSCORES')
    for i = 4, #line, 2 do
      local second = math.floor(line[i] / 1000000)
      if math.floor(line[i - 2] / 1000000) == second then
        local since, till = string.format('%.0f', second * 1000000), string.format('(%.0f', (second + 1) * 1000000)
        for _, m in ipairs(call('ZRANGEBYSCORE', index, since, till, 'LIMIT', '0', looks)) do
          if not isForeign(m) then over(m) end
        end
      end
    end
    local own = {}
    foreign = {}
    for _, m in ipairs(call('ZRANGE', index, 0, many)) do
      if m ~= member and #own + #foreign < many then
        local list = isForeign(m) and foreign or own
        list[#list + 1] = m
      end
    end
    finish(own)
    each(foreign, function(some) call('ZREM', index, unpack(some)) end)
  end
end
local last = idle
local first = stamp
if made ~= '' then
  first = made
  last = math.max(1, math.floor(math.min(idle / 1000, ttl / 1000 - (stamp - made)) * 1000))
end
local v
if index then
  v = head .. first .. ',"last_accessed":' .. stamp .. ',"authenticated_at":' .. first .. tail
else
  v = head .. first .. ',"last_accessed":' .. stamp .. tail
end
if not call('SET', key, v, 'NX', 'PX', last) then return refused('unknown') end
local score = time[1] .. micros
if address then
  call('ZADD', address, score, string.sub(id, 1, ` + creationLengthText + `))
  call('PEXPIRE', address, '` + hourText + `')
end
if index then
  if replaced then call('UNLINK', replaced) end
  if leaves == 1 then call('ZREM', index, member) end
  call('ZADD', index, score, id)
  call('PEXPIRE', index, listed)
end
if foreign and #foreign > 0 then return {'ok', v, last, foreign} end
return v
`
