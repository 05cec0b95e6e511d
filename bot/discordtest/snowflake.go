package discordtest

import (
	"strconv"
	"time"
)

// discordEpoch is the moment that snowflakes count from: 2015, in
// milliseconds of Unix time.
const discordEpoch = 1420070400000

// worldEpoch dates what the test builds: 2024-01-01.
const worldEpoch = 1704067200000

// snowflakes mints ids. Those of users, guilds, roles and channels depend only
// on the order in which the test makes them; those of messages and
// interactions carry the time of Discord's clock, as real ones do.
type snowflakes struct {
	built  uint64
	guilds uint64
	last   uint64
}

// next mints the id of something that the test built.
func (s *snowflakes) next() string {
	s.built++
	return strconv.FormatUint((worldEpoch-discordEpoch)<<22+s.built, 10)
}

// nextGuild mints the id of a guild. Each has a millisecond of its own, from
// which follows the shard that it is in.
func (s *snowflakes) nextGuild() string {
	s.guilds++
	return strconv.FormatUint((worldEpoch-discordEpoch+s.guilds)<<22, 10)
}

// at mints the id of something that happens at a moment. Ids rise even if the
// clock stands still.
func (s *snowflakes) at(moment time.Time) string {
	id := uint64(max(moment.UnixMilli()-discordEpoch, 0)) << 22
	s.last = max(id, s.last+1)
	return strconv.FormatUint(s.last, 10)
}

// later tells whether one snowflake is younger than another.
func later(one, other string) bool {
	a, _ := strconv.ParseUint(one, 10, 64)
	b, _ := strconv.ParseUint(other, 10, 64)
	return a > b
}

// isSnowflake tells whether a text can be an id.
func isSnowflake(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}
