package settings

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Action is one entry of the file's section actions, as written: what the
// texts mean is for the package actions to say.
type Action struct {
	Line        string
	Description string
	Method      string
	URL         string
	Headers     map[string]string
	Body        any // of maps, lists and scalars; nil: none
	Expect      int // 0: not said
	Timeout     string
}

// actionFields are the fields of an action, in the order of the example.
var actionFields = []string{"line", "description", "method", "url", "headers", "body", "expect", "timeout"}

// isActionBody reports whether a key, in lower case, is an action's body. Its
// own keys are the other side's: their case matters.
func isActionBody(key string) bool {
	parts := strings.Split(key, ".")
	return len(parts) == 3 && parts[0] == "actions" && parts[2] == "body"
}

// readActions reads the section from its node: viper answers every name in
// lower case, which an action's body would not survive.
func (l *fileLayer) readActions(node *yaml.Node) {
	var value any
	if err := node.Decode(&value); err != nil {
		l.errs = append(l.errs, fmt.Errorf("actions (%s): %s", l.where("actions"), withoutQuotes(err)))
		return
	}
	section, _ := l.mapping("actions", value)
	l.actions = make(map[string]Action)
	for _, name := range sortedKeys(section) {
		l.actions[name] = l.readAction("actions."+strings.ToLower(name), section[name])
	}
}

func (l *fileLayer) readAction(key string, value any) Action {
	fields, _ := l.mapping(key, value)
	var a Action
	texts := map[string]*string{"line": &a.Line, "description": &a.Description, "method": &a.Method, "url": &a.URL, "timeout": &a.Timeout}
	for _, name := range sortedKeys(fields) {
		field := key + "." + strings.ToLower(name)
		switch name := strings.ToLower(name); name {
		case "line", "description", "method", "url", "timeout":
			*texts[name] = l.text(field, fields[name])
		case "headers":
			a.Headers = l.headers(field, fields[name])
		case "body":
			a.Body = fields[name]
		case "expect":
			a.Expect = l.status(field, fields[name])
		default:
			l.errs = append(l.errs, l.unknownField(field, actionFields))
		}
	}
	return a
}

func (l *fileLayer) text(key string, value any) string {
	text, err := scalarText(value)
	if err != nil {
		l.refuse(key, err)
	}
	return text
}

func (l *fileLayer) headers(key string, value any) map[string]string {
	fields, _ := l.mapping(key, value)
	headers := make(map[string]string)
	for _, name := range sortedKeys(fields) {
		headers[name] = l.text(key+"."+strings.ToLower(name), fields[name])
	}
	return headers
}

func (l *fileLayer) status(key string, value any) int {
	n, ok := value.(int)
	if !ok || n < 100 || n > 599 {
		l.refuse(key, errors.New("expected a status of HTTP, as in 200"))
	}
	return n
}
