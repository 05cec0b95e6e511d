package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Role is one role of the file's section permissions.roles, as written: what
// the texts mean is for permissions to say.
type Role struct {
	Discord  []string // role ids, and people as user:ID
	Channels []string // ids; empty means every channel
	Allow    []string
	Deny     []string
}

// readPermissions reads permissions.roles, whose names do not distinguish case
// (viper answers them in lower case).
func (l *fileLayer) readPermissions(value any) {
	section, ok := l.mapping("permissions", value)
	if !ok {
		return
	}
	for _, name := range sortedKeys(section) {
		if name != "roles" {
			l.errs = append(l.errs, l.unknownField("permissions."+name, []string{"roles"}))
		}
	}
	roles, ok := l.mapping("permissions.roles", section["roles"])
	if !ok {
		return
	}
	l.roles = make(map[string]Role)
	for _, name := range sortedKeys(roles) {
		l.roles[name] = l.readRole("permissions.roles."+name, roles[name])
	}
}

func (l *fileLayer) readRole(key string, value any) Role {
	fields, _ := l.mapping(key, value)
	var r Role
	into := map[string]*[]string{"discord": &r.Discord, "channels": &r.Channels, "allow": &r.Allow, "deny": &r.Deny}
	for _, name := range sortedKeys(fields) {
		target, known := into[name]
		if !known {
			l.errs = append(l.errs, l.unknownField(key+"."+name, sortedKeys(into)))
			continue
		}
		*target = l.roleList(key+"."+name, fields[name])
	}
	return r
}

func (l *fileLayer) roleList(key string, value any) []string {
	if value == nil {
		return nil
	}
	items, ok := value.([]any)
	if !ok {
		l.refuse(key, errors.New(`expected a list, as in ["1", "2"]`))
		return nil
	}
	return l.texts(key, items)
}

// mapping answers the fields below key; ok is false where there are none.
func (l *fileLayer) mapping(key string, value any) (fields map[string]any, ok bool) {
	fields, ok = value.(map[string]any)
	if !ok && value != nil {
		l.refuse(key, errors.New("expected `name: value` lines below it"))
	}
	return fields, ok
}

func (l *fileLayer) unknownField(key string, fields []string) error {
	name := key[strings.LastIndex(key, ".")+1:]
	text := fmt.Sprintf("%s (%s) is not a field", quote(key), l.where(key))
	if near := nearest(name, fields); len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", text, quote(near[0]))
	}
	return fmt.Errorf("%s; there is %s", text, orList(fields))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
