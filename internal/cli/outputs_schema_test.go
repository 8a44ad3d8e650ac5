package cli

import (
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"harness/internal/jsonfloat"
	"harness/model/dataset"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// maker makes the JSON Schema of a Go type as encoding/json writes it. Descriptions are the comments of the fields, else meanings.
type maker struct {
	t        *testing.T
	comments map[string]map[string]string // by import path and "Type" or "Type.Field"
	defs     map[string]any
	missing  []string
}

// piece is a piece of JSON Schema.
type piece = map[string]any

// of is the schema of a type.
func (m *maker) of(t reflect.Type) piece {
	switch t {
	case reflect.TypeFor[time.Time]():
		return piece{"type": "string", "format": "date-time"}
	case reflect.TypeFor[jsonfloat.Float]():
		return piece{"anyOf": []any{piece{"type": "number"}, piece{"enum": []string{"NaN", "+Inf", "-Inf"}}}}
	case reflect.TypeFor[orNull]():
		return piece{"anyOf": []any{piece{"type": []string{"number", "null"}}, piece{"enum": []string{"NaN", "+Inf", "-Inf"}}}}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[spec.Trial](): // settings, by the keys that harness explain tells
		return piece{"type": "object"}
	case reflect.TypeFor[dataset.Tally]():
		return piece{"type": "integer"}
	case reflect.TypeFor[registry.State]():
		return piece{"enum": registry.States[:]}
	case reflect.TypeFor[journal.Class]():
		return piece{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.of(t.Elem())
	case reflect.Struct:
		return m.object(t)
	case reflect.Slice, reflect.Array:
		return piece{"type": "array", "items": m.of(t.Elem())}
	case reflect.Map:
		values := piece{"type": "object", "additionalProperties": m.of(t.Elem())}
		if t.Key() == reflect.TypeFor[registry.State]() {
			values["propertyNames"] = m.of(t.Key())
		}
		return values
	case reflect.String:
		return piece{"type": "string"}
	case reflect.Bool:
		return piece{"type": "boolean"}
	case reflect.Float64:
		return piece{"type": "number"}
	case reflect.Interface:
		return piece{}
	}
	return piece{"type": "integer"}
}

// object is a reference to the schema of a struct.
func (m *maker) object(t reflect.Type) piece {
	name := t.Name()
	if name == "" {
		return m.fields(t)
	}
	name = strings.ToLower(name[:1]) + name[1:]
	if _, made := m.defs[name]; !made {
		m.defs[name] = nil // it may hold itself
		whole := m.fields(t)
		if text := m.comment(t, t.Name()); text != "" {
			whole["description"] = text
		}
		m.defs[name] = whole
	}
	return piece{"$ref": "#/$defs/" + name}
}

// fields is the schema of a struct: what is always there is required, and there is nothing else.
func (m *maker) fields(t reflect.Type) piece {
	properties := piece{}
	required := []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		owner := ownerOf(t, f)
		if f.Anonymous && name == "" || !f.IsExported() || name == "-" {
			continue
		}
		property := m.of(f.Type)
		optional := strings.Contains(options, "omit")
		if f.Type.Kind() == reflect.Pointer && !optional {
			property = piece{"anyOf": []any{property, piece{"type": "null"}}}
		}
		text := cmp.Or(m.comment(owner, owner.Name()+"."+f.Name), meanings[owner.Name()+"."+name], meanings[name])
		if text == "" {
			m.missing = append(m.missing, owner.Name()+"."+name)
		}
		if ref, ok := property["$ref"]; ok {
			property = piece{"allOf": []any{piece{"$ref": ref}}}
		}
		property["description"] = text
		properties[name] = property
		if !optional {
			required = append(required, name)
		}
	}
	return piece{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// ownerOf is the struct in which a visible field is written.
func ownerOf(t reflect.Type, f reflect.StructField) reflect.Type {
	for _, i := range f.Index[:len(f.Index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t
}

// comment is what the source says of a type or a field, as one line.
func (m *maker) comment(t reflect.Type, what string) string {
	path := t.PkgPath()
	if m.comments[path] == nil {
		m.comments[path] = map[string]string{}
		dir := filepath.Join(root, strings.TrimPrefix(path, "harness/"))
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			m.t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				m.t.Fatal(err)
			}
			for _, decl := range tree.Decls {
				if d, ok := decl.(*ast.GenDecl); ok {
					for _, s := range d.Specs {
						m.read(path, d.Doc, s)
					}
				}
			}
		}
	}
	return m.comments[path][what]
}

// read keeps the comments of a type and its fields.
func (m *maker) read(path string, doc *ast.CommentGroup, s ast.Spec) {
	t, ok := s.(*ast.TypeSpec)
	if !ok {
		return
	}
	text := func(groups ...*ast.CommentGroup) string {
		for _, g := range groups {
			if g != nil {
				return strings.Join(strings.Fields(g.Text()), " ")
			}
		}
		return ""
	}
	m.comments[path][t.Name.Name] = strings.TrimPrefix(text(t.Doc, doc), t.Name.Name+" is ")
	fields, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range fields.Fields.List {
		for _, name := range f.Names {
			m.comments[path][t.Name.Name+"."+name.Name] = strings.TrimPrefix(text(f.Comment, f.Doc), name.Name+" ")
		}
	}
}
