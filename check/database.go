package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The names of keys that tell whose database it is.
const (
	sessionPrefix = "session:"
	ownPrefix     = "{helix}:"
	ownSideline   = "helix:"
)

// Look at so many pages of about so many keys; a look, not a count.
const (
	pages    = 5
	pageSize = 1000
)

// Database tells what looks as if a database were not the one that was meant: it is
// empty beside others that are not, or holds keys but no session. Both are likely,
// not certain. In a Cluster, which has one database, it looks at one master. A fault
// says nothing here: Redis tells of it.
func Database(ctx context.Context, client redis.UniversalClient, number int) []Finding {
	const name = "Database"
	seen, err := lookAround(ctx, client)
	if err != nil {
		return nil
	}
	switch others := otherDatabases(ctx, client, number); {
	case seen.sessions > 0:
		return nil
	case seen.others == 0 && len(others) > 0:
		return []Finding{{Name: name, Level: Warning,
			Detail: fmt.Sprintf("Database %d holds nothing but Helix's own, and there is more on this server: %s.", number, strings.Join(others, ", ")),
			Mend:   "If the sessions are there, put its number at the end of REDIS_URL, as in redis://host:6379/1."}}
	case seen.others > 0:
		return []Finding{{Name: name, Level: Warning,
			Detail: fmt.Sprintf("None of the %d keys looked at is a session (session:…): it may be another application's database.", seen.others),
			Mend:   "See to it that REDIS_URL names the server and the database of your sessions."}}
	}
	return nil
}

// sight is how many keys of which kind were seen.
type sight struct{ sessions, others int }

func lookAround(ctx context.Context, client redis.UniversalClient) (seen sight, err error) {
	cursor := uint64(0)
	for range pages {
		var keys []string
		if keys, cursor, err = client.Scan(ctx, cursor, "", pageSize).Result(); err != nil {
			return seen, fmt.Errorf("look at the keys: %w", err)
		}
		for _, key := range keys {
			switch {
			case strings.HasPrefix(key, sessionPrefix):
				seen.sessions++
			case !strings.HasPrefix(key, ownPrefix) && !strings.HasPrefix(key, ownSideline):
				seen.others++
			}
		}
		if cursor == 0 {
			break
		}
	}
	return seen, nil
}

// otherDatabases lists the databases that hold keys, as "db1 (20 keys)", but one.
func otherDatabases(ctx context.Context, client redis.UniversalClient, but int) (list []string) {
	info, err := client.Info(ctx, "keyspace").Result()
	if err != nil {
		return nil // which Redis tells of
	}
	for db, text := range parseFields(info) {
		keys, _, _ := strings.Cut(strings.TrimPrefix(text, "keys="), ",")
		if strings.HasPrefix(db, "db") && db != fmt.Sprintf("db%d", but) {
			list = append(list, fmt.Sprintf("%s (%s keys)", db, keys))
		}
	}
	slices.Sort(list)
	return list
}
