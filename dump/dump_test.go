package dump

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// ziplistOf makes a ziplist of entries, each already encoded.
func ziplistOf(entries ...string) string {
	var body strings.Builder
	last, tail := 0, 10
	for _, e := range entries {
		tail = 10 + body.Len()
		body.WriteByte(byte(last))
		body.WriteString(e)
		last = 1 + len(e)
	}
	size := 10 + body.Len() + 1
	header := []byte{byte(size), byte(size >> 8), 0, 0, byte(tail), byte(tail >> 8), 0, 0, byte(len(entries)), 0}
	return string(header) + body.String() + "\xff"
}

// short is a string of the RDB format, or a blob of it, of less than 16 KiB.
func short(s string) string { return string([]byte{0x40 | byte(len(s)>>8), byte(len(s))}) + s }

// TestFormerEncodings holds the encodings that servers of today read and never
// write against what a server makes of them.
func TestFormerEncodings(t *testing.T) {
	c := redistest.Standalone(t).Client()
	numbers := ziplistOf("\x01a", "\xfe\x80", "\xc0\x00\x80", "\xf0\x00\x00\x80", "\xd0\x00\x00\x00\x80", "\xe0\x00\x00\x00\x00\x00\x00\x00\x80",
		"\xf1", "\xfd", "\xfe\x0d", "\x40\x41"+strings.Repeat("b", 65), "\x80\x00\x00\x00\x01c")
	for name, body := range map[string]string{
		"list":          "\x01\x03\x01a\xc0\x7f\xc1\x00\x80",
		"list ziplist":  "\x0a" + short(numbers),
		"quicklist":     "\x0e\x02" + short(numbers) + short(ziplistOf("\x01z")),
		"zset as text":  "\x03\x03\x01a\x031.5\x01b\xff\x01c\xfe",
		"zset ziplist":  "\x0c" + short(ziplistOf("\x01a", "\xf2", "\x01b", "\x032.5")),
		"hash ziplist":  "\x0d" + short(ziplistOf("\x01a", "\xf2", "\x01b", "\x032.5")),
		"set of 64 bit": "\x0b" + short("\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"),
	} {
		payload := sealed(body, 6)
		restore(t, c, "k", payload)
		if former, now := parsed(t, payload), digestOf(t, dumped(t, c, "k")); former != now {
			t.Errorf("%s: %x, and from a server of today %x", name, former, now)
		}
	}
}

// TestDeadlinesOfFields knows the layouts of newer servers: 1,000 ms for field
// a, none for b.
func TestDeadlinesOfFields(t *testing.T) {
	pack := "\x1a\x00\x00\x00\x06\x00" + "\x81a\x02" + "\x811\x02" + "\xc3\xe8\x02" + "\x81b\x02" + "\x812\x02" + "\x00\x01" + "\xff"
	payloads := map[string][]byte{
		"Redis, large":   sealed("\x18\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x00\x01b\x012\x01\x01a\x011", 12),
		"Redis, compact": sealed("\x19\xe8\x03\x00\x00\x00\x00\x00\x00"+short(pack), 12),
		"Valkey":         sealed("\x16\x02\x01b\x012"+strings.Repeat("\xff", 8)+"\x01a\x011\xe8\x03\x00\x00\x00\x00\x00\x00", 80),
	}
	want := parsed(t, payloads["Valkey"])
	for name, p := range payloads {
		if got := parsed(t, p); got != want {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	later := parsed(t, sealed("\x18\xe9\x03\x00\x00\x00\x00\x00\x00\x02\x00\x01b\x012\x01\x01a\x011", 12))
	never := parsed(t, sealed("\x04\x02\x01b\x012\x01a\x011", 12))
	if later == want || never == want {
		t.Error("the deadline is not in the sum")
	}
}

func TestWhatIsUnknownIsSummedAsItStands(t *testing.T) {
	for name, body := range map[string]string{
		"a module":           "\x07\x81\x00\x00",
		"no type at all":     "\xf3",
		"Valkey's for Redis": "\x16\x01\x01a\x01b" + strings.Repeat("\xff", 8),
		"cut short":          "\x02\x05\x01a",
		"bytes left":         "\x00\x01ab",
	} {
		one, other := digestOf(t, sealed(body, 12)), digestOf(t, sealed(body+"\x00", 12))
		if one == other || one == (Sum{}) || one != digestOf(t, sealed(body, 12)) {
			t.Errorf("%s: %x, %x", name, one, other)
		}
	}
}

func TestDamagedPayloads(t *testing.T) {
	whole := sealed("\x00\x05hello", 10)
	for i := range whole {
		if _, err := Digest(whole[:i]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes of it: %v", i, err)
		}
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		if _, err := Digest(changed); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	unsummed := append(bytes.Clone(whole[:len(whole)-checksumSize]), make([]byte, checksumSize)...)
	if digestOf(t, unsummed) != digestOf(t, whole) {
		t.Error("without a checksum the sum differs")
	}
}

func TestUncompress(t *testing.T) {
	for _, row := range []struct {
		name, from string
		size       uint64
		want       string
		ok         bool
	}{
		{"as it is", "\x02abc", 3, "abc", true},
		{"a run over itself", "\x00a\x80\x00", 7, "aaaaaaa", true},
		{"a long run", "\x01ab\xe0\x03\x01", 14, strings.Repeat("ab", 7), true},
		{"too short", "\x02abc", 4, "", false},
		{"too long", "\x02abc", 2, "", false},
		{"from before the start", "\x00a\x20\x01", 4, "", false},
		{"cut in a run", "\x05ab", 6, "", false},
		{"cut in a repeat", "\x00a\xe0", 10, "", false},
		{"a size that cannot be", "\x00a", 1 << 60, "", false},
	} {
		got, ok := uncompress([]byte(row.from), row.size)
		if ok != row.ok || ok && string(got) != row.want {
			t.Errorf("%s: %q, %v", row.name, got, ok)
		}
	}
}

// Counts and lengths that no payload can hold.
func TestHostileSizesCostNothing(t *testing.T) {
	huge := "\x81\x7f\xff\xff\xff\xff\xff\xff\xff"
	for kind := range byte(28) {
		for _, body := range []string{huge, "\xc3" + huge + huge, "\xc3\x02" + huge + "\x00a", short("\xff\xff\xff\xff\xff\xff\xf0\xff\xff\xff\xff"), "\x01" + huge, huge + huge} {
			payload := sealed(string([]byte{kind})+body, 12)
			got := testing.AllocsPerRun(1, func() {
				if _, err := Digest(payload); err != nil {
					t.Error(err)
				}
			})
			if got > 50 {
				t.Errorf("type %d, %q: %v allocations", kind, body, got)
			}
		}
	}
}

func FuzzDigest(f *testing.F) {
	for _, payload := range collected(f) {
		body := payload[:len(payload)-footerSize]
		f.Add(body, uint16(10))
		f.Add(body, uint16(12))
		f.Add(body, uint16(80))
	}
	f.Fuzz(func(t *testing.T, body []byte, version uint16) {
		if len(body) == 0 {
			return
		}
		payload := sealed(string(body), version)
		if first, again := digestOf(t, payload), digestOf(t, payload); first != again {
			t.Error("two sums of one payload")
		}
		_, _ = Digest(body) // damaged, most likely
	})
}

func BenchmarkDigest(b *testing.B) {
	for name, payload := range collected(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Digest(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
