package keyspace

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// errReply is a reply that is no answer to what was asked.
var errReply = errors.New("the server's reply is malformed")

// errLongKey is a key that would take too much memory to read.
var errLongKey = errors.New("a key is longer than 32 MiB, which is more than a scan reads")

// serverError is an error that the server answered, in its own words.
type serverError string

func (e serverError) Error() string { return string(e) }

// RedisError marks it as go-redis marks the errors of a server.
func (serverError) RedisError() {}

var _ redis.Error = serverError("")
