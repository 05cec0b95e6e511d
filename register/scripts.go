package register

// readSource answers names and records, alternating, the revision and its id among
// them, and no record that is longer than we write, nor more than we do. A value of
// another type counts as none.
//
// KEYS: the hash. ARGV: records, bytes.
const readSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
local most, found = tonumber(ARGV[1]), {}
local function add(name, text) found[#found + 1] = name; found[#found + 1] = text end
for _, name in ipairs({'@revision', '@id'}) do
  local text = redis.call('HGET', KEYS[1], name)
  if text and #text <= 64 then add(name, text) end
end
local full = #found + 2 * most
local cursor = '0'
repeat
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', most)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if string.sub(page[2][i], 1, 1) ~= '@' and #page[2][i + 1] <= tonumber(ARGV[2]) and #found < full then
      add(page[2][i], page[2][i + 1])
    end
  end
until cursor == '0' or #found >= full
return found`

// holdsSource begins the scripts that write: holds answers whether the key is as
// the caller saw it, by its revision (0 for none that counts) and its id.
//
// The first write of each is one that takes no memory, for servers before 7.0,
// which know no allow-oom: out of memory, they refuse a script's first write only.
const holdsSource = `
local there = redis.call('TYPE', KEYS[1]).ok == 'hash'
local at, id = '', ''
if there then
  at, id = redis.call('HGET', KEYS[1], '@revision') or '', redis.call('HGET', KEYS[1], '@id') or ''
end
if not string.match(at, '^[1-9]%d*$') or #at > 15 then at = '0' end
if #id > 64 then id = '' end
local function holds(revision, of) return at == revision and id == of end`

// changeSource makes one change to what the caller saw. One that is made already
// counts as done: the answer of an earlier try may have been lost.
//
// KEYS: the hash. ARGV: the revision and id that are expected, those after the
// change, the name, and its record or "" for none. Answers whether it is made.
const changeSource = holdsSource + `
if holds(ARGV[3], ARGV[4]) then return 1 end
if not holds(ARGV[1], ARGV[2]) then return 0 end
if not there then redis.call('DEL', KEYS[1]) end
redis.call('HDEL', KEYS[1], ARGV[5])
redis.call('HSET', KEYS[1], '@revision', ARGV[3], '@id', ARGV[4])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], ARGV[5], ARGV[6]) end
return 1`

// restoreSource stores everything in the place of what the caller saw.
//
// KEYS: the hash. ARGV: the revision and id that are expected, those to store, and
// names and records. Answers whether it did.
const restoreSource = holdsSource + `
if not holds(ARGV[1], ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '@revision', ARGV[3], '@id', ARGV[4])
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1`
