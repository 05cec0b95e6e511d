package text

import (
	"context"

	"github.com/helix-collective/helix/shell"
)

func tailTool() *tool {
	return &tool{
		name: "tail", synopsis: "[-n N | -n +N | -c N | -N]",
		summary: "pass the last lines on, ten unless told",
		flags: []flag{
			{"n", "lines", "N", "the last N lines; with +N from line N on"},
			{"c", "bytes", "N", "the last N bytes; with +N from byte N on"},
		},
		modern: dashLines,
		run:    runTail,
	}
}

func runTail(ctx context.Context, j *job) (int, error) {
	key, n, sign, err := j.amount()
	if err != nil {
		return 0, err
	}
	switch {
	case sign == '+' && key == "n":
		return 0, linesFrom(ctx, j, n)
	case sign == '+':
		return 0, bytesFrom(ctx, j, n)
	case key == "n":
		return 0, lastLines(ctx, j, n)
	}
	return 0, lastBytes(ctx, j, n)
}

func linesFrom(ctx context.Context, j *job, n int64) error {
	return eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if n > 1 {
			n--
			return nil
		}
		return j.Stdout.WriteRecord(rec)
	})
}

func bytesFrom(ctx context.Context, j *job, n int64) error {
	skip := max(n-1, 0)
	return eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		n := int64(size(rec))
		skipped := skip
		skip = max(skip-n, 0)
		return writeFrom(j.Stdout, rec, skipped)
	})
}

func lastLines(ctx context.Context, j *job, n int64) error {
	last := newBacklog("tail", j.Budget)
	defer last.free()
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if n == 0 {
			return nil
		}
		if last.lines == n {
			last.shift()
		}
		return last.push(rec)
	})
	if err != nil {
		return err
	}
	return last.drain(j.Stdout.WriteRecord)
}

func lastBytes(ctx context.Context, j *job, n int64) error {
	last := newBacklog("tail", j.Budget)
	defer last.free()
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if err := last.push(rec); err != nil {
			return err
		}
		for last.lines > 0 && last.bytes-int64(size(last.first())) >= n {
			last.shift()
		}
		return nil
	})
	if err != nil {
		return err
	}
	skip := max(last.bytes-n, 0)
	return last.drain(func(rec shell.Record) error {
		skipped := skip
		skip = 0
		return writeFrom(j.Stdout, rec, skipped)
	})
}

// writeFrom writes a record without its first skip bytes.
func writeFrom(w *shell.Writer, rec shell.Record, skip int64) error {
	switch {
	case skip == 0:
		return w.WriteRecord(rec)
	case skip >= int64(size(rec)):
		return nil
	}
	rec.Text, rec.Key = rec.Text[skip:], nil
	return w.WriteRecord(rec)
}
