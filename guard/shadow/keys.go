package shadow

import "strconv"

// keysOf answers the keys among the words of a call that has its least number
// of words; ok is false where the call does not say how many they are.
type keysOf func(argv []string) (keys []string, ok bool)

func first(argv []string) ([]string, bool) { return argv[1:2], true }

func firstTwo(argv []string) ([]string, bool) { return argv[1:3], true }

func all(argv []string) ([]string, bool) { return argv[1:], true }

// pairs is for a key and its value in turns.
func pairs(argv []string) ([]string, bool) {
	var keys []string
	for i := 1; i < len(argv); i += 2 {
		keys = append(keys, argv[i])
	}
	return keys, true
}

// from is for keys from a word to the last.
func from(i int) keysOf {
	return func(argv []string) ([]string, bool) { return argv[i:], true }
}

// only is for one key at a place.
func only(i int) keysOf {
	return func(argv []string) ([]string, bool) { return argv[i : i+1], true }
}

// counted is for keys that follow their number, which stands at a place; the
// keys before it count as well.
func counted(at int) keysOf {
	return func(argv []string) ([]string, bool) {
		n, ok := integer(argv[at])
		if !ok || n < 1 || n > int64(len(argv)-at-1) {
			return nil, false
		}
		return append(append([]string(nil), argv[1:at]...), argv[at+1:at+1+int(n)]...), true
	}
}

// but answers the keys without the others of a call.
func (k keysOf) but(others keysOf) keysOf {
	return func(argv []string) ([]string, bool) {
		keys, ok := k(argv)
		left, _ := others(argv)
		return keys[min(len(left), len(keys)):], ok
	}
}

// beyond answers the words behind counted keys, whose number stands at a place
// and is known to be right.
func beyond(at int, argv []string) []string {
	n, _ := strconv.Atoi(argv[at])
	return argv[at+1+n:]
}
