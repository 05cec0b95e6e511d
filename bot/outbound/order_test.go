package outbound

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// full holds everything up, so that what comes meanwhile queues.
func full(f *far) { f.queue.stops.all = time.Now().Add(time.Minute) }

func TestTheUrgentGoesFirst(t *testing.T) {
	world(t, 1, takesAll, func(t *testing.T, f *far) {
		full(f)
		for _, r := range []struct {
			channel string
			rank    Rank
		}{{"1", Background}, {"2", Ordinary}, {"3", Urgent}, {"4", Background}, {"5", Ordinary}, {"6", Urgent}} {
			request := post(r.channel, "")
			request.Rank = r.rank
			f.asks(t.Context(), request)
		}
		var channels []string
		for _, line := range strings.Split(f.lines(), "\n") {
			channels = append(channels, strings.Split(line, "/")[2])
		}
		if got := strings.Join(channels, ""); got != "362514" {
			t.Errorf("they went as %s", got)
		}
	})
}

// A channel with much to say delays another by one of its messages.
func TestChannelsTakeTurns(t *testing.T) {
	world(t, 1, takesAll, func(t *testing.T, f *far) {
		full(f)
		for i := range 5 {
			f.asks(t.Context(), post("1", fmt.Sprint(i)))
		}
		for i := range 2 {
			f.asks(t.Context(), post("2", fmt.Sprint(i)))
		}
		f.asks(t.Context(), post("3", "0"))
		var order []string
		for _, line := range strings.Split(f.lines(), "\n") {
			order = append(order, line[len("POST /channels/"):][:1]+line[len(line)-1:])
		}
		if got := strings.Join(order, " "); got != "10 20 30 11 21 12 13 14" {
			t.Errorf("they went as %s", got)
		}
	})
}

// What is said in a channel keeps its order, whatever becomes of the first try.
func TestTheOrderOfAChannelIsKept(t *testing.T) {
	for name, fault := range map[string]func() (*http.Response, error){
		"lost":    func() (*http.Response, error) { return nil, errLost },
		"failing": func() (*http.Response, error) { return reply(502, ""), nil },
		"limited": func() (*http.Response, error) { return reply(429, `{"retry_after": 1}`), nil },
	} {
		t.Run(name, func(t *testing.T) {
			failed := map[string]int{}
			world(t, 0, func(n int, r Request) (*http.Response, error) {
				if failed[string(r.Body)]++; failed[string(r.Body)] <= 2 {
					return fault()
				}
				return reply(200, "{}"), nil
			}, func(t *testing.T, f *far) {
				for i := range 6 {
					f.asks(t.Context(), post("1", fmt.Sprint(i)))
				}
				lines := strings.Split(f.lines(), "\n")
				if !slices.IsSorted(lines) || len(lines) != 18 {
					t.Errorf("they went as %q", lines)
				}
			})
		})
	}
}

// An alert does not wait for an answer in its channel that Discord fails to take.
func TestAnAlertOvertakesWhatFails(t *testing.T) {
	world(t, 0, func(_ int, r Request) (*http.Response, error) {
		if string(r.Body) == "answer" {
			return reply(500, ""), nil
		}
		return reply(200, "{}"), nil
	}, func(t *testing.T, f *far) {
		f.asks(t.Context(), post("1", "answer"))
		alert := post("1", "alert")
		alert.Rank = Urgent
		if _, err := f.asks(t.Context(), alert)(); err != nil || time.Since(f.start) > time.Second {
			t.Errorf("it took %s: %v", time.Since(f.start), err)
		}
	})
}

func TestANewerEditTakesTheOldersPlace(t *testing.T) {
	world(t, 0, takesAll, func(t *testing.T, f *far) {
		full(f)
		var ends []func() (*Response, error)
		for _, body := range []string{"10 %", "20 %", "30 %"} {
			r := edit("9", body)
			r.Rank = Background
			ends = append(ends, f.asks(t.Context(), r))
		}
		f.asks(t.Context(), edit("8", "another"))
		ends = append(ends, f.asks(t.Context(), edit("9", "done")))
		if got, want := f.lines(), "PATCH /channels/1/messages/8 another\nPATCH /channels/1/messages/9 done"; got != want {
			t.Errorf("sent was\n%s", got)
		}
		for i, end := range ends {
			resp, err := end()
			if err != nil || resp.Superseded != (i < 3) {
				t.Errorf("edit %d was answered %+v, %v", i, resp, err)
			}
		}
		if s := f.queue.Stats(); s.Superseded != 3 || s.Sent != 2 {
			t.Errorf("counted %+v", s)
		}
	})
}

// An edit that is under way cannot be taken back, but need not be repeated; the
// newer one goes once it is known what became of it.
func TestAnEditUnderWayIsNotRepeatedForNothing(t *testing.T) {
	world(t, 0, func(n int, _ Request) (*http.Response, error) {
		if n == 1 {
			return nil, errLost
		}
		return reply(200, "{}"), nil
	}, func(t *testing.T, f *far) {
		old := f.asks(t.Context(), edit("9", "old"))
		f.asks(t.Context(), edit("9", "new"))
		if resp, err := old(); err != nil || !resp.Superseded {
			t.Errorf("the old one was answered %+v, %v", resp, err)
		}
		if got, want := f.lines(), "PATCH /channels/1/messages/9 old\nPATCH /channels/1/messages/9 new"; got != want {
			t.Errorf("sent was\n%s", got)
		}
	})
}

