package text

import (
	"context"
)

func seqTool() *tool         { return &tool{name: "seq", run: notYet} }
func nlTool() *tool          { return &tool{name: "nl", run: notYet} }
func pasteTool() *tool       { return &tool{name: "paste", run: notYet} }
func columnTool() *tool      { return &tool{name: "column", run: notYet} }
func echoTool() *tool        { return &tool{name: "echo", run: notYet} }
func printfTool() *tool      { return &tool{name: "printf", run: notYet} }
func grepTool() *tool        { return &tool{name: "grep", run: notYet} }
func sedTool() *tool         { return &tool{name: "sed", run: notYet} }
func awkTool(*workers) *tool { return &tool{name: "awk", run: notYet} }
func jqTool(*workers) *tool  { return &tool{name: "jq", run: notYet} }

func notYet(context.Context, *job) (int, error) { return 0, misuse("is still to come") }
