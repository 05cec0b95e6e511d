package sample_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/helix-collective/helix/sample"
)

func TestEveryNameIsListedOnce(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "sample.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := append(sample.Numbers(), sample.Words()...)
	declared := 0
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if kind, named := specType(spec, ok); !named || kind != "Name" {
			return true
		}
		declared++
		text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if !slices.Contains(listed, sample.Name(text)) {
			t.Errorf("%s is in no list", text)
		}
		return true
	})
	if declared != len(listed) {
		t.Errorf("%d names are declared and %d listed", declared, len(listed))
	}
}

func specType(spec *ast.ValueSpec, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	id, ok := spec.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}
