package settings

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// DefaultFile is read where no other file is named. It may be missing.
const DefaultFile = "config.yaml"

// Options says where Load looks.
type Options struct {
	// File is the configuration file; it must exist. Empty means what
	// HELIX_CONFIG names, else DefaultFile.
	File string

	// Environ is the environment as os.Environ answers it. A variable with an
	// empty value counts as not set.
	Environ []string

	// Flags are values given on the command line, by key.
	Flags map[string]string
}

// Base is what a process starts with: everything but the live values. It does
// not change.
type Base struct {
	snapshot *Snapshot
	roles    map[string]Role
	actions  map[string]Action
	secret   func(name string) (value string, ok bool, err error) // a func, so that nothing prints it
	warnings []string
	file     string
}

// Snapshot answers the values without the live ones.
func (b *Base) Snapshot() *Snapshot { return b.snapshot }

// Roles answers the roles of the file's section permissions.roles by their
// names in lower case. The map is the caller's own.
func (b *Base) Roles() map[string]Role { return maps.Clone(b.roles) }

// Actions answers the entries of the file's section actions by their names.
// The map is the caller's own.
func (b *Base) Actions() map[string]Action { return maps.Clone(b.actions) }

// Variable answers a variable of the environment, or what the file holds that
// NAME_FILE names. ok is false where neither is set; setting both is an error.
func (b *Base) Variable(name string) (value string, ok bool, err error) {
	return b.secret(name)
}

// Warnings answers what looks wrong but stops nothing, one sentence each.
func (b *Base) Warnings() []string { return slices.Clone(b.warnings) }

// File answers the path of the file that was read, empty if there was none.
func (b *Base) File() string { return b.file }

// Defaults answers a Base with the table's own values and nothing else.
func Defaults() *Base {
	b, err := assemble(&fileLayer{}, environment{}, nil)
	if err != nil {
		panic("settings: the table's own values are refused: " + err.Error())
	}
	return b
}

// Load puts the layers together: defaults, the profile's values, the file, the
// environment, flags; each wins over those before it. The error joins all
// problems found: *UnknownError, *ValueError, *CombinationError or a fault.
func Load(o Options) (*Base, error) {
	env := newEnvironment(o.Environ)
	file, err := readFile(o.File, env.vars["HELIX_CONFIG"])
	if err != nil {
		return nil, err
	}
	return assemble(file, env, o.Flags)
}

func assemble(file *fileLayer, env environment, flags map[string]string) (*Base, error) {
	fromEnv, envErr := env.assignments()
	l := &loader{values: make(map[string]inForce)}
	l.errs = append(slices.Clone(file.errs), envErr)
	l.layers([][]assignment{file.assignments, fromEnv, flagAssignments(flags)})
	base := &Base{
		snapshot: &Snapshot{values: l.values},
		roles:    file.roles, actions: file.actions, secret: env.secret,
		warnings: env.warnings(), file: file.path,
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	if broken := brokenRules(base.snapshot); len(broken) > 0 {
		return nil, joinAll(broken)
	}
	return base, nil
}

// assignment is one value of a layer above the defaults.
type assignment struct {
	key    string
	text   string
	items  []string // of a List that came as one
	isList bool
	origin Origin
}

type loader struct {
	values map[string]inForce
	errs   []error
}

func (l *loader) layers(layers [][]assignment) {
	profile := Production
	for _, layer := range layers {
		for _, a := range layer {
			if v, err := a.parse(); err == nil && a.key == string(Profile) {
				profile = v.text
			}
		}
	}
	l.profile(profile)
	for _, layer := range layers {
		for _, a := range layer {
			l.assign(a)
		}
	}
}

// profile lays the ground: each setting's value in the chosen profile.
func (l *loader) profile(profile string) {
	for _, s := range Table() {
		v, err := s.parseDefault(s.For(profile))
		if err != nil {
			l.errs = append(l.errs, err)
		}
		origin := Origin{Source: FromDefault}
		if s.For(profile) != s.Default {
			origin = Origin{Source: FromProfile, Where: profile}
		}
		l.values[s.Key] = inForce{v, origin}
	}
}

func (l *loader) assign(a assignment) {
	v, err := a.parse()
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	l.values[a.key] = inForce{v, a.origin}
}

// parse reads the value; errors say where it came from.
func (a *assignment) parse() (Value, error) {
	s, err := Lookup(a.key)
	if err != nil {
		return Value{}, located(err, a.origin.Where)
	}
	a.key = s.Key
	v, err := s.parseEither(a)
	if err != nil {
		return Value{}, located(err, a.origin.Where)
	}
	return v, nil
}

func (s Setting) parseEither(a *assignment) (Value, error) {
	if !a.isList {
		return s.Parse(a.text)
	}
	if s.Kind != List {
		return Value{}, &ValueError{Key: s.Key, Reason: "expected one value, not a list"}
	}
	v, err := s.newList(a.items)
	if err != nil {
		return Value{}, &ValueError{Key: s.Key, Reason: err.Error()}
	}
	return v, nil
}

// parseDefault reads a value of the table. An empty text is "not set" there,
// also for settings that take no empty text from people.
func (s Setting) parseDefault(text string) (Value, error) {
	if text == "" && s.Kind == List {
		return Value{kind: List}, nil
	}
	return s.Parse(text)
}

// located adds to an error of this package where the value came from.
func located(err error, where string) error {
	var unknown *UnknownError
	var value *ValueError
	switch {
	case errors.As(err, &unknown):
		unknown.Where = where
	case errors.As(err, &value):
		value.Where = where
	}
	return err
}

func flagAssignments(flags map[string]string) []assignment {
	var all []assignment
	for _, key := range slices.Sorted(maps.Keys(flags)) {
		origin := Origin{Source: FromFlag, Where: "command line"}
		all = append(all, assignment{key: key, text: strings.TrimSpace(flags[key]), origin: origin})
	}
	return all
}

func joinAll[E error](list []E) error {
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = e
	}
	return errors.Join(errs...)
}
