package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
	"gopkg.in/yaml.v3"
)

// maxFile bounds the configuration file.
const maxFile = 1 << 20

// pathSeparator parts the names of nested keys inside viper. It cannot occur
// in a name, so names with a dot stay whole: roles may have one.
const pathSeparator = "\x1f"

// fileLayer is what the configuration file says.
type fileLayer struct {
	path        string // empty if there is no file
	assignments []assignment
	roles       map[string]Role
	actions     map[string]Action
	errs        []error

	lines map[string]int // of keys, in lower case and joined by dots
}

// readFile reads the named file, else the one HELIX_CONFIG names, else
// DefaultFile, which alone may be missing. The error is a fault of the file as
// a whole; what is wrong with single keys is in errs.
func readFile(named, fromEnv string) (*fileLayer, error) {
	path, optional := named, false
	if path == "" {
		path = fromEnv
	}
	if path == "" {
		path, optional = DefaultFile, true
	}
	data, err := readBounded(path)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return &fileLayer{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	layer := &fileLayer{path: path, lines: make(map[string]int)}
	if err := layer.parse(data); err != nil {
		return nil, err
	}
	return layer, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return data, err
}

func (l *fileLayer) parse(data []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return fmt.Errorf("%s is not valid YAML: %s", l.path, withoutQuotes(err))
	}
	if len(root.Content) == 0 {
		return nil // empty, or comments only
	}
	if root.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("%s is not a configuration: it has to be sections of `key: value` lines", l.path)
	}
	if err := l.locate(root.Content[0], ""); err != nil {
		return err
	}
	v := viper.NewWithOptions(viper.KeyDelimiter(pathSeparator))
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("%s is not valid YAML: %s", l.path, withoutQuotes(err))
	}
	for name, node := range topLevel(root.Content[0]) {
		if strings.EqualFold(name, "actions") {
			l.readActions(node)
			continue
		}
		l.section(name, v.Get(name))
	}
	return nil
}

// locate notes the line of every key but those of bodies, and refuses keys that
// differ only in case: viper would keep one of them at random.
func (l *fileLayer) locate(node *yaml.Node, prefix string) error {
	if node.Kind == yaml.AliasNode {
		return fmt.Errorf("%s line %d: aliases are not supported", l.path, node.Line)
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := join(prefix, strings.ToLower(name.Value))
		if first, twice := l.lines[key]; twice {
			return fmt.Errorf("%s line %d: %s stands in line %d already (case does not matter)", l.path, name.Line, quote(key), first)
		}
		l.lines[key] = name.Line
		if isActionBody(key) {
			continue
		}
		if err := l.locate(value, key); err != nil {
			return err
		}
	}
	return nil
}

// topLevel walks the names of a file with what stands below them.
func topLevel(mapping *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i].Value, mapping.Content[i+1]) {
				return
			}
		}
	}
}

// section takes over what stands below one name of the file, however deep.
func (l *fileLayer) section(name string, value any) {
	name = strings.ToLower(name)
	if name == "permissions" {
		l.readPermissions(value)
		return
	}
	switch v := value.(type) {
	case nil: // a section whose keys are all commented out
	case map[string]any:
		for _, k := range sortedKeys(v) {
			l.section(join(name, k), v[k])
		}
	default:
		l.leaf(name, v)
	}
}

func (l *fileLayer) leaf(key string, value any) {
	a := assignment{key: key, origin: Origin{Source: FromFile, Where: l.where(key)}}
	if slices.Contains(sections(), key) {
		l.errs = append(l.errs, fmt.Errorf("%s (%s) has to be a section of `key: value` lines", quote(key), l.where(key)))
		return
	}
	if items, ok := value.([]any); ok {
		a.isList = true
		a.items = l.texts(key, items)
	} else if text, err := scalarText(value); err != nil {
		l.refuse(key, err)
		return
	} else {
		a.text = text
	}
	l.assignments = append(l.assignments, a)
}

func (l *fileLayer) texts(key string, items []any) []string {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		text, err := scalarText(item)
		if err != nil {
			l.refuse(key, err)
		}
		texts = append(texts, text)
	}
	return texts
}

func (l *fileLayer) refuse(key string, err error) {
	l.errs = append(l.errs, &ValueError{Key: key, Reason: err.Error(), Where: l.where(key)})
}

func (l *fileLayer) where(key string) string {
	if line, ok := l.lines[key]; ok {
		return l.path + " line " + strconv.Itoa(line)
	}
	return l.path
}

// scalarText writes a YAML scalar as a person would. A float that is not whole
// or has lost digits is no value of any setting, nor an id.
func scalarText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool, int, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		if v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
			return "", errors.New("expected a whole number; put quotes around a text of digits")
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case nil:
		return "", errors.New("expected a value")
	case map[string]any, []any:
		return "", errors.New("expected one value")
	}
	return "", errors.New("expected one value; put quotes around it")
}

var quoted = regexp.MustCompile("`[^`]*`|'[^']*'|\"[^\"]*\"")

// withoutQuotes answers a YAML error's text without the pieces of the file
// that it quotes, which may be secret.
func withoutQuotes(err error) string {
	return quoted.ReplaceAllString(strings.ReplaceAll(err.Error(), "\n", " "), "…")
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}
