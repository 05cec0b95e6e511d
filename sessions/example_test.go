package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sessions"
)

func Example() {
	server, err := miniredis.Run() // any Redis will do
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	ctx := context.Background()

	store := sessions.New(client, sessions.Fixed(sessions.Policy{
		TTL: 24 * time.Hour, IdleTimeout: 5 * time.Minute,
		MaxPerUser: 5, MaxPerAddressPerHour: 20, BindAddress: true, RegenerateOnAuth: true,
	}), sessions.Options{Key: []byte("from a secret store")})

	// A visitor comes, and signs in.
	visitor, _, err := store.Create(ctx, sessions.Request{IP: "203.0.113.7"})
	if err != nil {
		log.Fatal(err)
	}
	token, _, err := store.Regenerate(ctx, visitor, sessions.Request{UserID: "ann@example.com", IP: "203.0.113.7"})
	if err != nil {
		log.Fatal(err)
	}

	// Each request.
	session, err := store.Validate(ctx, token, "203.0.113.7:51234")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.UserID, "for", session.ExpiresIn)

	// A stolen token, and the one from before the sign-in.
	_, err = store.Validate(ctx, token, "198.51.100.9")
	fmt.Println(errors.Is(err, sessions.ErrNoSession), err)
	_, err = store.Validate(ctx, visitor, "203.0.113.7")
	fmt.Println(errors.Is(err, sessions.ErrNoSession), err)

	// Logout.
	if err := store.Destroy(ctx, token); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ann@example.com for 5m0s
	// true no such session: address
	// true no such session: unknown
}

func ExampleStore_Create_limit() {
	server, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	store := sessions.New(client, sessions.Fixed(sessions.Policy{
		TTL: time.Hour, IdleTimeout: time.Hour, MaxPerUser: 1, DenyAbove: true, MaxPerAddressPerHour: 20,
	}), sessions.Options{})

	for range 2 {
		_, _, err := store.Create(context.Background(), sessions.Request{UserID: "ann", IP: "2001:db8::1"})
		var limit *sessions.LimitError
		fmt.Println(errors.As(err, &limit), err)
	}
	// Output:
	// false <nil>
	// true this person has 1 sessions, the most there may be (redis.max_sessions_per_user)
}
