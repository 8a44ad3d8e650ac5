package keys

import (
	"encoding/json"
	"strconv"
	"strings"
)

// object is a piece of JSON Schema.
type object = map[string]any

// Schema is a JSON Schema of a sweep file in draft 7, the one that editors' YAML language servers know. It holds files of ours and of W&B
// to their keys, types and choices; what only the whole file shows, such as a metric that nothing declares, "sweep --dry-run" tells.
// Files of SEML and Hydra pass unseen.
func Schema() []byte {
	s := schema{definitions: object{}}
	whole := object{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       "Sweep file of the harness",
		"description": "Which trials an ablation has and how its table is printed. harness explain KEY says more.",
		"definitions": s.definitions,
		"if":          foreign(),
		"then":        object{"type": "object"},
		"else":        ref("file"),
	}
	s.file()
	encoded, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		panic("keys: " + err.Error()) // maps, lists, texts and numbers can be encoded
	}
	return append(encoded, '\n')
}

// has holds for an object with all of some keys.
func has(keys ...string) object { return object{"required": keys} }

// foreign holds for files of SEML and Hydra, as the parser tells them.
func foreign() object {
	return object{"allOf": []any{
		object{"not": has("version")},
		object{"anyOf": []any{has("seml"), has("random", "fixed"), has("hydra"), has("defaults"),
			object{"allOf": []any{has("grid"), object{"not": has("parameters")}}}}},
	}}
}

func ref(name string) object { return object{"$ref": "#/definitions/" + name} }

// schema collects definitions.
type schema struct{ definitions object }

// file defines a file: all keys at the top, and what base, parameters and the like hold, which a program decides.
func (s schema) file() {
	file := s.group("")
	file["patternProperties"] = object{"^x-": object{"description": "A place for anchors."}}
	program := object{"properties": object{"base": s.free("base"), "baseline": s.free("baseline"), "parameters": s.parameters(nil),
		"ablations": s.ablations(s.free("ablations.set"))}}
	trainer := object{"properties": object{"base": s.base(), "baseline": s.baseline(), "parameters": s.parameters(Fields()),
		"ablations": s.ablations(s.settings(""))}}
	file["allOf"] = []any{
		object{"if": has("version"), "then": has("name")},
		object{"if": object{"not": object{"anyOf": []any{has("method"), has("program", "parameters"), has("metric", "parameters")}}}, "then": has("version")},
		object{"if": object{"anyOf": []any{has("command"), has("program")}}, "then": program, "else": trainer},
	}
	delete(file, "required")
	s.definitions["file"] = file
	for _, k := range Fields() {
		if k.Type != Group {
			s.definitions[k.Path] = s.value(k)
		}
	}
}

// group is the schema of the keys directly below a path.
func (s schema) group(path string) object {
	properties := object{}
	var required []string
	for _, name := range Below(path) {
		k, _ := Find(strings.TrimPrefix(path+"."+name, "."))
		properties[name] = s.value(k)
		if k.Required {
			required = append(required, name)
		}
	}
	delete(properties, "NAME")
	group := object{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		group["required"] = required
	}
	return group
}

// value is the schema of what a key holds.
func (s schema) value(k Key) object {
	v := s.shape(k)
	v["description"] = k.Description()
	return v
}

