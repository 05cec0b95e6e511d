-- Gives keys another time to live, if each of them still ends when it did.
-- KEYS: the keys, and where ARGV[1] is a number the key to note it in.
-- ARGV: the number, how long the note lasts in ms, how many words follow the key
-- in the command, the command's name, those words, and then for each key when it
-- ends in Unix ms, -1 for never and -2 where there is no such key.
-- Answers the time in ms, the replies as digits, and what was noted before; nil
-- if nothing was done.
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local marked = ARGV[1] ~= ''
local count = marked and #KEYS - 1 or #KEYS
local words = tonumber(ARGV[3])
local slack = 5
for i = 1, count do
	local left, ends = call('PTTL', KEYS[i]), ARGV[4 + words + i]
	if left >= 0 then
		local off = now + left - ends
		if off > slack or off < -slack then return false end
	elseif left ~= tonumber(ends) then
		return false
	end
end
local replies, name, first, second = {}, ARGV[4], ARGV[5], ARGV[6]
for i = 1, count do
	if words == 1 then
		replies[i] = call(name, KEYS[i], first)
	else
		replies[i] = call(name, KEYS[i], first, second)
	end
end
local before = false
if marked then
	before = redis.pcall('SET', KEYS[#KEYS], ARGV[1], 'PX', ARGV[2], 'GET')
end
return {now, table.concat(replies), before}
