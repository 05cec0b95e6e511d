package text

import (
	"context"

	"github.com/helix-collective/helix/shell"
)

func pasteTool() *tool {
	return &tool{
		name: "paste", synopsis: "[-s] [-d LIST] [-…]",
		summary: "join lines: all of them, or as many as there are dashes",
		flags: []flag{
			{"s", "serial", "", "join all lines into one"},
			{"d", "delimiters", "LIST", "what to put between them, one byte after another (a tab)"},
		},
		run: runPaste,
	}
}

func runPaste(ctx context.Context, j *job) (int, error) {
	list, given := j.value("d")
	if !given {
		list = "\t"
	}
	between, err := delimiterList(list)
	if err != nil {
		return 0, err
	}
	columns := max(1, len(j.operands))
	if j.has("s") {
		return 0, pasteSerial(ctx, j, between, columns)
	}
	return 0, pasteParallel(ctx, j, between, columns)
}

// delimiterList reads the delimiters; one that is empty is written as \0.
func delimiterList(list string) ([]string, error) {
	var all []string
	for i := 0; i < len(list); i++ {
		c := list[i]
		if c != '\\' {
			all = append(all, string([]byte{c}))
			continue
		}
		if i++; i == len(list) {
			return nil, misuse("the list of delimiters ends with a backslash")
		}
		if e, ok := escapes[list[i]]; ok {
			all = append(all, string([]byte{e}))
		} else if list[i] == '0' {
			all = append(all, "")
		} else {
			all = append(all, list[i:i+1])
		}
	}
	if len(all) == 0 {
		all = []string{""}
	}
	return all, nil
}

// pasteSerial joins all lines. The second of several dashes finds nothing
// more to read.
func pasteSerial(ctx context.Context, j *job, between []string, files int) error {
	n := 0
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if n > 0 {
			if _, err := j.Stdout.WriteString(between[(n-1)%len(between)]); err != nil {
				return err
			}
		}
		n++
		_, err := j.Stdout.Write(rec.Text)
		return err
	})
	for ; err == nil && files > 0; files-- {
		_, err = j.Stdout.WriteString("\n")
	}
	return err
}

// pasteParallel puts lines side by side, columns of them a row.
func pasteParallel(ctx context.Context, j *job, between []string, columns int) error {
	if columns == 1 {
		return eachLine(ctx, j.Stdin, func(rec shell.Record) error { return whole(j.Stdout, rec) })
	}
	n := 0
	after := func() string { // what follows the column just written
		if n++; n == columns {
			n = 0
			return "\n"
		}
		return between[(n-1)%len(between)]
	}
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if _, err := j.Stdout.Write(rec.Text); err != nil {
			return err
		}
		_, err := j.Stdout.WriteString(after())
		return err
	})
	for err == nil && n > 0 {
		_, err = j.Stdout.WriteString(after())
	}
	return err
}
