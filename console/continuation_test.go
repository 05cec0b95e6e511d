package console

import (
	"os/exec"
	"strings"
	"testing"
)

// continuations are texts, and whether the shell waits for more behind them.
var continuations = []struct {
	text string
	more bool
}{
	{"", false},
	{"keys session:*", false},
	{"keys session:* | wc -l", false},
	{"keys session:* |", true},
	{"keys session:* | ", true},
	{"keys session:* |\n", true},
	{"keys session:* |\n# count them\n", true},
	{"keys session:* |\nwc -l", false},
	{"a &&", true},
	{"a ||", true},
	{"a && b", false},
	{"a || # or", true},
	{"a;", false},
	{"echo 'open", true},
	{"echo 'open\nclosed'", false},
	{`echo "open`, true},
	{"echo \"open\nclosed\"", false},
	{`echo "an escaped \"`, true},
	{`echo "an escaped \" and closed"`, false},
	{`echo 'no escape \'`, false},
	{`echo an escaped \'`, false},
	{`echo "it's"`, false},
	{`echo 'say "'`, false},
	{"echo `date", true},
	{"echo `date`", false},
	{"# it's a comment", false},
	{"echo a # it's a comment", false},
	{"echo a#'b", true},
	{"echo a#b", false},
	{"echo $(date", true},
	{"echo $(date)", false},
	{`echo "$(date`, true},
	{`echo "$(echo "x")"`, false},
	{`echo "$(echo ")")"`, false},
	{`echo "$(echo ")"`, true},
	{`echo "$(echo 'a)`, true},
	{"echo $((1 + 2))", false},
	{"echo $((1 + (2 * 3)))", false},
	{"echo $((1 + ", true},
	{"echo ${x", true},
	{"echo ${x}", false},
	{"echo $x $", false},
	{"(a; b", true},
	{"(a; b)", false},
	{"{ a; b;", true},
	{"{ a; b; }", false},
	{"echo { a", false},
	{"echo }", false},
	{"while read k; do", true},
	{"while read k", true},
	{"while read k; do\necho $k", true},
	{"while read k; do\necho $k\ndone", false},
	{"while read k; do echo $k; done", false},
	{"keys * | while read k; do echo $k; done | head", false},
	{"until false; do", true},
	{"for k in a b; do", true},
	{"for k in a b; do echo $k; done", false},
	{"for k in do done; do echo $k; done", false},
	{"if true; then", true},
	{"if true; then echo a", true},
	{"if true; then echo a; else", true},
	{"if true; then echo a; fi", false},
	{"if true; then if true; then echo a; fi", true},
	{"for k in a; do if true; then echo; fi; done", false},
	{"for k in a; do if true; then echo; done", false},
	{"for k in a; do (echo; done", false},
	{"echo \"$(if true; done\"", true},
	{"if true; then echo a; } ", false},
	{"! true", false},
	{"if ! while", true},
	{"echo if", false},
	{"echo while do for", false},
	{"echo 'if' then", false},
	{"'if' true", false},
	{"redis-cli --scan --pattern \"session:*\" | \\\n  while read key; do\n    ttl=$(redis-cli TTL \"$key\")", true},
	{"redis-cli --scan --pattern \"session:*\" | \\\n  while read key; do\n    ttl=$(redis-cli TTL \"$key\")\n" +
		"    if [ \"$ttl\" -eq \"-1\" ]; then\n      redis-cli DEL \"$key\"\n    fi\n  done", false},
	{"redis-cli KEYS \"session:*\" | xargs -I {} sh -c 'echo \"$(redis-cli TTL {}) {}\"' | sort -rn | head -1", false},
}

func TestContinuation(t *testing.T) {
	for _, test := range continuations {
		if got := !complete(test.text); got != test.more {
			t.Errorf("%q asks for more: %v, want %v", test.text, got, test.more)
		}
	}
}

// The shell itself says of the same texts that they end too early.
func TestContinuationIsTheShellsOwn(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	for _, test := range continuations {
		check := exec.Command(shell, "-n")
		check.Stdin = strings.NewReader(test.text + "\n")
		out, _ := check.CombinedOutput()
		early := strings.Contains(string(out), "unexpected end of file") || strings.Contains(string(out), "unexpected EOF")
		if early != test.more {
			t.Errorf("%q: bash says %q, we say more is %v", test.text, out, test.more)
		}
	}
}

// What only Helix knows, and what a shell takes though it is not finished.
func TestContinuationOfMessages(t *testing.T) {
	tests := []struct {
		text string
		more bool
	}{
		{"keys session:* | \\", true},
		{"keys session:* | \\\nwc -l", false},
		{`echo a\`, true},
		{`echo a\\`, false},
		{"!redis ```", true},
		{"!redis ```bash\nkeys *", true},
		{"!redis ```bash\nkeys *\necho 'it", true},
		{"!redis ```bash\nkeys * |\n```", false},
		{"!redis ```\nit's text\n``` | wc -l", false},
		{"!config import ```\nredis.session_ttl=3600  # it's 1 hour\n```", false},
		{"```", true},
		{"```\nkeys *\n```", false},
		{"echo '```'", false},
		{"!redis for k in a b; do", true},
		{"redis while read k; do", true},
		{"!redis for k in a b; do echo $k; done", false},
		{"!redis get for", false},
		{"!help if", false},
		{"config set a=b", false},
		{"done", false},
		{"fi }", false},
		{")", false},
		{"a ) (", false},
		{"echo $(a ) )", false},
	}
	for _, test := range tests {
		if got := !complete(test.text); got != test.more {
			t.Errorf("%q asks for more: %v, want %v", test.text, got, test.more)
		}
	}
}

func FuzzContinuation(f *testing.F) {
	for _, test := range continuations {
		f.Add(test.text)
	}
	f.Add("!redis ```\n$(\"`'{")
	f.Fuzz(func(t *testing.T, text string) {
		if complete(text) && !complete(text+"\n") {
			t.Errorf("%q is complete, and no more so with a line end", text)
		}
		if !strings.ContainsAny(text, "'\"`$\\|&(#") && complete(text) && !complete(text+"\necho a") {
			t.Errorf("%q is complete, and no more so with a command below", text)
		}
	})
}
