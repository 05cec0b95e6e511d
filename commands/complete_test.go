package commands_test

import (
	"context"
	"slices"
	"testing"

	"github.com/helix-collective/helix/embedded"
)

func TestComplete(t *testing.T) {
	server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	d := newStage(t, server.URL(), map[string]string{"people": "ann: {}\n"}).dispatcher
	for _, tt := range []struct {
		before string
		has    []string
		lacks  []string
	}{
		{"!co", []string{"!config"}, []string{"config"}},
		{"", []string{"redis", "!redis", "help"}, []string{"wc", "dbsize"}},
		{"redis db", []string{"dbsize"}, nil},
		{"redis-cli INF", []string{"INFO"}, []string{"info"}},
		{"!redis redis-cli tt", []string{"ttl"}, nil},
		{"redis config ", []string{"get", "set"}, []string{"config get", "config"}},
		{"redis CONFIG G", []string{"GET"}, []string{"SET"}},
		{"redis client li", []string{"list"}, nil},
		{"redis conf", []string{"config"}, []string{"config get"}},
		{"redis get ", nil, []string{"list", "get"}},
		{"redis --sc", []string{"--scan"}, nil},
		{"redis keys x | so", []string{"sort"}, nil},
		{"redis keys x | xargs re", []string{"redis", "redis-cli"}, nil},
		{"redis keys x | xargs -I {} redis-cli memory u", []string{"usage"}, nil},
		{"redis keys x | xargs -I {} sh -c 'echo $(redis-cli tt", []string{"ttl"}, nil},
		{"redis keys x | while read k; do redis ge", []string{"get"}, nil},
		{"while read k; do red", []string{"redis"}, []string{"!redis"}},
		{"{ redis dbs", []string{"dbsize"}, nil},
		{"config set redis.session_ttl=1 redis.session_b", []string{"redis.session_bind_ip="}, nil},
		{"config profile p", []string{"production"}, nil},
		{"help redis.session_tt", []string{"redis.session_ttl"}, nil},
	} {
		start, got := d.Complete(tt.before, len(tt.before))
		if start > len(tt.before) || slices.Contains(got, "") {
			t.Errorf("%q: %d, %q", tt.before, start, got)
		}
		for _, want := range tt.has {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q is not offered, but %q", tt.before, want, got)
			}
		}
		for _, not := range tt.lacks {
			if slices.Contains(got, not) {
				t.Errorf("%q: %q is offered", tt.before, not)
			}
		}
	}
}
