-- Takes keys away, or gives them another time to live, if each of them still is
-- what it was.
-- KEYS: the keys, and where ARGV[1] is a number the key to note it in.
-- ARGV: the number; how long the note lasts, in ms; whether values are compared,
-- 1 or 0; how many words follow the key in the command; the command's name; those
-- words; for each key when it ends, in Unix ms, -1 for never and -2 where there
-- is no such key; and where values are compared, those.
-- Answers the time in ms, the replies as digits or of UNLINK the sum, and what
-- was noted before; nil if nothing was done.
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local marked, compares, words, name = ARGV[1] ~= '', ARGV[3] == '1', tonumber(ARGV[4]), ARGV[5]
local count = marked and #KEYS - 1 or #KEYS
local slack = 5
local values = compares and call('MGET', unpack(KEYS, 1, count))
for i = 1, count do
	local left, ends = call('PTTL', KEYS[i]), ARGV[5 + words + i]
	if left >= 0 then
		local off = now + left - ends
		if off > slack or off < -slack then return false end
	elseif left ~= tonumber(ends) then
		return false
	end
	if compares and left ~= -2 and values[i] ~= ARGV[5 + words + count + i] then
		return false
	end
end
local replies
if name == 'UNLINK' then
	replies = tostring(call('UNLINK', unpack(KEYS, 1, count)))
else
	local list, first, second = {}, ARGV[6], ARGV[7]
	for i = 1, count do
		if words == 1 then
			list[i] = call(name, KEYS[i], first)
		else
			list[i] = call(name, KEYS[i], first, second)
		end
	end
	replies = tostring(table.concat(list))
end
local before = false
if marked then
	before = redis.pcall('SET', KEYS[#KEYS], ARGV[1], 'PX', ARGV[2], 'GET')
end
return {now, replies, before}
