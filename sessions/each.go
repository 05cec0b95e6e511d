package sessions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/helix-collective/helix/keyspace"
)

// Each visits every session once, without its Data and its JSON's further members,
// in batches that are valid until visit returns, whose error ends the visits. A
// session that cannot be read has Malformed set, and nothing but its ID, Key,
// Foreign and ExpiresIn. It holds a server for about a millisecond at a time.
func (s *Store) Each(ctx context.Context, visit func([]Session) error) error {
	if _, err := s.each(ctx, visit); err != nil {
		return fmt.Errorf("go through the sessions: %w", err)
	}
	return nil
}

// each is Each, and answers how long the servers worked on it together.
func (s *Store) each(ctx context.Context, visit func([]Session) error) (worked time.Duration, err error) {
	var batch []Session
	done, err := s.keys.Apply(ctx, s.over(every), keyspace.Beginning(beginning), func(results []keyspace.Result) error {
		batch = batch[:0]
		var long []place
		for _, r := range results {
			p, ok := at(string(r.Key))
			if !ok || r.Outcome != keyspace.Answered || !s.sees(r.Key) {
				continue
			}
			session, whole := glance(p, r.Value, r.TTL)
			if !whole {
				long = append(long, p)
				continue
			}
			batch = append(batch, session)
		}
		more, err := s.readLong(ctx, long)
		if err != nil {
			return err
		}
		if batch = append(batch, more...); len(batch) == 0 {
			return nil
		}
		return visit(batch)
	})
	return done.Server + done.Scan.Server, err
}

// glance reads a session by what its value begins with. It is not whole where the
// rest would have to be read as well.
func glance(p place, value []byte, left time.Duration) (s Session, whole bool) {
	s = Session{ID: p.id, Key: p.key, Foreign: p.foreign, ExpiresIn: left}
	var v map[string]json.RawMessage
	if len(value) < beginning {
		var err error
		if v, err = members(string(value)); err != nil {
			s.Malformed = true
			return s, true
		}
	} else if v = firstMembers(value); v[memberUser] == nil || v[memberMade] == nil || v[memberUsed] == nil {
		return s, false
	}
	s.UserID, s.IP, s.UserAgent = text(v[memberUser]), text(v[memberIP]), text(v[memberAgent])
	s.CreatedAt, s.LastAccessed, s.AuthenticatedAt = moment(v[memberMade]), moment(v[memberUsed]), moment(v[memberSigned])
	return s, true
}

// firstMembers answers those members of a JSON object that its beginning has
// whole.
func firstMembers(value []byte) map[string]json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(value))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	found := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		key, isName := name.(string)
		var member json.RawMessage
		if err != nil || !isName || d.Decode(&member) != nil {
			break
		}
		found[key] = member
	}
	return found
}

// longAtOnce is how many sessions are read whole in one round trip: they may be
// long.
const longAtOnce = 8

// readLong reads sessions whose beginning does not tell enough.
func (s *Store) readLong(ctx context.Context, places []place) ([]Session, error) {
	var all []Session
	for len(places) > 0 {
		some := places[:min(longAtOnce, len(places))]
		places = places[len(some):]
		found, err := s.readAll(ctx, some)
		if err != nil {
			return nil, err
		}
		for i, f := range found {
			switch {
			case f.missing:
				continue
			case f.err != nil:
				f.session = Session{ID: some[i].id, Key: some[i].key, Foreign: some[i].foreign, ExpiresIn: f.left, Malformed: true}
			}
			f.session.Data, f.session.extra = nil, ""
			all = append(all, f.session)
		}
	}
	return all, nil
}

// userOfIndex answers the person whose index a key is, if it is one that this
// package makes.
func userOfIndex(key string) (userID string, ok bool) {
	rest, ok := strings.CutPrefix(key, indexPrefix)
	_, escaped, cut := strings.Cut(rest, "}:")
	userID = unescape(escaped)
	return userID, ok && cut && userID != "" && index(userID) == key
}
