package sessions

import (
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// What the scripts share. Times are Redis's own, in seconds: stamp is the text of
// now with six digits, which a script makes a number of where it needs one. What is
// rarely needed is defined where it is needed, since each definition costs the
// server time in every call.
const (
	clockLua = `
local time = redis.call('TIME')
local micros = time[2]
if #micros < 6 then micros = string.sub('00000' .. micros, -6) end
local stamp = time[1] .. '.' .. micros
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
	// walked through, in so many steps as take a few milliseconds at most: what has
	// more parts counts as no session.
	layoutLua = `
local function walk(v)
  local steps = 20000
  local function quoted(i)
    if string.sub(v, i, i) ~= '"' then return nil end
    while true do
      i = string.find(v, '["\\]', i + 1)
      steps = steps - 1
      if steps < 0 then return nil end
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
      steps = steps - 1
      if not i or steps < 0 then return nil end
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
    steps = steps - 20 -- a member costs that much
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
local function refusal(at, user, ip, now, idle, ttl)
  if not at then return 'malformed' end
  if at.used and now - at.used >= idle then return 'idle' end
  if at.made and now - at.made >= ttl then return 'age' end
  if user ~= '' and user ~= at.user then return 'user' end
  if ip ~= '' and ip ~= at.ip then return 'address' end
end
`

	// answerLua puts together what a script found out about a session: a line with
	// the outcome, for how many ms the key lasts, and a word about that (stale or
	// retired, or none); then its value. One text takes the server half the time of
	// a list, and no outcome begins as a value does.
	answerLua = `
local function answer(outcome, v, left, word)
  return string.format('%s %.0f %s\n', outcome, left or 0, word or '') .. (v or '')
end
`
)

const (
	maxValueText = "262144" // maxValue, since a constant text cannot be made of a number

	// idLengthText is how long the id of a session of our own is.
	idLengthText = "32"

	// maxRotationsText is through how many rotations within the grace an old token
	// still reads.
	maxRotationsText = "8"

	// claimText is for how many ms nobody else may sign in with a token that
	// somebody is signing in with: longer than that takes, and not so long that a
	// process that dies meanwhile holds its person up.
	claimText = "5000"
)

// A compile-time proof that both are the same.
var (
	_ = [1]struct{}{}[maxValue-1<<18]
	_ = [1]struct{}{}[idSize*8/5-32]
)

// scripts are the scripts of a Store. Those that only end sessions run on a
// server whose memory is full; the others are to be refused there.
type scripts struct {
	use, rotate, create, reserve *redis.Script
	destroy, destroyUser         *script.Script

	sweep, enlist, prune, evict, take, renew, giveBack, note, keep *script.Script // of cleanup

	keepCensus, tellCounts *script.Script

	mark, sound *script.Script
}

func newScripts() scripts {
	return scripts{
		use: redis.NewScript(useLua), rotate: redis.NewScript(rotateLua),
		create: redis.NewScript(createLua), reserve: redis.NewScript(reserveLua),
		destroy: script.New(destroyLua), destroyUser: script.New(destroyUserLua),
		sweep: script.New(sweepLua), enlist: script.New(enlistLua), prune: script.New(pruneLua), evict: script.New(evictLua),
		take: script.New(takeLua), renew: script.New(renewLua), giveBack: script.New(returnLua), note: script.New(noteLua), keep: script.New(keepLua),
		keepCensus: script.New(keepCensusLua), tellCounts: script.New(tellCountsLua),
		mark: script.New(markLua), sound: script.New(soundLua),
	}
}
