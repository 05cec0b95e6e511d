package discordtest

import (
	"maps"
	"slices"
)

// unknown finds the properties of a value that its schema does not name. JSON
// Schema lets them pass, and so does Discord, which makes a misspelt field a
// feature that silently does nothing.
func (d *description) unknown(schema object, value any, at string) []Violation {
	var found []Violation
	switch value := value.(type) {
	case list:
		if arrays := d.variants(schema, value); len(arrays) > 0 {
			for i, item := range value {
				found = append(found, d.unknown(fields(arrays[0]["items"]), item, at+"/"+itoa(i))...)
			}
		}
	case object:
		found = d.unknownFields(d.variants(schema, value), value, at)
	}
	return found
}

func (d *description) unknownFields(schemas []object, value object, at string) []Violation {
	if len(schemas) == 0 {
		return nil // no variant fits, which is reported as such
	}
	var found []Violation
	for _, name := range slices.Sorted(maps.Keys(value)) {
		of := fieldSchemas(schemas, name)
		pointer := at + "/" + escape(name)
		if len(of) == 0 {
			found = append(found, Violation{Pointer: pointer, Rule: "unknown", Value: toJSON(value[name])})
			continue
		}
		found = append(found, d.unknown(object{"anyOf": of}, value[name], pointer)...)
	}
	return found
}

// fieldSchemas answers what the schemas say of a field.
func fieldSchemas(schemas []object, name string) list {
	var of list
	for _, s := range schemas {
		if p, ok := fields(s["properties"])[name]; ok {
			of = append(of, p)
		} else if more := fields(s["additionalProperties"]); more != nil {
			of = append(of, more)
		}
	}
	return of
}

// variants answers the plain schemas that apply to a value: references
// followed, allOf unfolded, and of oneOf and anyOf the branches for a value of
// this kind and, where they name one, this type.
func (d *description) variants(schema object, value any) []object {
	schema = d.resolve(schema)
	all := []object{}
	if schema["properties"] != nil || schema["items"] != nil || schema["additionalProperties"] != nil {
		if kindMatches(schema, value) {
			all = append(all, schema)
		}
	}
	for _, part := range objects(schema["allOf"]) {
		all = append(all, d.variants(part, value)...)
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		for _, branch := range objects(schema[keyword]) {
			all = append(all, d.variants(branch, value)...)
		}
	}
	return all
}

// kindMatches tells whether a schema is meant for a value: object, array or, if
// the schema fixes the field "type", an object of that type.
func kindMatches(schema object, value any) bool {
	o, isObject := value.(object)
	if !isObject {
		return schema["items"] != nil
	}
	if schema["properties"] == nil && schema["additionalProperties"] == nil {
		return false
	}
	fixed := items(fields(fields(schema["properties"])["type"])["enum"])
	return fixed == nil || slices.ContainsFunc(fixed, func(v any) bool { return toJSON(v) == toJSON(o["type"]) })
}
