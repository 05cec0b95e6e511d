package embedded

import (
	"context"
	"testing"
)

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := Start(context.Background(), Options{})
		must(b, err)
		must(b, s.Close())
	}
}

func BenchmarkCommands(b *testing.B) {
	s := start(b, Options{})
	for _, words := range [][]string{{"PING"}, {"GET", "session:abc123"}, {"SCAN", "0", "COUNT", "100"}, {"INFO"}} {
		b.Run(words[0], func(b *testing.B) {
			c := dialRaw(b, s.Addr())
			for b.Loop() {
				c.ask(b, words...)
			}
		})
	}
}
