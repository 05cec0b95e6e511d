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
		n, err := strconv.Atoi(argv[at])
		if err != nil || n < 1 || n > len(argv)-at-1 {
			return nil, false
		}
		return append(append([]string(nil), argv[1:at]...), argv[at+1:at+1+n]...), true
	}
}
