// Package lease holds the right to speak: of several instances of Helix on one
// Redis, one at a time is heard. It keeps the list of the instances too, and has
// each message claimed once. It knows nothing of Discord, never speaks itself,
// and never takes the right from an instance whose term still runs.
//
// # What is promised
//
// The right is a key in Redis that names its holder and ends by itself after
// [Term]; the holder renews it every [renewEvery]. Redis alone measures the term
// that others see. The holder measures its own by the monotonic clock, from before
// the request was sent: its right is over, by its own account, before it is over
// in Redis. No wall clock of any machine that runs Helix matters.
//
// The key's value begins with a token, a number that only grows: it is one more
// than the last one noted in Redis, than the highest that the instance has seen,
// and than Redis's own time in milliseconds, whichever is the highest. So neither
// the loss of the key nor of everything in Redis lets it go back, unless the
// server's clock goes back as well and every instance is started anew. What has
// to be fenced compares the whole value ([Member.Fence], [Claims]).
//
// # A holder that cannot renew
//
// Redis away: an attempt to renew that fails extends the right by what a renewal
// would have, for somebody has to say that Redis is down, and while it is down
// nobody else can take the right. That holds only as a chain: each attempt has to
// begin while the right still stands.
//
// Paused: a process that was stopped, or starved, for longer than its term has
// made no attempt meanwhile. The chain is broken: the right is over at the moment
// of waking, whichever goroutine wakes first, for it is over by a clock that ran
// on ([Member.Holds] is asked before each request to Discord, and by [Gate] before
// each to Redis). An attempt that was under way counts from when it began, so it
// helps nothing, and a failure does not mend the chain: only a renewal that Redis
// confirms does. Redis confirms none whose value somebody else's has replaced.
//
// A process that has not reached Redis since it started speaks after a whole term
// of failures, without a token: there is no last holder that it could know of. As
// soon as Redis answers, the right is decided as ever.
//
// A standby that finds no holder waits until the term that it saw last has run
// out, and after a failure of Redis for one whole term: so the last holder, which
// asks every second, comes first where Redis was away, flushed, or evicted the key.
// An instance that stops in order gives the right back, which the next one takes
// at once.
//
// # What is not
//
// Redis replicates asynchronously: after a failover the new master may not know
// the newest holder, and a master cut off from its replicas goes on confirming
// renewals to those that still reach it (min-replicas-to-write bounds that). Then
// two may speak, until each asks the same server, which is a second or so. A holder
// that alone cannot reach Redis takes it to be down for everybody: it goes on
// saying so, while another has the right; it can change nothing meanwhile. A server
// whose clock jumps ends terms early or late by as much. A virtual machine that is
// suspended stops the monotonic clock as well: what it wakes up with is refused by
// what compares the token in Redis.
package lease
