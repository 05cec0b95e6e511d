package text

import (
	"context"

	"github.com/helix-collective/helix/shell"
)

func catTool() *tool {
	return &tool{
		name:    "cat",
		summary: "pass standard input on",
		run: func(ctx context.Context, j *job) (int, error) {
			return 0, eachLine(ctx, j.Stdin, j.Stdout.WriteRecord)
		},
	}
}

func tacTool() *tool {
	return &tool{
		name:    "tac",
		summary: "pass lines on, last first",
		run:     runTac,
	}
}

func runTac(ctx context.Context, j *job) (int, error) {
	held := newArena("tac", j.Budget)
	defer held.free()
	if err := eachLine(ctx, j.Stdin, held.append); err != nil {
		return 0, err
	}
	refs, err := held.refs()
	if err != nil {
		return 0, err
	}
	var t ticker
	for i := len(refs) - 1; i >= 0; i-- {
		if err := t.tick(ctx); err != nil {
			return 0, err
		}
		rec, _ := held.record(refs[i])
		if err := j.Stdout.WriteRecord(rec); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func revTool() *tool {
	return &tool{
		name:    "rev",
		summary: "turn every line around",
		run:     runRev,
	}
}

func runRev(ctx context.Context, j *job) (int, error) {
	var line []byte
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		line = reverse(line[:0], rec.Text)
		return derive(j.Stdout, rec, line)
	})
	return 0, err
}
