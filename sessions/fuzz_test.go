package sessions

import (
	"math"
	"testing"
)

// FuzzToken holds that a token is read only if it is written the same, so that no
// two texts are one session.
func FuzzToken(f *testing.F) {
	f.Add(string(newToken(newSecret(), "ann@example.com")))
	f.Add(string(newToken(newSecret(), "")))
	f.Add("3f2a9c01-77aa-4bbb-8ccc-0123456789ab")
	f.Add(string(newToken([secretSize]byte{}, "a")) + "\n")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB.YQ")
	f.Fuzz(func(t *testing.T, text string) {
		secret, user, ok := Token(text).parse()
		if ok && newToken(secret, user) != Token(text) {
			t.Errorf("%q is read as the token %q", text, string(newToken(secret, user)))
		}
	})
}

// FuzzValue holds that no value, whoever wrote it, stops the reader, and that the
// short way of reading one of ours says what the long way does.
func FuzzValue(f *testing.F) {
	const begins = `{"user_id":"ann","ip":"203.0.113.7",`
	f.Add(begins + `"created_at":1700000000.000001,"last_accessed":1700000001.000002}`)
	f.Add(begins + `"created_at":1700000000.000001,"last_accessed":1700000001.000002,"authenticated_at":1700000000.000001,"user_agent":"x","data":{"a":[1]}}`)
	f.Add(begins + `"created_at":1700000000.000001,"last_accessed":1700000001.000002,"data":1,"data":2}`)
	f.Add(begins + `"created_at":1700000000.000001,"last_accessed":1700000001.000002,"data":{"a":1},"user_id":"bob"}`)
	f.Add(`{"user_id":7,"ip":null,"created_at":1e400,"last_accessed":-1e300,"data_zstd":"KLUv/QAAAQAA","x":"\ud800"}`)
	f.Add(`[]`)
	p := own("ann", "id")
	f.Fuzz(func(t *testing.T, value string) {
		long, err := read(p, value)
		if err == nil && len(long.Data) > maxValue {
			t.Errorf("%d bytes of data", len(long.Data))
		}
		short, ok := readOwn(p, value, begins)
		if !ok {
			return
		}
		if err != nil || short.UserID != long.UserID || short.IP != long.IP || !short.CreatedAt.Equal(long.CreatedAt) ||
			!short.LastAccessed.Equal(long.LastAccessed) || short.UserAgent != long.UserAgent || string(short.Data) != string(long.Data) {
			t.Errorf("%s\nshortly %+v\nat length %+v, %v", value, short, long, err)
		}
	})
}

// FuzzTallied holds that figures that somebody else wrote are figures or none.
func FuzzTallied(f *testing.F) {
	f.Add("1700000000.5 1 2 3")
	f.Add("NaN 1 2 3")
	f.Add("1e300 1 2 3")
	f.Add("1 2 3")
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parseTallied(text); ok && math.Abs(float64(c.At.Unix())) > maxSeconds {
			t.Errorf("%q is of %v", text, c.At)
		}
	})
}