func (s schema) shape(k Key) object {
	text, number := object{"type": "string"}, object{"type": "number"}
	whole := object{"type": "integer"}
	if k.Choices != nil {
		text["enum"] = k.Choices
	}
	if k.HasLeast {
		number["minimum"], whole["minimum"] = k.Least, k.Least
	}
	list := func(items object) object { return object{"type": "array", "items": items} }
	either := func(forms ...any) object { return object{"anyOf": forms} }
	switch k.Type {
	case Text:
		return text
	case Texts:
		return either(text, list(text))
	case List:
		return list(text)
	case ListOrAll:
		return either(object{"const": "all"}, list(text))
	case TextWhole:
		return either(text, whole)
	case TextFalse:
		return either(text, object{"const": false})
	case Words:
		return either(text, object{"type": "array", "items": text, "minItems": 1})
	case Whole:
		for i, choice := range k.Choices {
			n, _ := strconv.Atoi(choice)
			if i == 0 {
				whole["enum"] = []int{}
			}
			whole["enum"] = append(whole["enum"].([]int), n)
		}
		return whole
	case Wholes:
		return object{"type": "array", "items": whole, "minItems": 1}
	case CountAuto:
		return either(whole, object{"const": "auto"})
	case Number:
		return number
	case Numbers:
		return list(number)
	case Truth:
		return object{"type": "boolean"}
	case Time:
		return object{"type": "string", "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`}
	case Values:
		return object{"type": "array", "minItems": 1}
	case Collected:
		return either(object{"type": "boolean"}, text, list(text), s.group(k.Path))
	case Group:
		return s.group(k.Path)
	case Named:
		if k.Path == "parameters" { // a program decides what is below: file
			return object{"type": "object"}
		}
		each := s.group(k.Path + ".NAME")
		if k.Path == "metrics" {
			each["type"] = []string{"object", "null"} // acc: with nothing behind it
		}
		return object{"type": "object", "additionalProperties": each}
	case Groups:
		if k.Path == "ablations" { // a program decides what is in their rows: file
			return object{"type": "array", "minItems": 1}
		}
		return object{"type": "array", "minItems": 1, "items": s.group(k.Path)}
	case Rows:
		row := either(text, object{"type": "object", "minProperties": 1})
		return either(text, object{"type": "object", "minProperties": 1}, object{"type": "array", "items": row, "minItems": 1})
	case Settings:
		return object{"type": "object"}
	}
	return object{} // any value
}

// free are settings of a program.
func (s schema) free(path string) object {
	k, _ := Find(path)
	return s.value(k)
}

// settings are those of the built-in trainer below a path, nested or dotted.
func (s schema) settings(path string) object {
	properties := object{}
	for _, k := range Fields() {
		below, ok := strings.CutPrefix(k.Path, path)
		switch {
		case !ok || below == "":
		case k.Type == Group:
			if s.definitions["settings."+k.Path] == nil {
				group := s.settings(k.Path + ".")
				group["description"] = k.Description()
				s.definitions["settings."+k.Path] = group
			}
			properties[below] = ref("settings." + k.Path)
		default:
			properties[below] = ref(k.Path)
		}
	}
	for alias, current := range Aliases {
		if below, ok := strings.CutPrefix(alias, path); ok {
			properties[below] = object{"description": "An older spelling of " + current + "."}
		}
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

func (s schema) base() object {
	base := s.settings("")
	preset, _ := Find("base.preset")
	base["properties"].(object)["preset"] = s.value(preset)
	return base
}

func (s schema) baseline() object {
	baseline := s.settings("")
	baseline["properties"].(object)["ablation"] = object{"type": "string", "description": "The label of a row of ablations."}
	return baseline
}

func (s schema) ablations(set object) object {
	row := s.group("ablations")
	row["properties"].(object)["set"] = set
	return object{"type": "array", "minItems": 1, "items": row}
}

// parameters are those of a program, or of the built-in trainer where its fields are given.
func (s schema) parameters(fields []Key) object {
	nested := object{"type": "object", "required": []string{"parameters"}, "properties": object{"parameters": object{"type": "object"}}, "additionalProperties": false}
	one := s.group("parameters.NAME")
	s.definitions["parameter"] = one
	if fields == nil {
		return object{"type": "object", "additionalProperties": object{"if": object{"required": []string{"parameters"}}, "then": nested, "else": ref("parameter")}}
	}
	properties := object{}
	for _, k := range fields {
		if k.Type == Group {
			properties[k.Path] = nested
			continue
		}
		value := ref(k.Path)
		properties[k.Path] = object{"allOf": []any{ref("parameter"), object{"properties": object{"values": object{"items": value}, "value": value}}}}
	}
	for alias := range Aliases {
		properties[alias] = object{"type": "object"}
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}
