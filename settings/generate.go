package settings

import (
	"fmt"
	"io"
	"strings"
)

//go:generate go test -run TestGenerated -update .

// The lines of the README between which its configuration table stands.
const (
	TableBegin = "<!-- settings:begin -->"
	TableEnd   = "<!-- settings:end -->"
)

const exampleHead = `# The configuration of Helix, generated from the table in settings/table.go.
# Every setting stands here as a comment with its default; take the # away to
# change it. A variable (HELIX_REDIS_SESSION_TTL for redis.session_ttl) wins
# over this file, a flag over the variable, and a live change over all of them:
# !config set redis.session_ttl=12h
`

const exampleRoles = `
# Who may do what. Without roles only the guild's owner and members with
# Administrator may act. Role names do not distinguish case; deny wins.
permissions:
  # roles:
  #   oncall:
  #     discord: ["1111111111", "user:2222222222"]   # role ids, and people by user:ID
  #     allow: [read, reveal, write, destroy, configure, admin, alerts]
  #   support:
  #     discord: ["3333333333"]
  #     channels: ["4444444444"]                     # ids; a thread counts as its parent
  #     allow: ["read", "destroy session:user:*", "configure redis.session_*"]
  #     deny:  ["destroy session:user:root@*"]
`

const exampleActions = `
# Lines that call another service, under the right admin: docs/actions.md.
# ${NAME} is a variable of the environment, or what the file that NAME_FILE
# names holds; nobody is shown it. Read at start.
actions:
  # restart-redis:
  #   line: "railway service restart redis"   # exactly these words
  #   description: "restart the Redis service on Railway (loses what is not persisted)"
  #   method: POST                            # the default
  #   url: "https://backboard.railway.com/graphql/v2"
  #   headers: { Authorization: "Bearer ${RAILWAY_TOKEN}" }
  #   body:
  #     query: "mutation ($serviceId: String!, $environmentId: String!) { serviceInstanceRedeploy(serviceId: $serviceId, environmentId: $environmentId) }"
  #     variables: { serviceId: "…", environmentId: "…" }
  #   expect: 200                             # default: any of 200 to 299
  #   timeout: 30s                            # the default
`

// WriteExample writes config.yaml: every setting with its help, range and
// default, commented out, so that a later release may improve a default.
func WriteExample(w io.Writer) error {
	var b strings.Builder
	b.WriteString(exampleHead)
	section := ""
	for _, s := range Table() {
		name, leaf, dotted := strings.Cut(s.Key, ".")
		indent := "  "
		if !dotted {
			name, leaf, indent = "", s.Key, ""
		}
		b.WriteString("\n")
		if name != section && dotted {
			fmt.Fprintf(&b, "%s:\n", name)
		}
		section = name
		writeExampleRow(&b, s, leaf, indent)
	}
	b.WriteString(exampleRoles)
	b.WriteString(exampleActions)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeExampleRow(b *strings.Builder, s Setting, leaf, indent string) {
	for _, line := range wrap(s.Help+" "+s.facts(), 78-len(indent)-2) {
		fmt.Fprintf(b, "%s# %s\n", indent, line)
	}
	fmt.Fprintf(b, "%s#%s: %s\n", indent, leaf, yamlScalar(s, s.Default))
}

// facts says in a few words what the help leaves out: range, profile, when it
// is read, where a secret belongs.
func (s Setting) facts() string {
	var facts []string
	switch r := s.Range(); {
	case s.Kind == Enum:
		facts = append(facts, "Takes "+r)
	case r != "" && s.Kind != Boolean:
		facts = append(facts, strings.ToUpper(r[:1])+r[1:]+unit(s))
	}
	if s.Profiled() && s.Development != s.Default {
		facts = append(facts, "Development: "+s.Development)
	}
	if s.Secret {
		facts = append(facts, "Better set as "+orList(s.envNames())+", or as a file's path in "+s.envNames()[0]+"_FILE")
	}
	switch {
	case s.Live:
		facts = append(facts, "Live")
	case s.Setup:
		facts = append(facts, "Read at start; !setup changes it")
	default:
		facts = append(facts, "Read at start")
	}
	return strings.Join(facts, ". ") + "."
}

func unit(s Setting) string {
	if s.Unit == "" {
		return ""
	}
	return " " + s.Unit
}

// yamlScalar writes a canonical value so that YAML reads the same text.
func yamlScalar(s Setting, text string) string {
	switch s.Kind {
	case Text, Enum:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	case List:
		if text == "" {
			return "[]"
		}
		return `["` + strings.ReplaceAll(text, ",", `", "`) + `"]`
	}
	return text
}

// WriteTable writes the README's configuration table in Markdown.
func WriteTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| setting | default | takes | change | what it does |\n|---|---|---|---|---|\n")
	for _, s := range Table() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n",
			s.Key, s.defaultCell(), s.takesCell(), s.changeCell(), strings.ReplaceAll(s.Help, "|", `\|`))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Setting) defaultCell() string {
	if s.Default == "" {
		return ""
	}
	cell := "`" + s.Default + "`"
	if v, err := s.parseDefault(s.Default); err == nil && v.Human() != s.Default {
		cell += " (" + v.Human() + ")"
	}
	if s.Profiled() && s.Development != s.Default {
		cell += "; development `" + s.Development + "`"
	}
	return cell
}

func (s Setting) takesCell() string {
	if s.Secret {
		return "secret text"
	}
	if s.Kind == Enum || s.Kind == Boolean {
		return s.Range()
	}
	return strings.TrimSpace(string(s.Kind) + " " + s.Range() + unit(s))
}

func (s Setting) changeCell() string {
	switch {
	case s.Live:
		return "live"
	case s.Setup:
		return "at start, `!setup`"
	}
	return "at start"
}

// ReplaceTable answers the README with the table between TableBegin and
// TableEnd replaced by the present one.
func ReplaceTable(readme string) (string, error) {
	before, rest, begun := strings.Cut(readme, TableBegin)
	_, after, ended := strings.Cut(rest, TableEnd)
	if !begun || !ended {
		return "", fmt.Errorf("the lines %s and %s are missing", TableBegin, TableEnd)
	}
	var table strings.Builder
	if err := WriteTable(&table); err != nil {
		return "", err
	}
	return before + TableBegin + "\n" + table.String() + TableEnd + after, nil
}

// wrap breaks a text into lines of at most width bytes, where words allow it.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
