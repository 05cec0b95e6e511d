package settings

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/helix-collective/helix/suggest"
)

const (
	envPrefix = "HELIX_"

	// maxSecretFile bounds a secret's file: a larger one is a wrong path.
	maxSecretFile = 64 << 10
)

// environment reads settings from variables: HELIX_REDIS_SESSION_TTL for
// redis.session_ttl, DISCORD_TOKEN and REDIS_URL besides their HELIX_ forms,
// and for secrets NAME_FILE, the path of a file that holds the value.
type environment struct{ vars map[string]string }

// newEnvironment keeps the variables that are not empty: platforms and compose
// files pass an empty one on for "not set".
func newEnvironment(environ []string) environment {
	vars := make(map[string]string)
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" {
			vars[name] = value
		}
	}
	return environment{vars}
}

func (e environment) assignments() ([]assignment, error) {
	var all []assignment
	var errs []error
	for _, s := range Table() {
		a, ok, err := e.assignment(s)
		errs = append(errs, err)
		if ok && err == nil {
			all = append(all, a)
		}
	}
	return all, errors.Join(errs...)
}

// assignment answers the value for one setting, from the first of its
// variables that is set.
func (e environment) assignment(s Setting) (a assignment, ok bool, err error) {
	for _, name := range s.envNames() {
		text, set := e.vars[name]
		where := name
		if s.Secret {
			text, set, err = e.secret(name)
			if _, direct := e.vars[name]; !direct {
				where += "_FILE"
			}
		}
		if set || err != nil {
			return environmentAssignment(s.Key, text, where), err == nil, err
		}
	}
	return assignment{}, false, nil
}

// secret answers a variable that may hold a secret, or what stands in the file
// that NAME_FILE names.
func (e environment) secret(name string) (value string, ok bool, err error) {
	value, set := e.vars[name]
	path, inFile := e.vars[name+"_FILE"]
	switch {
	case set && inFile:
		return "", false, fmt.Errorf("both %s and %s_FILE are set; unset one of them", name, name)
	case set || !inFile:
		return value, set, nil
	}
	if value, err = readSecret(path); err != nil {
		return "", false, fmt.Errorf("%s_FILE: %w", name, err)
	}
	return value, true, nil
}

func environmentAssignment(key, text, name string) assignment {
	return assignment{key: key, text: text, origin: Origin{Source: FromEnvironment, Where: name}}
}

// readSecret reads a file that holds one secret and perhaps a line break.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the secret: %w", err)
	case len(data) > maxSecretFile:
		return "", fmt.Errorf("%s is larger than %d bytes, so it is not a secret's file", path, maxSecretFile)
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// warnings names variables that look like a setting's but are not. Others that
// begin with HELIX_ are left alone: tools around Helix have theirs.
func (e environment) warnings() []string {
	known := []string{envPrefix + "CONFIG"}
	for _, s := range Table() {
		known = append(known, s.EnvName())
		if s.Secret {
			known = append(known, s.EnvName()+"_FILE")
		}
	}
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(e.vars)) {
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) {
			continue
		}
		if meant, ok := slip(name, known); ok {
			warnings = append(warnings, fmt.Sprintf("The variable %s names no setting. Did you mean %s?", quote(name), quote(meant)))
		}
	}
	return warnings
}

// slip answers the known name that name is at most two letters away from.
func slip(name string, known []string) (string, bool) {
	const letters = 2
	for _, k := range known {
		if suggest.Distance(name, k) <= letters {
			return k, true
		}
	}
	return "", false
}
