package settings_test

import (
	"context"
	"testing"

	"github.com/helix-collective/helix/settings"
)

var ann = settings.Who{ID: "1", Name: "Ann"}

func TestSetStoresAndAnswersOldAndNew(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, s *server) {
		ctx := context.Background()
		live := settings.Open(ctx, s.client(t), settings.Defaults())
		got, err := live.Set(ctx, []settings.Assignment{{Key: "redis.session_ttl", Value: "12h"}, {Key: "Redis.Session_Cleanup", Value: "off"}}, ann)
		if err != nil {
			t.Fatal(err)
		}
		if got.Revision != 1 || len(got.Changes) != 2 || got.Changes[1].String() != "43200 (was 86400)" || got.Changes[0].String() != "false (was true)" {
			t.Errorf("%+v", got)
		}
	})
}
