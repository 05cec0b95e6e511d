package sessions_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Of 200 tokens each of the 256 bits is set in some and clear in others, whoever
// they are for. By chance that fails in one of 2^190 runs.
func TestATokenHas256RandomBits(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client)
	for _, userID := range []string{"", "ann"} {
		var set, clear [32]byte
		for range 200 {
			token, _ := b.create(userID)
			secret, _, _ := strings.Cut(string(token), ".")
			bits, err := base64.RawURLEncoding.DecodeString(secret)
			if err != nil || len(bits) != len(set) {
				t.Fatalf("%d bytes, %v", len(bits), err)
			}
			for i, bit := range bits {
				set[i] |= bit
				clear[i] |= ^bit
			}
		}
		for i := range set {
			if set[i] != 0xff || clear[i] != 0xff {
				t.Errorf("byte %d does not vary: %08b %08b", i, set[i], clear[i])
			}
		}
	}
}
