package change

import (
	"context"
	"slices"
	"strconv"

	"github.com/helix-collective/helix/journal"
)

// A server whose memory is full refuses every command between MULTI and EXEC,
// those that give memory back among them, since a transaction may queue up
// without end. It takes a script, and refuses within it what needs memory.
//
// Scripts know no WATCH. So a script first asks what the keys hold, and where
// that is not what the journal has, what it answers is kept right afterwards.

// oneByOneScript carries out commands, each preceded by the number of its
// words, and answers all their replies, errors among them.
const oneByOneScript = `
local replies, i = {}, 1
while i <= #ARGV do
	local n = tonumber(ARGV[i])
	replies[#replies + 1] = redis.pcall(unpack(ARGV, i + 1, i + n))
	i = i + n + 1
end
return replies`

// asScript is the command that carries out commands on keys together.
func asScript(keys []string, commands [][]string) []string {
	eval := append([]string{"EVAL", oneByOneScript, strconv.Itoa(len(keys))}, keys...)
	for _, c := range commands {
		eval = append(append(eval, strconv.Itoa(len(c))), c...)
	}
	return eval
}

// unwatchable reports whether a unit can do without WATCH: no step of it may
// depend on a key's absence.
func (u *unit) unwatchable() bool {
	return !slices.ContainsFunc(u.steps, func(s Step) bool { return len(s.Absent) > 0 })
}

// submit sends a unit's transaction, as a script where the server is full.
func (r *run) submit(ctx context.Context, u *unit, commands [][]string) ([][]byte, error) {
	if !r.full.Load() || !u.unwatchable() {
		return u.session.exchange(ctx, commands)
	}
	u.scripted = true
	looks := u.looks()
	inner := append(looks, commands[1:len(commands)-1]...)
	replies, err := u.session.exchange(ctx, [][]string{asScript(u.names, inner), {"UNWATCH"}})
	if err != nil {
		return nil, err
	}
	results, ok := elements(replies[0])
	if !ok {
		return replies[:1], nil
	}
	if len(results) < len(looks) {
		return nil, errMalformed
	}
	u.compare(results[:len(looks)])
	return [][]byte{arrayOf(results[len(looks):])}, nil
}

// looks lists the commands that ask what the unit's keys hold, as far as that
// was kept.
func (u *unit) looks() [][]string {
	if u.images == nil {
		return nil
	}
	list := [][]string{{"TIME"}}
	for i, name := range u.names {
		content := []string{"DUMP", name}
		if !u.compared(i) {
			content = []string{"EXISTS", name}
		}
		list = append(list, content, []string{"PTTL", name})
	}
	return list
}

// compared reports whether a key's content is kept, or there was none to keep.
func (u *unit) compared(i int) bool { return len(u.images[i].Content) > 0 || !u.images[i].Exists }

// compare notes what the keys held right before, where that is not what was
// kept of them.
func (u *unit) compare(results [][]byte) {
	if u.images == nil {
		return
	}
	now, _ := milliseconds(results[0])
	found := make([]journal.Image, len(u.names))
	differs := false
	for i, name := range u.names {
		content, _ := bulk(results[1+2*i])
		found[i] = imageOf(u.images[i].DB, name, now, content, results[2+2*i])
		differs = differs || !u.isAsKept(i, found[i])
	}
	if differs {
		u.late = found
	}
}

// isAsKept reports whether a key is what was kept of it.
func (u *unit) isAsKept(i int, now journal.Image) bool {
	was := u.images[i]
	if !was.Exists || !now.Exists {
		return was.Exists == now.Exists
	}
	return near(was.Deadline, now.Deadline) && (!u.compared(i) || sameContent(was, now))
}

// amend keeps what keys held that changed after they were looked at.
func (r *run) amend(b *batch) error {
	for _, u := range b.units {
		if u.late == nil || u.outcome != made {
			continue
		}
		if err := r.Journal.Before(u.late); err != nil {
			return err
		}
		if err := r.Journal.After(u.states); err != nil {
			return err
		}
	}
	return nil
}

// arrayOf is an array reply of raw elements.
func arrayOf(list [][]byte) []byte {
	array := append(strconv.AppendInt([]byte{'*'}, int64(len(list)), 10), "\r\n"...)
	for _, e := range list {
		array = append(array, e...)
	}
	return array
}
