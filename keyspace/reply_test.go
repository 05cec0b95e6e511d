package keyspace

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestParseScan(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"keys", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$3\r\nb\r\n\r\n", `"7" ["a" "b\r\n"]`},
		{"no keys", "*2\r\n$1\r\n0\r\n*0\r\n", `"0" []`},
		{"an empty key", "*2\r\n$1\r\n0\r\n*1\r\n$0\r\n\r\n", `"0" [""]`},
		{"nothing", "", "malformed"},
		{"cut off", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n", "malformed"},
		{"too much", "*2\r\n$1\r\n0\r\n*0\r\n+OK\r\n", "malformed"},
		{"another reply", "+OK\r\n", "malformed"},
		{"no cursor", "*2\r\n$0\r\n\r\n*0\r\n", "malformed"},
		{"a null", "*2\r\n$1\r\n0\r\n*-1\r\n", "malformed"},
		{"a huge length", "*2\r\n$1\r\n0\r\n*99999999999999999999\r\n", "malformed"},
		{"a key beyond the end", "*2\r\n$1\r\n0\r\n*1\r\n$5\r\nab\r\n", "malformed"},
		{"an error", "-NOPERM no scanning\r\n", "NOPERM no scanning"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cursor, keys, err := parseScan([]byte(tt.raw), nil)
			got := fmt.Sprintf("%q %q", cursor, keys)
			var answer redis.Error
			switch {
			case errors.Is(err, errReply):
				got = "malformed"
			case errors.As(err, &answer):
				got = answer.Error()
			case err != nil:
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Whatever is answered, parsing ends without a panic, and answers no more than
// was sent.
func FuzzParseScan(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"))
	f.Add([]byte("*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n"))
	f.Add([]byte("-ERR\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		cursor, keys, err := parseScan(raw, nil)
		if err != nil {
			return
		}
		again := fmt.Appendf(nil, "*2\r\n$%d\r\n%s\r\n*%d\r\n", len(cursor), cursor, len(keys))
		for _, key := range keys {
			again = fmt.Appendf(again, "$%d\r\n%s\r\n", len(key), key)
		}
		if len(again) > len(raw) {
			t.Errorf("%q was read as %q", raw, again)
		}
	})
}
