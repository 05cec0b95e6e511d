package guard

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzInvocation holds that redis-cli's options are read or refused in words, and
// that the command behind them stays as it was typed.
func FuzzInvocation(f *testing.F) {
	for _, seed := range []string{"-n\x001\x00get\x00x", "--json\x00get\x00x", "--quoted-input\x00get\x00\"\\x41\"", "--scan\x00--pattern\x00session:*", "-a\x00x\x00ping", "--bigkeys", "-", "--", "-n\x00-1", "monitor\x00--for\x001s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		args := strings.Split(joined, "\x00")
		in, err := parseInvocation(slices.Clone(args))
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%q is refused without a word", args)
			}
			return
		}
		if typed := args[len(args)-min(len(args), len(in.argv)):]; !in.quoted && len(in.argv) > 0 && in.argv[0] != typed[0] && !slices.Contains(args, in.argv[0]) {
			t.Errorf("%q calls %q", args, in.argv)
		}
	})
}

// FuzzRecorded holds that a step of a plan is what was recorded, or damaged.
func FuzzRecorded(f *testing.F) {
	f.Add(recorded{db: 3, argv: []string{"DEL", "a\x00b"}, absent: []string{"c"}, predicted: []byte(":1\r\n")}.append(nil))
	f.Add(recorded{argv: []string{"EXPIRE", "", "5"}, each: []string{"k"}}.append(nil))
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, record []byte) {
		r, err := parseRecorded(bytes.Clone(record))
		if err != nil {
			return
		}
		again, err := parseRecorded(r.append(nil))
		if err != nil || again.db != r.db || !slices.Equal(again.argv, r.argv) || !slices.Equal(again.absent, r.absent) || !bytes.Equal(again.predicted, r.predicted) || !slices.Equal(again.each, r.each) {
			t.Errorf("%x is %+v and then %+v, %v", record, r, again, err)
		}
	})
}

// FuzzMonitored holds that a line of MONITOR is taken apart wholly or not at all.
func FuzzMonitored(f *testing.F) {
	f.Add(`1700000000.000001 [0 127.0.0.1:50000] "GET" "key"`)
	f.Add(`1 [0 lua] "SET" "a\"b\\" "\x00\xff"`)
	f.Add(`] "`)
	f.Fuzz(func(t *testing.T, line string) {
		head, words, ok := readMonitored([]byte(line))
		if ok && (len(words) == 0 || !strings.HasPrefix(line, string(head))) {
			t.Errorf("%q is %q %q", line, head, words)
		}
	})
}
