package text

import (
	"context"
	"strings"

	"github.com/helix-collective/helix/shell"
)

func headTool() *tool {
	return &tool{
		name: "head", synopsis: "[-n N | -c N | -N]",
		summary: "pass the first lines on, ten unless told",
		flags: []flag{
			{"n", "lines", "N", "the first N lines; with -N all but the last N"},
			{"c", "bytes", "N", "the first N bytes; with -N all but the last N"},
		},
		notes:  "What feeds it is ended as soon as enough was read.",
		modern: dashLines,
		run:    runHead,
	}
}

// dashLines reads -10 as -n10, which is how head and tail were once used.
func dashLines(arg string) string { return dashNumber(arg, "n") }

func runHead(ctx context.Context, j *job) (int, error) {
	key, n, sign, err := j.amount()
	if err != nil {
		return 0, err
	}
	switch {
	case sign == '-' && key == "n":
		return 0, allButLastLines(ctx, j, n)
	case sign == '-':
		return 0, allButLastBytes(ctx, j, n)
	case key == "n":
		return 0, firstLines(ctx, j, n)
	}
	return 0, firstBytes(ctx, j, n)
}

// amount reads the -n or -c of head and tail, whichever came last: the option,
// its number and its sign, 0 if it has none.
func (j *job) amount() (key string, n int64, sign byte, err error) {
	key = j.last("n", "c")
	if key == "" {
		return "n", 10, 0, nil
	}
	value, _ := j.value(key)
	digits := value
	if value != "" && strings.IndexByte("+-", value[0]) >= 0 {
		sign, digits = value[0], value[1:]
	}
	n, ok := parseCount(digits)
	if !ok {
		return "", 0, 0, misuse("option -%s needs a number, not %q", key, value)
	}
	return key, n, sign, nil
}

func firstLines(ctx context.Context, j *job, n int64) error {
	if n == 0 {
		j.Stdin.Close()
		return nil
	}
	return eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if err := j.Stdout.WriteRecord(rec); err != nil {
			return err
		}
		if n--; n == 0 {
			return errEnough
		}
		return nil
	})
}

func firstBytes(ctx context.Context, j *job, n int64) error {
	if n == 0 {
		j.Stdin.Close()
		return nil
	}
	return eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if n <= int64(len(rec.Text)) {
			if _, err := j.Stdout.Write(rec.Text[:n]); err != nil {
				return err
			}
			return errEnough
		}
		if n -= int64(size(rec)); n == 0 {
			if err := j.Stdout.WriteRecord(rec); err != nil {
				return err
			}
			return errEnough
		}
		return j.Stdout.WriteRecord(rec)
	})
}

// allButLastLines passes each line on once n more have come.
func allButLastLines(ctx context.Context, j *job, n int64) error {
	if n == 0 {
		return eachLine(ctx, j.Stdin, j.Stdout.WriteRecord)
	}
	late := newBacklog("head", j.Budget)
	defer late.free()
	return eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if late.lines == n {
			if err := j.Stdout.WriteRecord(late.shift()); err != nil {
				return err
			}
		}
		return late.push(rec)
	})
}

func allButLastBytes(ctx context.Context, j *job, n int64) error {
	late := newBacklog("head", j.Budget)
	defer late.free()
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if err := late.push(rec); err != nil {
			return err
		}
		for late.lines > 0 && late.bytes-int64(size(late.first())) >= n {
			if err := j.Stdout.WriteRecord(late.shift()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || late.bytes <= n {
		return err
	}
	rec := late.first()
	_, err = j.Stdout.Write(append(rec.Text[:len(rec.Text):len(rec.Text)], '\n')[:late.bytes-n])
	return err
}