// An edit that is under way when its caller gives it up is not overtaken: Discord
// might carry it out after the one that follows.
func TestAnEditUnderWayIsNotOvertaken(t *testing.T) {
	for name, c := range map[string]struct{ takes, want time.Duration }{
		"answered in time": {100 * time.Millisecond, 100 * time.Millisecond},
		"for a while":      {time.Minute, landWithin},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, 0, takesAll, func(t *testing.T, f *far) {
				f.takes = c.takes
				ctx, cancel := context.WithCancel(t.Context())
				f.asks(ctx, edit("9", "Running"))
				cancel()
				f.asks(t.Context(), edit("9", "done"))
				f.done.Wait()
				if got := f.came[1]; got.at != c.want || !strings.HasSuffix(got.line, "done") {
					t.Errorf("%q went after %s", got.line, got.at)
				}
			})
		})
	}
}

// What has to go before something urgent is as urgent.
func TestUrgencyIsInherited(t *testing.T) {
	world(t, 1, takesAll, func(t *testing.T, f *far) {
		full(f)
		part := Request{Method: "PATCH", Path: "/channels/1/messages/9", Body: []byte("files"), Rank: Background}
		f.asks(t.Context(), part)
		f.asks(t.Context(), post("2", "ordinary"))
		f.asks(t.Context(), Request{Method: "DELETE", Path: "/channels/1/messages/9", Rank: Urgent})
		want := "PATCH /channels/1/messages/9 files\nDELETE /channels/1/messages/9 \nPOST /channels/2/messages ordinary"
		if got := f.lines(); got != want {
			t.Errorf("sent was\n%s", got)
		}
	})
}

func TestAContextEndsEveryWait(t *testing.T) {
	why := errors.New("stopping")
	for name, prepare := range map[string]func(f *far){
		"everything is held up": full,
		"its bucket is":         func(f *far) { f.queue.buckets.of(whereOf(post("1", ""))).until = time.Now().Add(time.Hour) },
		"it is under way":       func(f *far) { f.takes = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, 0, takesAll, func(t *testing.T, f *far) {
				prepare(f)
				ctx, cancel := context.WithCancelCause(t.Context())
				one, two := f.asks(ctx, post("1", "one")), f.asks(ctx, post("1", "two"))
				cancel(why)
				for _, end := range []func() (*Response, error){one, two} {
					if _, err := end(); !errors.Is(err, why) {
						t.Errorf("it ended with %v", err)
					}
				}
				if s := f.queue.Stats(); s.GivenUp != 2 || time.Since(f.start) > 0 {
					t.Errorf("after %s: %+v", time.Since(f.start), s)
				}
			})
		})
	}
}

func TestWhatTakesTooLongIsGivenUp(t *testing.T) {
	world(t, 0, func(int, Request) (*http.Response, error) {
		return reply(429, `{"retry_after": 20}`), nil
	}, func(t *testing.T, f *far) {
		r := post("1", "one")
		r.Within = time.Minute
		if _, err := f.asks(t.Context(), r)(); !errors.Is(err, ErrTooLate) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(f.start); took != time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// Room is kept for what is urgent.
func TestWhatWaitsIsBounded(t *testing.T) {
	for _, c := range []struct {
		rank  Rank
		lanes int
		want  int
	}{
		{Background, 1, maxPerLane / 2}, {Ordinary, 1, maxPerLane * 3 / 4}, {Urgent, 1, maxPerLane},
		{Background, 50, maxWaiting / 2}, {Urgent, 50, maxWaiting},
	} {
		world(t, 0, takesAll, func(t *testing.T, f *far) {
			full(f)
			ctx, cancel := context.WithCancel(t.Context())
			refused := 0
			for i := range maxWaiting + 100 {
				r := post(fmt.Sprint(i%c.lanes), "text")
				r.Rank = c.rank
				end := f.asks(ctx, r)
				if f.queue.Stats().Waiting == i+1-refused {
					continue
				}
				refused++
				if _, err := end(); !errors.Is(err, ErrFull) {
					t.Fatalf("it ended with %v", err)
				}
			}
			if got := f.queue.Stats().Waiting; got != c.want {
				t.Errorf("%d of rank %d wait in %d lanes, want %d", got, c.rank, c.lanes, c.want)
			}
			cancel()
		})
	}
}

func TestLargeBodiesAreBounded(t *testing.T) {
	world(t, 0, takesAll, func(t *testing.T, f *far) {
		full(f)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		body := strings.Repeat("x", 10<<20)
		for i := range maxBytes * 3 / 4 / len(body) {
			f.asks(ctx, post(fmt.Sprint(i), body))
		}
		if _, err := f.asks(ctx, post("100", body))(); !errors.Is(err, ErrFull) {
			t.Errorf("it ended with %v", err)
		}
		if _, err := f.queue.Do(ctx, Request{Method: "GET", Path: "/channels/100", Within: time.Second}); !errors.Is(err, ErrTooLate) {
			t.Errorf("a small one ended with %v", err)
		}
	})
}

// Discord being slow does not take up more connections than allowed, and those
// kept for the urgent are free.
func TestFlightsAreBounded(t *testing.T) {
	world(t, 0, takesAll, func(t *testing.T, f *far) {
		f.takes = time.Minute
		for i := range 2 * maxFlying {
			f.asks(t.Context(), post(fmt.Sprint(i), ""))
		}
		if n := f.queue.Stats().Flying; n != Ordinary.share(maxFlying) {
			t.Errorf("%d are under way", n)
		}
		alert := post("1000", "")
		alert.Rank = Urgent
		f.asks(t.Context(), alert)
		synctest.Wait()
		if n := f.queue.Stats().Flying; n != Ordinary.share(maxFlying)+1 {
			t.Errorf("the urgent one waits; %d are under way", n)
		}
	})
}
