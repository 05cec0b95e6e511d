package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
	"go.uber.org/goleak"
)

type handlerFunc func(ctx context.Context, r commands.Request) commands.Reply

func (f handlerFunc) Handle(ctx context.Context, r commands.Request) commands.Reply { return f(ctx, r) }

func (handlerFunc) Confirm(context.Context, commands.Confirmation) (func(context.Context) commands.Reply, commands.Reply) {
	return nil, commands.Reply{Outcome: commands.Unconfirmed}
}

func (handlerFunc) Cancel(context.Context, commands.Confirmation) (bool, commands.Reply) {
	return false, commands.Reply{Outcome: commands.Unconfirmed}
}

// pipe runs a console over text with a handler, and answers what came out.
func pipe(t *testing.T, input string, h handlerFunc) (out, notes string, err error) {
	t.Helper()
	defer goleak.VerifyNone(t)
	var o, e bytes.Buffer
	err = Run(t.Context(), Options{In: strings.NewReader(input), Out: &o, Err: &e, Handler: h, Greeting: "unwanted"})
	return o.String(), e.String(), err
}

func ok(context.Context, commands.Request) commands.Reply {
	return commands.Reply{Outcome: commands.OK}
}

func TestPipeTakesEachLineAsAMessage(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  []string
	}{
		{"lines", "dbsize\nkeys *\n", []string{"dbsize", "keys *"}},
		{"no end of line", "dbsize", []string{"dbsize"}},
		{"line ends of other systems", "dbsize\r\nkeys *\r\n", []string{"dbsize", "keys *"}},
		{"empty ones are none", "\n\n  \ndbsize\n\n", []string{"dbsize"}},
		{"a continued pipe", "keys * |\nwc -l\ndbsize\n", []string{"keys * |\nwc -l", "dbsize"}},
		{"a backslash", "keys * | \\\n  wc -l\n", []string{"keys * | \\\n  wc -l"}},
		{"a loop", "for k in a; do\necho $k\ndone\ndbsize", []string{"for k in a; do\necho $k\ndone", "dbsize"}},
		{"a fence", "!redis ```sh\nit's\n```\ndbsize", []string{"!redis ```sh\nit's\n```", "dbsize"}},
		{"an open quote at the end", "dbsize\necho 'a\nb", []string{"dbsize", "echo 'a\nb"}},
		{"comments are none", "# how many\ndbsize\n  # and\n#\n", []string{"dbsize"}},
		{"a block below redis", "!redis\n```sh\nit's\n```\ndbsize", []string{"!redis\n```sh\nit's\n```", "dbsize"}},
		{"a block below import", "!config import\n```\na=1\nb=2\n```\n", []string{"!config import\n```\na=1\nb=2\n```"}},
		{"no block below", "redis-cli\nkeys * |\nwc -l\n", []string{"redis-cli", "keys * |\nwc -l"}},
		{"bare verbs", "redis\nconfig import\nredis\n", []string{"redis", "config import", "redis"}},
		{"nothing below", "config import\n\ndbsize", []string{"config import", "dbsize"}},
		{"exit", "dbsize\nexit\nkeys *\n", []string{"dbsize"}},
		{"!quit", "dbsize\n  !quit \nkeys *\n", []string{"dbsize"}},
		{"exit as a word of a command", "echo exit\nkeys *", []string{"echo exit", "keys *"}},
		{"bytes as they are", "echo \x00\xff\x1b\n", []string{"echo \x00\xff\x1b"}},
		{"nothing", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			_, _, err := pipe(t, test.input, func(ctx context.Context, r commands.Request) commands.Reply {
				got = append(got, r.Text)
				if !r.Mentioned {
					t.Error("the message is not said to be meant for Helix")
				}
				return ok(ctx, r)
			})
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestPipePassesBytesAndKeepsNotesApart(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	out, notes, err := pipe(t, "a\nb\nc\n", func(ctx context.Context, r commands.Request) commands.Reply {
		switch r.Text {
		case "a":
			_, _ = r.Stdout.Write(all)
			_, _ = r.Stderr.Write([]byte("warning"))
			return commands.Reply{Outcome: commands.OK, Hints: []string{"A hint."}, Footer: "A footer."}
		case "b":
			return commands.Reply{Outcome: commands.OK, Output: []byte("held back"), Truncated: 7}
		default:
			return commands.Reply{Outcome: commands.Unknown, Quiet: true, Problem: "unsaid", Footer: "unsaid"}
		}
	})
	if out != string(all)+"held back" {
		t.Errorf("out %q", out)
	}
	if notes != "warningA hint.\nA footer.\n… 7 bytes of output were left out.\n" {
		t.Errorf("notes %q", notes)
	}
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Status != 2 {
		t.Errorf("got %v", err)
	}
}

func TestProblemsGoToErrAsTheyStand(t *testing.T) {
	problem := "keys * | fo\to\n         ^ unknown"
	out, notes, _ := pipe(t, "x", func(context.Context, commands.Request) commands.Reply {
		return commands.Reply{Outcome: commands.Unknown, Problem: problem}
	})
	if out != "" || notes != problem+"\n" {
		t.Errorf("out %q, notes %q", out, notes)
	}
}

func TestExitStatusOfThePipeIsThatOfTheLastMessage(t *testing.T) {
	tests := []struct {
		reply commands.Reply
		want  int
	}{
		{commands.Reply{Outcome: commands.OK}, 0},
		{commands.Reply{Outcome: commands.OK, Status: 1}, 1},
		{commands.Reply{Outcome: commands.OK, Status: 17}, 17},
		{commands.Reply{Outcome: commands.Syntax}, 2},
		{commands.Reply{Outcome: commands.Unknown, Status: 127}, 2},
		{commands.Reply{Outcome: commands.Denied}, 3},
		{commands.Reply{Outcome: commands.Unconfirmed}, 4},
		{commands.Reply{Outcome: commands.Unreachable, Status: 1}, 5},
		{commands.Reply{Outcome: commands.Limited}, 1},
		{commands.Reply{Outcome: commands.Limited, Status: 124}, 124},
		{commands.Reply{Outcome: commands.Cancelled}, 130},
		{commands.Reply{Outcome: commands.Faulty}, 1},
		{commands.Reply{}, 1},
	}
	for _, test := range tests {
		_, _, err := pipe(t, "first\nlast\n", func(ctx context.Context, r commands.Request) commands.Reply {
			if r.Text == "last" {
				return test.reply
			}
			return commands.Reply{Outcome: commands.Denied}
		})
		got := 0
		if exit := (*ExitError)(nil); errors.As(err, &exit) {
			got = exit.Status
		} else if err != nil {
			t.Error(err)
		}
		if got != test.want {
			t.Errorf("%+v: status %d, want %d", test.reply, got, test.want)
		}
	}
}

func TestWhatAllRequestsHaveInCommon(t *testing.T) {
	defer goleak.VerifyNone(t)
	common := commands.Request{Caller: permissions.Member{Local: true, LocalRoles: []string{"support"}}, Timeout: 7}
	var got commands.Request
	err := Run(t.Context(), Options{In: strings.NewReader("x"), Out: io.Discard, Err: io.Discard, Request: common,
		Handler: handlerFunc(func(ctx context.Context, r commands.Request) commands.Reply { got = r; return ok(ctx, r) })})
	if err != nil || !got.Caller.Local || got.Timeout != 7 || fmt.Sprint(got.Caller.LocalRoles) != "[support]" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAMessageThatIsTooLongEndsTheConversation(t *testing.T) {
	line := strings.Repeat("x", maxMessage+1)
	lines := "!config import ```\n" + strings.Repeat("redis.session_ttl=3600\n", maxMessage/20) + "flushall\n```\n"
	for name, input := range map[string]string{"one line": "dbsize\n" + line + "\nflushall\n", "many lines": "dbsize\n" + lines} {
		t.Run(name, func(t *testing.T) {
			var got []string
			_, _, err := pipe(t, input, func(ctx context.Context, r commands.Request) commands.Reply {
				got = append(got, r.Text)
				return ok(ctx, r)
			})
			if !errors.Is(err, errTooLong) || fmt.Sprint(got) != "[dbsize]" {
				t.Errorf("ran %q, then %v", got, err)
			}
		})
	}
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	defer goleak.VerifyNone(t)
	in, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{In: in, Out: io.Discard, Err: io.Discard,
			Handler: handlerFunc(func(ctx context.Context, r commands.Request) commands.Reply { close(asked); return ok(ctx, r) })})
	}()
	fmt.Fprintln(typing, "dbsize")
	<-asked
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	typing.Close() // lets go of the goroutine that reads
	in.Close()
}

func TestTheEndOfTheContextEndsTheProgram(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	var notes bytes.Buffer
	err := Run(ctx, Options{In: strings.NewReader("one\ntwo\n"), Out: io.Discard, Err: &notes,
		Handler: handlerFunc(func(ctx context.Context, r commands.Request) commands.Reply {
			cancel()
			<-ctx.Done()
			return commands.Reply{Outcome: commands.Cancelled, Problem: "Stopped " + r.Text + "."}
		})})
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(notes.String(), "Stopped one.\n") {
		t.Errorf("got %v, %q", err, notes.String())
	}
}

func TestAfterTheEndOfTheContextNothingIsRead(t *testing.T) {
	defer goleak.VerifyNone(t)
	for range 20 {
		s := newLineSource(t.Context(), strings.NewReader("one\ntwo\n"))
		if line, err := s.next(t.Context(), false); line != "one" || err != nil {
			t.Fatalf("got %q, %v", line, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if line, err := s.next(ended, false); !errors.Is(err, context.Canceled) {
			t.Errorf("got %q, %v", line, err)
		}
		s.close()
	}
}

// failing takes some bytes, then fails.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestAFaultInWritingIsSaid(t *testing.T) {
	defer goleak.VerifyNone(t)
	calls := 0
	h := handlerFunc(func(ctx context.Context, r commands.Request) commands.Reply {
		calls++
		return commands.Reply{Outcome: commands.OK, Output: []byte("12345678")}
	})
	err := Run(t.Context(), Options{In: strings.NewReader("a\nb\nc\n"), Out: &failing{left: 10}, Err: io.Discard, Handler: h})
	if !errors.Is(err, io.ErrShortWrite) || calls != 2 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestAFaultInReadingIsSaid(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := io.MultiReader(strings.NewReader("dbsize\n"), readerFunc(func([]byte) (int, error) { return 0, io.ErrNoProgress }))
	err := Run(t.Context(), Options{In: broken, Out: io.Discard, Err: io.Discard, Handler: handlerFunc(ok)})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestExitEndsAPipeWithItsStatus(t *testing.T) {
	for _, tt := range []struct {
		input string
		want  int
	}{{"x\nexit\n", 4}, {"x\n# bye\n", 4}, {"x\n!exit 3\ny", 3}, {"exit 0\n", 0}, {"x\nexit 0", 0}, {"exit 300", 44}, {"quit", 0}} {
		_, _, err := pipe(t, tt.input, func(_ context.Context, r commands.Request) commands.Reply {
			if r.Text != "x" {
				t.Errorf("%q: %q was asked", tt.input, r.Text)
			}
			return commands.Reply{Outcome: commands.OK, Status: 4}
		})
		got := 0
		if exit := (*ExitError)(nil); errors.As(err, &exit) {
			got = exit.Status
		}
		if got != tt.want {
			t.Errorf("%q ends with %d, want %d", tt.input, got, tt.want)
		}
	}
}
