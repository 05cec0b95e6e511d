package sessions

// destroy ends a session: KEYS as in use, ARGV its id, and for how many ms it is
// remembered that it was ended. A retired token's session is the one that it still
// reads. It answers how many it ended.
//
// What is neither there nor listed is not remembered: anybody can make up a token.
//
// Of a sign-in the last of KEYS is the claim, and the third of ARGV the claimant: the
// claim then says that this very sign-in has ended the session. Asking again, since
// the reply was lost, finds that; whoever else ended it is told apart.
const destroyLua = `
local claim, ends = ARGV[3] and KEYS[#KEYS], ARGV[3] and 'ended by ' .. ARGV[3]
if claim and redis.call('GET', claim) == ends then return 1 end
local function answer(ended)
  if claim and ended > 0 then redis.call('SET', claim, ends, 'PX', ` + claimText + `) end
  return ended
end
local ended = redis.call('UNLINK', KEYS[1])
if #KEYS < 3 then return answer(ended) end
local id = ARGV[1]
local function remember(key) redis.call('SET', '` + endedPrefix + `' .. key, '', 'PX', ARGV[2]) end
local sessions = string.sub(KEYS[1], 1, -1 - #id)
local pointers = string.sub(KEYS[3], 1, -1 - #id)
local listed = redis.call('ZREM', KEYS[2], id)
if ended + listed > 0 then remember(KEYS[1]) end
local pointer = KEYS[3]
local successor = redis.call('GET', pointer)
while successor do
  redis.call('UNLINK', pointer)
  ended = ended + redis.call('UNLINK', sessions .. successor)
  redis.call('ZREM', KEYS[2], successor)
  remember(sessions .. successor)
  pointer = pointers .. successor
  successor = redis.call('GET', pointer)
end
return answer(ended)
`

// destroyUser ends the sessions of a person: KEYS is the index, ARGV what the
// keys of the sessions begin with, for how many ms it is remembered that they were
// ended, and the ids that stay. It answers how many it ended, and the keys of those
// of other software, which may be elsewhere.
const destroyUserLua = `
local stay = {}
for i = 3, #ARGV do stay[ARGV[i]] = true end
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
for _, key in ipairs(keys) do redis.call('SET', '` + endedPrefix + `' .. key, '', 'PX', ARGV[2]) end
for i = 1, #keys, 1000 do
  ended = ended + redis.call('UNLINK', unpack(keys, i, math.min(i + 999, #keys)))
end
for i = 1, #gone, 1000 do
  redis.call('ZREM', KEYS[1], unpack(gone, i, math.min(i + 999, #gone)))
end
return {ended, foreign}
`
