package discordtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// descriptionVariable names the environment variable with the path of Discord's
// OpenAPI description.
const descriptionVariable = "HELIX_DISCORD_OPENAPI"

// description is Discord's OpenAPI description with the schemas compiled so
// far. It is safe for concurrent use.
type description struct {
	doc        object
	operations []operation

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by JSON pointer
}

// operation is one method of one path.
type operation struct {
	id, method, path string
	at               string // JSON pointer
	spec             object
	params           []parameter
	bodies           object // schema object by media type
	required         bool   // a body is
}

type parameter struct {
	name, in string
	at       string // JSON pointer to its schema
	schema   object
	required bool
}

// sharedDescription is read once a process: parsing takes longer than most
// tests, and the compiled schemas never change.
var sharedDescription = sync.OnceValues(loadDescription)

// loadDescription reads the description named by the environment, or the one
// beside the repository. It is nil without an error if there is none.
func loadDescription() (*description, error) {
	path, named := os.LookupEnv(descriptionVariable)
	if !named || path == "" {
		var ok bool
		if path, ok = neighbour(); !ok {
			return nil, nil
		}
	}
	return readDescription(path)
}

// neighbour finds ../shared/discord/openapi.json beside the repository, which
// begins at the nearest go.mod above.
func neighbour() (path string, ok bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path = filepath.Join(filepath.Dir(dir), "shared", "discord", "openapi.json")
			_, err = os.Stat(path)
			return path, err == nil
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
		dir = filepath.Dir(dir)
	}
}

func readDescription(path string) (*description, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("discord description: %w", err)
	}
	defer file.Close()
	parsed, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, fmt.Errorf("discord description %s: %w", path, err)
	}
	doc, ok := parsed.(object)
	if !ok {
		return nil, errors.New("discord description: not an object")
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(descriptionURL, doc); err != nil {
		return nil, fmt.Errorf("discord description: %w", err)
	}
	d := &description{doc: doc, compiler: compiler, schemas: map[string]*jsonschema.Schema{}}
	d.readOperations()
	return d, nil
}

const descriptionURL = "discord:openapi"

func (d *description) readOperations() {
	for path, item := range fields(d.doc["paths"]) {
		common := d.parameters("/paths/"+escape(path)+"/parameters", fields(item)["parameters"])
		for method, spec := range fields(item) {
			spec := fields(spec)
			if spec["operationId"] == nil {
				continue
			}
			at := "/paths/" + escape(path) + "/" + method
			body := fields(spec["requestBody"])
			d.operations = append(d.operations, operation{
				id: text(spec["operationId"]), method: strings.ToUpper(method), path: path, at: at, spec: spec,
				params: slices.Concat(common, d.parameters(at+"/parameters", spec["parameters"])),
				bodies: fields(body["content"]), required: body["required"] == true,
			})
		}
	}
}

func (d *description) parameters(at string, listed any) []parameter {
	var all []parameter
	for i, p := range objects(listed) {
		all = append(all, parameter{
			name: text(p["name"]), in: text(p["in"]), required: p["required"] == true,
			at: fmt.Sprintf("%s/%d/schema", at, i), schema: d.resolve(fields(p["schema"])),
		})
	}
	return all
}

// operation finds what a request asks for: the path with the fewest parameters
// wins, so that @me and @original come before ids.
func (d *description) operation(method, path string) (found *operation, params map[string]string) {
	for i := range d.operations {
		op := &d.operations[i]
		if op.method != method {
			continue
		}
		values, ok := matchPath(op.path, path)
		if ok && (found == nil || len(values) < len(params)) {
			found, params = op, values
		}
	}
	return found, params
}

// resolve follows a schema's $ref.
func (d *description) resolve(schema object) object {
	for {
		ref, ok := strings.CutPrefix(text(schema["$ref"]), "#/components/schemas/")
		if !ok {
			return schema
		}
		schema = fields(fields(fields(d.doc["components"])["schemas"])[ref])
	}
}

// validate holds a value against the schema at a pointer.
func (d *description) validate(at string, value any) error {
	schema, err := d.schema(at)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (d *description) schema(at string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.schemas[at]; known != nil {
		return known, nil
	}
	fragment := url.URL{Fragment: at}
	schema, err := d.compiler.Compile(descriptionURL + fragment.String())
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", at, err)
	}
	d.schemas[at] = schema
	return schema, nil
}

// escape writes a name as a part of a JSON pointer.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func toJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
