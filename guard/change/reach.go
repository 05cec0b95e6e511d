package change

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// patiently tries again while the server is away, or the slot on its way.
func (r *run) patiently(ctx context.Context, db int, u *unit, try func() error) error {
	begin := time.Now()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := r.connect(ctx, db, u)
		if err == nil {
			err = r.meet(ctx, u.session)
		}
		if err == nil {
			err = try()
		}
		if err == nil || ctx.Err() != nil || !passing(err) || time.Since(begin) > r.Patience {
			return err
		}
		r.leave(ctx, db, u, err)
		_ = clock.Sleep(ctx, wait)
	}
}

// leave gives up a unit's connection for a reason that passes; in a Cluster its
// slot may be elsewhere.
func (r *run) leave(ctx context.Context, db int, u *unit, why error) {
	if u.session == nil {
		return
	}
	if !ofSlot(why) {
		r.sessions.cut(u.session)
	}
	r.leaveAlone(ctx, db, u)
}

// leaveAlone gives up a transaction's connection, and no other that leads to the
// same server.
func (r *run) leaveAlone(ctx context.Context, db int, u *unit) {
	u.session.drop()
	r.letGo(u)
	if client, err := r.Client(db); err == nil {
		if cluster, ok := client.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx)
		}
	}
}

// passing reports whether a fault may be over in a moment.
func passing(err error) bool {
	var answered *ServerError
	if errors.As(err, &answered) {
		switch answered.Code() {
		case "LOADING", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY":
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || isEnd(err) || redis.IsLoadingError(err) || redis.IsClusterDownError(err)
}

// ofSlot reports whether a reason concerns the slot alone, and not the server.
func ofSlot(why error) bool {
	var answered *ServerError
	if !errors.As(why, &answered) {
		return false
	}
	switch answered.Code() {
	case "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN":
		return true
	}
	return false
}

// connect finds a connection to the server that holds the unit's keys.
func (r *run) connect(ctx context.Context, db int, u *unit) error {
	if u.session != nil {
		return nil
	}
	client, err := r.Client(db)
	if err != nil {
		return err
	}
	switch c := client.(type) {
	case *redis.Client:
		u.session = r.sessions.take(c)
		return nil
	case *redis.ClusterClient:
		master, err := c.MasterForKey(ctx, u.names[0])
		if err != nil {
			return err
		}
		u.session = r.sessions.take(master)
		return nil
	}
	return fmt.Errorf("a %T can change nothing", client)
}
