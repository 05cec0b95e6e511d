package soak

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// explained are the warnings and errors that a soak may log, each with its reason.
var explained = []struct {
	line   *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`"msg":"(keep incidents|the sessions could not be counted)".*(i/o timeout|deadline exceeded)`), "a machine at other work is late; it is done the next time"},
	{regexp.MustCompile(`"msg":"a press could not be answered".*(deadline exceeded|Unknown Webhook)`), "such a machine answers after the 3 s that Discord gives; who pressed reads that"},
	{regexp.MustCompile(`"level":"warn".*"error":".*(context canceled|terminated signal received)`), "what is under way when helix is stopped is done when it is started again"},
}

// unexplained answers the lines of a log that are worse than news and have no
// reason, and what is no line of a log at all: a panic, or a data race.
func unexplained(log string) (lines []string) {
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		var entry struct{ Level string }
		if json.Unmarshal([]byte(line), &entry) == nil && (entry.Level == "info" || entry.Level == "debug") || line == "" {
			continue
		}
		known := false
		for _, e := range explained {
			known = known || e.line.MatchString(line)
		}
		if !known {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWhatIsUnexplainedInALog(t *testing.T) {
	log := `{"level":"info","msg":"started"}
{"level":"warn","msg":"something"}
panic: runtime error
{"level":"error","msg":"else"}
`
	if got := strings.Join(unexplained(log), "|"); got != `{"level":"warn","msg":"something"}|panic: runtime error|{"level":"error","msg":"else"}` {
		t.Errorf("unexplained is %s", got)
	}
}
