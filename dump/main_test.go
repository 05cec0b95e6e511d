package dump

import (
	"bufio"
	"context"
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sealed makes a payload of a body, as a server does.
func sealed(body string, version uint16) []byte {
	p := binary.LittleEndian.AppendUint16([]byte(body), version)
	return binary.LittleEndian.AppendUint64(p, checksum(p))
}

func digestOf(t *testing.T, payload []byte) Sum {
	t.Helper()
	s, err := Digest(payload)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parsed fails for a payload of whose bytes alone the sum was taken.
func parsed(t *testing.T, payload []byte) Sum {
	t.Helper()
	d, body := newDigest(), payload[:len(payload)-footerSize]
	d.begin(unparsed)
	d.text(body)
	s := digestOf(t, payload)
	if s == d.sum() {
		t.Fatalf("type %d was not understood", body[0])
	}
	return s
}

// do runs lines of words between spaces.
func do(t *testing.T, c *redis.Client, lines ...string) {
	t.Helper()
	for _, line := range lines {
		var words []any
		for _, word := range strings.Fields(line) {
			words = append(words, word)
		}
		if err := c.Do(context.Background(), words...).Err(); err != nil {
			t.Fatalf("%.80s: %v", line, err)
		}
	}
}

func dumped(t *testing.T, c *redis.Client, key string) []byte {
	t.Helper()
	p, err := c.Dump(context.Background(), key).Result()
	if err != nil {
		t.Fatalf("dump %s: %v", key, err)
	}
	return []byte(p)
}

func restore(t *testing.T, c *redis.Client, key string, payload []byte) {
	t.Helper()
	if err := c.RestoreReplace(context.Background(), key, 0, string(payload)).Err(); err != nil {
		t.Fatalf("restore %s: %v", key, err)
	}
}

// collected are dumps that a Redis 7.0 made, by the names of their keys.
func collected(t testing.TB) map[string][]byte {
	t.Helper()
	f, err := os.Open("testdata/dumps.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]byte{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, quoted, _ := strings.Cut(lines.Text(), " ")
		payload, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = []byte(payload)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
